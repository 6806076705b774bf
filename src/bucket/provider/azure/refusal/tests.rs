use super::*;
use crate::environment::Secret;

const PUT: Asked = Asked::Put { create: false };
const CREATE: Asked = Asked::Put { create: true };

/// What an answer means to whoever asked. Each of Azure's has a version.
fn refused(asked: Asked, status: u16, by_azure: bool, code: Option<&str>) -> Refusal {
    let mut headers = HeaderMap::new();
    if by_azure && let Ok(version) = "2022-11-02".parse() {
        headers.insert("x-ms-version", version);
    }
    let body = code.map(|code| {
        format!("\u{feff}<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>Words of Azure's.\nRequestId:8e6b\nTime:2026-11-27</Message></Error>")
    });
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let body = body.unwrap_or_default();
    let secrets = Secrets::of_texts(&[]);
    Refusal::of(asked, status, &headers, body.as_bytes(), &secrets)
}

/// What is asked for, the answer's status, whether it is Azure's and with which code, and what it means.
type Meant = (Asked, u16, bool, Option<&'static str>, Kind);

const MEANT: &[Meant] = &[
    (Asked::Read, 404, true, Some("BlobNotFound"), Kind::NotFound),
    (
        Asked::Read,
        404,
        true,
        Some("ContainerNotFound"),
        Kind::BucketGone,
    ),
    (
        Asked::Read,
        404,
        true,
        Some("ResourceMissing"),
        Kind::Transient,
    ),
    // What is missing is not said, or not by Azure.
    (Asked::Read, 404, true, None, Kind::Transient),
    (Asked::Head, 404, true, None, Kind::Transient),
    (Asked::Delete, 404, true, None, Kind::Transient),
    (Asked::List, 404, true, None, Kind::Transient),
    (
        Asked::Read,
        404,
        false,
        Some("BlobNotFound"),
        Kind::Transient,
    ),
    (
        Asked::List,
        404,
        false,
        Some("ContainerNotFound"),
        Kind::Transient,
    ),
    (Asked::Read, 404, false, Some("NoSuchKey"), Kind::Transient),
    (Asked::Head, 400, true, Some("InvalidUri"), Kind::NotFound),
    (PUT, 400, true, Some("InvalidUri"), Kind::Other),
    // An ingress without a backend says nothing of an object.
    (Asked::Read, 404, false, None, Kind::Transient),
    (Asked::Read, 403, false, None, Kind::Transient),
    (Asked::Read, 401, false, None, Kind::Transient),
    (Asked::List, 404, false, None, Kind::Transient),
    (PUT, 412, false, None, Kind::Transient),
    (Asked::Read, 302, false, None, Kind::Elsewhere),
    (
        Asked::List,
        404,
        true,
        Some("ContainerNotFound"),
        Kind::BucketGone,
    ),
    (
        PUT,
        409,
        true,
        Some("ContainerBeingDeleted"),
        Kind::BucketGone,
    ),
    (
        Asked::MakeContainer,
        409,
        true,
        Some("ContainerBeingDeleted"),
        Kind::Transient,
    ),
    (
        Asked::MakeContainer,
        409,
        true,
        Some("ContainerAlreadyExists"),
        Kind::AlreadyExists,
    ),
    (
        Asked::Read,
        403,
        true,
        Some("AuthenticationFailed"),
        Kind::Credentials,
    ),
    (
        Asked::Read,
        401,
        true,
        Some("NoAuthenticationInformation"),
        Kind::Credentials,
    ),
    (
        Asked::Read,
        403,
        true,
        Some("AuthorizationPermissionMismatch"),
        Kind::Refused,
    ),
    (
        Asked::List,
        403,
        true,
        Some("AuthorizationPermissionMismatch"),
        Kind::Credentials,
    ),
    (
        Asked::Read,
        409,
        true,
        Some("BlobArchived"),
        Kind::Unreadable,
    ),
    (
        PUT,
        409,
        true,
        Some("BlobImmutableDueToPolicy"),
        Kind::ReadOnly,
    ),
    (PUT, 412, true, Some("LeaseIdMissing"), Kind::Refused),
    (
        CREATE,
        409,
        true,
        Some("BlobAlreadyExists"),
        Kind::AlreadyExists,
    ),
    (
        CREATE,
        412,
        true,
        Some("ConditionNotMet"),
        Kind::AlreadyExists,
    ),
    // What is in the way is not said, or is something else.
    (CREATE, 409, true, None, Kind::Other),
    (CREATE, 412, true, None, Kind::Other),
    (CREATE, 409, true, Some("LeaseAlreadyPresent"), Kind::Other),
    (CREATE, 412, true, Some("NobodyKnowsThis"), Kind::Other),
    (CREATE, 409, false, None, Kind::Transient),
    (PUT, 409, true, Some("NobodyKnowsThis"), Kind::Other),
    (Asked::Copy, 412, true, None, Kind::Other),
    (Asked::Read, 412, true, None, Kind::Changed),
    (
        Asked::Read,
        412,
        true,
        Some("ConditionNotMet"),
        Kind::Changed,
    ),
    (Asked::Read, 416, true, Some("InvalidRange"), Kind::Changed),
    (
        Asked::Copy,
        412,
        true,
        Some("SourceConditionNotMet"),
        Kind::Changed,
    ),
    (
        Asked::Copy,
        403,
        true,
        Some("CannotVerifyCopySource"),
        Kind::Refused,
    ),
    (
        Asked::CopyBlock,
        501,
        true,
        Some("APINotImplemented"),
        Kind::Unsupported,
    ),
    (Asked::CopyBlock, 501, true, None, Kind::Unsupported),
    (
        Asked::Block,
        400,
        true,
        Some("Md5Mismatch"),
        Kind::Transient,
    ),
    (
        Asked::Assemble,
        400,
        true,
        Some("InvalidBlockList"),
        Kind::Transient,
    ),
    (PUT, 503, true, Some("ServerBusy"), Kind::Transient),
    (PUT, 500, true, Some("OperationTimedOut"), Kind::Transient),
    (PUT, 503, false, None, Kind::Transient),
    (PUT, 429, false, None, Kind::Transient),
    (PUT, 400, true, Some("InvalidHeaderValue"), Kind::Other),
    (PUT, 413, false, None, Kind::Other),
    (PUT, 507, true, None, Kind::NoSpace),
];

/// S-6.1, S-6.3, S-6.14: by code, by status, and by who says it.
#[test]
fn a_refusal_means_what_azure_means_by_it() {
    for (asked, status, by_azure, code, kind) in MEANT {
        let found = refused(*asked, *status, *by_azure, *code);
        assert_eq!(found.kind(), *kind, "{asked:?} {status} {code:?}");
        let told = code.map(|code| format!("{code}: Words of Azure's"));
        assert_eq!(found.told(), told);
    }
}

#[test]
fn the_same_request_is_repeated_where_it_may_fare_better() {
    let may_pass = |status, code| refused(Asked::Assemble, status, true, Some(code)).may_pass();
    assert!(may_pass(503, "ServerBusy"));
    // The blocks do not come back: the object is put anew.
    assert!(!may_pass(400, "InvalidBlockList"));
    assert!(!may_pass(403, "AuthenticationFailed"));
}

/// S-2.6
#[test]
fn what_azure_says_is_told_without_secrets_and_on_one_line() {
    let secrets = Secrets::of_texts(&[Secret::new("hunter2hunter2".to_owned())]);
    let told = |headers: &[(&'static str, &str)], body: &str| {
        let headers = headers
            .iter()
            .filter_map(|(name, value)| Some(((*name).parse().ok()?, value.parse().ok()?)));
        let headers: HeaderMap = headers.collect();
        let refusal = Refusal::of(
            Asked::Head,
            StatusCode::FORBIDDEN,
            &headers,
            body.as_bytes(),
            &secrets,
        );
        (refusal.to_string(), refusal.hint())
    };
    let (text, hint) = told(
        &[],
        "<Error><Code>AuthenticationFailed</Code><Message>The MAC hunter2hunter2\r\nis wrong.</Message><AuthenticationErrorDetail>Request date header too old: 'x'</AuthenticationErrorDetail></Error>",
    );
    assert_eq!(text, "AuthenticationFailed: The MAC <secret> is wrong");
    assert_eq!(hint, Some("the clock of this machine is wrong"));
    // An answer to `HEAD` has no body.
    assert_eq!(
        told(&[(CODE, "AuthorizationFailure")], "").0,
        "AuthorizationFailure"
    );
    assert_eq!(
        told(&[(CODE, "hunter2hunter2")], "").0,
        "the answer is 403 Forbidden, and has no code"
    );
    assert_eq!(
        told(&[], "<html>").0,
        "the answer is 403 Forbidden, and it is none of Azure's"
    );
}

/// S-12.3
#[test]
fn a_signature_is_told_by_the_letter_that_it_lacks_and_a_role_by_its_name() {
    for (asked, code, expected) in [
        (
            Asked::List,
            "AuthorizationPermissionMismatch",
            "l is to be in its sp",
        ),
        (
            Asked::Read,
            "AuthorizationPermissionMismatch",
            "r is to be in its sp",
        ),
        (
            PUT,
            "AuthorizationPermissionMismatch",
            "w is to be in its sp",
        ),
        (
            Asked::Block,
            "AuthorizationPermissionMismatch",
            "w is to be in its sp",
        ),
        (
            Asked::Delete,
            "AuthorizationPermissionMismatch",
            "d is to be in its sp",
        ),
        (
            Asked::MakeContainer,
            "AuthorizationPermissionMismatch",
            "c in its srt",
        ),
        (
            Asked::List,
            "AuthorizationResourceTypeMismatch",
            "in its srt",
        ),
        (Asked::List, "AuthorizationServiceMismatch", "in its ss"),
    ] {
        let hint = refused(asked, 403, true, Some(code))
            .of_a_signature(asked)
            .hint();
        let hint = hint.unwrap_or_default();
        assert!(hint.contains(expected) && !hint.contains("role"), "{hint}");
    }
    let by_role = refused(PUT, 403, true, Some("AuthorizationPermissionMismatch"));
    assert!(by_role.hint().is_some_and(|hint| hint.contains("a role")));
    let other = refused(PUT, 403, true, Some("AuthenticationFailed"));
    assert_eq!(other.hint(), None);
    assert_eq!(other.of_a_signature(PUT).hint(), None);
}

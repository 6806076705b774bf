#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::environment::Secret;

const PUT: Asked = Asked::Put { create: false };
const CREATE: Asked = Asked::Put { create: true };

fn refusal(asked: Asked, status: u16, body: &str, is_services: bool) -> Refusal {
    let mut headers = HeaderMap::new();
    if is_services {
        headers.insert(ID, "phx-1:abc".parse().unwrap());
    }
    let secrets = Secrets::of_texts(&[Secret::new("secretsecret".to_owned())]);
    let status = StatusCode::from_u16(status).unwrap();
    Refusal::of(asked, status, &headers, body.as_bytes(), &secrets)
}

fn kind_of(asked: Asked, status: u16, code: &str) -> Kind {
    let body = format!(r#"{{"code": "{code}", "message": "Somebody said so."}}"#);
    refusal(asked, status, &body, true).kind()
}

/// S-3.73, S-6.3
#[test]
fn a_code_means_what_the_service_means_by_it() {
    for (asked, status, code, expected) in [
        (Asked::Read, 401, "NotAuthenticated", Kind::Credentials),
        (
            Asked::Namespace,
            404,
            "NotAuthorizedOrNotFound",
            Kind::Credentials,
        ),
        (Asked::List, 404, "BucketNotFound", Kind::BucketGone),
        (
            Asked::List,
            404,
            "NotAuthorizedOrNotFound",
            Kind::BucketGone,
        ),
        (Asked::List, 403, "NotAuthorized", Kind::Credentials),
        (Asked::Read, 403, "NotAuthorized", Kind::Refused),
        (Asked::Read, 404, "ObjectNotFound", Kind::NotFound),
        (Asked::Read, 404, "NotAuthorizedOrNotFound", Kind::NotFound),
        (Asked::Read, 404, "BucketNotFound", Kind::BucketGone),
        (Asked::Read, 404, "NamespaceNotFound", Kind::BucketGone),
        (Asked::Read, 409, "NotRestored", Kind::Unreadable),
        (Asked::Read, 412, "IfMatchFailed", Kind::Changed),
        (Asked::Read, 416, "InvalidRange", Kind::Changed),
        (CREATE, 412, "IfNoneMatchFailed", Kind::AlreadyExists),
        (CREATE, 409, "IfNoneMatchFailed", Kind::AlreadyExists),
        (CREATE, 409, "ConcurrentObjectUpdate", Kind::Transient),
        (PUT, 400, "UnmatchedContentMD5", Kind::Transient),
        (PUT, 400, "InvalidParameter", Kind::Other),
        (PUT, 404, "BucketNotFound", Kind::BucketGone),
        (PUT, 400, "QuotaExceeded", Kind::NoSpace),
        (PUT, 409, "RetentionRuleViolation", Kind::Refused),
        (PUT, 409, "BucketReadOnly", Kind::ReadOnly),
        (Asked::Part, 404, "UploadNotFound", Kind::Transient),
        (Asked::Commit, 404, "UploadNotFound", Kind::Transient),
        (Asked::Commit, 400, "InvalidUploadPart", Kind::Transient),
        (Asked::Part, 400, "InvalidUploadPart", Kind::Other),
        (PUT, 409, "IncorrectState", Kind::Transient),
        (
            Asked::Delete,
            409,
            "ExternalServerIncorrectState",
            Kind::Transient,
        ),
        (Asked::Part, 404, "BucketNotFound", Kind::BucketGone),
        (Asked::Delete, 404, "ObjectNotFound", Kind::NotFound),
        (Asked::About, 404, "LifecyclePolicyNotFound", Kind::NotFound),
        (PUT, 429, "TooManyRequests", Kind::Transient),
        (PUT, 500, "InternalServerError", Kind::Transient),
        (PUT, 503, "ServiceUnavailable", Kind::Transient),
        (PUT, 501, "MethodNotImplemented", Kind::Unsupported),
    ] {
        assert_eq!(
            kind_of(asked, status, code),
            expected,
            "{asked:?} {status} {code}"
        );
    }
}

/// S-3.75: an answer without a word may be one of the service's, and proves nothing.
#[test]
fn an_absence_is_plain_where_the_service_says_it_of_an_object() {
    let plain = r#"{"code": "ObjectNotFound", "message": "The object 'a' was not found in the bucket 'b'"}"#;
    let veiled = r#"{"code": "ObjectNotFound", "message": "Either the object does not exist or you are not authorized"}"#;
    for (status, body, is_services, kind, is_doubtful) in [
        (404, plain, true, Kind::NotFound, false),
        (404, veiled, true, Kind::NotFound, true),
        (
            404,
            r#"{"code": "NotAuthorizedOrNotFound", "message": ""}"#,
            true,
            Kind::NotFound,
            true,
        ),
        (404, "", true, Kind::NotFound, true),
        // Something else's.
        (404, "", false, Kind::Transient, false),
        (404, "default backend - 404", false, Kind::Transient, false),
        (200, "<html>log in</html>", false, Kind::Transient, false),
        (403, "<html>no</html>", false, Kind::Transient, false),
        (
            502,
            "<html>bad gateway</html>",
            false,
            Kind::Transient,
            false,
        ),
        (302, "", false, Kind::Elsewhere, false),
    ] {
        let found = refusal(Asked::Facts, status, body, is_services);
        assert_eq!(found.kind(), kind, "{status} {body}");
        assert_eq!(found.is_doubtful_absence(), is_doubtful, "{status} {body}");
    }
}

/// S-3.75: some buckets are denied in passing.
#[test]
fn a_bucket_that_is_denied_is_asked_for_again() {
    let denied = r#"{"code": "BucketNotFound", "message": "Either the bucket named 'b' does not exist in the namespace 'n' or you are not authorized to access it"}"#;
    let found = refusal(Asked::List, 404, denied, true);
    assert!(found.is_denial() && !found.may_pass() && found.is_doubtful_end());
    assert!(
        found
            .hint()
            .is_some_and(|hint| hint.contains("OBJECT_INSPECT"))
    );
    let absent = refusal(
        Asked::Read,
        404,
        r#"{"code": "ObjectNotFound", "message": ""}"#,
        true,
    );
    assert!(!absent.may_pass() && !absent.is_doubtful_end());
    let lost = refusal(
        Asked::Part,
        404,
        r#"{"code": "UploadNotFound", "message": ""}"#,
        true,
    );
    assert!(!lost.may_pass() && lost.lacks_upload());
    // Another upload heals it, and the same commit does not.
    let other = r#"{"code": "InvalidUploadPart", "message": ""}"#;
    assert!(!refusal(Asked::Commit, 400, other, true).may_pass());
}

/// S-3.77: a refusal is no proof that there is no policy.
#[test]
fn only_the_service_says_that_there_is_no_lifecycle_policy() {
    for (body, expected) in [
        (
            r#"{"code": "LifecyclePolicyNotFound", "message": ""}"#,
            true,
        ),
        (
            r#"{"code": "NotAuthorizedOrNotFound", "message": ""}"#,
            false,
        ),
        ("", false),
    ] {
        let found = refusal(Asked::About, 404, body, true);
        assert_eq!(found.lacks_policy(), expected, "{body}");
    }
}

/// S-2.6
#[test]
fn what_is_told_is_a_line_without_secrets() {
    let body =
        "{\"code\": \"NotAuthenticated\", \"message\": \"the key\\n secretsecret is\\nunknown.\"}";
    let found = refusal(Asked::List, 401, body, true);
    assert_eq!(
        found.to_string(),
        "NotAuthenticated: the key <secret> is unknown"
    );
    assert!(found.hint().is_some_and(|hint| hint.contains("5 minutes")));
    for (signs, expected) in [
        (Signs::Key, "fingerprint"),
        (Signs::Session, "oci session refresh"),
        (Signs::Machine, "that this machine was given"),
    ] {
        let found = refusal(Asked::List, 401, body, true).signed_with(signs);
        assert!(found.hint().is_some_and(|hint| hint.contains(expected)));
    }
    let page = refusal(Asked::List, 200, "<html>secretsecret</html>", false);
    assert_eq!(
        page.to_string(),
        "the answer is 200 OK, and it is none of Oracle's Object Storage"
    );
    assert_eq!(page.hint(), Some(SOMETHING_ELSE));
}

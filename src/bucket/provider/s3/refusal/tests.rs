#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use object_store::client::{HttpRequest, HttpRequestBody};

use super::*;
use crate::bucket::provider::s3::asked::CARRIERS;
use crate::bucket::provider::s3::dialect::AMAZON;
use crate::environment::Secret;

const READ: Asked = Asked::Read {
    range: None,
    head_only: false,
};
const PUT: Asked = Asked::Put { create: false };
const CREATE: Asked = Asked::Put { create: true };

fn refusal(asked: &Asked, status: u16, headers: &[(&'static str, &str)], body: &str) -> Refusal {
    refusal_of(asked, (status, headers, body), &AMAZON.hints)
}

fn refusal_of(
    asked: &Asked,
    (status, headers, body): (u16, &[(&'static str, &str)], &str),
    hints: &Hints,
) -> Refusal {
    let request = HttpRequest::new(HttpRequestBody::empty());
    let secrets = Secrets::of(&request, &[Secret::new("hunter2".to_owned())], &CARRIERS);
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.insert(*name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    let by = (status, &all, body.as_bytes());
    Refusal::of(asked, by, &secrets, hints)
}

/// S-3.50
#[test]
fn where_no_bucket_is_known_a_vendor_may_mean_that_it_is_elsewhere() {
    let hints = Hints {
        no_bucket: Some("another region"),
        ..AMAZON.hints
    };
    let endpoint =
        "<Error><Code>AccessDenied</Code><Endpoint>oss-cn-beijing.example.com</Endpoint></Error>";
    let bare = "<Error><Code>AccessDenied</Code><Endpoint> </Endpoint></Error>";
    let missing = document("NoSuchBucket");
    for (asked, status, body, kind, hint) in [
        (
            Asked::List,
            404,
            missing.as_str(),
            Kind::BucketGone,
            Some("another region"),
        ),
        (
            READ,
            404,
            &missing,
            Kind::BucketGone,
            Some("another region"),
        ),
        // Which bucket it is that a copy asks for in vain is not said.
        (Asked::Copy, 404, &missing, Kind::BucketGone, None),
        (
            Asked::List,
            403,
            endpoint,
            Kind::Elsewhere,
            Some(AMAZON.hints.elsewhere),
        ),
        (Asked::List, 403, bare, Kind::Credentials, None),
    ] {
        let request = HttpRequest::new(HttpRequestBody::empty());
        let secrets = Secrets::of(&request, &[], &CARRIERS);
        let status = StatusCode::from_u16(status).unwrap();
        let by = (status, &HeaderMap::new(), body.as_bytes());
        let found = Refusal::of(&asked, by, &secrets, &hints);
        assert_eq!(
            (found.kind(), found.hint()),
            (kind, hint),
            "{asked:?} {body}"
        );
    }
    assert_eq!(refusal(&Asked::List, 404, &[], &missing).hint(), None);
}

fn document(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>")
}

/// S-6.14
#[test]
fn what_does_not_come_from_s3_says_nothing_of_an_object() {
    for asked in [
        READ,
        PUT,
        CREATE,
        Asked::Begin,
        Asked::Complete,
        Asked::Delete,
        Asked::List,
    ] {
        for status in [
            200, 201, 204, 206, 304, 400, 401, 402, 403, 404, 405, 409, 410, 412, 416, 418, 421,
            500, 502, 503, 504, 520,
        ] {
            for body in [
                "",
                "default backend - 404",
                "<html><head><title>404 Not Found</title></head></html>",
                "{\"Code\":\"NoSuchKey\"}",
                "<Error>NoSuchKey</Error>",
                "<Error><Code/></Error>",
                "<html><Error><Code>NoSuchKey</Code></Error></html>",
            ] {
                let found = refusal(&asked, status, &[("content-type", "text/html")], body);
                assert_eq!(found.kind(), Kind::Transient, "{asked:?} {status} {body}");
                assert!(found.may_pass());
            }
        }
    }
}

/// S-6.14, S-6.3
#[test]
fn what_s3_says_means_what_it_says() {
    let other = "InvalidArgument";
    for (asked, status, code, kind) in [
        (READ, 404, "NoSuchKey", Kind::NotFound),
        (READ, 404, "\n  NoSuchKey\n ", Kind::NotFound),
        (READ, 404, "NoSuchBucket", Kind::BucketGone),
        (READ, 404, "NobodyKnows", Kind::Transient),
        (Asked::Delete, 404, "NoSuchKey", Kind::NotFound),
        (Asked::List, 404, "NoSuchKey", Kind::BucketGone),
        (READ, 403, "AccessDenied", Kind::Refused),
        (READ, 403, "NobodyKnows", Kind::Refused),
        (Asked::List, 403, "AccessDenied", Kind::Credentials),
        (Asked::Credentials, 403, "AccessDenied", Kind::Credentials),
        (Asked::Credentials, 400, other, Kind::Credentials),
        (READ, 401, "NobodyKnows", Kind::Credentials),
        (READ, 412, "PreconditionFailed", Kind::Changed),
        (READ, 416, "InvalidRange", Kind::Changed),
        (READ, 416, "NobodyKnows", Kind::Changed),
        (PUT, 412, "PreconditionFailed", Kind::Changed),
        (CREATE, 412, "PreconditionFailed", Kind::AlreadyExists),
        (CREATE, 412, "NobodyKnows", Kind::AlreadyExists),
        (CREATE, 409, "FileAlreadyExists", Kind::AlreadyExists),
        (CREATE, 409, "ConditionalRequestConflict", Kind::Transient),
        (PUT, 409, "NobodyKnows", Kind::Other),
        (CREATE, 501, "NotImplemented", Kind::Unsupported),
        (CREATE, 400, "NotImplemented", Kind::Unsupported),
        (Asked::Complete, 400, "InvalidPart", Kind::Transient),
        (Asked::Complete, 200, "InternalError", Kind::Transient),
        (Asked::Complete, 200, "AccessDenied", Kind::Refused),
        (READ, 301, "PermanentRedirect", Kind::Elsewhere),
        (READ, 400, "KMS.ThrottlingException", Kind::Transient),
        (READ, 400, "KMS.DisabledException", Kind::Unreadable),
        (READ, 503, "KMS.Strange", Kind::Unreadable),
        (READ, 503, "NobodyKnows", Kind::Transient),
        (READ, 400, other, Kind::Other),
    ] {
        let found = refusal(&asked, status, &[], &document(code));
        assert_eq!(found.kind(), kind, "{asked:?} {status} {code}");
    }
}

#[test]
fn whoever_redirects_or_is_overburdened_is_understood() {
    for (status, kind) in [
        (301, Kind::Elsewhere),
        (302, Kind::Elsewhere),
        (307, Kind::Elsewhere),
        (308, Kind::Elsewhere),
        (413, Kind::Other),
        (429, Kind::Transient),
        (501, Kind::Unsupported),
        (507, Kind::NoSpace),
    ] {
        assert_eq!(refusal(&PUT, status, &[], "").kind(), kind, "{status}");
    }
    // Answers without a document, which still show that they are S3's.
    let by_s3 = [("x-amz-request-id", "1")];
    for (status, kind) in [
        (404, Kind::NotFound),
        (403, Kind::Refused),
        (412, Kind::AlreadyExists),
    ] {
        assert_eq!(
            refusal(&CREATE, status, &by_s3, "").kind(),
            kind,
            "{status}"
        );
    }
    let in_header = [
        ("x-minio-error-code", "NoSuchKey"),
        ("x-minio-error-desc", "\"Gone.\""),
    ];
    let found = refusal(&READ, 404, &in_header, "");
    assert_eq!(found.kind(), Kind::NotFound);
    assert_eq!(found.to_string(), "NoSuchKey: Gone");
}

#[test]
fn an_upload_that_is_lost_is_not_asked_for_again_as_it_is() {
    assert!(refusal(&Asked::Complete, 503, &[], &document("SlowDown")).may_pass());
    assert!(refusal(&Asked::Complete, 404, &[], "default backend - 404").may_pass());
    assert!(!refusal(&Asked::Complete, 404, &[], &document("NoSuchUpload")).may_pass());
    assert!(!refusal(&READ, 403, &[], &document("AccessDenied")).may_pass());
}

/// S-2.6
#[test]
fn of_a_refusal_its_code_and_its_message_are_told_without_secrets() {
    for (body, told) in [
        (
            "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>None.</Message><HostId>hunter2</HostId></Error>",
            Some("NoSuchKey: None"),
        ),
        (
            "<Error><Message>hunter2 is wrong</Message><Code>InvalidToken</Code></Error>",
            Some("InvalidToken: <secret> is wrong"),
        ),
        (
            "<Error>\n <Code>\n  AccessDenied\n </Code>\n <Message>\n  It&#39;s &quot;not&quot;\n  yours..\n </Message></Error>",
            Some("AccessDenied: It's \"not\" yours"),
        ),
        (
            "<e:Error xmlns:e=\"x\"><e:Code>A</e:Code><e:Message><![CDATA[<b>]]></e:Message></e:Error>",
            Some("A: <b>"),
        ),
        (
            "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>old</Message></Error></ErrorResponse>",
            Some("ExpiredTokenException: old"),
        ),
        (
            "<Error><Code>SlowDown</Code><Message>cut of",
            Some("SlowDown"),
        ),
        (
            "<Error><Code>A</Code><Message>hunter&#x32;</Message></Error>",
            Some("A: <secret>"),
        ),
        ("<Error><Message>hunter2</Message></Error>", None),
        ("<Error><Code>hunter2</Code></Error>", None),
        ("<Error><Code>a b: c</Code></Error>", None),
        ("<html><Code>hunter2</Code></html>", None),
        ("authorization: hunter2", None),
    ] {
        let found = refusal(&PUT, 400, &[], body);
        assert_eq!(found.told().as_deref(), told, "{body}");
        assert!(!found.to_string().contains("hunter2"), "{found}");
    }
    assert_eq!(
        refusal(&PUT, 404, &[], "default backend - 404").to_string(),
        "the answer is 404 Not Found, and it is none of S3's"
    );
    assert_eq!(
        refusal(&PUT, 502, &[], "hunter2").to_string(),
        "the answer is 502 Bad Gateway"
    );
}

#[test]
fn what_can_be_done_is_said() {
    let nginx = "<center>The plain HTTP request was sent to HTTPS port</center>";
    for (asked, status, body, kind, hint) in [
        (READ, 400, nginx, Kind::Other, "config.insecure"),
        (READ, 302, "", Kind::Elsewhere, "config.region"),
        (PUT, 413, "<html>", Kind::Other, "config.part_size"),
        (
            Asked::List,
            403,
            "<Error><Code>PathStyleDomainForbidden</Code></Error>",
            Kind::Elsewhere,
            "config.bucket_lookup_type: virtual-hosted",
        ),
        (
            Asked::List,
            403,
            "<Error><Code>AccessDenied</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message></Error>",
            Kind::Elsewhere,
            "config.endpoint",
        ),
        (
            Asked::List,
            403,
            "<Error><Code>AccessDenied</Code><Message>Other words.</Message><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint></Error>",
            Kind::Elsewhere,
            "config.endpoint",
        ),
        (
            Asked::List,
            501,
            "",
            Kind::Unsupported,
            "list_objects_version: v1",
        ),
        (
            READ,
            403,
            "<Error><Code>RequestTimeTooSkewed</Code></Error>",
            Kind::Credentials,
            "clock",
        ),
    ] {
        let found = refusal(&asked, status, &[], body);
        assert_eq!(found.kind(), kind, "{status}");
        assert!(found.hint().unwrap().contains(hint), "{:?}", found.hint());
    }
}

/// S-3.50: a vendor's section has keys of its own, and its hosts know the buckets of one region.
#[test]
fn a_vendor_has_its_own_keys_looked_at() {
    let hints = Hints {
        in_path: "in the path",
        no_bucket: Some("another region"),
        ..AMAZON.hints
    };
    for asked in [Asked::List, READ, PUT] {
        for (status, code, kind, hint) in [
            (
                403,
                "SecondLevelDomainForbidden",
                Kind::Elsewhere,
                Some("in the path"),
            ),
            (
                403,
                "VirtualHostDomainRequired",
                Kind::Elsewhere,
                Some("in the path"),
            ),
            (
                404,
                "NoSuchBucket",
                Kind::BucketGone,
                Some("another region"),
            ),
        ] {
            let found = refusal_of(&asked, (status, &[], &document(code)), &hints);
            assert_eq!(
                (found.kind(), found.hint()),
                (kind, hint),
                "{asked:?} {code}"
            );
        }
    }
    let found = refusal(&Asked::List, 404, &[], &document("NoSuchBucket"));
    assert_eq!(found.hint(), None);
}

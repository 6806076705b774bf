#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::environment::Secret;

const READ: Asked = Asked::Read { range: None };
const PUT: Asked = Asked::Put { create: false };
const CREATE: Asked = Asked::Put { create: true };

fn refusal(asked: &Asked, status: u16, signed: bool, body: &str) -> Refusal {
    let mut headers = HeaderMap::new();
    if signed {
        headers.insert(SIGNATURE, "ABPnzm".parse().unwrap());
    }
    let secrets = Secrets::of_texts(&[Secret::new("ya29.a-secret-token".to_owned())]);
    let status = status.try_into().unwrap();
    Refusal::of(asked, status, &headers, body.as_bytes(), &secrets)
}

fn document(status: u16, reason: &str, message: &str) -> String {
    serde_json::json!({"error": {"code": status, "message": message, "errors": [
        {"domain": "global", "reason": reason, "message": message}]}})
    .to_string()
}

/// S-6.3
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_refused_is_what_the_service_says() {
    for (asked, status, reason, message, expected) in [
        (
            &Asked::List,
            401,
            "authError",
            "Invalid Credentials",
            Kind::Credentials,
        ),
        (
            &READ,
            401,
            "required",
            "Anonymous caller",
            Kind::Credentials,
        ),
        (
            &READ,
            403,
            "forbidden",
            "x does not have storage.objects.get access",
            Kind::Refused,
        ),
        (
            &Asked::List,
            403,
            "forbidden",
            "no storage.objects.list access",
            Kind::Credentials,
        ),
        (&READ, 403, "rateLimitExceeded", "later", Kind::Transient),
        (&PUT, 403, "userRateLimitExceeded", "later", Kind::Transient),
        (&PUT, 403, "accountDisabled", "billing", Kind::Credentials),
        (&PUT, 403, "retentionPolicyNotMet", "locked", Kind::Refused),
        (
            &Asked::List,
            404,
            "notFound",
            "The specified bucket does not exist.",
            Kind::BucketGone,
        ),
        (&PUT, 404, "notFound", "Not Found", Kind::BucketGone),
        (
            &Asked::Begin,
            404,
            "notFound",
            "Not Found",
            Kind::BucketGone,
        ),
        (
            &Asked::Facts,
            404,
            "notFound",
            "No such object: hot/a",
            Kind::NotFound,
        ),
        (
            &Asked::Facts,
            404,
            "notFound",
            "The specified bucket does not exist.",
            Kind::BucketGone,
        ),
        (
            &Asked::Delete,
            404,
            "notFound",
            "No such object: hot/a",
            Kind::NotFound,
        ),
        (&Asked::Piece, 404, "notFound", "Not Found", Kind::Transient),
        (&Asked::Piece, 410, "gone", "Gone", Kind::Transient),
        (
            &CREATE,
            412,
            "conditionNotMet",
            "generation",
            Kind::AlreadyExists,
        ),
        (&READ, 412, "conditionNotMet", "generation", Kind::Changed),
        (
            &Asked::Rewrite,
            412,
            "conditionNotMet",
            "generation",
            Kind::Changed,
        ),
        (
            &READ,
            416,
            "requestedRangeNotSatisfiable",
            "range",
            Kind::Changed,
        ),
        (
            &PUT,
            400,
            "invalid",
            "Provided CRC32C \"a\" doesn't match calculated CRC32C \"b\".",
            Kind::Transient,
        ),
        (&PUT, 400, "invalid", "Invalid storage class", Kind::Other),
        (&PUT, 409, "conflict", "at the same moment", Kind::Transient),
        (&PUT, 413, "uploadTooLarge", "too large", Kind::Other),
        (
            &PUT,
            429,
            "rateLimitExceeded",
            "The object exceeded the rate limit",
            Kind::Transient,
        ),
        (
            &READ,
            500,
            "internalError",
            "We encountered an internal error",
            Kind::Transient,
        ),
        (&READ, 503, "backendError", "Backend Error", Kind::Transient),
        (&PUT, 501, "notImplemented", "no", Kind::Unsupported),
    ] {
        let found = refusal(asked, status, true, &document(status, reason, message));
        assert_eq!(
            found.kind(),
            expected,
            "{asked:?} {status} {reason} {message}"
        );
        let told = found.told().unwrap_or_default();
        assert!(told.starts_with(reason), "{told}");
    }
}

/// S-6.3: whatever its status is, an answer of something else says nothing of an object.
#[test]
fn what_is_none_of_the_services_says_nothing_of_an_object() {
    for (status, body) in [
        (404, "default backend - 404"),
        (404, "<html>404 page not found</html>"),
        (404, ""),
        (403, "<html>log in</html>"),
        (401, "Unauthorized"),
        (412, ""),
        (400, "plain"),
        (200, "<html>"),
    ] {
        for asked in [&READ, &Asked::List, &PUT, &CREATE, &Asked::Delete] {
            let found = refusal(asked, status, false, body);
            assert_eq!(found.kind(), Kind::Transient, "{asked:?} {status} {body}");
            assert_eq!(found.told(), None, "{body}");
        }
    }
    // Where an object is asked for, the service says it in a line of text.
    let absent = refusal(&READ, 404, true, "No such object: hot/a");
    assert_eq!(absent.kind(), Kind::NotFound);
    assert!(!absent.is_nobodys_absence());
    assert!(refusal(&READ, 404, false, "Not Found\n").is_nobodys_absence());
    for status in [301, 302, 307, 308] {
        assert_eq!(
            refusal(&READ, status, false, "").kind(),
            Kind::Elsewhere,
            "{status}"
        );
    }
}

/// S-2.6
#[test]
fn what_is_said_is_one_line_without_secrets() {
    let said = document(
        403,
        "forbidden",
        "the token\n ya29.a-secret-token is\tnot enough.",
    );
    let told = refusal(&READ, 403, true, &said).told();
    assert_eq!(
        told.as_deref(),
        Some("forbidden: the token <secret> is not enough")
    );
    let odd = refusal(&READ, 403, true, &document(403, "a b\nc", "no"));
    assert_eq!(odd.told().as_deref(), Some("no"));
    let xml = "<?xml version='1.0'?><Error><Code>InvalidRange</Code><Message>Not so far.</Message></Error>";
    assert_eq!(
        refusal(&READ, 416, true, xml).told().as_deref(),
        Some("InvalidRange: Not so far")
    );
}

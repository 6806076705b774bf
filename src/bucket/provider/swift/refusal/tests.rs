#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::environment::Secret;

const SIGNED: &[(&str, &str)] = &[("x-trans-id", "tx1")];

fn refusal(asked: Asked, status: u16, headers: &[(&'static str, &str)], body: &str) -> Refusal {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    let secrets = Secrets::of_texts(&[Secret::new("AUTH_tk1234567890ab".to_owned())]);
    let status = StatusCode::from_u16(status).unwrap();
    Refusal::of(asked, status, &map, body.as_bytes(), &secrets)
}

/// S-3.45, S-6.14
#[test]
fn each_answer_of_the_services_means_what_it_says() {
    let create = Asked::Put { create: true };
    let put = Asked::Put { create: false };
    let html = |title: &str, words: &str| format!("<html><h1>{title}</h1><p>{words}</p></html>");
    let nothing = html("Not Found", "The resource could not be found.");
    for (asked, status, body, kind) in [
        (Asked::Read, 404, nothing.as_str(), Kind::NotFound),
        (Asked::Facts, 404, "", Kind::NotFound),
        (Asked::Delete, 404, &nothing, Kind::NotFound),
        (Asked::Copy, 404, &nothing, Kind::NotFound),
        (Asked::List, 404, &nothing, Kind::BucketGone),
        (Asked::Container, 404, "", Kind::BucketGone),
        (put, 404, &nothing, Kind::BucketGone),
        (Asked::Assemble, 404, &nothing, Kind::BucketGone),
        (Asked::Read, 401, "", Kind::Credentials),
        (Asked::Read, 403, "", Kind::Refused),
        (put, 403, "", Kind::Refused),
        (Asked::List, 403, "", Kind::Credentials),
        (Asked::Read, 409, "", Kind::Unreadable),
        (put, 409, "", Kind::Transient),
        (Asked::Delete, 409, "", Kind::Transient),
        (put, 411, "", Kind::Other),
        (create, 412, "", Kind::AlreadyExists),
        (Asked::Read, 412, "", Kind::Changed),
        (Asked::Copy, 412, "", Kind::Changed),
        (
            Asked::List,
            412,
            "Value for limit must be in the range 0-10000",
            Kind::Other,
        ),
        (put, 413, "Upload exceeds quota.", Kind::NoSpace),
        (
            put,
            413,
            &html(
                "Request Entity Too Large",
                "The body of your request was too large for this server.",
            ),
            Kind::Other,
        ),
        (Asked::Read, 416, "", Kind::Changed),
        (put, 422, "", Kind::Transient),
        (Asked::Read, 429, "", Kind::Transient),
        (Asked::Read, 498, "Slow down", Kind::Transient),
        (put, 499, "", Kind::Transient),
        (Asked::Read, 500, "", Kind::Transient),
        (Asked::Read, 503, "", Kind::Transient),
        (put, 507, "", Kind::NoSpace),
        (Asked::Read, 501, "", Kind::Unsupported),
        (
            put,
            405,
            "Writes are disabled for this account.",
            Kind::ReadOnly,
        ),
        (
            Asked::Assemble,
            400,
            "Errors:\n/c/segments/1, 404 Not Found",
            Kind::Transient,
        ),
        (
            Asked::Assemble,
            400,
            "Manifest must be valid JSON.",
            Kind::Other,
        ),
        // Something newer lies there.
        (put, 202, "", Kind::Transient),
    ] {
        let refusal = refusal(asked, status, SIGNED, body);
        assert_eq!(refusal.kind(), kind, "{asked:?} {status} {body}");
        assert_eq!(refusal.may_pass(), kind == Kind::Transient);
        assert!(!refusal.to_string().contains('<'), "{refusal}");
        assert_eq!(refusal.to_string().lines().count(), 1, "{refusal}");
    }
}

/// S-6.14: whatever stands between says nothing of an object, nor of a container.
#[test]
fn what_is_not_the_services_passes() {
    let page = "<html><title>Login</title><body>404 page not found</body></html>";
    for (asked, status) in [
        (Asked::Read, 404),
        (Asked::Facts, 404),
        (Asked::List, 404),
        (Asked::Container, 404),
        (Asked::Put { create: true }, 412),
        (Asked::Put { create: false }, 403),
        (Asked::List, 401),
        (Asked::Delete, 404),
        (Asked::Read, 200),
        (Asked::Delete, 200),
    ] {
        let refusal = refusal(asked, status, &[], page);
        assert_eq!(refusal.kind(), Kind::Transient, "{asked:?} {status}");
        assert!(refusal.to_string().contains("none of Swift's"), "{refusal}");
        let is_error = status != 200;
        assert_eq!(refusal.hint().is_some(), is_error, "{asked:?} {status}");
    }
    let refused = refusal(Asked::Read, 401, &[], page);
    assert_eq!(refused.of_every_token().kind(), Kind::Credentials);
    // In the service's words.
    let words = "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>";
    assert_eq!(refusal(Asked::Read, 404, &[], words).kind(), Kind::NotFound);
}

/// S-2.6
#[test]
fn what_is_told_is_one_line_without_secrets() {
    let many = refusal(
        Asked::Assemble,
        413,
        SIGNED,
        "Number of object-backed segments must be <= 1000",
    );
    assert!(many.is_for_good() && many.hint().is_none());
    assert_eq!(
        many.told().unwrap(),
        "Number of object-backed segments must be <= 1000 (413)"
    );
    let body = "<html><h1>Forbidden</h1>\n<p>Token AUTH_tk1234567890ab\nis not good.</p></html>";
    let refusal = refusal(Asked::Read, 403, SIGNED, body);
    assert_eq!(
        refusal.told().unwrap(),
        "Forbidden Token <secret> is not good (403)"
    );
}

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

type Header = (&'static str, &'static str);

const OBJECT: &str = "0123456789";

/// What becomes of an answer: its headers on a line, and its body.
async fn understood(
    range: Option<Range<u64>>,
    status: u16,
    headers: &[Header],
    body: &str,
) -> Result<(String, String, bool), String> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.insert(*name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    let body = HttpResponseBody::from(body.to_owned());
    let given = given(range.as_ref(), false, status, &all, body).await;
    let answer = given.map_err(|err| err.to_string())?;
    let Given::Object(answer) = answer else {
        return Err("it gives nothing".to_owned());
    };
    let header = |name: &str| {
        let value = answer.headers().get(name);
        value
            .map_or("-", |value| value.to_str().unwrap())
            .to_owned()
    };
    let told = ["content-range", "content-length", "etag", "last-modified"].map(header);
    let size_unknown = answer.extensions().get::<SizeUnknown>().is_some();
    let body = answer.into_body().bytes().await.unwrap();
    Ok((
        told.join(" "),
        String::from_utf8(body.to_vec()).unwrap(),
        size_unknown,
    ))
}

/// S-6.15
#[tokio::test]
async fn a_part_is_taken_from_whatever_brings_it() {
    const RANGE: Header = ("content-range", "bytes 2-4/10");
    const LENGTH: Header = ("content-length", "3");
    let whole = ("content-length", "10");
    let sized = |size: &str| format!("bytes 2-4/{size} 3 - -");
    for (status, headers, body, expected, is_unknown) in [
        (206, &[RANGE, LENGTH][..], "234", sized("10"), false),
        (206, &[RANGE], "234", sized("10"), false),
        (206, &[LENGTH], "234", sized("5"), true),
        (206, &[], "234", sized("5"), true),
        (
            206,
            &[("content-range", "bytes 2-4/*"), LENGTH],
            "234",
            sized("5"),
            true,
        ),
        (
            206,
            &[("content-range", "Bytes=2-4/10")],
            "234",
            sized("10"),
            false,
        ),
        (
            206,
            &[("content-range", "nonsense"), LENGTH],
            "234",
            sized("5"),
            true,
        ),
        (200, &[whole], OBJECT, sized("10"), false),
        (200, &[], OBJECT, sized("5"), true),
        (
            200,
            &[("content-length", "4")],
            "0123",
            "bytes 2-3/4 2 - -".to_owned(),
            false,
        ),
        (
            206,
            &[("content-range", "bytes 2-3/4")],
            "23",
            "bytes 2-3/4 2 - -".to_owned(),
            false,
        ),
    ] {
        let found = understood(Some(2..5), status, headers, body).await;
        let (told, body, size_unknown) = found.unwrap();
        assert_eq!(
            (told, size_unknown),
            (expected, is_unknown),
            "{status} {headers:?}"
        );
        assert!("234".starts_with(&body) && !body.is_empty(), "{body}");
    }
    for (status, headers) in [
        (206, &[("content-range", "bytes 0-2/10")][..]),
        (206, &[("content-range", "bytes 2-9/10")]),
        (206, &[("content-length", "10")]),
        (200, &[("content-length", "2")]),
        (200, &[("content-length", "0")]),
    ] {
        let found = understood(Some(2..5), status, headers, OBJECT).await;
        assert!(found.unwrap_err().contains("part that was asked for") || headers.len() == 1);
    }
}

/// S-6.15
#[tokio::test]
async fn a_whole_object_needs_nothing_but_its_bytes() {
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    let rfc = "Wed, 21 Oct 2015 07:28:00 +0000";
    for (headers, expected) in [
        (&[][..], "- 10 - -".to_owned()),
        (
            &[("content-length", "10"), ("etag", "\"a\"")],
            "- 10 \"a\" -".to_owned(),
        ),
        (
            &[("etag", "a"), ("last-modified", date)],
            format!("- 10 \"a\" {rfc}"),
        ),
        (
            &[
                ("etag", "W/\"a\""),
                ("last-modified", "2015-10-21T07:28:00Z"),
            ],
            format!("- 10 W/\"a\" {rfc}"),
        ),
        (
            &[
                ("etag", ""),
                ("last-modified", "soon"),
                ("content-length", "ten"),
            ],
            "- 10 - -".to_owned(),
        ),
        (
            &[("content-range", "bytes 0-9/10"), ("content-length", "10")],
            "- 10 - -".to_owned(),
        ),
        (
            &[("content-type", "application/xml")],
            "- 10 - -".to_owned(),
        ),
    ] {
        let found = understood(None, 200, headers, OBJECT).await;
        assert_eq!(
            found.unwrap(),
            (expected, OBJECT.to_owned(), false),
            "{headers:?}"
        );
    }
    let mut odd = HeaderMap::new();
    odd.insert(ETAG, HeaderValue::from_bytes(b"\xff").unwrap());
    odd.insert(
        "x-amz-meta-a",
        HeaderValue::from_bytes(b"\xc3\xbc").unwrap(),
    );
    odd.insert("cache-control", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(Told::by(&odd), Told::default());
}

/// S-6.14
#[tokio::test]
async fn an_error_with_a_status_of_success_gives_nothing() {
    let error = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>";
    let xml = ("content-type", "application/xml");
    let found = understood(None, 200, &[xml], error).await;
    assert_eq!(found, Err("it gives nothing".to_owned()));
    let found = understood(None, 200, &[xml, ("etag", "\"a\"")], error).await;
    assert!(found.is_ok(), "an object may have any bytes");
}

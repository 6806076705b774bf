//! An answer that brings an object or a part of one.

use std::ops::Range;

use chrono::DateTime;
use futures::stream::{StreamExt, TryStreamExt};
use object_store::client::{HttpError, HttpResponse};
use object_store::path::Path;
use object_store::{Attributes, GetResult, GetResultPayload, ObjectMeta};
use reqwest::StatusCode;

use super::fault::{Fault, generic};
use super::object::Facts;
use crate::bucket::store::SizeUnknown;
use crate::http::range;

/// What an answer with a good status brings of that object; `wanted` is what was asked for of it.
pub(super) fn got(
    location: &Path,
    wanted: Option<&Range<u64>>,
    answer: HttpResponse,
) -> Result<GetResult, HttpError> {
    let (head, body) = answer.into_parts();
    let facts = Facts::of(&head.headers);
    let etag = facts.etag.ok_or_else(|| Fault::NoObject.passing())?;
    let other_part = || Fault::OtherPart.passing();
    let (came, size) = if head.status == StatusCode::PARTIAL_CONTENT {
        range::came(&head.headers, wanted).ok_or_else(other_part)?
    } else {
        let length = facts.size_bytes.ok_or_else(|| Fault::NoObject.passing())?;
        if wanted.is_some_and(|wanted| wanted.start != 0 || wanted.end != length) {
            return Err(other_part());
        }
        (0..length, Some(length))
    };
    let mut extensions = head.extensions;
    if size.is_none() {
        extensions.insert(SizeUnknown);
    }
    let pieces = body.bytes_stream().map_err(generic).boxed();
    Ok(GetResult {
        payload: GetResultPayload::Stream(pieces),
        meta: ObjectMeta {
            location: location.clone(),
            last_modified: facts.modified.unwrap_or(DateTime::UNIX_EPOCH),
            size: size.unwrap_or(came.end),
            e_tag: Some(etag),
            version: None,
        },
        range: came,
        attributes: Attributes::default(),
        extensions,
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use object_store::client::HttpResponseBody;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> HttpResponse {
        let mut answer = HttpResponse::new(HttpResponseBody::from("abc".to_owned()));
        *answer.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            answer.headers_mut().insert(*name, value.parse().unwrap());
        }
        answer
    }

    /// S-5.4: another part, or a whole object in place of one, is never taken for what was asked for.
    #[test]
    fn what_comes_is_what_was_asked_for() {
        let version = ("etag", "17");
        let location = Path::from("a");
        for (range, status, headers, expected) in [
            (
                None,
                200,
                &[version, ("content-length", "3")][..],
                Some((0..3, 3)),
            ),
            (
                Some(2..5),
                206,
                &[version, ("content-range", "bytes 2-4/9")],
                Some((2..5, 9)),
            ),
            (
                Some(2..5),
                206,
                &[version, ("content-range", "bytes 2-3/4")],
                Some((2..4, 4)),
            ),
            (
                Some(0..3),
                200,
                &[version, ("content-length", "3")],
                Some((0..3, 3)),
            ),
            (
                Some(2..5),
                206,
                &[version, ("content-range", "bytes 2-3/9")],
                None,
            ),
            (
                Some(2..5),
                206,
                &[version, ("content-range", "bytes 1-4/9")],
                None,
            ),
            (Some(2..5), 206, &[version], None),
            (Some(2..5), 200, &[version, ("content-length", "9")], None),
            (Some(0..3), 200, &[version], None),
            (None, 200, &[version], None),
            (None, 200, &[("content-length", "3")], None),
        ] {
            let got = got(&location, range.as_ref(), answer(status, headers));
            let found = got.ok().map(|got| {
                assert_eq!(got.meta.e_tag.as_deref(), Some("17"));
                (got.range, got.meta.size)
            });
            assert_eq!(found, expected, "{range:?} {status} {headers:?}");
        }
    }
}

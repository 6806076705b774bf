//! An answer that brings an object or a part of one.

use std::ops::Range;

use chrono::DateTime;
use futures::stream::{StreamExt, TryStreamExt};
use object_store::client::{HttpError, HttpResponse};
use object_store::path::Path;
use object_store::{Attributes, GetResult, GetResultPayload, ObjectMeta};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, LAST_MODIFIED};

use super::fault::{Fault, generic};
use super::resource;
use crate::bucket::store::SizeUnknown;
use crate::http::body::whole;
use crate::http::{date, range};

/// The header that tells the version.
pub(super) const GENERATION: &str = "x-goog-generation";

/// The header that tells how long an object is as it is kept.
const STORED_LENGTH: &str = "x-goog-stored-content-length";

/// Objects of which not even the size is told are small: large ones are read part by part.
const LONGEST_UNSIZED: usize = 8 << 20;

/// What an answer with a good status brings of that object; `wanted` is what was asked for of it.
pub(super) async fn got(
    location: &Path,
    wanted: Option<&Range<u64>>,
    answer: HttpResponse,
) -> Result<GetResult, HttpError> {
    let (head, mut body) = answer.into_parts();
    let header = |name: &str| head.headers.get(name)?.to_str().ok().map(str::trim);
    let generation = header(GENERATION).and_then(|text| text.parse().ok());
    let generation: u64 = generation.ok_or_else(|| Fault::NoObject.passing())?;
    let (came, size) = if head.status == StatusCode::PARTIAL_CONTENT {
        range::came(&head.headers, wanted).ok_or_else(|| Fault::OtherPart.passing())?
    } else {
        let length = header(CONTENT_LENGTH.as_str()).or_else(|| header(STORED_LENGTH));
        let length: Option<u64> = length.and_then(|text| text.parse().ok());
        let is_asked_for =
            wanted.is_none_or(|wanted| wanted.start == 0 && length == Some(wanted.end));
        if !is_asked_for {
            return Err(Fault::OtherPart.passing());
        }
        let length = if let Some(length) = length {
            length
        } else {
            let bytes = whole(body, LONGEST_UNSIZED).await?;
            let length = bytes.len() as u64;
            body = bytes.into();
            length
        };
        (0..length, Some(length))
    };
    let mut extensions = head.extensions;
    if size.is_none() {
        extensions.insert(SizeUnknown);
    }
    let modified = header(LAST_MODIFIED.as_str()).and_then(date::time);
    let pieces = body.bytes_stream().map_err(generic).boxed();
    Ok(GetResult {
        payload: GetResultPayload::Stream(pieces),
        meta: ObjectMeta {
            location: location.clone(),
            last_modified: modified.unwrap_or(DateTime::UNIX_EPOCH),
            size: size.unwrap_or(came.end),
            e_tag: Some(resource::tag(generation)),
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
    #[tokio::test]
    async fn what_comes_is_what_was_asked_for() {
        let version = ("x-goog-generation", "17");
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
            (
                None,
                200,
                &[version, ("x-goog-stored-content-length", "3")],
                Some((0..3, 3)),
            ),
            (None, 200, &[version], Some((0..3, 3))),
            (None, 200, &[("content-length", "3")], None),
            (
                None,
                200,
                &[("x-goog-generation", "x"), ("content-length", "3")],
                None,
            ),
        ] {
            let got = got(&location, range.as_ref(), answer(status, headers)).await;
            let found = got.ok().map(|got| {
                assert_eq!(got.meta.e_tag.as_deref(), Some("\"17\""));
                (got.range, got.meta.size)
            });
            assert_eq!(found, expected, "{range:?} {status} {headers:?}");
        }
    }
}

//! Reads an object or a part of one: the version that is meant, and what was asked for of it, or an error.

use std::ops::Range;

use chrono::DateTime;
use futures::stream::{StreamExt, TryStreamExt};
use object_store::client::{HttpError, HttpResponse};
use object_store::path::Path;
use object_store::{
    Attributes, Error, Extensions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result,
};
use reqwest::header::{HeaderValue, IF_MATCH, RANGE};
use reqwest::{Method, StatusCode};

use super::ask::{Asker, NEWEST, good};
use super::asked::Asked;
use super::facts::{Facts, Of, Tag};
use super::fault::{Fault, generic};
use super::meaning;
use crate::bucket::store::SizeUnknown;
use crate::error::Kind;
use crate::http::range;

/// The object or a part of it, of that version where one is named.
///
/// Any of the copies that the service keeps is read first. Where it is not there, or is another version, the newest is read.
pub(super) async fn read(
    asker: &Asker,
    key: &Path,
    range: Option<&GetRange>,
    version: Option<&Tag>,
) -> Result<GetResult> {
    if version.is_some() {
        let read = once(asker, key, range, version, false).await;
        let is_stale = |err: &Error| {
            matches!(
                meaning::kind(err),
                Some(Kind::NotFound | Kind::Changed | Kind::Unreadable)
            )
        };
        if !read.as_ref().err().is_some_and(is_stale) {
            return read;
        }
    }
    let read = once(asker, key, range, version, true).await;
    let is_other = |err: &Error| meaning::kind(err) == Some(Kind::Changed);
    let large = version.filter(|version| version.of != Of::Bytes);
    let (Some(version), true) = (large, read.as_ref().err().is_some_and(is_other)) else {
        return asker.believed(key, read).await;
    };
    // Some compare the tag that a condition names with that of the list of segments: then what comes says whether it is what is meant.
    let facts = asker.facts(key).await?;
    if facts.tag.as_ref() != Some(version) {
        return read;
    }
    let unconditional = once(asker, key, range, None, true).await?;
    if unconditional.meta.e_tag == Some(version.shown()) {
        Ok(unconditional)
    } else {
        read
    }
}

async fn once(
    asker: &Asker,
    key: &Path,
    range: Option<&GetRange>,
    version: Option<&Tag>,
    newest: bool,
) -> Result<GetResult> {
    let url = asker.url(&asker.container, Some(key.as_ref()), &[]).await?;
    let mut request = asker.request(Method::GET, url);
    if newest {
        let newest = HeaderValue::from_static("true");
        request.headers.insert(NEWEST, newest);
    }
    if let Some(version) = version {
        let condition = HeaderValue::from_str(&version.condition()).map_err(generic)?;
        request.headers.insert(IF_MATCH, condition);
    }
    if let Some(wanted) = range {
        let wanted = HeaderValue::from_str(&range::asked(wanted)).map_err(generic)?;
        request.headers.insert(RANGE, wanted);
    }
    let wanted = range.and_then(|range| match range {
        GetRange::Bounded(range) => Some(range.clone()),
        GetRange::Offset(_) | GetRange::Suffix(_) => None,
    });
    let wanted = wanted.as_ref();
    let take =
        |answer: HttpResponse| async move { got(key, wanted, good(Asked::Read, answer).await?) };
    asker.server.answer(&request, take).await
}

/// What is told of an object without its being read.
pub(super) fn headed(key: &Path, facts: &Facts) -> GetResult {
    let size = facts.size_bytes.unwrap_or_default();
    let mut extensions = Extensions::default();
    if facts.size_bytes.is_none() {
        extensions.insert(SizeUnknown);
    }
    GetResult {
        payload: GetResultPayload::Stream(futures::stream::empty().boxed()),
        meta: meta(key, facts, size),
        range: 0..size,
        attributes: Attributes::default(),
        extensions,
    }
}

fn meta(key: &Path, facts: &Facts, size: u64) -> ObjectMeta {
    ObjectMeta {
        location: key.clone(),
        last_modified: facts.modified.unwrap_or(DateTime::UNIX_EPOCH),
        size,
        e_tag: facts.tag.as_ref().map(Tag::shown),
        version: None,
    }
}

/// What an answer with a good status brings of that object; `wanted` is what was asked for of it.
fn got(
    key: &Path,
    wanted: Option<&Range<u64>>,
    answer: HttpResponse,
) -> Result<GetResult, HttpError> {
    let (head, body) = answer.into_parts();
    let facts = Facts::read(&head.headers);
    let (came, size) = if head.status == StatusCode::PARTIAL_CONTENT {
        range::came(&head.headers, wanted).ok_or_else(|| Fault::OtherPart.passing())?
    } else {
        let length = facts.size_bytes;
        let is_whole = wanted.is_none_or(|it| it.start == 0 && length == Some(it.end));
        if !is_whole {
            return Err(Fault::OtherPart.passing());
        }
        // What is put together of very many segments comes without its length.
        (0..length.unwrap_or_default(), length)
    };
    let mut extensions = head.extensions;
    if size.is_none() {
        extensions.insert(SizeUnknown);
    }
    let meta = meta(key, &facts, size.unwrap_or(came.end));
    let pieces = body.bytes_stream().map_err(generic).boxed();
    Ok(GetResult {
        payload: GetResultPayload::Stream(pieces),
        meta,
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
        let tag = ("etag", "8a964ee2a5e88be344f36c22562a6486");
        let key = Path::from("a");
        for (wanted, status, headers, expected) in [
            (
                None,
                200,
                &[tag, ("content-length", "3")][..],
                Some((0..3, 3)),
            ),
            (
                Some(2..5),
                206,
                &[tag, ("content-range", "bytes 2-4/9")],
                Some((2..5, 9)),
            ),
            (
                Some(2..5),
                206,
                &[tag, ("content-range", "bytes 2-3/4")],
                Some((2..4, 4)),
            ),
            (
                Some(0..3),
                200,
                &[tag, ("content-length", "3")],
                Some((0..3, 3)),
            ),
            (
                Some(2..5),
                206,
                &[tag, ("content-range", "bytes 2-3/9")],
                None,
            ),
            (
                Some(2..5),
                206,
                &[tag, ("content-range", "bytes 1-4/9")],
                None,
            ),
            (Some(2..5), 206, &[tag], None),
            (Some(2..5), 200, &[tag, ("content-length", "9")], None),
            (Some(0..3), 200, &[tag], None),
        ] {
            let got = got(&key, wanted.as_ref(), answer(status, headers));
            let found = got.ok().map(|got| {
                let tag = got.meta.e_tag.unwrap();
                assert_eq!(tag, "\"8a964ee2a5e88be344f36c22562a6486\"");
                (got.range, got.meta.size)
            });
            assert_eq!(found, expected, "{wanted:?} {status} {headers:?}");
        }
    }
}

//! Answers that bring an object or a part of one: what their heads say, in however odd a way, and what they leave unsaid.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body::{Body, Frame};
use object_store::client::{HttpError, HttpErrorKind, HttpResponse, HttpResponseBody};
use reqwest::StatusCode;
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED,
};

use super::ask::PARTS_COUNT;
use super::checksum;
use super::refusal::is_error;
use super::tag;
use crate::bucket::store::SizeUnknown;
use crate::error::Kind;
use crate::http::body::whole;
use crate::http::date;

/// Objects of which not even the size is told are small: large ones are read part by part.
const LONGEST_UNSIZED: usize = 8 << 20;

const PARTS: HeaderName = HeaderName::from_static(PARTS_COUNT);

/// What an answer says of what it brings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    tag: Option<String>,
    modified: Option<DateTime<Utc>>,
    /// How long its body is.
    length: Option<u64>,
    /// Which bytes of the object it brings, and how many there are.
    part: Option<(Range<u64>, Option<u64>)>,
    /// In how many parts the object was put.
    parts: Option<u32>,
}

/// Not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// The object ends before the part that was asked for.
    Shorter,
    /// Another part came.
    OtherPart,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Odd::Shorter => "the object ends before the part that was asked for",
            Odd::OtherPart => "another part of the object came than was asked for",
        })
    }
}

impl StdError for Odd {}

impl Odd {
    pub(super) fn kind(self) -> Kind {
        match self {
            Odd::Shorter => Kind::Changed,
            Odd::OtherPart => Kind::Transient,
        }
    }
}

/// What an answer gives.
pub(super) enum Given {
    /// The object or the part, in the form that `object_store` insists on.
    Object(HttpResponse),
    /// Nothing, as this, its whole body, says.
    Nothing(Vec<u8>),
}

/// What an answer with a good status gives.
pub(super) async fn given(
    range: Option<&Range<u64>>,
    head_only: bool,
    status: StatusCode,
    headers: &HeaderMap,
    body: HttpResponseBody,
) -> Result<Given, HttpError> {
    let mut told = Told::by(headers);
    let Some(range) = range else {
        return whole_object(head_only, told, headers, body).await;
    };
    let odd = |odd| Err(HttpError::new(HttpErrorKind::Unknown, odd));
    let wanted = range.end - range.start;
    let (part, size, body) = if status == StatusCode::PARTIAL_CONTENT {
        match told.part.take() {
            Some((part, _)) if part.start != range.start || part.end > range.end => {
                return odd(Odd::OtherPart);
            }
            Some((part, size)) => (part, size, body),
            // Without a `Content-Range` only the length can be checked.
            None if told.length.is_some_and(|length| length != wanted) => {
                return odd(Odd::OtherPart);
            }
            None => (range.clone(), None, body),
        }
    } else {
        // All of it came, and a part is wanted.
        let end = told.length.map_or(range.end, |size| size.min(range.end));
        if end <= range.start {
            return odd(Odd::Shorter);
        }
        let slice = Slice {
            body,
            skip: range.start,
            take: end - range.start,
        };
        (range.start..end, told.length, HttpResponseBody::new(slice))
    };
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    if size.is_none() {
        answer.extensions_mut().insert(SizeUnknown);
    }
    told.length = Some(part.end - part.start);
    told.part = Some((part, size));
    *answer.headers_mut() = told.written();
    Ok(Given::Object(answer))
}

async fn whole_object(
    head_only: bool,
    mut told: Told,
    headers: &HeaderMap,
    mut body: HttpResponseBody,
) -> Result<Given, HttpError> {
    told.part = None;
    let is_unsized = told.length.is_none();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let may_refuse = told.tag.is_none() && kind.is_some_and(|kind| kind.contains("xml"));
    if !head_only && (is_unsized || may_refuse) {
        let bytes = whole(body, LONGEST_UNSIZED).await?;
        if may_refuse && is_error(&bytes) {
            return Ok(Given::Nothing(bytes));
        }
        // A body that is cut short is an error of the connection's, where the length was told.
        told.length = Some(bytes.len() as u64);
        body = bytes.into();
    }
    let mut answer = HttpResponse::new(body);
    if told.length.is_none() {
        answer.extensions_mut().insert(SizeUnknown);
        told.length = Some(0);
    }
    *answer.headers_mut() = told.written();
    for name in checksum::HEADERS {
        if let Some(value) = headers.get(name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    Ok(Given::Object(answer))
}

impl Told {
    fn by(headers: &HeaderMap) -> Self {
        let header = |name: HeaderName| headers.get(name)?.to_str().ok();
        Self {
            tag: header(ETAG).and_then(tag::normalised),
            modified: header(LAST_MODIFIED).and_then(date::time),
            length: header(CONTENT_LENGTH).and_then(|text| text.trim().parse().ok()),
            part: header(CONTENT_RANGE).and_then(part),
            parts: header(PARTS).and_then(|text| text.trim().parse().ok()),
        }
    }

    fn written(&self) -> HeaderMap {
        let part = self.part.as_ref().map(|(part, size)| {
            let size = size.unwrap_or(part.end);
            format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1))
        });
        let modified = self.modified.map(|time| time.to_rfc2822());
        let length = self.length.map(|length| length.to_string());
        [
            (ETAG, self.tag.clone()),
            (LAST_MODIFIED, modified),
            (CONTENT_LENGTH, length),
            (CONTENT_RANGE, part),
            (PARTS, self.parts.map(|parts| parts.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value?).ok()?)))
        .collect()
    }
}

/// What `bytes 2-4/9` says, or `bytes 2-4/*`.
fn part(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let text = text.trim();
    let unit = text
        .get(..5)
        .filter(|unit| unit.eq_ignore_ascii_case("bytes"))?;
    let (part, size) = text.get(unit.len()..)?.split_once('/')?;
    let (first, last) = part.trim_start_matches(['=', ' ']).split_once('-')?;
    let first: u64 = first.trim().parse().ok()?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    (first < end).then_some((first..end, size.trim().parse().ok()))
}

/// So many bytes of a body, after so many others.
struct Slice {
    body: HttpResponseBody,
    skip: u64,
    take: u64,
}

impl Body for Slice {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        while self.take > 0 {
            let mut piece = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                end => return Poll::Ready(end),
            };
            let skipped = self.skip.min(piece.len() as u64);
            self.skip -= skipped;
            // Both are no more than the piece has.
            piece = piece.split_off(usize::try_from(skipped).unwrap_or(piece.len()));
            let taken = self.take.min(piece.len() as u64);
            self.take -= taken;
            piece.truncate(usize::try_from(taken).unwrap_or(piece.len()));
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests;

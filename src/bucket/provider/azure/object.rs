//! An object, or a part of it, as an answer brings it.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, Extensions, GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result,
};
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};

use super::ask::{Answer, Question, generic};
use super::asked::Asked;
use super::container::Container;
use super::page;
use crate::error::Kind;
use crate::http::date;

/// Not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// Another part came, or all of it.
    OtherPart,
    /// The answer does not say how large the object is.
    NoSize,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Odd::OtherPart => "another part of the object came than was asked for",
            Odd::NoSize => "the answer does not say how large the object is",
        })
    }
}

impl StdError for Odd {}

impl Odd {
    #[expect(
        clippy::unused_self,
        reason = "the next try may bring another answer, whichever it was"
    )]
    pub(super) fn kind(self) -> Kind {
        Kind::Transient
    }
}

/// Reads an object, or a part of it.
pub(super) async fn get(
    container: &Container,
    key: &Path,
    options: GetOptions,
) -> Result<GetResult> {
    let (asked, method) = if options.head {
        (Asked::Head, Method::HEAD)
    } else {
        (Asked::Read, Method::GET)
    };
    let mut question = container
        .asker
        .about(asked, method, key, "")?
        .told_by(&options.extensions);
    for (name, condition) in [
        ("if-match", &options.if_match),
        ("if-none-match", &options.if_none_match),
    ] {
        if let Some(condition) = condition {
            question = question.with(name, condition)?;
        }
    }
    let range = options.range.filter(|_| !options.head);
    let question = with_range(question, range.as_ref())?;
    let answer = container.ask(&question).await?;
    given(key, range.as_ref(), answer).map_err(generic)
}

fn with_range(question: Question, range: Option<&GetRange>) -> Result<Question> {
    match range {
        Some(GetRange::Bounded(range)) => {
            let range = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
            question.with("range", &range)
        }
        Some(GetRange::Offset(start)) => question.with("range", &format!("bytes={start}-")),
        // Azure knows no other.
        Some(GetRange::Suffix(_)) => Err(object_store::Error::NotSupported {
            source: "Azure reads no last bytes of an object whose size is not known".into(),
        }),
        None => Ok(question),
    }
}

fn given(key: &Path, range: Option<&GetRange>, answer: Answer) -> Result<GetResult, Odd> {
    let told = Told::by(&answer.headers);
    let (part, size) = match (range, answer.is_partial, told.part) {
        (Some(asked), true, Some((part, size))) => {
            let is_asked_for = match asked {
                GetRange::Bounded(asked) => {
                    part.start == asked.start && part.end == asked.end.min(size)
                }
                GetRange::Offset(start) => part.start == *start && part.end == size,
                GetRange::Suffix(_) => false,
            };
            if !is_asked_for {
                return Err(Odd::OtherPart);
            }
            (part, size)
        }
        (None, false, _) => {
            let size = told.length.ok_or(Odd::NoSize)?;
            (0..size, size)
        }
        _ => return Err(Odd::OtherPart),
    };
    let pieces = answer.body.bytes_stream().map_err(generic);
    Ok(GetResult {
        payload: GetResultPayload::Stream(pieces.boxed()),
        meta: ObjectMeta {
            location: key.clone(),
            // Where no time is told, callers take this for none.
            last_modified: told.modified.unwrap_or(DateTime::UNIX_EPOCH),
            size,
            e_tag: told.tag,
            version: None,
        },
        range: part,
        attributes: Attributes::new(),
        extensions: Extensions::new(),
    })
}

/// What an answer says of what it brings.
struct Told {
    tag: Option<String>,
    modified: Option<DateTime<Utc>>,
    length: Option<u64>,
    /// Which bytes of the object it brings, and how many there are.
    part: Option<(Range<u64>, u64)>,
}

impl Told {
    fn by(headers: &HeaderMap) -> Self {
        let header = |name: HeaderName| headers.get(name)?.to_str().ok();
        Self {
            tag: header(ETAG).and_then(page::tag),
            modified: header(LAST_MODIFIED).and_then(date::time),
            length: header(CONTENT_LENGTH).and_then(|text| text.trim().parse().ok()),
            part: header(CONTENT_RANGE).and_then(part),
        }
    }
}

/// What `bytes 2-4/9` says.
fn part(text: &str) -> Option<(Range<u64>, u64)> {
    let (part, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let first: u64 = first.trim().parse().ok()?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    let size: u64 = size.trim().parse().ok()?;
    (first < end && end <= size).then_some((first..end, size))
}

#[cfg(test)]
mod tests {
    use object_store::client::HttpResponseBody;

    use super::*;

    /// S-6.14
    #[test]
    fn a_part_is_the_one_that_was_asked_for_or_none() {
        let bounded = |range: Range<u64>| Some(GetRange::Bounded(range));
        for (range, is_partial, content_range, expected) in [
            (bounded(2..5), true, "bytes 2-4/9", Some(2..5)),
            (bounded(2..50), true, "bytes 2-8/9", Some(2..9)),
            (bounded(2..5), true, "bytes 2-5/9", None),
            (bounded(2..5), true, "bytes 1-4/9", None),
            (bounded(2..5), true, "bytes 2-3/9", None),
            (bounded(2..5), true, "bytes 2-4/*", None),
            (bounded(2..5), true, "bytes 2-4/3", None),
            (bounded(2..5), false, "", None),
            (Some(GetRange::Offset(3)), true, "bytes 3-8/9", Some(3..9)),
            (Some(GetRange::Offset(3)), true, "bytes 3-7/9", None),
            (None, true, "bytes 0-8/9", None),
            (None, false, "", Some(0..9)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, 9.into());
            if let Ok(value) = content_range.parse() {
                headers.insert(CONTENT_RANGE, value);
            }
            let answer = Answer {
                is_partial,
                headers,
                body: HttpResponseBody::from(String::new()),
            };
            let found = given(&Path::from("a"), range.as_ref(), answer).ok();
            let found = found.map(|got| got.range);
            assert_eq!(found, expected, "{range:?} {content_range}");
        }
    }
}

//! Parts of objects, as requests ask for them and as answers tell them.

use std::ops::Range;

use object_store::GetRange;
use reqwest::header::{CONTENT_RANGE, HeaderMap};

/// What the header `Range` asks for.
pub(crate) fn asked(range: &GetRange) -> String {
    match range {
        GetRange::Bounded(Range { start, end }) => {
            format!("bytes={start}-{}", end.saturating_sub(1))
        }
        GetRange::Offset(start) => format!("bytes={start}-"),
        GetRange::Suffix(bytes) => format!("bytes=-{bytes}"),
    }
}

/// Which part of how large an object came, where it is the one that was asked for, which may reach behind the object's end.
pub(crate) fn came(
    headers: &HeaderMap,
    wanted: Option<&Range<u64>>,
) -> Option<(Range<u64>, Option<u64>)> {
    let (part, size) = told(headers)?;
    let is_asked_for = wanted.is_none_or(|wanted| {
        part.start == wanted.start
            && (part.end == wanted.end || (part.end < wanted.end && size == Some(part.end)))
    });
    is_asked_for.then_some((part, size))
}

/// What `bytes 2-4/9` says in the header `Content-Range`, or `bytes 2-4/*`.
fn told(headers: &HeaderMap) -> Option<(Range<u64>, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let (part, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    let first: u64 = first.trim().parse().ok()?;
    (first < end).then_some((first..end, size.trim().parse().ok()))
}

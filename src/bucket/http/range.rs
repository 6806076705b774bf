//! Parts of objects, as requests ask for them and as answers tell them.

use std::ops::Range;

use object_store::GetRange;
use reqwest::header::{CONTENT_RANGE, HeaderMap};

/// What the header `Range` asks for.
pub(in crate::bucket) fn asked(range: &GetRange) -> String {
    match range {
        GetRange::Bounded(Range { start, end }) => {
            format!("bytes={start}-{}", end.saturating_sub(1))
        }
        GetRange::Offset(start) => format!("bytes={start}-"),
        GetRange::Suffix(bytes) => format!("bytes=-{bytes}"),
    }
}

/// What `bytes 2-4/9` says in the header `Content-Range`, or `bytes 2-4/*`.
pub(in crate::bucket) fn told(headers: &HeaderMap) -> Option<(Range<u64>, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let (part, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    let first: u64 = first.trim().parse().ok()?;
    (first < end).then_some((first..end, size.trim().parse().ok()))
}

/// Whether a part that came of an object of that size is the one that was asked for, which may reach behind the object's end.
pub(in crate::bucket) fn is_asked_for(
    came: &Range<u64>,
    size: Option<u64>,
    wanted: Option<&Range<u64>>,
) -> bool {
    wanted.is_none_or(|wanted| {
        came.start == wanted.start
            && (came.end == wanted.end || (came.end < wanted.end && size == Some(came.end)))
    })
}

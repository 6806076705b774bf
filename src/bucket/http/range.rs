//! Ranges of bytes: how they are asked for, and which of them came.

use std::ops::Range;

use object_store::GetRange;
use reqwest::header::{CONTENT_RANGE, HeaderMap};

/// The header `range` that asks for it.
pub(in crate::bucket) fn header(range: &GetRange) -> String {
    match range {
        GetRange::Bounded(Range { start, end }) => {
            format!("bytes={start}-{}", end.saturating_sub(1))
        }
        GetRange::Offset(start) => format!("bytes={start}-"),
        GetRange::Suffix(bytes) => format!("bytes=-{bytes}"),
    }
}

/// What `bytes 2-4/9` says, or `bytes 2-4/*`: which part of how large an object came.
pub(in crate::bucket) fn that_came(headers: &HeaderMap) -> Option<(Range<u64>, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let (part, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    let first: u64 = first.trim().parse().ok()?;
    (first < end).then_some((first..end, size.trim().parse().ok()))
}

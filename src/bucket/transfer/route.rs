//! By which route an object goes, and in which parts it is put: a decision on values alone.

use std::ops::Range;

use crate::block::{Fingerprint, Object};
use crate::bucket::backend::{Backend, EtagMeaning, Multipart};
use crate::bucket::fetch::ranges;
use crate::bucket::sizes::Sizes;
use crate::error::{Error, Kind, Result};

/// How an object is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// In one request.
    AtOnce,
    /// In one request, which is fetched while it goes out.
    Streamed,
    /// In parts of this many bytes; the last one may be smaller.
    Parts(u64),
    /// In parts of these sizes.
    PartsOf(Vec<u64>),
}

/// How an object is put together where the service copies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    /// In one request.
    Whole,
    /// Of these ranges, each of which is a part.
    Parts(Vec<Range<u64>>),
}

const MIB: u64 = 1 << 20;

/// The parts of what is too large to be copied whole, where no others are asked for.
const PART_COPIED: u64 = 512 * MIB;

/// The size of parts where nothing else is asked for.
const PART: u64 = 16 * MIB;

/// What is put in one request at most where there is a choice, and held in memory for it.
const SINGLE: u64 = 64 * MIB;

/// One in so many of the parts that a provider allows is kept in reserve.
const RESERVE: u64 = 20;

/// Part sizes that uploaders use, in MiB.
const USUAL: [u64; 12] = [5, 6, 8, 10, 12, 15, 16, 20, 25, 32, 50, 64];

/// In how many parts the source has the object, where it is worth asking how large they are: in the same ones equal entity tags prove equal
/// content.
pub(super) fn parts_to_ask_for(object: &Object, target: &Backend) -> Option<u32> {
    let parts = comparable(object, target).parts()?;
    // Of one part the size is known.
    (target.multipart == Multipart::Allowed && parts > 1).then_some(parts)
}

/// Chooses the parts of the source: as it `told` the sizes of its parts, or else as is likely by their number.
pub(super) fn route(
    object: &Object,
    source: &Backend,
    target: &Backend,
    told: Option<Vec<u64>>,
) -> Result<Route> {
    let size = object.size_bytes;
    if let Multipart::Never { largest_bytes } = target.multipart {
        return match size {
            _ if size <= largest_bytes => Ok(in_one_request(size)),
            _ => {
                let attempt = format!("put {} of {size} bytes in one request", object.name);
                let why = format!(
                    "config.disable_multipart is set, and one request takes {largest_bytes} bytes"
                );
                Err(Error::new(Kind::Unsupported, attempt).because(why))
            }
        };
    }
    let asked = target.part_size_bytes.filter(|part| *part <= SINGLE);
    if let Multipart::OnlyAbove { largest_bytes } = target.multipart {
        return Ok(if size <= largest_bytes {
            in_one_request(size)
        } else {
            Route::Parts(part_or_more(size, asked.unwrap_or(PART), target.sizes))
        });
    }
    if let Some(route) = told.and_then(|sizes| of_sizes(size, sizes, target.sizes)) {
        return Ok(route);
    }
    let known = comparable(object, target);
    Ok(match known.parts() {
        Some(parts) => {
            let likely = thanos(size, source.part_size_bytes);
            match part_of(size, parts.into(), likely.into_iter().chain(asked)) {
                Some(part) => Route::Parts(part),
                None => own(size, asked, target.sizes),
            }
        }
        None if known.known_md5().is_some() && size <= SINGLE => Route::AtOnce,
        None => own(size, asked, target.sizes),
    })
}

/// Chooses the parts in which the service copies: those of the source where entity tags depend on them, otherwise as few as possible. `largest` is
/// the most bytes that one request copies.
pub(super) fn layout(
    object: &Object,
    source: &Backend,
    target: &Backend,
    told: Option<Vec<u64>>,
    largest: u64,
) -> Layout {
    let size = object.size_bytes;
    if let Multipart::Never { .. } = target.multipart {
        return Layout::Whole;
    }
    let parts = comparable(object, target).parts().and_then(|parts| {
        let likely = thanos(size, source.part_size_bytes);
        let even = |part| ranges(size, part).collect();
        told.filter(|sizes| make_up(size, sizes, target.sizes))
            .map(|sizes| one_after_another(sizes).collect())
            .or_else(|| part_of(size, parts.into(), likely.into_iter()).map(even))
    });
    match parts {
        Some(parts) => Layout::Parts(parts),
        None if size <= largest => Layout::Whole,
        None => {
            Layout::Parts(ranges(size, PART_COPIED.max(least_part(size, target.sizes))).collect())
        }
    }
}

/// The ranges that parts of these sizes make up.
pub(super) fn one_after_another(sizes: Vec<u64>) -> impl Iterator<Item = Range<u64>> + Send {
    sizes.into_iter().scan(0_u64, |start, size| {
        let range = *start..start.saturating_add(size);
        *start = range.end;
        Some(range)
    })
}

/// Whether parts of these sizes make up an object of that size, and are of sizes that buckets take.
fn make_up(size: u64, sizes: &[u64], limits: Sizes) -> bool {
    let Some((last, others)) = sizes.split_last() else {
        return false;
    };
    let mut all = sizes.iter();
    all.try_fold(0_u64, |sum, part| sum.checked_add(*part)) == Some(size)
        && others.iter().all(|part| *part >= limits.least_part_bytes)
        && *last > 0
}

/// How many parts objects are put in: each is read and put, or copied, in a request of its own, and two more begin and end an upload in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transferred {
    /// The parts of all objects; an object that is put at once is one.
    pub parts: u64,
    /// The objects that are put in parts.
    pub in_parts: u64,
}

/// An estimate for `objects` objects of `bytes` bytes together. It is an upper bound for parts of the usual size.
#[must_use]
pub fn transferred(objects: u64, bytes: u64) -> Transferred {
    let further_parts = if objects == 0 { 0 } else { bytes / PART };
    Transferred {
        parts: objects + further_parts,
        in_parts: objects.min(further_parts),
    }
}

/// How the object is put by itself, whatever the source has.
pub(super) fn own_route(object: &Object, target: &Backend) -> Route {
    let asked = target.part_size_bytes.filter(|part| *part <= SINGLE);
    own(object.size_bytes, asked, target.sizes)
}

/// What is known of the source's object, where it may be compared with what the target will tell.
fn comparable(object: &Object, target: &Backend) -> Fingerprint {
    // What a source knows whose entity tags tell versions only, its listings tell beside them.
    match target.etags {
        EtagMeaning::Content => object.fingerprint,
        EtagMeaning::ContentOfOnePut if object.fingerprint.parts().is_none() => object.fingerprint,
        EtagMeaning::ContentOfOnePut | EtagMeaning::VersionOnly => Fingerprint::UNKNOWN,
    }
}

/// The route with parts of these sizes; `None` where they do not add up to the object, or a bucket or the memory does not take them.
fn of_sizes(size: u64, sizes: Vec<u64>, limits: Sizes) -> Option<Route> {
    if !make_up(size, &sizes, limits) || sizes.iter().any(|part| *part > SINGLE) {
        return None;
    }
    let (last, others) = sizes.split_last()?;
    let first = *sizes.first()?;
    let is_even = others.iter().all(|part| *part == first) && *last <= first;
    Some(if is_even {
        Route::Parts(first)
    } else {
        Route::PartsOf(sizes)
    })
}

/// The parts in which Thanos puts an object of that size, by its configuration or by default.
fn thanos(size: u64, configured: Option<u64>) -> Vec<u64> {
    let by = |part_size: u64| if size < part_size { PART } else { part_size };
    let configured = configured.map(by);
    configured.into_iter().chain([by(SINGLE)]).collect()
}

fn own(size: u64, asked: Option<u64>, limits: Sizes) -> Route {
    let part = asked.unwrap_or(PART);
    if size <= part {
        return Route::AtOnce;
    }
    Route::Parts(part.max(least_part(size, limits)))
}

/// That size of parts, unless there would be too many of them.
fn part_or_more(size: u64, part: u64, limits: Sizes) -> u64 {
    if size.div_ceil(part) <= few(limits).unwrap_or(u64::MAX) {
        part
    } else {
        least_part(size, limits)
    }
}

fn in_one_request(size: u64) -> Route {
    if size <= SINGLE {
        Route::AtOnce
    } else {
        Route::Streamed
    }
}

/// The smallest part size, in whole MiB, in which an object of that size has no more parts than the target allows.
fn least_part(size: u64, limits: Sizes) -> u64 {
    let Some(few) = few(limits) else { return 0 };
    size.div_ceil(few).div_ceil(MIB) * MIB
}

/// How many parts there may be, but for the reserve.
fn few(limits: Sizes) -> Option<u64> {
    let most = limits.parts?;
    Some((most - most / RESERVE).max(1))
}

/// The first part size that makes so many parts out of that size: one of the likely ones, or a usual one.
fn part_of(size: u64, parts: u64, likely: impl Iterator<Item = u64>) -> Option<u64> {
    let usual = USUAL.iter().map(|mib| mib * MIB);
    likely
        .chain(usual)
        .find(|part| *part <= SINGLE && size.div_ceil(*part).max(1) == parts)
}

#[cfg(test)]
mod tests;

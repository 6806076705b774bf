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
            0..=SINGLE => Ok(Route::AtOnce),
            _ if size <= largest_bytes => Ok(Route::Streamed),
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

/// The smallest part size, in whole MiB, in which an object of that size has no more parts than the target allows.
fn least_part(size: u64, limits: Sizes) -> u64 {
    let Some(most) = limits.parts else { return 0 };
    let few = (most - most / RESERVE).max(1);
    size.div_ceil(few).div_ceil(MIB) * MIB
}

/// The first part size that makes so many parts out of that size: one of the likely ones, or a usual one.
fn part_of(size: u64, parts: u64, likely: impl Iterator<Item = u64>) -> Option<u64> {
    let usual = USUAL.iter().map(|mib| mib * MIB);
    likely
        .chain(usual)
        .find(|part| *part <= SINGLE && size.div_ceil(*part).max(1) == parts)
}

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::num::NonZeroU32;
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::bucket::Store;
    use crate::bucket::backend::Listings;
    use crate::bucket::location::Location;
    use crate::bucket::prefix::Prefix;

    impl Store for InMemory {
        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    fn backend(multipart: Multipart, etags: EtagMeaning) -> Backend {
        Backend {
            store: Arc::new(InMemory::new()),
            location: Location::named("s3://memory/hot"),
            prefix: Prefix::default(),
            part_size_bytes: None,
            multipart,
            sizes: Sizes::USUAL,
            etags,
            tells: None,
            listings: Listings::Strong,
            clock: None,
        }
    }

    fn object(size_bytes: u64, fingerprint: Fingerprint) -> Object {
        Object {
            name: "index".into(),
            size_bytes,
            modified: None,
            version: None,
            fingerprint,
            archived: false,
            file: None,
            left_out: None,
        }
    }

    /// S-5.20: in the source's parts, as it tells them or as they are likely; in others only what is too large for one request.
    #[test]
    fn what_is_copied_by_the_service_has_the_sources_parts() {
        const GIB: u64 = 1 << 30;
        let at_once = Fingerprint::md5([1; 16]);
        let in_parts = |parts| {
            Fingerprint::md5_of_parts([1; 16], NonZeroU32::new(parts).unwrap_or(NonZeroU32::MIN))
        };
        let plain = backend(Multipart::Allowed, EtagMeaning::Content);
        let encrypted = backend(Multipart::Allowed, EtagMeaning::VersionOnly);
        let never = Multipart::Never {
            largest_bytes: 5 * GIB,
        };
        let undivided = backend(never, EtagMeaning::Content);
        let of_one_put = backend(Multipart::Allowed, EtagMeaning::ContentOfOnePut);
        let mib = |sizes: &[u64]| Some(sizes.iter().map(|size| size * MIB).collect::<Vec<_>>());
        for (target, size, print, told, expected) in [
            (&plain, 17 * MIB, at_once, None, None),
            (&plain, 5 * GIB, at_once, None, None),
            (&plain, 0, at_once, None, None),
            (
                &plain,
                17 * MIB,
                in_parts(4),
                mib(&[5, 5, 5, 2]),
                mib(&[5, 5, 5, 2]),
            ),
            // Whatever parts it has: no tag of theirs will be compared.
            (&of_one_put, 17 * MIB, in_parts(4), mib(&[5, 5, 5, 2]), None),
            (
                &plain,
                20 * MIB,
                in_parts(3),
                mib(&[6, 9, 5]),
                mib(&[6, 9, 5]),
            ),
            // Larger ones than memory holds are copied as well as others.
            (
                &plain,
                200 * MIB,
                in_parts(2),
                mib(&[120, 80]),
                mib(&[120, 80]),
            ),
            (&plain, 17 * MIB, in_parts(1), None, mib(&[17])),
            (&plain, 17 * MIB, in_parts(2), None, mib(&[16, 1])),
            (&plain, 17 * MIB, in_parts(4), None, mib(&[5, 5, 5, 2])),
            // What is told makes another object.
            (&plain, 17 * MIB, in_parts(2), mib(&[16, 2]), mib(&[16, 1])),
            // No likely size makes so many.
            (&plain, 300 * MIB, in_parts(3), None, None),
            (&encrypted, 17 * MIB, in_parts(4), mib(&[5, 5, 5, 2]), None),
            (&undivided, 17 * MIB, in_parts(4), mib(&[5, 5, 5, 2]), None),
            (&undivided, 6 * GIB, at_once, None, None),
            (
                &plain,
                5 * GIB + MIB,
                at_once,
                None,
                mib(&[[512; 10].as_slice(), &[1]].concat()),
            ),
            (
                &encrypted,
                5 * GIB + MIB,
                in_parts(4),
                None,
                mib(&[[512; 10].as_slice(), &[1]].concat()),
            ),
        ] {
            let found = layout(&object(size, print), &plain, target, told, 5 * GIB);
            let expected = expected.map_or(Layout::Whole, |sizes| {
                Layout::Parts(one_after_another(sizes).collect())
            });
            assert_eq!(found, expected, "{size} {print:?}");
        }
        let huge = object(50 << 40, at_once);
        let Layout::Parts(parts) = layout(&huge, &plain, &plain, None, 5 * GIB) else {
            panic!("50 TiB cannot be copied at once");
        };
        assert!(parts.len() <= 10_000);
    }

    #[test]
    fn where_the_source_does_not_tell_its_parts_thanos_own_are_likely() {
        for (size, configured, parts, expected) in [
            (300 * MIB, None, 5, Some(64)),
            (100 * MIB, None, 2, Some(64)),
            (64 * MIB, None, 1, Some(64)),
            (40 * MIB, None, 3, Some(16)),
            (63 * MIB, None, 4, Some(16)),
            (300 * MIB, None, 19, Some(16)),
            (300 * MIB, None, 60, Some(5)),
            (3 * MIB, None, 1, Some(16)),
            (300 * MIB, None, 3, None),
            (300 * MIB, Some(7), 43, Some(7)),
            (6 * MIB, Some(7), 1, Some(16)),
            (300 * MIB, Some(128), 3, None),
            (100 * MIB, Some(128), 7, Some(16)),
        ] {
            let likely = thanos(size, configured.map(|mib: u64| mib * MIB));
            let found = part_of(size, parts, likely.into_iter());
            assert_eq!(found, expected.map(|mib: u64| mib * MIB), "{size} {parts}");
        }
    }

    #[test]
    fn the_sources_own_parts_are_used_as_it_tells_them() {
        let mib = |sizes: &[u64]| {
            of_sizes(
                20 * MIB,
                sizes.iter().map(|size| size * MIB).collect(),
                Sizes::USUAL,
            )
        };
        assert_eq!(mib(&[8, 8, 4]), Some(Route::Parts(8 * MIB)));
        assert_eq!(mib(&[20]), Some(Route::Parts(20 * MIB)));
        let uneven = Route::PartsOf(vec![6 * MIB, 9 * MIB, 5 * MIB]);
        assert_eq!(mib(&[6, 9, 5]), Some(uneven));
        assert_eq!(mib(&[5, 15]), Some(Route::PartsOf(vec![5 * MIB, 15 * MIB])));
        // Not all of it, more than there is, and parts that are too small.
        for sizes in [&[8, 8][..], &[8, 8, 8], &[], &[20, 0], &[1, 19]] {
            assert_eq!(mib(sizes), None, "{sizes:?}");
        }
        assert_eq!(
            of_sizes(200 * MIB, vec![100 * MIB, 100 * MIB], Sizes::USUAL),
            None
        );
        assert_eq!(
            of_sizes(20 * MIB, vec![u64::MAX, 20 * MIB + 1], Sizes::USUAL),
            None
        );
    }

    #[test]
    fn parts_are_counted_of_all_objects_together() {
        for (objects, bytes, expected) in [
            (0, 0, (0, 0)),
            (0, 17 * MIB, (0, 0)),
            (1, 0, (1, 0)),
            (1, 15 * MIB, (1, 0)),
            (1, 17 * MIB, (2, 1)),
            (1, 100 * MIB, (7, 1)),
            (3, 3 * 1024, (3, 0)),
            (2, 1024 * MIB + 1, (66, 2)),
        ] {
            let Transferred { parts, in_parts } = transferred(objects, bytes);
            assert_eq!((parts, in_parts), expected, "{objects}, {bytes}");
        }
    }

    #[test]
    fn parts_are_large_enough_for_every_size() {
        assert_eq!(own(16 * MIB, None, Sizes::USUAL), Route::AtOnce);
        assert_eq!(
            own(16 * MIB + 1, None, Sizes::USUAL),
            Route::Parts(16 * MIB)
        );
        assert_eq!(own(6 << 30, None, Sizes::USUAL), Route::Parts(16 * MIB));
        let Route::Parts(part) = own(5 << 40, None, Sizes::USUAL) else {
            panic!("5 TiB cannot be put at once");
        };
        assert!((5_u64 << 40).div_ceil(part) <= 10_000);
        // What has no limits needs no larger ones, and what allows more parts needs smaller ones.
        assert_eq!(own(5 << 40, None, Sizes::NONE), Route::Parts(16 * MIB));
        let many = Sizes {
            parts: Some(50_000),
            ..Sizes::USUAL
        };
        assert_eq!(own(5 << 40, None, many), Route::Parts(111 * MIB));
        assert_eq!(
            own(20 * MIB, Some(5 * MIB), Sizes::USUAL),
            Route::Parts(5 * MIB)
        );
    }
}

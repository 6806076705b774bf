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

/// S-3.44: whatever the source has.
#[test]
fn only_what_is_large_enough_is_put_in_parts_where_the_target_says_so() {
    let largest_bytes = 1000 * MIB - 1;
    let only_above = Multipart::OnlyAbove { largest_bytes };
    let target = |part_size_bytes| Backend {
        part_size_bytes,
        sizes: Sizes {
            parts: Some(1000),
            ..Sizes::USUAL
        },
        ..backend(only_above, EtagMeaning::Content)
    };
    let source = backend(Multipart::Allowed, EtagMeaning::Content);
    let in_parts = Fingerprint::md5_of_parts([1; 16], NonZeroU32::MIN.saturating_add(7));
    for (size, part, expected) in [
        (0, None, Route::AtOnce),
        (SINGLE, None, Route::AtOnce),
        (SINGLE + 1, None, Route::Streamed),
        (largest_bytes, Some(500), Route::Streamed),
        (largest_bytes + 1, None, Route::Parts(PART)),
        (largest_bytes + 1, Some(SINGLE), Route::Parts(SINGLE)),
        // There would be too many.
        (largest_bytes + 1, Some(500), Route::Parts(2 * MIB)),
    ] {
        for print in [Fingerprint::UNKNOWN, Fingerprint::md5([1; 16]), in_parts] {
            let object = object(size, print);
            let found = route(&object, &source, &target(part), Some(vec![8 * MIB; 125]));
            assert_eq!(found.ok(), Some(expected.clone()), "{size} {part:?}");
        }
    }
    let small = Multipart::OnlyAbove { largest_bytes: 499 };
    let target = Backend {
        part_size_bytes: Some(500),
        ..backend(small, EtagMeaning::Content)
    };
    let found = route(&object(500, Fingerprint::UNKNOWN), &source, &target, None);
    assert_eq!(found.ok(), Some(Route::Parts(500)));
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

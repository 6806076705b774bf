#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

/// An inventory of `(name, size)` pairs, all written at the epoch.
pub(crate) fn inventory(objects: &[(&str, u64)]) -> Inventory {
    objects
        .iter()
        .map(|(name, size_bytes)| Object {
            name: (*name).into(),
            size_bytes: *size_bytes,
            modified: Some(DateTime::UNIX_EPOCH),
            version: None,
            fingerprint: Fingerprint::UNKNOWN,
            archived: false,
            file: None,
            left_out: None,
        })
        .collect()
}

#[test]
fn every_object_has_one_role() {
    let inventory = inventory(&[
        ("", 0),
        ("chunks", 0),
        ("chunks/", 0),
        ("chunks/000001", 5),
        ("deletion-mark.json", 9),
        ("empty-file", 0),
        ("index", 3),
        ("meta.json", 7),
        ("sub", 0),
        ("sub/file", 1),
        (OVERWRITE_MARKER, 2),
    ]);
    let data: Vec<&str> = inventory.data().map(|object| &*object.name).collect();
    assert_eq!(data, ["chunks/000001", "empty-file", "index", "sub/file"]);
    assert_eq!(inventory.block_objects(), 5);
    assert_eq!(inventory.block_bytes(), 16);
    assert!(inventory.is_marked() && inventory.is_being_overwritten());
}

/// S-5.6
#[test]
fn a_tag_that_stands_for_two_sizes_is_no_checksum() {
    let known = |fingerprints: [Fingerprint; 3]| -> usize {
        let sizes = inventory(&[("chunks/000001", 5), ("index", 3), ("meta.json", 5)]);
        let objects = sizes.iter().zip(fingerprints);
        let inventory: Inventory = objects
            .map(|((_, object), fingerprint)| Object {
                fingerprint,
                ..object.clone()
            })
            .collect();
        let known = inventory.data().chain(inventory.meta());
        known
            .filter(|object| object.fingerprint != Fingerprint::UNKNOWN)
            .count()
    };
    let (one, other) = (Fingerprint::md5([1; 16]), Fingerprint::md5([2; 16]));
    assert_eq!(known([one, other, one]), 3);
    assert_eq!(known([one, one, other]), 0);
    assert_eq!(known([one, Fingerprint::UNKNOWN, other]), 2);
}

/// S-5.6: whichever of two listings shows that tags are no digests; what was read is known all the same.
#[test]
fn what_one_listing_showed_to_be_no_checksum_no_other_one_brings_back() {
    let listed = |objects: &[(&str, u64, u8)]| -> Inventory {
        let sizes: Vec<(&str, u64)> = objects.iter().map(|one| (one.0, one.1)).collect();
        let sizes = inventory(&sizes);
        let tagged = sizes.iter().zip(objects);
        tagged
            .map(|((_, object), (name, _, tag))| Object {
                version: Some((*name).into()),
                fingerprint: Fingerprint::md5([*tag; 16]),
                ..object.clone()
            })
            .collect()
    };
    let known = |inventory: &Inventory, name: &str| inventory.get(name).unwrap().fingerprint;
    let block = [
        ("chunks/000001", 5, 1),
        ("index", 3, 2),
        ("meta.json", 5, 3),
    ];
    let (first, second) = (
        listed(&block),
        listed(&[&block[..], &[("no-compact-mark.json", 9, 1)]].concat()),
    );
    let tag = Fingerprint::md5([1; 16]);
    assert_eq!(known(&first, "chunks/000001"), tag);
    assert!(second.iter().all(|(_, one)| one.fingerprint.is_unknown()));
    assert_eq!(first.clone().knowing(&first), first);
    for (now, earlier) in [(&second, &first), (&first, &second)] {
        let now = now.clone().knowing(earlier);
        assert!(now.iter().all(|(_, one)| one.fingerprint.is_unknown()));
        assert!(
            now.knowing(&first)
                .data()
                .all(|one| one.fingerprint.is_unknown())
        );
    }
    let read = Object {
        fingerprint: Fingerprint::crc32c(7),
        ..first.get("index").unwrap().clone()
    };
    let learnt = second.clone().learning([&read]);
    assert_eq!(known(&learnt, "index"), Fingerprint::crc32c(7));
    assert!(known(&learnt, "chunks/000001").is_unknown());
    for now in [&first, &second] {
        let now = now.clone().knowing(&learnt);
        assert_eq!(known(&now, "index"), Fingerprint::crc32c(7));
        assert!(known(&now, "chunks/000001").is_unknown());
    }
    let another = Object {
        size_bytes: 4,
        ..read
    };
    assert_eq!(first.clone().learning([&another]), first);
}

#[test]
fn sizes_that_add_up_to_more_than_a_number_holds_are_no_panic() {
    let inventory = inventory(&[("index", u64::MAX), ("meta.json", 1)]);
    assert_eq!(inventory.block_bytes(), u64::MAX);
}

#[test]
fn many_empty_objects_have_their_roles_at_once() {
    let names: Vec<String> = (0..200_000)
        .flat_map(|number| [format!("{number:06}"), format!("{number:06}/x")])
        .collect();
    let objects: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 0)).collect();
    let inventory = inventory(&objects);
    let markers = |(role, _): &(Role, &Object)| *role == Role::DirectoryMarker;
    assert_eq!(inventory.iter().filter(markers).count(), 200_000);
}

//! Proof that a target holds a block: by holding the same objects ([`Match`]), or a block made of it ([`Cover`]). Nothing else makes one.

use std::fmt;

use super::agreement::{Strength, Tags, agreement};
use super::cover::Cover;
use super::id::BlockId;
use super::inventory::Inventory;
use super::read_back::ReadBack;

/// One way in which the target does not hold the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A data object of the source is not there.
    Missing(Box<str>),
    /// It is there in another size.
    Size {
        /// Name below the block's directory.
        name: Box<str>,
        /// Bytes in the source.
        source: u64,
        /// Bytes in the target.
        target: u64,
    },
    /// It is there in the same size, but checksums of the same form differ, or the bytes that were read.
    Content(Box<str>),
    /// Something under `chunks/` that the source lacks: Thanos numbers segments by listing.
    Surplus(Box<str>),
    /// `meta.json` is not there.
    NoMeta,
    /// `meta.json` is there in another size or with another checksum.
    OtherMeta,
    /// A deletion mark lies there.
    Marked,
    /// An overwrite was begun and not finished.
    BeingOverwritten,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing(name) => write!(f, "{name} is missing"),
            Difference::Size {
                name,
                source,
                target,
            } => write!(f, "{name} has {target} bytes, the source's {source}"),
            Difference::Content(name) => write!(f, "{name} has another content"),
            Difference::Surplus(name) => write!(f, "{name} is not in the source"),
            Difference::NoMeta => f.write_str("meta.json is missing"),
            Difference::OtherMeta => f.write_str("meta.json is another one"),
            Difference::Marked => f.write_str("it is marked for deletion"),
            Difference::BeingOverwritten => f.write_str("an overwrite of it is not finished"),
        }
    }
}

/// The target holds every object of the block, `meta.json` in place: the ground on which the source may be marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    block: BlockId,
    strength: Strength,
}

impl Match {
    /// Compares two listings of the same block. `target` must have been taken after `meta.json` was in place, which it shows by holding it.
    ///
    /// Checksums that differ where the sizes agree prove nothing, for encryption changes them; what was read of the objects does.
    pub fn of(
        block: BlockId,
        source: &Inventory,
        target: &Inventory,
        read: &ReadBack,
    ) -> Result<Self, Vec<Difference>> {
        let mut differences = compare(source, target);
        differences.retain(|difference| !matches!(difference, Difference::Content(_)));
        differences.extend(read.differing().map(Difference::Content));
        match (source.meta(), target.meta()) {
            (Some(one), Some(other)) if one.size_bytes == other.size_bytes => {}
            (_, None) => differences.push(Difference::NoMeta),
            _ => differences.push(Difference::OtherMeta),
        }
        if target.may_be_marked() {
            differences.push(Difference::Marked);
        }
        if target.is_being_overwritten() {
            differences.push(Difference::BeingOverwritten);
        }
        if !differences.is_empty() {
            return Err(differences);
        }
        let strength = source
            .data()
            .map(|object| {
                let Some(there) = target.get(&object.name) else {
                    return Strength::Size;
                };
                let listed = agreement(object, there).unwrap_or(Strength::Size);
                let found = read.of(object, there).flatten();
                found.map_or(listed, |found| found.max(listed))
            })
            .min()
            .unwrap_or(Strength::Size);
        Ok(Self { block, strength })
    }

    /// The block that is held.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.block
    }

    /// The weakest agreement among its objects.
    #[must_use]
    pub fn strength(&self) -> Strength {
        self.strength
    }
}

/// What keeps the target's data objects from being the source's; empty where nothing does. Marks and `meta.json` are not looked at.
#[must_use]
pub fn compare(source: &Inventory, target: &Inventory) -> Vec<Difference> {
    let mut differences = Vec::new();
    let tags = Tags::of(source, target);
    for object in source.data() {
        match target.get(&object.name) {
            None => differences.push(Difference::Missing(object.name.clone())),
            Some(there) if there.size_bytes != object.size_bytes => {
                differences.push(Difference::Size {
                    name: object.name.clone(),
                    source: object.size_bytes,
                    target: there.size_bytes,
                });
            }
            Some(there) if tags.agreement(object, there).is_none() => {
                differences.push(Difference::Content(object.name.clone()));
            }
            Some(_) => {}
        }
    }
    // Readers follow links, so that one is a segment to them.
    for object in target.data().chain(target.left_out()) {
        if object.name.starts_with("chunks/") && source.get(&object.name).is_none() {
            differences.push(Difference::Surplus(object.name.clone()));
        }
    }
    differences
}

/// The target holds the block: the only thing on which a mark is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It holds the same objects.
    Match(Match),
    /// It holds a block made of this one.
    Cover(Cover),
}

impl Proof {
    /// The block that is proven to be held.
    #[must_use]
    pub fn block(&self) -> BlockId {
        match self {
            Proof::Match(held) => held.block(),
            Proof::Cover(cover) => cover.block(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use super::super::inventory::tests::inventory;
    use super::super::inventory::{LeftOut, Object};
    use super::*;

    fn id(last: char) -> BlockId {
        format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}").parse().unwrap()
    }

    fn held() -> Vec<(&'static str, u64)> {
        vec![("chunks/000001", 5), ("index", 3), ("meta.json", 7)]
    }

    /// S-5.6
    #[test]
    fn only_the_same_objects_make_a_match() {
        let source = inventory(&held());
        let with = |extra: (&'static str, u64)| {
            let mut objects = held();
            objects.retain(|(name, _)| *name != extra.0);
            objects.push(extra);
            Match::of(id('A'), &source, &inventory(&objects), &ReadBack::default())
        };
        let without = |name: &str| {
            let mut objects = held();
            objects.retain(|(other, _)| *other != name);
            Match::of(id('A'), &source, &inventory(&objects), &ReadBack::default())
        };
        assert_eq!(
            Match::of(id('A'), &source, &source, &ReadBack::default())
                .unwrap()
                .strength(),
            Strength::Size
        );
        assert!(with(("no-compact-mark.json", 4)).is_ok());
        for (result, expected) in [
            (without("index"), "index is missing"),
            (without("meta.json"), "meta.json is missing"),
            (with(("index", 4)), "index has 4 bytes, the source's 3"),
            (with(("meta.json", 8)), "meta.json is another one"),
            (
                with(("chunks/000002", 5)),
                "chunks/000002 is not in the source",
            ),
            (with(("deletion-mark.json", 5)), "it is marked for deletion"),
            (
                with(("thanos-bucket-overwrite.json", 5)),
                "an overwrite of it is not finished",
            ),
        ] {
            let differences = result.unwrap_err();
            assert_eq!(differences.len(), 1, "{differences:?}");
            assert_eq!(differences[0].to_string(), expected);
        }
    }

    /// S-5.6
    #[test]
    fn a_link_among_the_segments_of_the_target_is_one_too_many() {
        let link = Object {
            left_out: Some(LeftOut::Odd("symbolic links are not followed".into())),
            name: "chunks/000002".into(),
            ..inventory(&[("index", 0)]).data().next().unwrap().clone()
        };
        let (source, target) = (inventory(&held()), inventory(&held()));
        let objects = target.iter().map(|(_, object)| object.clone());
        let linked: Inventory = objects.chain([link]).collect();
        let differences = compare(&source, &linked);
        assert_eq!(differences, [Difference::Surplus("chunks/000002".into())]);
    }
}

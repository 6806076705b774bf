//! What of that which lies unfinished in a bucket was left behind by this tool, and may go: what only this tool names so, and what is nothing but a part
//! of what the source still wholly holds. Whatever else may have made it stays.

use chrono::{DateTime, Utc};

use super::facts::{Mark, SourceBlock, SourceMeta};
use crate::block::{Inventory, OVERWRITE_MARKER, Object, Role, Tags};

/// What becomes of something that was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Nothing was left there.
    Nothing,
    /// It goes; of a block the names of what is to be deleted, in the order in which it is.
    Goes(Vec<Box<str>>),
    /// It stays, and why.
    Stays(Stays, String),
}

/// Why something stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stays {
    /// Something of it was written lately: a run may be at it.
    TooYoung,
    /// The bucket does not tell when it was written.
    AgeUnknown,
    /// No source is given, which alone could tell that it is a copy.
    SourceNotGiven,
    /// The source has nothing of it, so that somebody else made it: an upload of Thanos' own, say.
    NotInSource,
    /// The source does not wholly hold it, so that this may be what it lacks.
    SourceNotWhole,
    /// The source's block is marked for deletion by somebody else.
    SourceMarked,
    /// The source's block is marked for deletion by a migration to this target, which holds it no more.
    MarkedNotHeld,
    /// A deletion mark lies there: somebody deletes it.
    MarkedInTarget,
    /// Something there is no copy of what the source holds.
    Different,
    /// What it holds, or its name, is none of this tool's.
    NotOurs,
    /// A published block is being overwritten: the next run that overwrites goes on with it.
    OverwriteBegun,
}

impl Stays {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Stays::TooYoung => "too-young",
            Stays::AgeUnknown => "age-unknown",
            Stays::SourceNotGiven => "source-not-given",
            Stays::NotInSource => "not-in-source",
            Stays::SourceNotWhole => "source-not-whole",
            Stays::SourceMarked => "source-marked",
            Stays::MarkedNotHeld => "marked-not-held",
            Stays::MarkedInTarget => "marked-in-target",
            Stays::Different => "different",
            Stays::NotOurs => "not-ours",
            Stays::OverwriteBegun => "overwrite-begun",
        }
    }

    /// Whether a person has to look at it: data may be lost, or something stays as it is until somebody acts.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        matches!(
            self,
            Stays::SourceNotWhole | Stays::MarkedNotHeld | Stays::OverwriteBegun
        )
    }

    fn with(self, why: impl Into<String>) -> Fate {
        Fate::Stays(self, why.into())
    }
}

/// Why it stays for its age: only what was written last before that time goes.
#[must_use]
pub fn too_young(written: Option<DateTime<Utc>>, before: DateTime<Utc>) -> Option<Fate> {
    match written {
        Some(written) if written < before => None,
        Some(_) => Some(Stays::TooYoung.with("a run may be at it")),
        None => Some(Stays::AgeUnknown.with("the bucket does not tell when it was written")),
    }
}

/// What the source wholly holds of the block, marked or not; or why what lies elsewhere of it cannot be told to be a copy.
pub fn wholly_held(source: Option<&SourceBlock>) -> Result<Inventory, Fate> {
    let Some(source) = source else {
        return Err(Stays::SourceNotGiven.with("only a source can tell what it is a copy of"));
    };
    let objects = source.objects();
    let lacks = match &source.meta {
        SourceMeta::Read(meta) => objects.lacks(&meta.block),
        SourceMeta::Absent if objects.is_empty() => {
            return Err(Stays::NotInSource.with("the source has nothing of it"));
        }
        SourceMeta::Absent => Some("meta.json is missing".to_owned()),
        SourceMeta::Unreadable(why) | SourceMeta::Corrupted(why) => {
            Some(format!("meta.json: {why}"))
        }
    };
    match lacks {
        None => Ok(objects),
        Some(what) => Err(Stays::SourceNotWhole.with(format!("in the source {what}"))),
    }
}

/// The same, of a block that nobody deletes. `target_name` is how marks of this tool name the target.
pub fn kept(source: Option<&SourceBlock>, target_name: &str) -> Result<Inventory, Fate> {
    let objects = wholly_held(source)?;
    match source {
        Some(source) if source.is_marked_for(target_name) => Err(Stays::MarkedNotHeld.with(
            "a migration has marked it in the source, and the target holds it no more: `status` says what saves it",
        )),
        Some(source) if objects.may_be_marked() || !matches!(source.mark, Mark::Absent) => {
            Err(Stays::SourceMarked.with("it is marked for deletion in the source"))
        }
        _ => Ok(objects),
    }
}

/// What becomes of what lies in the target of a block that the source keeps. Published blocks are not touched.
#[must_use]
pub fn fate_of_copy(in_source: &Inventory, in_target: &Inventory, before: DateTime<Utc>) -> Fate {
    if in_target.meta().is_some() || in_target.is_empty() {
        return Fate::Nothing;
    }
    if in_target.may_be_marked() {
        return Stays::MarkedInTarget.with("a deletion mark lies there");
    }
    // Of such an entry nobody tells when it was written.
    if let Some((name, why)) = in_target
        .left_out()
        .find_map(|entry| Some((&entry.name, entry.left_out.as_ref()?)))
    {
        return Stays::Different.with(format!("{name} is left out: {why}"));
    }
    if let Some(young) = too_young_block(in_target, before) {
        return young;
    }
    let tags = Tags::of(in_source, in_target);
    for there in in_target.data() {
        let original = in_source.data().find(|object| object.name == there.name);
        let why = match original {
            None => "is not in the source",
            Some(original) if original.size_bytes != there.size_bytes => "has another size",
            Some(original) if tags.agreement(original, there).is_none() => "has another checksum",
            Some(_) => continue,
        };
        return Stays::Different.with(format!("{} {why}", there.name));
    }
    let data = in_target.data().map(|object| object.name.clone());
    // The file that says that the block was being overwritten goes last: until then what is left is known to be ours.
    let marker = in_target
        .get(OVERWRITE_MARKER)
        .map(|file| file.name.clone());
    Fate::Goes(data.chain(marker).collect())
}

fn too_young_block(objects: &Inventory, before: DateTime<Utc>) -> Option<Fate> {
    objects
        .iter()
        .filter(|(role, _)| *role != Role::DirectoryMarker)
        .find_map(|(_, object)| too_young(object.modified, before))
}

/// When something of the block was written last, as far as the listing tells.
#[must_use]
pub fn last_written(objects: &Inventory) -> Option<DateTime<Utc>> {
    let is_content = |(role, object): (Role, &Object)| {
        (role != Role::DirectoryMarker)
            .then_some(object.modified)
            .flatten()
    };
    objects.iter().filter_map(is_content).max()
}

/// What becomes of the file that says that a published block was to be overwritten: it goes where nothing else was done.
#[must_use]
pub fn fate_of_overwrite(block: &SourceBlock, before: DateTime<Utc>) -> Fate {
    let objects = block.objects();
    let Some(marker) = objects.get(OVERWRITE_MARKER) else {
        return Fate::Nothing;
    };
    let Some(meta) = block.meta() else {
        // Without `meta.json` it is a partial copy.
        return match block.meta {
            SourceMeta::Absent => Fate::Nothing,
            _ => Stays::OverwriteBegun.with("meta.json cannot be read"),
        };
    };
    if objects.may_be_marked() {
        return Stays::MarkedInTarget.with("a deletion mark lies there");
    }
    if let Some(young) = too_young(marker.modified, before) {
        return young;
    }
    let is_later = |object: &&Object| {
        object
            .modified
            .is_none_or(|time| Some(time) > marker.modified)
    };
    if let Some(later) = objects.data().find(is_later) {
        let why = format!(
            "{} may have been written since: `migrate --overwrite-existing` ends it",
            later.name
        );
        return Stays::OverwriteBegun.with(why);
    }
    match objects.lacks(&meta.block) {
        Some(what) => {
            Stays::OverwriteBegun.with(format!("{what}: `migrate --overwrite-existing` ends it"))
        }
        None => Fate::Goes(vec![OVERWRITE_MARKER.into()]),
    }
}

/// What becomes of an upload of an object of that `name` in a block; `in_source` is what the source wholly holds of that.
#[must_use]
pub fn fate_of_upload(
    in_source: &Inventory,
    name: &str,
    touched: Option<DateTime<Utc>>,
    before: DateTime<Utc>,
) -> Fate {
    if !in_source.data().any(|object| &*object.name == name) {
        return Stays::NotOurs.with("the source's block has no such object");
    }
    too_young(touched, before).unwrap_or_else(|| Fate::Goes(Vec::new()))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::super::facts::testing::{Builder, block, source};
    use super::*;
    use crate::block::{DELETION_MARK, Fingerprint, LeftOut};

    const OURS: &str =
        "migrated to s3://minio:9000/cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn hour(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(1000 + hour)
    }

    /// Names, sizes and hours, of which an unknown one is negative.
    fn listed(objects: &[(&str, u64, i64)]) -> Inventory {
        let object = |(name, size_bytes, at): &(&str, u64, i64)| Object {
            name: (*name).into(),
            size_bytes: *size_bytes,
            modified: (*at >= 0).then(|| hour(*at)),
            version: None,
            fingerprint: Fingerprint::UNKNOWN,
            archived: false,
            file: None,
            left_out: None,
        };
        objects.iter().map(object).collect()
    }

    fn one(builder: Builder) -> SourceBlock {
        let [block] = source([builder]).try_into().unwrap();
        (*block).clone()
    }

    fn told(fate: &Fate) -> String {
        match fate {
            Fate::Nothing => "nothing".to_owned(),
            Fate::Goes(names) => names.join(" "),
            Fate::Stays(stays, _) => stays.as_str().to_owned(),
        }
    }

    /// S-18.2
    #[test]
    fn only_a_part_of_what_the_source_holds_goes() {
        let in_source = one(block('A')).objects();
        let segment = ("chunks/000001", 5, 1);
        for (in_target, expected) in [
            (listed(&[segment]), "chunks/000001"),
            (listed(&[("index", 3, 1), segment]), "chunks/000001 index"),
            (
                listed(&[segment, (OVERWRITE_MARKER, 9, 1), ("index", 3, 1)]),
                "chunks/000001 index thanos-bucket-overwrite.json",
            ),
            (listed(&[(OVERWRITE_MARKER, 9, 1)]), OVERWRITE_MARKER),
            (listed(&[segment, ("meta.json", 7, 1)]), "nothing"),
            (listed(&[]), "nothing"),
            (listed(&[("", 0, 1), ("chunks", 0, 1)]), "nothing"),
            (listed(&[segment, ("chunks/", 0, 9)]), "chunks/000001"),
            (listed(&[segment, ("index", 3, 5)]), "too-young"),
            (listed(&[segment, ("index", 3, 4)]), "too-young"),
            (listed(&[segment, ("index", 3, -1)]), "age-unknown"),
            (
                listed(&[segment, (DELETION_MARK, 9, 1)]),
                "marked-in-target",
            ),
            (listed(&[("chunks/000001", 6, 1)]), "different"),
            (listed(&[segment, ("chunks/000002", 5, 1)]), "different"),
            (listed(&[segment, ("theirs", 5, 1)]), "different"),
            // What is about to be replaced and is no copy was not written by this tool.
            (
                listed(&[(OVERWRITE_MARKER, 9, 1), ("index", 8, 1)]),
                "different",
            ),
        ] {
            let fate = fate_of_copy(&in_source, &in_target, hour(4));
            assert_eq!(told(&fate), expected, "{in_target:?}");
        }
        let odd = listed(&[segment, ("index", 3, 1)])
            .leaving_out("index", LeftOut::Odd("it is a link".into()));
        assert_eq!(told(&fate_of_copy(&in_source, &odd, hour(4))), "different");
        // A listing tells no time of a link.
        let link = listed(&[segment, ("index", 0, -1)])
            .leaving_out("index", LeftOut::Odd("it is a link".into()));
        assert_eq!(
            fate_of_copy(&in_source, &link, hour(4)),
            Stays::Different.with("index is left out: it is a link")
        );
    }

    /// S-18.2
    #[test]
    fn a_checksum_that_differs_shows_something_else_where_another_agrees() {
        let in_source = one(block('A')
            .checksum("index", '1')
            .checksum("chunks/000001", '2'));
        let fate = |digests: [u8; 2]| {
            let there = listed(&[("chunks/000001", 5, 1), ("index", 3, 1)]);
            let there: Inventory = there
                .iter()
                .zip(digests)
                .map(|((_, object), digest)| Object {
                    fingerprint: Fingerprint::md5([digest; 16]),
                    ..object.clone()
                })
                .collect();
            told(&fate_of_copy(&in_source.objects(), &there, hour(4)))
        };
        assert_eq!(fate(*b"21"), "chunks/000001 index");
        assert_eq!(fate(*b"23"), "different");
        // Where a bucket encrypts all of them differ, and only reading tells.
        assert_eq!(fate(*b"43"), "chunks/000001 index");
    }

    /// S-18.3
    #[test]
    fn the_source_says_whether_it_keeps_the_block() {
        let fate = |block: Option<&SourceBlock>| match kept(block, "s3://minio:9000/cold") {
            Ok(_) => "kept".to_owned(),
            Err(fate) => told(&fate),
        };
        let of = |builder: Builder| fate(Some(&one(builder)));
        assert_eq!(fate(None), "source-not-given");
        assert_eq!(of(block('A')), "kept");
        assert_eq!(of(block('A').without("index")), "source-not-whole");
        assert_eq!(of(block('A').without("meta.json")), "source-not-whole");
        assert_eq!(of(block('A').marked("by hand")), "source-marked");
        assert_eq!(of(block('A').marked(OURS)), "marked-not-held");
        assert_eq!(
            of(block('A').mark(Mark::Unreadable("denied".into()))),
            "source-marked"
        );
        let nothing = block('A')
            .without("index")
            .without("chunks/000001")
            .without("meta.json");
        assert_eq!(of(nothing), "not-in-source");
        // What is only on its way is not the block, and may go though that is marked.
        let marked = one(block('A').marked(OURS));
        assert!(wholly_held(Some(&marked)).is_ok());
    }

    /// S-18.4
    #[test]
    fn an_upload_is_ours_where_the_source_has_such_an_object() {
        let in_source = one(block('A')).objects();
        let fate =
            |name, at: Option<i64>| told(&fate_of_upload(&in_source, name, at.map(hour), hour(4)));
        assert_eq!(fate("index", Some(1)), "");
        assert_eq!(fate("index", Some(4)), "too-young");
        assert_eq!(fate("index", None), "age-unknown");
        assert_eq!(fate("chunks/000002", Some(1)), "not-ours");
        assert_eq!(fate("meta.json", Some(1)), "not-ours");
    }

    /// S-18.3
    #[test]
    fn an_overwrite_of_which_nothing_was_done_is_called_off() {
        let whole = one(block('A'));
        let with = |objects: &[(&str, u64, i64)]| SourceBlock {
            objects: crate::block::Packed::new(&listed(objects)),
            ..whole.clone()
        };
        let (segment, meta) = (("chunks/000001", 5, 1), ("meta.json", 7, 1));
        let marker = (OVERWRITE_MARKER, 9, 2);
        for (objects, expected) in [
            (
                vec![segment, meta, ("index", 3, 1), marker],
                OVERWRITE_MARKER,
            ),
            (vec![segment, meta, ("index", 3, 1)], "nothing"),
            (
                vec![segment, meta, ("index", 3, 3), marker],
                "overwrite-begun",
            ),
            (
                vec![segment, meta, ("index", 3, -1), marker],
                "overwrite-begun",
            ),
            (vec![segment, meta, marker], "overwrite-begun"),
            (
                vec![segment, meta, ("index", 3, 1), (OVERWRITE_MARKER, 9, 7)],
                "too-young",
            ),
            (
                vec![
                    segment,
                    meta,
                    ("index", 3, 1),
                    marker,
                    (DELETION_MARK, 9, 1),
                ],
                "marked-in-target",
            ),
        ] {
            let fate = fate_of_overwrite(&with(&objects), hour(4));
            assert_eq!(told(&fate), expected, "{objects:?}");
        }
    }
}

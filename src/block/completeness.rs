//! Whether a block has all objects that its `meta.json` names or implies.

use std::collections::HashSet;

use super::inventory::{Inventory, Object};
use super::meta::{BlockMeta, File};
use super::names::META_JSON;

/// Whether a block is all there, judged by its own `meta.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// Every object that the file list names is there and has the listed size.
    Whole,
    /// `meta.json` has no file list, and nothing that can be seen is missing; a lost last segment could not be seen.
    Weak,
    /// What is missing or of another size, in words.
    Lacks(String),
}

impl Inventory {
    /// What is missing by its own `meta.json`, in words; `None` where nothing is.
    #[must_use]
    pub fn lacks(&self, meta: &BlockMeta) -> Option<String> {
        match self.completeness(meta) {
            Completeness::Lacks(what) => Some(what),
            Completeness::Whole | Completeness::Weak => None,
        }
    }

    /// Judges the block by its own `meta.json`.
    #[must_use]
    pub fn completeness(&self, meta: &BlockMeta) -> Completeness {
        // Nobody can tell whether such an entry belongs to the block: the file list may be missing, or older than the entry.
        let mut left_out = self.left_out();
        if let Some((name, why)) =
            left_out.find_map(|object| Some((&object.name, object.left_out.as_ref()?)))
        {
            return Completeness::Lacks(format!("{name} is left out: {why}"));
        }
        let files = meta.files();
        for file in files.iter().filter(|file| file.path != META_JSON) {
            let Some(object) = self.get(&file.path) else {
                return Completeness::Lacks(format!("{} is missing", file.path));
            };
            if let Some(expected) = file.size_bytes
                && i64::try_from(object.size_bytes) != Ok(expected)
            {
                return Completeness::Lacks(format!(
                    "{} has {} bytes, meta.json says {expected}",
                    file.path, object.size_bytes
                ));
            }
        }
        if self.get("index").is_none() {
            return Completeness::Lacks("index is missing".to_owned());
        }
        if let Some(Object {
            name, size_bytes, ..
        }) = self.stunted(&files)
        {
            return Completeness::Lacks(match size_bytes {
                0 => format!("{name} is empty"),
                _ => format!("{name} has {size_bytes} bytes, too few for its header"),
            });
        }
        let segments: Vec<&str> = self
            .data()
            .filter_map(|object| object.name.strip_prefix("chunks/"))
            .collect();
        if segments.is_empty() && meta.num_chunks > 0 {
            return Completeness::Lacks("chunks are missing".to_owned());
        }
        let listed = files.iter().any(|file| file.path.starts_with("chunks/"));
        if listed || segments.is_empty() {
            return Completeness::Whole;
        }
        for (position, segment) in segments.iter().enumerate() {
            let expected = format!("{:06}", position + 1);
            if **segment != *expected {
                return Completeness::Lacks(format!("chunks/{expected} is missing"));
            }
        }
        Completeness::Weak
    }

    /// An index or a segment that is too short to be one: a power cut leaves such files. A size that `meta.json` tells is believed, unless
    /// it is 0, which no file of Thanos has.
    fn stunted(&self, files: &[File]) -> Option<&Object> {
        let short = |object: &&Object| match &*object.name {
            "index" => object.size_bytes < LEAST_INDEX_BYTES,
            name => name.starts_with("chunks/") && object.size_bytes < LEAST_SEGMENT_BYTES,
        };
        let mut short = self.data().filter(short).peekable();
        short.peek()?;
        let sizes = files.iter().filter(|file| file.size_bytes.is_some());
        let told: HashSet<&str> = sizes.map(|file| &*file.path).collect();
        short.find(|object| object.size_bytes == 0 || !told.contains(&*object.name))
    }
}

/// The header of an index, and the table of contents at its end.
const LEAST_INDEX_BYTES: u64 = 5 + 52;
/// The header of a segment of chunks.
const LEAST_SEGMENT_BYTES: u64 = 8;

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::super::inventory::tests::inventory;
    use super::super::{LeftOut, Object};
    use super::*;

    fn meta(files: &str, chunks: u64) -> BlockMeta {
        let id = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let json = format!(
            r#"{{"ulid":"{id}","version":1,"stats":{{"numChunks":{chunks}}},"thanos":{{{files}}}}}"#
        );
        BlockMeta::parse(id.parse().unwrap(), json.as_bytes()).unwrap()
    }

    /// S-4.5
    #[test]
    fn an_entry_that_is_left_out_is_no_object_and_makes_the_block_incomplete() {
        let all = [("chunks/000001", 5), ("index", 3), ("meta.json", 7)];
        let odd = inventory(&[("chunks/000002", 0)])
            .iter()
            .next()
            .map(|(_, object)| Object {
                left_out: Some(LeftOut::Odd("it is a link".into())),
                ..object.clone()
            });
        let objects = inventory(&all)
            .iter()
            .map(|(_, object)| object.clone())
            .chain(odd)
            .collect::<Inventory>();
        let why = "chunks/000002 is left out: it is a link".to_owned();
        assert_eq!(objects.completeness(&meta("", 1)), Completeness::Lacks(why));
        assert_eq!(objects.data().count(), 2);
        assert!(objects.get("chunks/000002").is_none());
    }

    /// S-4.5
    #[test]
    fn a_file_list_tells_what_is_missing() {
        let files = r#""files":[{"rel_path":"chunks/000001","size_bytes":5},{"rel_path":"index","size_bytes":3},{"rel_path":"meta.json"}]"#;
        let table: [(&[(&str, u64)], Completeness); 3] = [
            (&[("chunks/000001", 5), ("index", 3)], Completeness::Whole),
            (
                &[("index", 3)],
                Completeness::Lacks("chunks/000001 is missing".into()),
            ),
            (
                &[("chunks/000001", 4), ("index", 3)],
                Completeness::Lacks("chunks/000001 has 4 bytes, meta.json says 5".into()),
            ),
        ];
        for (objects, expected) in table {
            assert_eq!(inventory(objects).completeness(&meta(files, 1)), expected);
        }
    }

    /// S-4.5
    #[test]
    fn without_a_file_list_gaps_are_seen_and_a_lost_last_segment_is_not() {
        type Row<'a> = (&'a [(&'a str, u64)], u64, Completeness);
        let table: [Row<'_>; 5] = [
            (
                &[("chunks/000001", 8), ("chunks/000002", 9), ("index", 57)],
                9,
                Completeness::Weak,
            ),
            (
                &[("chunks/000001", 8), ("chunks/000003", 9), ("index", 57)],
                9,
                Completeness::Lacks("chunks/000002 is missing".into()),
            ),
            (
                &[("chunks/000001", 5)],
                9,
                Completeness::Lacks("index is missing".into()),
            ),
            (
                &[("index", 57)],
                9,
                Completeness::Lacks("chunks are missing".into()),
            ),
            (&[("index", 57)], 0, Completeness::Whole),
        ];
        for (objects, chunks, expected) in table {
            assert_eq!(inventory(objects).completeness(&meta("", chunks)), expected);
        }
    }

    /// S-4.5: a power cut leaves empty files, and a program that is stopped leaves files that end early.
    #[test]
    fn what_is_too_short_to_be_an_index_or_a_segment_makes_the_block_incomplete() {
        let sized = r#""files":[{"rel_path":"chunks/000001","size_bytes":5},{"rel_path":"index","size_bytes":3}]"#;
        let silent =
            r#""files":[{"rel_path":"chunks/000001"},{"rel_path":"index","size_bytes":0}]"#;
        let names = r#""segment_files":["000001"]"#;
        let lacks = |what: &str| Completeness::Lacks(what.to_owned());
        for (files, segment, index, expected) in [
            ("", 8, 57, Completeness::Weak),
            (names, 8, 57, Completeness::Whole),
            (silent, 8, 57, Completeness::Whole),
            (sized, 5, 3, Completeness::Whole),
            ("", 0, 57, lacks("chunks/000001 is empty")),
            (names, 0, 57, lacks("chunks/000001 is empty")),
            (silent, 0, 57, lacks("chunks/000001 is empty")),
            ("", 8, 0, lacks("index is empty")),
            (silent, 8, 0, lacks("index is empty")),
            (sized, 5, 0, lacks("index has 0 bytes, meta.json says 3")),
            (
                "",
                7,
                57,
                lacks("chunks/000001 has 7 bytes, too few for its header"),
            ),
            (
                silent,
                8,
                56,
                lacks("index has 56 bytes, too few for its header"),
            ),
        ] {
            let objects = inventory(&[("chunks/000001", segment), ("index", index), ("x", 0)]);
            assert_eq!(objects.completeness(&meta(files, 1)), expected);
        }
        let second = inventory(&[("chunks/000001", 8), ("chunks/000002", 0), ("index", 57)]);
        let expected = lacks("chunks/000002 is empty");
        assert_eq!(second.completeness(&meta("", 1)), expected);
        assert_eq!(second.completeness(&meta(names, 1)), expected);
    }

    /// S-4.5: what Go takes for a size need not be one.
    #[test]
    fn no_object_has_a_negative_size() {
        let files = r#""files":[{"rel_path":"index","size_bytes":-57}]"#;
        let expected = Completeness::Lacks("index has 57 bytes, meta.json says -57".into());
        let objects = inventory(&[("index", 57)]);
        assert_eq!(objects.completeness(&meta(files, 0)), expected);
    }
}

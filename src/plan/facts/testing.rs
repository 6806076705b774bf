//! Blocks for the tables of this module's neighbours.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;

use chrono::DateTime;
use sha2::{Digest, Sha256};

use super::*;
use crate::block::{Fingerprint, Object};
use crate::plan::Rules;
use crate::select::Cutoff;

/// The block whose id ends with `last`.
pub(in crate::plan) fn id(last: char) -> BlockId {
    format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}").parse().unwrap()
}

/// A whole raw block of cluster `eu-1` from 0 to 10 ms, with three series.
pub(in crate::plan) fn block(last: char) -> Builder {
    Builder {
        id: id(last),
        range: (0, 10),
        labels: vec![("cluster".into(), "eu-1".into())],
        resolution: 0,
        level: 1,
        sources: last.to_string(),
        parents: String::new(),
        series: 3,
        rest: String::new(),
        files: true,
        objects: vec![
            ("chunks/000001".into(), 5, Fingerprint::UNKNOWN),
            ("index".into(), 3, Fingerprint::UNKNOWN),
            ("meta.json".into(), 7, Fingerprint::UNKNOWN),
        ],
        archived: String::new(),
        mark: Mark::Absent,
    }
}

pub(in crate::plan) fn source<const N: usize>(blocks: [Builder; N]) -> Vec<Arc<SourceBlock>> {
    blocks
        .into_iter()
        .map(|block| Arc::new(block.source()))
        .collect()
}

pub(in crate::plan) fn target<const N: usize>(blocks: [Builder; N]) -> TargetIndex {
    blocks.into_iter().map(Builder::target).collect()
}

/// Rules that keep every block that begins less than a second after the epoch.
pub(in crate::plan) fn rules() -> Rules {
    let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    Rules::older_than(Cutoff::parse("1970-01-01T00:00:01Z", now).unwrap())
}

#[derive(Clone)]
pub(in crate::plan) struct Builder {
    id: BlockId,
    range: (i64, i64),
    labels: Vec<(String, String)>,
    resolution: i64,
    level: i64,
    sources: String,
    parents: String,
    series: u64,
    rest: String,
    files: bool,
    objects: Vec<(String, u64, Fingerprint)>,
    archived: String,
    mark: Mark,
}

impl Builder {
    pub(in crate::plan) fn range(mut self, min: i64, max: i64) -> Self {
        self.range = (min, max);
        self
    }

    pub(in crate::plan) fn labels(mut self, labels: &[(&str, &str)]) -> Self {
        self.labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self
    }

    pub(in crate::plan) fn resolution(mut self, milliseconds: i64) -> Self {
        self.resolution = milliseconds;
        self
    }

    pub(in crate::plan) fn level(mut self, level: i64) -> Self {
        self.level = level;
        self
    }

    /// Last letters of the ids of its sources.
    pub(in crate::plan) fn sources(mut self, sources: &str) -> Self {
        sources.clone_into(&mut self.sources);
        self
    }

    pub(in crate::plan) fn series(mut self, series: u64) -> Self {
        self.series = series;
        self
    }

    /// Last letters of the ids of the blocks that it was compacted from.
    pub(in crate::plan) fn parents(mut self, parents: &str) -> Self {
        parents.clone_into(&mut self.parents);
        self
    }

    pub(in crate::plan) fn rewritten(mut self) -> Self {
        self.rest = r#","rewrites":[{}]"#.to_owned();
        self
    }

    pub(in crate::plan) fn without_file_list(mut self) -> Self {
        self.files = false;
        self.object("chunks/000001", 500).object("index", 300)
    }

    pub(in crate::plan) fn object(mut self, name: &str, size_bytes: u64) -> Self {
        self.objects.retain(|(other, ..)| other != name);
        self.objects
            .push((name.to_owned(), size_bytes, Fingerprint::UNKNOWN));
        self
    }

    /// Gives an object an MD5: 16 times the digit.
    pub(in crate::plan) fn checksum(mut self, name: &str, digit: char) -> Self {
        for (other, _, fingerprint) in &mut self.objects {
            if other == name {
                *fingerprint = Fingerprint::md5([u8::try_from(digit).unwrap(); 16]);
            }
        }
        self
    }

    /// Has objects of that name lie in a storage class from which nobody can read.
    pub(in crate::plan) fn archived(mut self, name: &str) -> Self {
        name.clone_into(&mut self.archived);
        self
    }

    pub(in crate::plan) fn without(mut self, name: &str) -> Self {
        self.objects.retain(|(other, ..)| other != name);
        self
    }

    pub(in crate::plan) fn marked(mut self, details: &str) -> Self {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        self.mark = Mark::Present(Box::new(DeletionMark::new(
            self.id,
            details.to_owned(),
            now,
        )));
        self.object("deletion-mark.json", 9)
    }

    pub(in crate::plan) fn mark(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self.object("deletion-mark.json", 9)
    }

    pub(in crate::plan) fn meta_file(self) -> MetaFile {
        let json = self.json();
        MetaFile {
            block: BlockMeta::parse(self.id, json.as_bytes()).unwrap(),
            digest: Sha256::digest(&json).into(),
            bytes: None,
        }
    }

    pub(in crate::plan) fn source(self) -> SourceBlock {
        SourceBlock {
            id: self.id,
            objects: Packed::new(&self.inventory()),
            mark: self.mark.clone(),
            meta: if self.objects.iter().any(|(name, ..)| name == "meta.json") {
                SourceMeta::Read(Arc::new(self.meta_file()))
            } else {
                SourceMeta::Absent
            },
        }
    }

    pub(in crate::plan) fn target(self) -> TargetBlock {
        let SourceBlock {
            id,
            objects,
            meta,
            mark,
        } = self.source();
        let meta = match meta {
            SourceMeta::Read(meta) => TargetMeta::Read(meta),
            _ => TargetMeta::Absent,
        };
        TargetBlock {
            id,
            objects,
            meta,
            mark,
            read: ReadBack::default(),
        }
    }

    fn inventory(&self) -> Inventory {
        let objects = self
            .objects
            .iter()
            .map(|(name, size_bytes, fingerprint)| Object {
                name: name.as_str().into(),
                size_bytes: *size_bytes,
                modified: Some(DateTime::UNIX_EPOCH),
                version: None,
                fingerprint: *fingerprint,
                left_out: None,
                archived: *name == self.archived,
                file: None,
            });
        objects.collect()
    }

    fn json(&self) -> String {
        let quoted = |letters: &str| {
            let ids = letters
                .chars()
                .map(|last| format!("{:?}", id(last).to_string()));
            ids.collect::<Vec<_>>().join(",")
        };
        let parents = self
            .parents
            .chars()
            .map(|last| format!(r#"{{"ulid":"{}"}}"#, id(last)));
        let parents: Vec<_> = parents.collect();
        let labels: BTreeMap<_, _> = self.labels.iter().cloned().collect();
        let files = if self.files {
            r#","files":[{"rel_path":"chunks/000001","size_bytes":5},{"rel_path":"index","size_bytes":3},{"rel_path":"meta.json"}]"#
        } else {
            ""
        };
        format!(
            r#"{{"ulid":"{}","version":1,"minTime":{},"maxTime":{},"stats":{{"numSeries":{},"numChunks":1}},"compaction":{{"level":{},"sources":[{}],"parents":[{}]}},"thanos":{{"labels":{},"downsample":{{"resolution":{}}}{files}{}}}}}"#,
            self.id,
            self.range.0,
            self.range.1,
            self.series,
            self.level,
            quoted(&self.sources),
            parents.join(","),
            serde_json::to_string(&labels).unwrap(),
            self.resolution,
            self.rest,
        )
    }
}

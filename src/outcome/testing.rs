//! Small worlds for tests: real plans of made-up buckets.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{BlockEnding, Charted, MarkState, Outcome, Results};
use crate::block::{
    BlockId, BlockMeta, DeletionMark, Fingerprint, Inventory, MetaFile, Object, Packed, ReadBack,
    Strength,
};
use crate::map::{Due, Map, Question};
use crate::plan::{
    Mark, Plan, Purpose, Rules, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta,
    all_not_held, plan,
};
use crate::select::{Cutoff, Filter, Selector};

/// 2025-01-02, where a fortnight of Thanos' planner begins.
const START_MS: i64 = 1_735_776_000_000;
const HOUR_MS: i64 = 3_600_000;

pub(crate) fn id(number: u32) -> BlockId {
    format!("01J9ZK3M7Q8T5V6W7X{number:08}").parse().unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Two buckets and what is asked of them.
pub(crate) struct World {
    source: Vec<Arc<SourceBlock>>,
    target: Vec<TargetBlock>,
    pub(crate) rules: Rules,
}

impl World {
    pub(crate) fn of(blocks: impl IntoIterator<Item = Builder>) -> Self {
        let source = blocks.into_iter().map(|block| Arc::new(block.source()));
        Self {
            source: source.collect(),
            target: Vec::new(),
            rules: Rules::older_than(
                Cutoff::parse("2025-06-01", time("2025-07-01T00:00:00Z")).unwrap(),
            ),
        }
    }

    pub(crate) fn holding(mut self, blocks: impl IntoIterator<Item = Builder>) -> Self {
        self.target.extend(blocks.into_iter().map(Builder::target));
        self
    }

    pub(crate) fn asking_for(mut self, ids: impl IntoIterator<Item = u32>) -> Self {
        self.rules.filter.ids = ids.into_iter().map(id).collect();
        self
    }

    pub(crate) fn only_copied(mut self) -> Self {
        self.rules.purpose = Purpose::Copy;
        self
    }

    pub(crate) fn selecting(mut self, rules: &str) -> Self {
        self.rules.filter.selector = Selector::parse(rules).unwrap();
        self
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.source, &self.target(), &self.rules, "s3://cold")
    }

    /// The map of both buckets on the first of July, with what is due at the world's cutoff.
    pub(crate) fn charted(&self) -> Charted {
        let (now, cutoff) = (time("2025-07-01T00:00:00Z"), self.rules.filter.cutoff);
        let (delete_delay, target) = (TimeDelta::hours(48), self.target());
        let question = Question {
            filter: Filter {
                cutoff: None,
                ..self.rules.filter.clone()
            },
            delete_delay,
            now,
        };
        let mut map = Map::of(&self.source, Some(&target), &question);
        let due = cutoff.map(|_| Due::of_plan(&self.plan()));
        if let Some(due) = &due {
            map.note_due(due);
        }
        Charted {
            map,
            due,
            not_held: all_not_held(&self.source, &target, "s3://cold"),
            warnings: Vec::new(),
            delete_delay,
            cutoff: cutoff.map(Cutoff::time),
            now,
        }
    }

    /// The map of the source alone.
    pub(crate) fn charted_alone(&self) -> Charted {
        let question = Question {
            filter: Filter::default(),
            delete_delay: TimeDelta::hours(48),
            now: time("2025-07-01T00:00:00Z"),
        };
        Charted {
            map: Map::of(&self.source, None, &question),
            due: None,
            not_held: Vec::new(),
            warnings: Vec::new(),
            delete_delay: question.delete_delay,
            cutoff: None,
            now: question.now,
        }
    }

    pub(crate) fn source(&self) -> &[Arc<SourceBlock>] {
        &self.source
    }

    pub(crate) fn target(&self) -> TargetIndex {
        self.target.iter().cloned().collect()
    }
}

/// A complete run of one minute; whatever was put has three objects of 1 GiB together, and took 20 s.
pub(crate) fn results(endings: &[BlockEnding]) -> Results {
    let outcome = |ending: &BlockEnding| match ending {
        BlockEnding::Migrated
        | BlockEnding::Replicated
        | BlockEnding::Repaired
        | BlockEnding::Overwritten => Outcome {
            ending: *ending,
            detail: None,
            waits_for: None,
            mark: match ending {
                BlockEnding::Replicated => MarkState::Absent,
                _ => MarkState::Written,
            },
            proof: Some(Strength::Checksum),
            objects_put: 3,
            bytes_sent: 1 << 30,
            elapsed: Duration::from_secs(20),
        },
        BlockEnding::Failed => Outcome::untouched(
            *ending,
            Some("put 01J9/index into s3://cold: connection reset".to_owned()),
        ),
        _ => Outcome::untouched(*ending, None),
    };
    Results {
        outcomes: endings.iter().map(outcome).collect(),
        aborted: None,
        signal: None,
        limit: None,
        complete: !endings.contains(&BlockEnding::NotFinished),
        elapsed: Duration::from_mins(1),
    }
}

/// A whole raw block of cluster `eu-1`, two hours from the start, with an index of 1 GiB less 4 KiB.
pub(crate) fn block(number: u32) -> Builder {
    Builder {
        number,
        range_ms: (START_MS, START_MS + 2 * HOUR_MS),
        labels: BTreeMap::from([("cluster".to_owned(), "eu-1".to_owned())]),
        resolution_ms: 0,
        level: 1,
        sources: vec![number],
        file_list: true,
        objects: BTreeMap::from([
            ("chunks/000001".to_owned(), 3072),
            ("index".to_owned(), (1 << 30) - 4096),
            ("meta.json".to_owned(), 1024),
        ]),
        mark: Mark::Absent,
        written: DateTime::UNIX_EPOCH,
    }
}

#[derive(Clone)]
pub(crate) struct Builder {
    number: u32,
    range_ms: (i64, i64),
    labels: BTreeMap<String, String>,
    resolution_ms: i64,
    level: i64,
    sources: Vec<u32>,
    file_list: bool,
    objects: BTreeMap<String, u64>,
    mark: Mark,
    written: DateTime<Utc>,
}

impl Builder {
    /// Hours from the start.
    pub(crate) fn hours(mut self, min: i64, max: i64) -> Self {
        self.range_ms = (START_MS + min * HOUR_MS, START_MS + max * HOUR_MS);
        self
    }

    /// After the cutoff.
    pub(crate) fn younger(self) -> Self {
        self.hours(24 * 170, 24 * 170 + 2)
    }

    /// Beginning at a time that no calendar date expresses.
    pub(crate) fn before_time(mut self) -> Self {
        self.range_ms.0 = i64::MIN;
        self
    }

    pub(crate) fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn resolution(mut self, milliseconds: i64) -> Self {
        self.resolution_ms = milliseconds;
        self
    }

    pub(crate) fn level(mut self, level: i64) -> Self {
        self.level = level;
        self
    }

    pub(crate) fn sources(mut self, sources: impl IntoIterator<Item = u32>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    pub(crate) fn without_file_list(mut self) -> Self {
        self.file_list = false;
        self
    }

    pub(crate) fn without(mut self, object: &str) -> Self {
        self.objects.remove(object);
        self
    }

    /// Last written then.
    pub(crate) fn written(mut self, at: &str) -> Self {
        self.written = time(at);
        self
    }

    pub(crate) fn object(mut self, name: &str, size_bytes: u64) -> Self {
        self.objects.insert(name.to_owned(), size_bytes);
        self
    }

    pub(crate) fn with_mark(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self.object("deletion-mark.json", 99)
    }

    pub(crate) fn marked(self, details: &str) -> Self {
        self.marked_at("2025-06-30T12:00:00Z", details)
    }

    pub(crate) fn marked_at(mut self, at: &str, details: &str) -> Self {
        let marked = time(at);
        let mark = DeletionMark::new(id(self.number), details.to_owned(), marked);
        self.mark = Mark::Present(Box::new(mark));
        self.objects.insert("deletion-mark.json".to_owned(), 99);
        self
    }

    pub(crate) fn meta_file(&self) -> MetaFile {
        let json = self.json();
        MetaFile {
            block: BlockMeta::parse(id(self.number), json.as_bytes()).unwrap(),
            digest: Sha256::digest(&json).into(),
            bytes: None,
        }
    }

    pub(crate) fn source(self) -> SourceBlock {
        let id = id(self.number);
        let meta = if self.objects.contains_key("meta.json") {
            SourceMeta::Read(Arc::new(self.meta_file()))
        } else {
            SourceMeta::Absent
        };
        let objects = self.objects.iter().map(|(name, size_bytes)| Object {
            name: name.as_str().into(),
            size_bytes: *size_bytes,
            modified: Some(self.written),
            version: None,
            fingerprint: Fingerprint::UNKNOWN,
            left_out: None,
            archived: false,
            file: None,
        });
        SourceBlock {
            id,
            objects: Packed::new(&objects.collect::<Inventory>()),
            meta,
            mark: self.mark,
        }
    }

    fn target(self) -> TargetBlock {
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

    fn json(&self) -> String {
        let sources: Vec<String> = self
            .sources
            .iter()
            .map(|one| id(*one).to_string())
            .collect();
        let files = [("chunks/000001", 3072), ("index", (1 << 30) - 4096)]
            .map(|(name, size)| serde_json::json!({"rel_path": name, "size_bytes": size}));
        let mut meta = serde_json::json!({
            "ulid": id(self.number).to_string(),
            "version": 1,
            "minTime": self.range_ms.0,
            "maxTime": self.range_ms.1,
            "stats": {"numSeries": 30, "numSamples": 4000, "numChunks": 50},
            "compaction": {"level": self.level, "sources": sources},
            "thanos": {"labels": self.labels, "downsample": {"resolution": self.resolution_ms}},
        });
        if self.file_list {
            meta.pointer_mut("/thanos")
                .and_then(serde_json::Value::as_object_mut)
                .unwrap()
                .insert("files".to_owned(), files.to_vec().into());
        }
        meta.to_string()
    }
}

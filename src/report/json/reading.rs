//! Reads a plan back from the document that it was written to. The file may come from anywhere: of each block only what binds a run is kept,
//! and nothing in it may take much memory or go deep.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{self, BufReader, Read};

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::version::SCHEMA_VERSION;
use crate::block::{BlockId, Contents, Group, Labels};
use crate::plan::{Agreed, AgreedBlock, Work};
use crate::printable::message;

/// A plan, and the buckets that it is for.
#[derive(Debug)]
pub struct PlanFile {
    /// The source, as its location prints.
    pub source: String,
    /// The target, as its location prints.
    pub target: String,
    /// What is done.
    pub agreed: Agreed,
}

/// Plans of a million blocks are smaller.
const LARGEST_BYTES: u64 = 4 << 30;
/// No plan of buckets of which a survey fits in memory has more.
const MOST_BLOCKS: usize = 5_000_000;
/// Texts in plans are labels and reasons.
const LONGEST_TEXT_BYTES: usize = 1 << 20;
const DEEPEST: usize = 32;
/// Thousands of blocks share a handful of label sets; each is kept once.
const MOST_LABEL_BYTES: usize = 64 << 20;

/// What a plan does that leaves the block alone.
const LEFT_ALONE: [&str; 3] = ["conflict", "covered-unproven", "would-overlap"];

/// Reads a plan. An error says in one line why it is none.
pub(in crate::report) fn read(from: impl Read) -> Result<PlanFile, String> {
    let bounded = BufReader::new(Bounded {
        inner: from,
        left: LARGEST_BYTES,
        text: None,
        depth: 0,
    });
    let mut deserializer = serde_json::Deserializer::from_reader(bounded);
    let read = deserializer.deserialize_map(OfDocument);
    let read = read.and_then(|plan| deserializer.end().map(|()| plan));
    read.map_err(|err| message(&err.to_string()).into_owned())
}

struct OfDocument;

impl<'de> Visitor<'de> for OfDocument {
    type Value = PlanFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plan, as plan --out writes it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<PlanFile, A::Error> {
        let (mut version, mut kind) = (None, None);
        let (mut source, mut target, mut blocks) = (None, None, None);
        while let Some(name) = members.next_key::<String>()? {
            match name.as_str() {
                "schema_version" => {
                    let told: u32 = once(&mut members, &mut version, "schema_version")?;
                    if told != SCHEMA_VERSION {
                        return Err(de::Error::custom(format!(
                            "its schema_version is {told}, and this version of the tool reads {SCHEMA_VERSION}: make the plan anew"
                        )));
                    }
                }
                "kind" => {
                    let told: String = once(&mut members, &mut kind, "kind")?;
                    if told != "plan" {
                        return Err(de::Error::custom(format!(
                            "it is a document of kind {told:?}: expected \"plan\""
                        )));
                    }
                }
                "source" => {
                    let _: String = once(&mut members, &mut source, "source")?;
                }
                "target" => {
                    let _: String = once(&mut members, &mut target, "target")?;
                }
                "blocks" if blocks.is_some() => return Err(de::Error::duplicate_field("blocks")),
                "blocks" => blocks = Some(members.next_value::<Blocks>()?),
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        version.ok_or_else(|| de::Error::missing_field("schema_version"))?;
        kind.ok_or_else(|| de::Error::missing_field("kind"))?;
        let source = source.ok_or_else(|| de::Error::missing_field("source"))?;
        let target: String = target.ok_or_else(|| de::Error::missing_field("target"))?;
        let Blocks {
            acting,
            mut left_alone,
        } = blocks.ok_or_else(|| de::Error::missing_field("blocks"))?;
        let twice = |id| de::Error::custom(format!("it names {id} twice"));
        let agreed = Agreed::new(target.clone(), acting).map_err(twice)?;
        left_alone.sort_unstable();
        let pairs = left_alone.iter().zip(left_alone.iter().skip(1));
        let mut again = pairs.filter(|(one, next)| one == next).map(|(id, _)| id);
        let acts_too = |id: &&BlockId| agreed.get(**id).is_some();
        if let Some(id) = again.next().or_else(|| left_alone.iter().find(acts_too)) {
            return Err(twice(*id));
        }
        Ok(PlanFile {
            source,
            target,
            agreed,
        })
    }
}

/// The value of a member that may be there once; `place` keeps it, and a copy is handed back.
fn once<'de, T, A>(
    members: &mut A,
    place: &mut Option<T>,
    name: &'static str,
) -> Result<T, A::Error>
where
    T: Deserialize<'de> + Clone,
    A: MapAccess<'de>,
{
    if place.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    let value: T = members.next_value()?;
    *place = Some(value.clone());
    Ok(value)
}

/// The blocks, each as often as it is named.
struct Blocks {
    /// Those for which something is done.
    acting: Vec<AgreedBlock>,
    /// Those of the others.
    left_alone: Vec<BlockId>,
}

impl<'de> Deserialize<'de> for Blocks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfBlocks;
        impl<'de> Visitor<'de> for OfBlocks {
            type Value = Blocks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of blocks")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Blocks, A::Error> {
                let (mut acting, mut left_alone) = (Vec::new(), Vec::new());
                let mut known = KnownLabels::default();
                let mut number = 0_u64;
                while let Some(entry) = entries.next_element::<Entry>()? {
                    let agreed = entry.agreed(&mut known);
                    let agreed = agreed
                        .map_err(|why| de::Error::custom(format!("blocks[{number}]: {why}")))?;
                    number += 1;
                    if acting.len() + left_alone.len() == MOST_BLOCKS {
                        return Err(de::Error::custom(format!(
                            "it has more than {MOST_BLOCKS} blocks"
                        )));
                    }
                    match agreed {
                        Agreement::To(block) => acting.push(block),
                        Agreement::LeaveAlone(id) => left_alone.push(id),
                    }
                }
                Ok(Blocks { acting, left_alone })
            }
        }
        deserializer.deserialize_seq(OfBlocks)
    }
}

/// What a plan says of one block.
enum Agreement {
    /// Something is done.
    To(AgreedBlock),
    /// Nothing is.
    LeaveAlone(BlockId),
}

/// Of one block, what binds the run.
#[derive(Deserialize)]
struct Entry {
    id: String,
    action: String,
    outlook: Option<Outlook>,
    marked: Option<bool>,
    meta_sha256: Option<String>,
    objects_sha256: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    min_time_ms: Option<i64>,
    resolution_ms: Option<i64>,
}

/// The label sets that came so far.
#[derive(Default)]
struct KnownLabels {
    sets: HashSet<Labels>,
    bytes: usize,
}

impl KnownLabels {
    fn shared(&mut self, labels: BTreeMap<String, String>) -> Result<Labels, String> {
        let labels: Labels = labels.into_iter().collect();
        if let Some(known) = self.sets.get(&labels) {
            return Ok(known.clone());
        }
        let pairs = labels.as_map().iter();
        self.bytes += pairs
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>();
        if self.bytes > MOST_LABEL_BYTES {
            return Err("the labels of the plan take more than 64 MiB".to_owned());
        }
        self.sets.insert(labels.clone());
        Ok(labels)
    }
}

#[derive(Deserialize)]
struct Outlook {
    name: String,
}

impl Entry {
    fn agreed(self, known: &mut KnownLabels) -> Result<Agreement, String> {
        let id = self.id.parse().map_err(|err| format!("id: {err}"))?;
        match self.outlook.as_ref().map(|outlook| outlook.name.as_str()) {
            None | Some("mark-deferred") => {}
            Some("held-back") => return Ok(Agreement::LeaveAlone(id)),
            Some(other) => return Err(format!("outlook {other:?} is none that plans have")),
        }
        if LEFT_ALONE.contains(&self.action.as_str()) {
            return Ok(Agreement::LeaveAlone(id));
        }
        let named = |work: &Work| work.as_str() == self.action;
        let Some(work) = Work::ALL.into_iter().find(named) else {
            return Err(format!("action {:?} is none that plans have", self.action));
        };
        let missing = |name: &str| format!("{name} is missing: make the plan anew");
        let sum = |name: &str, text: &Option<String>| {
            let text = text.as_ref().ok_or_else(|| {
                format!("{name} is missing: an earlier version made the plan; make it anew")
            })?;
            text.parse().map_err(|why| format!("{name}: {why}"))
        };
        Ok(Agreement::To(AgreedBlock {
            id,
            work,
            contents: Contents {
                meta: sum("meta_sha256", &self.meta_sha256)?,
                objects: sum("objects_sha256", &self.objects_sha256)?,
            },
            is_marked: self.marked.ok_or_else(|| missing("marked"))?,
            group: Group {
                labels: known.shared(self.labels.ok_or_else(|| missing("labels"))?)?,
                resolution_ms: self.resolution_ms.ok_or_else(|| missing("resolution_ms"))?,
            },
            min_time_ms: self.min_time_ms.ok_or_else(|| missing("min_time_ms"))?,
        }))
    }
}

/// What is read of a file of any size without taking more memory than its parts may have.
struct Bounded<R> {
    inner: R,
    left: u64,
    text: Option<Text>,
    depth: usize,
}

/// A text that has begun.
#[derive(Clone, Copy)]
struct Text {
    bytes: usize,
    is_escaped: bool,
}

impl<R> Bounded<R> {
    fn pass(&mut self, byte: u8) -> io::Result<()> {
        let too = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
        self.text = match (self.text, byte) {
            (Some(text), _) if text.is_escaped => Some(Text {
                bytes: text.bytes + 1,
                is_escaped: false,
            }),
            (Some(_), b'"') => None,
            (Some(text), _) => Some(Text {
                bytes: text.bytes + 1,
                is_escaped: byte == b'\\',
            }),
            (None, b'"') => Some(Text {
                bytes: 0,
                is_escaped: false,
            }),
            (None, b'[' | b'{') => {
                self.depth += 1;
                None
            }
            (None, b']' | b'}') => {
                self.depth = self.depth.saturating_sub(1);
                None
            }
            (None, _) => None,
        };
        if self
            .text
            .is_some_and(|text| text.bytes > LONGEST_TEXT_BYTES)
        {
            return too("a text in it is longer than 1 MiB");
        }
        if self.depth > DEEPEST {
            return too("it is nested too deeply");
        }
        Ok(())
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 4 GiB")
        })?;
        for byte in buffer.get(..read).unwrap_or_default() {
            self.pass(*byte)?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::outcome::testing::{World, block, id};
    use crate::report::Output;
    use crate::report::testing::written;

    /// Something of every action and outlook.
    fn world() -> World {
        World::of([
            block(1),
            block(2).hours(2, 4).without("index"),
            block(3).hours(4, 6),
            block(4).label("cluster", "us-1"),
            block(5).label("cluster", "us-2"),
            block(6).label("cluster", "us-3"),
        ])
        .holding([
            block(4).label("cluster", "us-1"),
            block(5).label("cluster", "us-2").level(2),
            block(6).label("cluster", "us-3").without("index"),
        ])
    }

    fn plan() -> String {
        written(&world(), Output::Json, None)
    }

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err()
    }

    /// S-17.2
    #[test]
    fn what_is_written_is_read_back_without_what_is_left_alone() {
        let file = read(plan().as_bytes()).unwrap();
        assert_eq!((&*file.source, &*file.target), ("s3://hot", "s3://cold"));
        let work = |number| file.agreed.get(id(number)).map(|block| block.work);
        assert_eq!(work(1), Some(Work::Copy));
        assert_eq!(work(3), None, "it is held back");
        assert_eq!(work(4), Some(Work::AlreadyThere));
        assert_eq!(work(5), None, "it is a conflict");
        assert_eq!(work(6), Some(Work::Repair));
        assert_eq!(file.agreed.blocks().len(), 3);
        let with_spaces = serde_json::from_str::<serde_json::Value>(&plan()).unwrap();
        let with_spaces = serde_json::to_string_pretty(&with_spaces).unwrap();
        assert_eq!(
            read(with_spaces.as_bytes()).unwrap().agreed.blocks().len(),
            3
        );
    }

    /// S-17.2
    #[test]
    fn what_is_no_plan_of_this_version_is_refused_in_one_line() {
        let plan = plan();
        let report = plan.replace("\"kind\":\"plan\"", "\"kind\":\"report\"");
        let first = format!("{}", id(1));
        for (text, words) in [
            (String::new(), "EOF while parsing"),
            ("\0\u{1}garbage".to_owned(), "expected value"),
            ("[]".to_owned(), "expected a plan, as plan --out writes it"),
            ("{}".to_owned(), "missing field `schema_version`"),
            (report, "kind \"report\""),
            (
                plan.replace("\"schema_version\":1", "\"schema_version\":0"),
                "its schema_version is 0, and this version of the tool reads 1",
            ),
            (
                plan.replace("\"schema_version\":1", "\"schema_version\":2"),
                "make the plan anew",
            ),
            (
                plan.replace("\"meta_sha256\"", "\"meta\""),
                "meta_sha256 is missing: an earlier version",
            ),
            (
                plan.replace("\"resolution_ms\"", "\"resolution\""),
                "resolution_ms is missing: make the plan anew",
            ),
            (
                plan.replace("\"labels\"", "\"names\""),
                "labels is missing: make the plan anew",
            ),
            (
                plan.replace("\"action\":\"copy\"", "\"action\":\"delete\""),
                "action \"delete\" is none",
            ),
            (
                plan.replace(&first, &id(4).to_string()),
                "it names 01J9ZK3M7Q8T5V6W7X00000004 twice",
            ),
            (
                plan.replace(&first, &id(5).to_string()),
                "it names 01J9ZK3M7Q8T5V6W7X00000005 twice",
            ),
            (
                plan.replace(&id(3).to_string(), &id(5).to_string()),
                "it names 01J9ZK3M7Q8T5V6W7X00000005 twice",
            ),
            (plan.replace(&first, "../../etc/passwd"), "blocks[0]: id:"),
            (plan.replace(&first, "\\u001b[2J\\n"), "blocks[0]: id:"),
            (format!("{plan}{plan}"), "trailing characters"),
            (
                plan.replace("\"blocks\":[", "\"blocks\":[],\"blocks\":["),
                "duplicate field `blocks`",
            ),
            (plan.chars().take(plan.len() / 2).collect(), "EOF"),
            (
                format!("{{\"x\":{}", "[".repeat(1 << 20)),
                "nested too deeply",
            ),
            (
                format!("{{\"x\":\"{}", "a".repeat(2 << 20)),
                "longer than 1 MiB",
            ),
        ] {
            let why = refused(&text);
            assert!(why.contains(words), "{words}: {why}");
            assert!(why.len() < 1000 && !why.contains(char::is_control), "{why}");
        }
    }

    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        for endless in ["{\"x\":\"", "{\"x\":[", "["] {
            let endless = endless.as_bytes().chain(io::repeat(b'['));
            assert!(read(endless).is_err());
        }
    }
}

//! What happens to a run and to its blocks, and which line says so. Who acts knows no spelling, and who reads the file finds it all here.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::groups::GroupSeen;
use super::line::Line;
use crate::block::{BlockId, BlockMeta, Proof};
use crate::exit::Exit;
use crate::human;
use crate::outcome::{BlockEnding, Concern, MarkState, Outcome};
use crate::plan::Warning;

/// How a run begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// When.
    pub started: DateTime<Utc>,
    /// Whether nothing is written to a bucket.
    pub is_dry: bool,
    /// The source, or the one bucket that there is.
    pub source: String,
    /// The target.
    pub target: Option<String>,
    /// First samples at or after this time are too young.
    pub cutoff: Option<DateTime<Utc>>,
}

/// How a run ends.
#[derive(Debug, Clone)]
pub struct Closing<'a> {
    /// How the process is about to exit.
    pub exit: Exit,
    /// Whether everything had its turn.
    pub complete: bool,
    /// Why the whole run had to stop.
    pub aborted: Option<&'a str>,
    /// The limit that ended it.
    pub limit: Option<&'static str>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What something happens to.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A block.
    Block(BlockId),
    /// A block, and what there is to know of it.
    Known {
        /// The block.
        id: BlockId,
        /// Its `meta.json`, where that can be read.
        meta: Option<&'a BlockMeta>,
        /// How many objects make it up.
        objects: u64,
        /// Their size in bytes.
        size_bytes: u64,
    },
    /// Something that is no block: the name of an object or an upload, the block that it belongs to, and its size.
    Object(&'a str, Option<BlockId>, Option<u64>),
}

/// The end of the work on a block or an object, other than in a migration.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// How it ended, in a word.
    pub ending: &'a str,
    /// What in particular.
    pub detail: Option<&'a str>,
    /// How far it is proven.
    pub proof: Option<&'static str>,
    /// Whether a person must look at it.
    pub needs_a_person: bool,
    /// What that person can do.
    pub what_to_do: Option<&'static str>,
}

/// What happens between the beginning of a run and its end.
#[derive(Debug)]
pub enum Event<'a> {
    /// The plan stands: so much is selected, and so many are left out for which reason.
    Planned {
        /// Blocks selected.
        blocks: u64,
        /// Their size in bytes.
        size_bytes: u64,
        /// What of that is put, in bytes.
        bytes_to_put: u64,
        /// Blocks left out, by reason.
        excluded: BTreeMap<String, u64>,
    },
    /// Where a group lies, but for what the plan selects of it.
    Group(GroupSeen),
    /// Something worth knowing.
    Warned(&'a Warning),
    /// A block is left out, and a person must look at it.
    Excluded {
        /// The block.
        of: Subject<'a>,
        /// The reason, in a word.
        reason: &'static str,
        /// What in particular.
        detail: Option<&'a str>,
        /// What to do about it.
        what_to_do: &'static str,
    },
    /// A block that an earlier run marked is not held by the target.
    NotHeld {
        /// The block.
        block: BlockId,
        /// Why.
        why: &'a str,
        /// What to do about it.
        what_to_do: &'a str,
    },
    /// A block that was asked for is not there.
    Absent {
        /// The block.
        block: BlockId,
        /// In a word.
        reason: &'static str,
        /// What to do about it.
        what_to_do: &'static str,
    },
    /// Something is to be done.
    Selected {
        /// To what.
        of: Subject<'a>,
        /// What, in a word.
        action: &'static str,
        /// Why, where there is more to say.
        detail: Option<&'a str>,
        /// How many objects are to be put, and their size in bytes.
        to_put: Option<(u64, u64)>,
    },
    /// The work begins.
    Started(Subject<'a>),
    /// It is tried again after a delay.
    Retried {
        /// The block.
        block: BlockId,
        /// What is not done yet.
        not_yet: &'static str,
        /// Why: the whole chain of causes.
        why: &'a str,
        /// The delay.
        delay: Duration,
    },
    /// Objects of a block were copied, all but `meta.json`.
    Copied {
        /// The block.
        block: BlockId,
        /// Objects that this try put.
        objects: u64,
        /// Bytes that it put.
        bytes: u64,
        /// Who copied: `service` or `here`.
        by: &'static str,
        /// How long it took.
        elapsed: Duration,
    },
    /// `meta.json` was put into the target.
    Published(BlockId),
    /// `meta.json` was taken back from the target, for the block lacked objects there, and why.
    Unpublished(BlockId, &'a str),
    /// The target is shown to hold the block.
    Proven(BlockId, &'a Proof),
    /// The mark is about to be put, on that proof.
    Marking(BlockId, &'a Proof),
    /// The mark was put.
    Marked(BlockId),
    /// The work on a block of a migration has ended.
    Moved(BlockId, &'a Outcome),
    /// The work on something else has ended.
    Ended(Subject<'a>, Ended<'a>),
}

impl Event<'_> {
    /// The line that says so, but for what all lines have.
    pub(super) fn line(&self) -> Line {
        match self {
            Event::Planned {
                blocks,
                size_bytes,
                bytes_to_put,
                excluded,
            } => Line {
                blocks: Some(*blocks),
                size_bytes: Some(*size_bytes),
                bytes_to_put: Some(*bytes_to_put),
                excluded: Some(excluded.clone()),
                ..named("planned")
            },
            Event::Group(seen) => seen.line(),
            Event::Warned(warning) => Line {
                reason: Some(warning.name.to_owned()),
                detail: Some(warning.text.clone()),
                blocks: Some(warning.blocks.len() as u64),
                ..named("warned")
            },
            Event::Excluded {
                of,
                reason,
                detail,
                what_to_do,
            } => concern(of.line("excluded"), Some(reason), *detail, what_to_do),
            Event::NotHeld {
                block,
                why,
                what_to_do,
            } => concern(of_block("not-held", *block), None, Some(why), what_to_do),
            Event::Absent {
                block,
                reason,
                what_to_do,
            } => concern(of_block("absent", *block), Some(reason), None, what_to_do),
            Event::Selected {
                of,
                action,
                detail,
                to_put,
            } => Line {
                action: Some((*action).to_owned()),
                detail: detail.map(str::to_owned),
                objects_to_put: to_put.map(|(objects, _)| objects),
                bytes_to_put: to_put.map(|(_, bytes)| bytes),
                ..of.line("selected")
            },
            Event::Started(of) => of.line("started"),
            Event::Retried {
                block,
                not_yet,
                why,
                delay,
            } => Line {
                not_yet: Some((*not_yet).to_owned()),
                detail: Some((*why).to_owned()),
                delay_seconds: Some(human::seconds(*delay)),
                ..of_block("retried", *block)
            },
            Event::Copied {
                block,
                objects,
                bytes,
                by,
                elapsed,
            } => Line {
                objects_put: Some(*objects),
                bytes_sent: Some(*bytes),
                by: Some((*by).to_owned()),
                elapsed_seconds: Some(human::seconds(*elapsed)),
                ..of_block("copied", *block)
            },
            Event::Published(block) => of_block("published", *block),
            Event::Unpublished(block, why) => Line {
                detail: Some((*why).to_owned()),
                ..of_block("unpublished", *block)
            },
            Event::Proven(block, proof) => by_proof(of_block("proven", *block), proof),
            Event::Marking(block, proof) => by_proof(of_block("marking", *block), proof),
            Event::Marked(block) => Line {
                mark: Some(MarkState::Written.as_str().to_owned()),
                ..of_block("marked", *block)
            },
            Event::Moved(block, outcome) => moved(*block, outcome),
            Event::Ended(of, ended) => ended.line(of),
        }
    }
}

const FAILED: &str = "failed";

fn named(event: &str) -> Line {
    Line {
        event: event.to_owned(),
        ..Line::default()
    }
}

fn of_block(event: &str, block: BlockId) -> Line {
    Line {
        block: Some(block.to_string()),
        ..named(event)
    }
}

fn by_proof(line: Line, proof: &Proof) -> Line {
    match proof {
        Proof::Match(held) => Line {
            proof: Some(held.strength().as_str().to_owned()),
            ..line
        },
        Proof::Cover(cover) => Line {
            cover: Some(cover.by().to_string()),
            ..line
        },
    }
}

/// Of something that a person must look at.
fn concern(line: Line, reason: Option<&str>, detail: Option<&str>, what_to_do: &str) -> Line {
    Line {
        reason: reason.map(str::to_owned),
        detail: detail.map(str::to_owned),
        what_to_do: Some(what_to_do.to_owned()),
        needs_a_person: Some(true),
        ..line
    }
}

impl Ended<'_> {
    fn line(&self, of: &Subject<'_>) -> Line {
        let event = match self.ending {
            FAILED => FAILED,
            "not-finished" => "not-finished",
            _ if self.needs_a_person => "left-alone",
            _ => "done",
        };
        Line {
            ending: Some(self.ending.to_owned()),
            detail: self.detail.map(str::to_owned),
            proof: self.proof.map(str::to_owned),
            needs_a_person: Some(self.needs_a_person),
            what_to_do: self.what_to_do.map(str::to_owned),
            ..of.line(event)
        }
    }
}

fn moved(block: BlockId, outcome: &Outcome) -> Line {
    let event = match outcome.ending {
        BlockEnding::Failed => FAILED,
        BlockEnding::Conflict
        | BlockEnding::MarkedInTarget
        | BlockEnding::CoveredUnproven
        | BlockEnding::WouldOverlap => "left-alone",
        BlockEnding::HeldBack => "held-back",
        BlockEnding::MarkDeferred => "mark-deferred",
        BlockEnding::NotFinished => "not-finished",
        BlockEnding::Migrated
        | BlockEnding::Replicated
        | BlockEnding::AlreadyThere
        | BlockEnding::Repaired
        | BlockEnding::Overwritten
        | BlockEnding::Covered
        | BlockEnding::Vanished
        | BlockEnding::Superseded => "done",
    };
    Line {
        ending: Some(outcome.ending.as_str().to_owned()),
        detail: outcome.detail.clone(),
        waits_for: outcome.waits_for.map(|by| by.to_string()),
        mark: Some(outcome.mark.as_str().to_owned()),
        proof: outcome.proof.map(|proof| proof.as_str().to_owned()),
        objects_put: Some(outcome.objects_put),
        bytes_sent: Some(outcome.bytes_sent),
        elapsed_seconds: Some(human::seconds(outcome.elapsed)),
        needs_a_person: Some(outcome.ending.needs_a_person()),
        what_to_do: Concern::of_ending(outcome.ending).map(|concern| concern.advice().to_owned()),
        ..of_block(event, block)
    }
}

impl Subject<'_> {
    /// The block, where it is one.
    #[must_use]
    pub fn block(&self) -> Option<BlockId> {
        match self {
            Subject::Block(id) | Subject::Known { id, .. } => Some(*id),
            Subject::Object(..) => None,
        }
    }

    fn line(&self, event: &str) -> Line {
        match *self {
            Subject::Block(id) => of_block(event, id),
            Subject::Known {
                id,
                meta,
                objects,
                size_bytes,
            } => {
                let time = |ms| human::sample_time(ms).map(human::rfc3339);
                Line {
                    labels: meta.map(|meta| meta.group.labels.as_map().clone()),
                    resolution: meta
                        .map(|meta| human::resolution(meta.group.resolution_ms).into_owned()),
                    min_time: meta.and_then(|meta| time(meta.min_time_ms)),
                    max_time: meta.and_then(|meta| time(meta.max_time_ms)),
                    level: meta.map(|meta| meta.level),
                    objects: Some(objects),
                    size_bytes: Some(size_bytes),
                    ..of_block(event, id)
                }
            }
            Subject::Object(name, block, size_bytes) => Line {
                name: Some(name.to_owned()),
                block: block.map(|block| block.to_string()),
                size_bytes,
                ..named(event)
            },
        }
    }
}

impl Beginning {
    pub(super) fn line(&self) -> Line {
        Line {
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            dry_run: Some(self.is_dry),
            source: Some(self.source.clone()),
            target: self.target.clone(),
            cutoff: self.cutoff.map(human::rfc3339),
            process: Some(std::process::id()),
            ..named("run-begins")
        }
    }
}

impl Closing<'_> {
    pub(super) fn line(&self, endings: BTreeMap<String, u64>) -> Line {
        Line {
            exit_code: Some(self.exit.code()),
            complete: Some(self.complete),
            aborted: self.aborted.map(str::to_owned),
            signal: self.exit.signal().map(|signal| signal.as_str().to_owned()),
            limit: self.limit.map(str::to_owned),
            elapsed_seconds: Some(human::seconds(self.elapsed)),
            endings: Some(endings),
            ..named("run-ends")
        }
    }
}

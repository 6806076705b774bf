//! What happened last to each block, as far as it fits.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::attention::in_words_of_rule;
use super::deed::Deed;
use super::figures::Stood;
use super::known::Ended;
use super::outline::RuleOutline;
use crate::audit::Event;
use crate::block::BlockId;
use crate::outcome::{BlockEnding, Concern, MarkState, Outcome};
use crate::plan::Reason;

/// So many blocks are remembered: those to which something happened last.
const REMEMBERED: usize = 10_000;

/// What happened last to a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockKnown {
    /// The rule whose run it was.
    pub rule: String,
    /// What the run does.
    pub deed: Deed,
    /// The run's id.
    pub run: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, as report files spell it.
    pub event: &'static str,
    /// How the work on it ended, or why it was left out, in a word.
    pub ending: Option<String>,
    /// What in particular.
    pub detail: Option<String>,
    /// How it stands in the rule's source, as far as that is known.
    pub source: &'static str,
    /// How it stands in the rule's target, as far as that is known.
    pub target: &'static str,
    /// What a person has to do about it.
    pub what_to_do: Option<String>,
}

/// What is remembered of blocks.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    known: HashMap<BlockId, (u64, BlockKnown)>,
    /// In the order in which something happened to them last.
    order: BTreeMap<u64, BlockId>,
    count: u64,
}

impl Blocks {
    /// Remembers what happened.
    pub(super) fn note(
        &mut self,
        (rule, deed, run): (&RuleOutline, Deed, &str),
        at: DateTime<Utc>,
        event: &Event<'_>,
    ) {
        let Some((id, what)) = happened(event) else {
            return;
        };
        let before = self.known.remove(&id);
        let (source_before, target_before) = match &before {
            Some((number, known)) => {
                self.order.remove(number);
                (known.source, known.target)
            }
            None => (UNKNOWN, UNKNOWN),
        };
        let (from, to) = what.places;
        let (source, target) = match deed {
            Deed::Migrate => (from, to),
            Deed::Restore => (to, from),
        };
        let what_to_do = what.what_to_do;
        let known = BlockKnown {
            rule: rule.name.clone(),
            deed,
            run: run.to_owned(),
            at,
            event: what.event,
            ending: what.ending,
            detail: what.detail,
            source: source.unwrap_or(source_before),
            target: target.unwrap_or(target_before),
            what_to_do: what_to_do.map(|what| in_words_of_rule(what, deed, rule)),
        };
        self.count += 1;
        self.known.insert(id, (self.count, known));
        self.order.insert(self.count, id);
        if self.order.len() > REMEMBERED
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
    }

    /// What happened last to a block.
    pub(super) fn get(&self, id: BlockId) -> Option<BlockKnown> {
        self.known.get(&id).map(|(_, known)| known.clone())
    }
}

/// What the last run of a rule saw of a block to which nothing happened, as far as is remembered.
pub(super) fn as_it_stood(rule: &RuleOutline, last: &Ended, stood: Stood) -> BlockKnown {
    let (event, ending, (source, target)) = match stood {
        Stood::LeftOut(reason) => (
            "excluded",
            Some(reason.as_str()),
            (Some(place(reason)), None),
        ),
        Stood::Selected(None) => ("selected", None, (Some(LIVE), None)),
        Stood::Selected(Some(ending)) => {
            let Happened { event, places, .. } = moved(&Outcome::untouched(ending, None));
            (event, Some(ending.as_str()), places)
        }
    };
    BlockKnown {
        rule: rule.name.clone(),
        deed: Deed::Migrate,
        run: last.run.clone().unwrap_or_default(),
        at: last.at,
        event,
        ending: ending.map(str::to_owned),
        detail: None,
        source: source.unwrap_or(UNKNOWN),
        target: target.unwrap_or(UNKNOWN),
        what_to_do: None,
    }
}

/// How a block that is left out stands in the bucket that is read.
fn place(reason: Reason) -> &'static str {
    match reason {
        Reason::NoMetaJson => PARTIAL,
        Reason::MarkedForDeletion => MARKED,
        Reason::Unreadable
        | Reason::CorruptedMetaJson
        | Reason::CorruptedDeletionMark
        | Reason::Incomplete => "damaged",
        _ => LIVE,
    }
}

/// How the work on a mark that is taken back ends.
const UNMARKED: &str = "unmarked";

/// Reasons for which a block of the source is not whole.
const DAMAGED: [&str; 4] = [
    "unreadable",
    "corrupted-meta-json",
    "corrupted-deletion-mark",
    "incomplete",
];

const UNKNOWN: &str = "unknown";
const LIVE: &str = "live";
const MARKED: &str = "marked-for-deletion";
const GONE: &str = "gone";
const HELD: &str = "held";
const COVERED: &str = "covered";
const PARTIAL: &str = "partial";
const OTHER: &str = "differs";

struct Happened {
    event: &'static str,
    ending: Option<String>,
    detail: Option<String>,
    /// In the bucket that is read, and in the one that receives, where the event tells.
    places: (Option<&'static str>, Option<&'static str>),
    what_to_do: Option<String>,
}

fn plain(event: &'static str, places: (Option<&'static str>, Option<&'static str>)) -> Happened {
    Happened {
        event,
        ending: None,
        detail: None,
        places,
        what_to_do: None,
    }
}

fn happened(event: &Event<'_>) -> Option<(BlockId, Happened)> {
    let live = (Some(LIVE), None);
    let (id, what) = match event {
        Event::Planned { .. } | Event::Group(_) | Event::Warned(_) => return None,
        Event::Excluded {
            of,
            reason,
            detail,
            what_to_do,
        } => (
            of.block()?,
            Happened {
                ending: Some((*reason).to_owned()),
                detail: detail.map(str::to_owned),
                what_to_do: Some((*what_to_do).to_owned()),
                ..plain(
                    "excluded",
                    (
                        Some(if DAMAGED.contains(reason) {
                            "damaged"
                        } else {
                            LIVE
                        }),
                        None,
                    ),
                )
            },
        ),
        Event::NotHeld {
            block,
            why,
            what_to_do,
        } => (
            *block,
            Happened {
                detail: Some((*why).to_owned()),
                what_to_do: Some((*what_to_do).to_owned()),
                ..plain("not-held", (Some(MARKED), Some("not-held")))
            },
        ),
        Event::Absent {
            block,
            reason,
            what_to_do,
        } => (
            *block,
            Happened {
                ending: Some((*reason).to_owned()),
                what_to_do: Some((*what_to_do).to_owned()),
                ..plain("absent", (Some("absent"), None))
            },
        ),
        Event::Selected { of, detail, .. } => (
            of.block()?,
            Happened {
                detail: detail.map(str::to_owned),
                ..plain("selected", live)
            },
        ),
        Event::Started(of) => (of.block()?, plain("started", (None, None))),
        Event::Retried { block, why, .. } => (
            *block,
            Happened {
                detail: Some((*why).to_owned()),
                ..plain("retried", (None, None))
            },
        ),
        Event::Copied { block, .. } => (*block, plain("copied", (None, Some(PARTIAL)))),
        Event::Published(block) => (*block, plain("published", (None, Some(HELD)))),
        Event::Unpublished(block, why) => (
            *block,
            Happened {
                detail: Some((*why).to_owned()),
                ..plain("unpublished", (None, Some(PARTIAL)))
            },
        ),
        Event::Proven(block, _) => (*block, plain("proven", (None, Some(HELD)))),
        Event::Marking(block, _) => (*block, plain("marking", (None, Some(HELD)))),
        Event::Marked(block) => (*block, plain("marked", (Some(MARKED), Some(HELD)))),
        Event::Moved(block, outcome) => (*block, moved(outcome)),
        Event::Ended(of, ended) => {
            // Marks are taken back in the bucket that is about to receive the block.
            let place = (ended.ending == UNMARKED).then_some(LIVE);
            let event = if ended.needs_a_person {
                "left-alone"
            } else {
                "done"
            };
            let ended = Happened {
                ending: Some(ended.ending.to_owned()),
                detail: ended.detail.map(str::to_owned),
                what_to_do: ended.what_to_do.map(str::to_owned),
                ..plain(event, (None, place))
            };
            (of.block()?, ended)
        }
    };
    Some((id, what))
}

fn moved(outcome: &Outcome) -> Happened {
    let marked = match outcome.mark {
        MarkState::Absent => None,
        MarkState::Written | MarkState::Kept => Some(MARKED),
    };
    let (event, places) = match outcome.ending {
        BlockEnding::Migrated
        | BlockEnding::Replicated
        | BlockEnding::AlreadyThere
        | BlockEnding::Repaired
        | BlockEnding::Overwritten => ("done", (marked, Some(HELD))),
        BlockEnding::Covered => ("done", (marked, Some(COVERED))),
        BlockEnding::Vanished | BlockEnding::Superseded => ("done", (Some(GONE), None)),
        BlockEnding::MarkDeferred => ("mark-deferred", (Some(LIVE), Some(HELD))),
        BlockEnding::HeldBack => ("held-back", (Some(LIVE), None)),
        BlockEnding::Conflict | BlockEnding::CoveredUnproven | BlockEnding::WouldOverlap => {
            ("left-alone", (Some(LIVE), Some(OTHER)))
        }
        BlockEnding::MarkedInTarget => ("left-alone", (Some(LIVE), Some(MARKED))),
        BlockEnding::Failed => ("failed", (None, None)),
        BlockEnding::NotFinished => ("not-finished", (None, None)),
    };
    let concern = Concern::of_ending(outcome.ending);
    Happened {
        ending: Some(outcome.ending.as_str().to_owned()),
        detail: outcome.detail.clone(),
        what_to_do: concern.map(|concern| concern.advice().to_owned()),
        ..plain(event, places)
    }
}

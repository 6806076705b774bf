//! Where a block is, as far as its endings tell.

/// Where a block is, as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum State {
    /// Something needs a person.
    Failed,
    /// It waits for another block.
    HeldBack,
    /// It is in the source, and its turn will come.
    Hot,
    /// It is in both buckets, and is to stay in the source.
    Both,
    /// It is in the one bucket that was looked at, and whole.
    Whole,
    /// These runs have brought it to the target.
    Moved,
    /// It is in the target, whoever brought it.
    Cold,
    /// It is not there any more, and what it held is elsewhere.
    Gone,
}

impl State {
    /// In the order of a legend.
    pub(super) const ALL: [Self; 8] = [
        State::Moved,
        State::Both,
        State::Cold,
        State::Whole,
        State::Hot,
        State::HeldBack,
        State::Failed,
        State::Gone,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::HeldBack => "held back",
            State::Hot => "hot",
            State::Both => "in both",
            State::Whole => "whole",
            State::Moved => "moved",
            State::Cold => "cold",
            State::Gone => "gone",
        }
    }

    /// What it means, in a phrase.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            State::Failed => "in the source, and something has to be done first",
            State::HeldBack => "in the source until another block is dealt with",
            State::Hot => "in the source: too young, left out, or still to come",
            State::Both => "in the source and in the target, and not marked",
            State::Whole => "all there in the one bucket that was looked at",
            State::Moved => "in the target, brought or proven by these runs",
            State::Cold => "in the target since before these runs",
            State::Gone => "compacted or deleted meanwhile, or left alone",
        }
    }

    /// The name of its style.
    pub(super) fn class(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::HeldBack => "waiting",
            State::Hot => "hot",
            State::Moved | State::Both => "moved",
            State::Cold | State::Whole => "cold",
            State::Gone => "gone",
        }
    }
}

/// Endings by which it is known where a block is.
pub(super) const KNOWN: [&str; 26] = [
    "migrated",
    "replicated",
    "already-there",
    "repaired",
    "overwritten",
    "covered",
    "held",
    "target-only",
    "held-back",
    "mark-deferred",
    "vanished",
    "superseded",
    "failed",
    "not-finished",
    "unmarked",
    "undeleted",
    "is-there",
    "whole",
    "gone",
    "left-out",
    "source-only",
    "held-unmarked",
    "damaged",
    "not-held",
    "incomplete",
    "partial",
];

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
    /// These runs have brought it to the target.
    Moved,
    /// It is in the target, whoever brought it.
    Cold,
    /// It is not there any more, and what it held is elsewhere.
    Gone,
}

impl State {
    /// In the order of a legend.
    pub(super) const ALL: [Self; 6] = [
        State::Moved,
        State::Cold,
        State::Hot,
        State::HeldBack,
        State::Failed,
        State::Gone,
    ];

    /// By the word for an ending, of which it is known whether a person must look at it. Words that are not known are judged by that alone.
    pub(super) fn of_ending(ending: &str, needs_a_person: bool) -> Self {
        match ending {
            "migrated" | "replicated" | "already-there" | "repaired" | "overwritten"
            | "covered" => State::Moved,
            "held" | "target-only" => State::Cold,
            "held-back" | "mark-deferred" => State::HeldBack,
            "vanished" | "superseded" => State::Gone,
            "failed" => State::Failed,
            "not-finished" | "unmarked" | "undeleted" | "is-there" | "whole" | "gone"
            | "left-out" | "source-only" | "held-unmarked" => State::Hot,
            _ if needs_a_person => State::Failed,
            _ => State::Gone,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::HeldBack => "held back",
            State::Hot => "hot",
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
            State::Moved => "in the target, brought or proven by these runs",
            State::Cold => "in the target since before these runs",
            State::Gone => "compacted into another block meanwhile, or left alone",
        }
    }

    /// The name of its style.
    pub(super) fn class(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::HeldBack => "waiting",
            State::Hot => "hot",
            State::Moved => "moved",
            State::Cold => "cold",
            State::Gone => "gone",
        }
    }
}

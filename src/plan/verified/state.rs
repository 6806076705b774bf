//! What is said of a block: how it stands, and why.

use crate::block::Strength;

/// How a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is marked in the source for the target, and the target does not hold it.
    MarkedNotHeld,
    /// The target has some of it, and the rest is missing there.
    TornTarget,
    /// The target has something else under its id.
    Different,
    /// One bucket alone: it is published, and not all there.
    Damaged,
    /// Something that decides cannot be read.
    Unreadable,
    /// The source has it, and the target has nothing of it.
    SourceOnly,
    /// The target holds it, and the source has not marked it.
    HeldUnmarked,
    /// The run ended before it was compared.
    NotFinished,
    /// The target holds it, and it is marked in the source.
    Held,
    /// The target holds a block that was made of it.
    Covered,
    /// The target holds it, and the source has nothing of it any more.
    TargetOnly,
    /// One bucket alone: it is published, and all there.
    Whole,
    /// The source alone has it, and no migration moves it.
    LeftOut,
    /// Nothing is published under its id.
    Partial,
}

impl State {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::MarkedNotHeld => "marked-not-held",
            State::TornTarget => "torn-target",
            State::Different => "different",
            State::Damaged => "damaged",
            State::Unreadable => "unreadable",
            State::SourceOnly => "source-only",
            State::HeldUnmarked => "held-unmarked",
            State::NotFinished => "not-finished",
            State::Held => "held",
            State::Covered => "covered",
            State::TargetOnly => "target-only",
            State::Whole => "whole",
            State::LeftOut => "left-out",
            State::Partial => "partial",
        }
    }
}

/// What is said of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How it stands.
    pub state: State,
    /// Why, where there is more to say.
    pub why: Option<String>,
    /// How far the objects are known to be the same, where they were compared.
    pub proof: Option<Strength>,
}

impl Verified {
    /// Without anything more to say.
    #[must_use]
    pub fn plainly(state: State) -> Self {
        Self {
            state,
            why: None,
            proof: None,
        }
    }

    /// With why it is so.
    #[must_use]
    pub fn because(state: State, why: impl Into<String>) -> Self {
        Self {
            why: Some(why.into()),
            ..Self::plainly(state)
        }
    }
}

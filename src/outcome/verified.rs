//! What there is to say of a verification: of each block, in sum, and whether a person must look at it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::not_held::{MarkedNotHeld, rescue};
use super::opened::Deep;
use super::row::Amount;
use crate::block::{BlockId, MetaFile, RunId, Strength};
use crate::exit::{Exit, Signal};
use crate::plan::{Note, SourceBlock, State, Verified, Warning};

/// One block that was verified.
#[derive(Debug)]
pub struct VerifiedBlock {
    /// Its id.
    pub id: BlockId,
    /// Its `meta.json`: the source's, or the target's where the source has none that can be read.
    pub meta: Option<Arc<MetaFile>>,
    /// How many objects make it up, where that `meta.json` lies.
    pub objects: u64,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// What the source has of it.
    pub source: Option<Arc<SourceBlock>>,
    /// How it stands.
    pub verified: Verified,
    /// What else there is to know of it.
    pub notes: Vec<Note>,
    /// Whether it was asked for by its id.
    pub is_asked_for: bool,
}

impl VerifiedBlock {
    /// Whether a person must look at it.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        match self.verified.state {
            State::MarkedNotHeld
            | State::TornTarget
            | State::Different
            | State::Damaged
            | State::Unreadable
            | State::SourceOnly
            | State::HeldUnmarked => true,
            State::LeftOut | State::Partial => self.is_asked_for,
            State::NotFinished
            | State::Held
            | State::Covered
            | State::TargetOnly
            | State::Whole => false,
        }
    }

    /// Whether the end came before its turn.
    pub(crate) fn is_left_over(&self) -> bool {
        self.verified.state == State::NotFinished
    }

    pub(crate) fn amount(&self) -> Amount {
        Amount {
            blocks: 1,
            objects: self.objects,
            bytes: self.size_bytes,
        }
    }
}

impl State {
    /// What it means, in a phrase.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            State::MarkedNotHeld => "marked in the source, not held by the target",
            State::TornTarget => "the target lacks some of it",
            State::Different => "the target has something else under its id",
            State::Damaged => "published, and not all there",
            State::Unreadable => "something that decides cannot be read",
            State::SourceOnly => "in the source alone",
            State::HeldUnmarked => "in the target, not marked in the source",
            State::NotFinished => "not compared before the end",
            State::Held => "in the target, and marked in the source",
            State::Covered => "the target holds a block made of it",
            State::TargetOnly => "whole in the target, gone from the source",
            State::Whole => "all there, by its own meta.json",
            State::LeftOut => "in the source alone; no migration moves it",
            State::Partial => "nothing is published under its id",
        }
    }

    /// What to do about it, in a phrase; `None` where nothing is to be done.
    pub(crate) fn advice(self) -> Option<&'static str> {
        Some(match self {
            State::MarkedNotHeld => "save it with the command above, now",
            State::TornTarget => {
                "migrate puts what is missing, as long as the source has the block"
            }
            State::Different => {
                "compare both, then delete the wrong one by hand, or migrate with --overwrite-existing"
            }
            State::Damaged => "restore what is missing from a backup, or mark it for deletion",
            State::Unreadable => {
                "restore it from the archive, permit reading it, or repair it by hand"
            }
            State::SourceOnly => "migrate copies it, unless it says why not",
            State::HeldUnmarked => "migrate marks it",
            State::LeftOut | State::Partial => "asked for by --id, and no block that migrates",
            State::NotFinished
            | State::Held
            | State::Covered
            | State::TargetOnly
            | State::Whole => return None,
        })
    }
}

/// What a verification found; nothing at first.
#[derive(Debug, Default)]
pub struct Verification {
    /// How thoroughly blocks were compared; `None` where there was one bucket.
    pub content: Option<Strength>,
    /// Whether the objects of one bucket were compared with the hashes that each `meta.json` tells.
    pub hashes_were_read: bool,
    /// The run whose marks chose the blocks.
    pub of_run: Option<RunId>,
    /// By labels, time and id; those without a `meta.json` first.
    pub blocks: Vec<VerifiedBlock>,
    /// Ids that were asked for and lie in no bucket.
    pub absent_ids: Vec<BlockId>,
    /// Buckets that may not be those that were meant.
    pub warnings: Vec<Warning>,
    /// What was found in the blocks that were opened; `None` where none was to be.
    pub deep: Option<Deep>,
    /// The signal that ended it early.
    pub signal: Option<Signal>,
    /// Why it had to stop.
    pub aborted: Option<String>,
    /// How long the comparing took.
    pub elapsed: Duration,
}

impl Verification {
    /// Sorts the blocks as documents show them.
    pub fn sort(&mut self) {
        let key = |block: &VerifiedBlock| {
            let meta = block.meta.as_ref().map(|meta| &meta.block);
            let labels = meta.map(|meta| meta.group.labels.clone());
            (labels, meta.map(|meta| meta.min_time_ms), block.id)
        };
        self.blocks.sort_unstable_by_key(key);
        self.deep.iter_mut().for_each(Deep::sort);
    }

    /// Whether each block had its turn.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.signal.is_none() && self.aborted.is_none()
    }

    /// Whether a run was asked for of which no mark was found.
    #[must_use]
    pub fn lacks_the_run(&self) -> bool {
        self.of_run.is_some() && self.blocks.is_empty()
    }

    /// How many blocks and ids need a person.
    #[must_use]
    pub fn needing_a_person(&self) -> u64 {
        let blocks = self.blocks.iter().filter(|block| block.needs_a_person());
        (blocks.count() + self.absent_ids.len()) as u64
    }

    /// Whether something in an index or a chunk needs a person, or kept a block from being opened.
    #[must_use]
    pub fn is_damaged_within(&self) -> bool {
        self.deep.as_ref().is_some_and(Deep::needs_a_person)
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.aborted.is_some() {
            Exit::Aborted
        } else if let Some(signal) = self.signal {
            Exit::Stopped(signal)
        } else if self.needing_a_person() > 0 || self.lacks_the_run() || self.is_damaged_within() {
            Exit::Attention
        } else {
            Exit::Done
        }
    }

    /// Blocks, objects and bytes of each state that there is.
    pub(crate) fn by_state(&self) -> BTreeMap<State, Amount> {
        let mut by_state: BTreeMap<State, Amount> = BTreeMap::new();
        for block in &self.blocks {
            let sum = by_state.entry(block.verified.state).or_default();
            sum.add(block.amount());
        }
        by_state
    }

    /// All blocks together.
    pub(crate) fn in_all(&self) -> Amount {
        let mut sum = Amount::default();
        self.blocks.iter().for_each(|block| sum.add(block.amount()));
        sum
    }

    /// How many blocks were proven how far.
    pub(crate) fn by_proof(&self) -> BTreeMap<&'static str, u64> {
        let mut by_proof = BTreeMap::new();
        let proofs = self.blocks.iter().filter_map(|block| block.verified.proof);
        for proof in proofs {
            *by_proof.entry(proof.as_str()).or_default() += 1;
        }
        by_proof
    }

    /// How many notes of each name there are.
    pub(crate) fn by_note(&self) -> BTreeMap<&'static str, u64> {
        let mut by_note = BTreeMap::new();
        for note in self.blocks.iter().flat_map(|block| &block.notes) {
            *by_note.entry(note.name).or_default() += 1;
        }
        by_note
    }

    /// The blocks that are about to be lost.
    pub(crate) fn marked_not_held(&self) -> Vec<MarkedNotHeld<'_>> {
        let lost = self
            .blocks
            .iter()
            .filter(|block| block.verified.state == State::MarkedNotHeld);
        let rescued = lost.map(|block| {
            let why = block.verified.why.as_deref().unwrap_or_default();
            rescue(block.id, why, block.source.as_deref())
        });
        rescued.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verification(states: &[State]) -> Verification {
        let block = |(state, number): (&State, u32)| VerifiedBlock {
            id: crate::outcome::testing::id(number),
            meta: None,
            objects: 3,
            size_bytes: 10,
            source: None,
            verified: Verified::plainly(*state),
            notes: Vec::new(),
            is_asked_for: false,
        };
        Verification {
            content: Some(Strength::Checksum),
            hashes_were_read: false,
            of_run: None,
            blocks: states.iter().zip(0..).map(block).collect(),
            absent_ids: Vec::new(),
            warnings: Vec::new(),
            deep: None,
            signal: None,
            aborted: None,
            elapsed: Duration::ZERO,
        }
    }

    /// S-13.1
    #[test]
    fn the_exit_code_says_whether_all_is_well() {
        let well = [
            State::Held,
            State::Covered,
            State::TargetOnly,
            State::Whole,
            State::LeftOut,
            State::Partial,
        ];
        assert_eq!(verification(&well).exit(), Exit::Done);
        for state in [
            State::MarkedNotHeld,
            State::TornTarget,
            State::Different,
            State::Damaged,
            State::Unreadable,
            State::SourceOnly,
            State::HeldUnmarked,
        ] {
            let found = verification(&[State::Held, state]);
            assert_eq!(found.exit(), Exit::Attention, "{state:?}");
            assert!(state.advice().is_some());
        }
        let asked_for = |mut found: Verification| {
            found
                .blocks
                .iter_mut()
                .for_each(|one| one.is_asked_for = true);
            found.exit()
        };
        assert_eq!(asked_for(verification(&[State::Partial])), Exit::Attention);
        assert_eq!(asked_for(verification(&[State::Held])), Exit::Done);
        let absent = Verification {
            absent_ids: vec![crate::outcome::testing::id(1)],
            ..verification(&[])
        };
        assert_eq!(absent.exit(), Exit::Attention);
        let of_run = Verification {
            of_run: Some(RunId::generate()),
            ..verification(&[])
        };
        assert_eq!(of_run.exit(), Exit::Attention);
        let stopped = Verification {
            signal: Some(Signal::Interrupt),
            ..verification(&[State::SourceOnly])
        };
        assert_eq!(stopped.exit().code(), 130);
    }
}

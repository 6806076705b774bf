//! What was found in the index and the chunks of blocks that were opened.

use std::collections::BTreeMap;

use crate::block::BlockId;
use crate::tsdb::{Counts, Finding, Findings, Kind};

/// So many findings are kept; the others are counted.
const MOST_KEPT: usize = 10_000;

/// So many of these may be about data that is newer than its readers, for it may be in every chunk of a bucket, and hide no damage.
const MOST_NEWER_KEPT: u64 = 1000;

/// What came of opening one block.
#[derive(Debug)]
pub enum Opened {
    /// Every byte of it was read.
    Examined {
        /// What is in it.
        counts: Counts,
        /// What is wrong with it.
        findings: Findings,
    },
    /// It was not read to its end, and why. That says nothing of what is in it.
    Not(NotOpened),
}

/// Why a block was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOpened {
    /// In words.
    pub why: String,
    /// Whether a person must look at it, and not only because of its state.
    pub needs_a_person: bool,
}

/// What opening blocks came to; nothing at first.
#[derive(Debug, Default)]
pub struct Deep {
    /// How many blocks were read to their ends.
    pub blocks: u64,
    /// What is in them: bytes that were read of indices, segments and tombstones.
    pub bytes: u64,
    /// How many series they have.
    pub series: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many samples.
    pub samples: u64,
    /// What is wrong, as far as it was kept: damage first, by block, kind, file and offset.
    pub findings: Vec<(BlockId, Finding)>,
    /// How often each kind was found, what was not kept included.
    pub by_kind: BTreeMap<Kind, u64>,
    /// How many blocks are damaged within.
    pub damaged_blocks: u64,
    /// How many others hold data that is newer than what Thanos reads.
    pub newer_blocks: u64,
    /// Blocks that were not opened, by id.
    pub not_opened: Vec<(BlockId, NotOpened)>,
}

impl Deep {
    /// Takes in one block.
    pub fn add(&mut self, block: BlockId, opened: Opened) {
        let (counts, findings) = match opened {
            Opened::Examined { counts, findings } => (counts, findings),
            Opened::Not(why) => return self.not_opened.push((block, why)),
        };
        self.blocks += 1;
        self.bytes += counts.bytes;
        self.series += counts.series;
        self.chunks += counts.chunks;
        self.samples += counts.samples;
        for (kind, many) in findings.counts() {
            *self.by_kind.entry(*kind).or_default() += many;
        }
        self.damaged_blocks += u64::from(findings.is_damaged());
        let is_newer = findings.counts().contains_key(&Kind::UnreadableByThanos);
        self.newer_blocks += u64::from(is_newer && !findings.is_damaged());
        let room = MOST_KEPT.saturating_sub(self.findings.len());
        let of_newer = usize::from(self.newer_blocks <= MOST_NEWER_KEPT);
        let damage = findings.iter().filter(|one| one.kind.is_damage());
        let newer = findings.iter().filter(|one| !one.kind.is_damage());
        let kept = damage.chain(newer.take(of_newer)).take(room);
        self.findings.extend(kept.map(|one| (block, one.clone())));
    }

    /// Sorts it as documents show it.
    pub fn sort(&mut self) {
        // What was found in one block is in order.
        let key = |(block, one): &(BlockId, Finding)| (!one.kind.is_damage(), *block);
        self.findings.sort_by_key(key);
        self.not_opened.sort_by_key(|(block, _)| *block);
    }

    /// How many findings there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// How many findings were counted and not kept.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.total().saturating_sub(self.findings.len() as u64)
    }

    /// How many blocks a person must look at because they could not be opened.
    #[must_use]
    pub fn closed_blocks(&self) -> u64 {
        let closed = self.not_opened.iter();
        closed.filter(|(_, why)| why.needs_a_person).count() as u64
    }

    /// Whether a person must look at any of it.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        !self.by_kind.is_empty() || self.closed_blocks() > 0
    }
}

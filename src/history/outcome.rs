//! What became of a backfill: window by window, and in sum.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use super::windows::Range;
use crate::block::BlockId;
use crate::exit::{Exit, Signal};
use crate::human;
use crate::samples::LeftOut;

/// What became of a backfill, or what would.
#[derive(Debug, Default)]
pub struct Backfilled {
    /// Whether nothing was to be written.
    pub is_dry: bool,
    /// Which time was asked for.
    pub range: Option<Range>,
    /// What a server took and refused, where samples were written to one.
    pub written_to: Option<Delivery>,
    /// Its windows, by time.
    pub windows: Vec<WindowOutcome>,
    /// What was brought and has no place in blocks.
    pub beside: Beside,
    /// Blocks whose data was put and that were not published after all, for others were in their way.
    pub left_behind: Vec<BlockId>,
    /// What is worth knowing.
    pub warnings: Vec<String>,
    /// What ended it early.
    pub aborted: Option<String>,
    /// The signal that asked for its end.
    pub signal: Option<Signal>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What a server took, and what it refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Exemplars that it took.
    pub exemplars: u64,
    /// Metadata that it took.
    pub metadata: u64,
    /// What it refused, by kind: how many samples, and its own words.
    pub refused: BTreeMap<String, (u64, String)>,
}

/// What became of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowOutcome {
    /// Which one.
    pub range: Range,
    /// How it ended.
    pub ending: Ending,
    /// The block that holds it.
    pub block: Option<BlockId>,
    /// What went into it.
    pub sums: Sums,
    /// What there is to say of it.
    pub why: Option<String>,
}

/// How a window ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Its samples were written, and what was written is proven.
    Written,
    /// The target holds them already.
    AlreadyThere,
    /// The source has no samples in it.
    Empty,
    /// It would be asked for, and written.
    Planned,
    /// It is not written, for the target holds other blocks of its time.
    Refused,
    /// It could not be written.
    Failed,
    /// The run ended before it was.
    NotFinished,
}

/// What went into blocks, or would not fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Series.
    pub series: u64,
    /// Chunks.
    pub chunks: u64,
    /// Samples, histograms among them.
    pub samples: u64,
    /// Native histograms.
    pub histograms: u64,
    /// Samples that came again, the same.
    pub duplicates: u64,
    /// Samples that came again with another value: the first one counts.
    pub conflicting: u64,
    /// Samples that came after a later one of their series, and were put in order.
    pub out_of_order: u64,
    /// Bytes of blocks.
    pub bytes: u64,
}

/// What there was beside what went into blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Exemplars.
    pub exemplars: u64,
    /// Metric families of which it was told what they are.
    pub metadata: u64,
    /// Samples outside of the range.
    pub outside: u64,
    /// The first and the last time of all samples that came.
    pub came: Option<(i64, i64)>,
    /// Samples of payloads that no selector means.
    pub passed_over: u64,
    /// Requests to the source that were made anew.
    pub repeats: u64,
    /// What was left out, by its kind: how many, and an example.
    pub left_out: BTreeMap<&'static str, (u64, String)>,
}

impl Ending {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Written,
        Self::AlreadyThere,
        Self::Empty,
        Self::Planned,
        Self::Refused,
        Self::Failed,
        Self::NotFinished,
    ];

    /// A distinct word for each.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::AlreadyThere => "already-there",
            Self::Empty => "empty",
            Self::Planned => "planned",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::NotFinished => "not-finished",
        }
    }

    /// Whether a person should look at it.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::Refused | Self::Failed)
    }
}

impl Beside {
    /// Counts what was left out.
    pub fn leave_out(&mut self, one: LeftOut) {
        let kind = self.left_out.entry(one.kind);
        kind.or_insert((0, one.example)).0 += one.count;
    }

    /// Adds what another part of the run brought.
    pub fn merge(&mut self, other: Self) {
        self.exemplars += other.exemplars;
        self.metadata += other.metadata;
        self.outside += other.outside;
        self.passed_over += other.passed_over;
        if let Some(times) = other.came {
            self.comes(times);
        }
        self.repeats += other.repeats;
        for (kind, (count, example)) in other.left_out {
            self.left_out.entry(kind).or_insert((0, example)).0 += count;
        }
    }
}

impl Beside {
    /// Notes the first and the last time of samples that came.
    pub fn comes(&mut self, (first_ms, last_ms): (i64, i64)) {
        let (first, last) = self.came.unwrap_or((first_ms, last_ms));
        self.came = Some((first.min(first_ms), last.max(last_ms)));
    }

    /// What is worth knowing where all that came lies outside of the range.
    #[must_use]
    pub fn strays(&self, windows: &[WindowOutcome]) -> Option<String> {
        let mut windows = windows.iter();
        let is_empty = windows.all(|one| one.ending == Ending::Empty);
        let (first_ms, last_ms) = self.came.filter(|_| is_empty && self.outside > 0)?;
        let range = Range {
            start_ms: first_ms,
            end_ms: last_ms,
        };
        Some(format!(
            "all {} that the source told lie outside of the range: from {range}",
            human::count(self.outside, "sample")
        ))
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.series += other.series;
        self.chunks += other.chunks;
        self.samples += other.samples;
        self.histograms += other.histograms;
        self.duplicates += other.duplicates;
        self.conflicting += other.conflicting;
        self.out_of_order += other.out_of_order;
        self.bytes += other.bytes;
    }
}

impl Backfilled {
    /// All windows together that were written, and what a server took of those that it refused a part of or that were not finished. Series count once for each block that they
    /// are in.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        let written = self.windows.iter();
        let to_server = self.written_to.is_some();
        let counts = |window: &&WindowOutcome| {
            let is_partial =
                to_server && matches!(window.ending, Ending::Refused | Ending::NotFinished);
            window.ending == Ending::Written || is_partial
        };
        for window in written.filter(counts) {
            sums += window.sums;
        }
        sums
    }

    /// How many windows ended so.
    #[must_use]
    pub fn ended(&self, ending: Ending) -> usize {
        let windows = self.windows.iter();
        windows.filter(|window| window.ending == ending).count()
    }

    /// Whether every window was dealt with.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.aborted.is_none() && self.ended(Ending::NotFinished) == 0
    }

    /// Whether a server refused anything.
    #[must_use]
    pub fn refuses(&self) -> bool {
        let to = self.written_to.as_ref();
        to.is_some_and(|to| !to.refused.is_empty())
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let needs_a_person = |window: &WindowOutcome| window.ending.needs_a_person();
        match (self.signal, &self.aborted) {
            (Some(signal), _) if !self.is_complete() => Exit::Stopped(signal),
            (_, Some(_)) => Exit::Aborted,
            _ if self.windows.iter().any(needs_a_person) || self.refuses() => Exit::Attention,
            _ => Exit::Done,
        }
    }
}

//! Parts of one series that overlap, sample by sample: by time, and of one time in the order in which they came. What is in hand are those parts alone
//! that the time meets.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::vec;

use super::part::{Part, Samples};
use crate::samples::Sample;

/// A part, and what is known of it beside the others.
#[derive(Clone, Copy)]
pub(super) struct Came<'a> {
    pub(super) part: &'a Part,
    /// How many samples came before it.
    pub(super) before: u64,
    /// The greatest time of those.
    pub(super) latest_ms: Option<i64>,
}

/// A sample among the others.
pub(super) struct Met {
    pub(super) sample: Sample,
    /// How many came before it.
    pub(super) number: u64,
    /// Whether one of a later time did.
    pub(super) is_late: bool,
}

/// What was spooled cannot be decoded.
pub(super) struct Torn;

/// Parts in groups that do not overlap each other, by time; those of a group by their least time, and those of one in the order in which they came.
pub(super) fn overlapping(parts: &[Part]) -> Vec<Vec<Came<'_>>> {
    let (mut before, mut latest_ms) = (0, None);
    let mut all: Vec<Came<'_>> = Vec::with_capacity(parts.len());
    for part in parts {
        all.push(Came {
            part,
            before,
            latest_ms,
        });
        before += u64::from(part.samples);
        latest_ms = latest_ms.max(Some(part.max_time_ms));
    }
    all.sort_by_key(|came| came.part.min_time_ms);
    let mut groups: Vec<Vec<Came<'_>>> = Vec::with_capacity(all.len());
    let mut end = None;
    for came in all {
        match groups.last_mut() {
            Some(group) if end >= Some(came.part.min_time_ms) => group.push(came),
            _ => groups.push(vec![came]),
        }
        end = end.max(Some(came.part.max_time_ms));
    }
    groups
}

/// The samples of parts that overlap.
pub(super) struct Overlap<'a> {
    /// Those that the time has not met, by their least time.
    later: vec::IntoIter<Came<'a>>,
    met: BinaryHeap<Head<'a>>,
}

impl<'a> Overlap<'a> {
    pub(super) fn new(parts: Vec<Came<'a>>) -> Self {
        Self {
            later: parts.into_iter(),
            met: BinaryHeap::new(),
        }
    }

    /// The time of the next sample.
    pub(super) fn next_time_ms(&mut self) -> Result<Option<i64>, Torn> {
        while let Some(came) = self.later.as_slice().first() {
            let time = self.met.peek().map(Head::time_ms);
            if time.is_some_and(|time| time < came.part.min_time_ms) {
                break;
            }
            self.met.push(Head::open(*came)?);
            self.later.next();
        }
        Ok(self.met.peek().map(Head::time_ms))
    }

    /// The next sample.
    pub(super) fn next(&mut self) -> Result<Option<Met>, Torn> {
        if self.next_time_ms()?.is_none() {
            return Ok(None);
        }
        let Some(mut head) = self.met.peek_mut() else {
            return Ok(None);
        };
        Ok(Some(match head.rest.next()? {
            Some(next) => std::mem::replace(&mut head.met, next),
            None => PeekMut::pop(head).met,
        }))
    }
}

/// A part at one of its samples.
struct Head<'a> {
    met: Met,
    rest: Rest<'a>,
}

/// The samples behind it.
enum Rest<'a> {
    Sorted {
        samples: Samples<'a>,
        left: u32,
        number: u64,
        latest_ms: Option<i64>,
    },
    /// Of a part that is not: a run, which is never long.
    ToBeSorted(vec::IntoIter<Met>),
}

impl<'a> Head<'a> {
    fn open(came: Came<'a>) -> Result<Self, Torn> {
        let mut rest = Rest::Sorted {
            samples: came.part.samples(),
            left: came.part.samples,
            number: came.before,
            latest_ms: came.latest_ms,
        };
        if !came.part.is_sorted {
            let mut latest_ms = came.latest_ms;
            let mut all = Vec::with_capacity(came.part.samples as usize);
            while let Some(mut met) = rest.next()? {
                met.is_late = latest_ms > Some(met.sample.time_ms);
                latest_ms = latest_ms.max(Some(met.sample.time_ms));
                all.push(met);
            }
            // Those of one time stay in the order in which they came.
            all.sort_by_key(|met| met.sample.time_ms);
            rest = Rest::ToBeSorted(all.into_iter());
        }
        let met = rest.next()?.ok_or(Torn)?;
        Ok(Self { met, rest })
    }

    fn time_ms(&self) -> i64 {
        self.met.sample.time_ms
    }
}

impl Rest<'_> {
    fn next(&mut self) -> Result<Option<Met>, Torn> {
        match self {
            Self::ToBeSorted(all) => Ok(all.next()),
            Self::Sorted { left: 0, .. } => Ok(None),
            Self::Sorted {
                samples,
                left,
                number,
                latest_ms,
            } => {
                let sample = samples.next().ok_or(Torn)?;
                let met = Met {
                    is_late: *latest_ms > Some(sample.time_ms),
                    sample,
                    number: *number,
                };
                *left -= 1;
                *number += 1;
                Ok(Some(met))
            }
        }
    }
}

/// The greatest is the one to be taken first: of the least time, and of one time the one that came first.
impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |head: &Self| (head.time_ms(), head.met.number);
        key(other).cmp(&key(self))
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_> {}

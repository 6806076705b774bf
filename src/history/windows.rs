//! The windows of time that blocks are made of.

use std::fmt;

use chrono::{DateTime, SecondsFormat};

use crate::duration;
use crate::error::{Error, Result};

/// A range of time: its end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// In milliseconds since the epoch.
    pub start_ms: i64,
    /// The first millisecond after it.
    pub end_ms: i64,
}

/// How long the blocks are that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockDuration {
    /// So many milliseconds, a multiple of two hours.
    Ms(i64),
    /// As long as the whole range: one block.
    Range,
}

/// What Prometheus writes from its head.
pub(super) const TWO_HOURS_MS: i64 = 2 * 60 * 60 * 1000;

/// A year and a bit more: no block is longer.
const LONGEST_MS: i64 = 400 * 24 * 60 * 60 * 1000;

impl Range {
    /// Whether it is part of it.
    #[must_use]
    pub fn contains(self, time_ms: i64) -> bool {
        (self.start_ms..self.end_ms).contains(&time_ms)
    }

    /// Whether both have a millisecond in common.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.start_ms < other.end_ms && other.start_ms < self.end_ms
    }
}

/// `2024-01-01T00:00:00Z to 2024-01-01T02:00:00Z`
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |ms: i64| match DateTime::from_timestamp_millis(ms) {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            None => format!("{ms} ms"),
        };
        write!(f, "{} to {}", time(self.start_ms), time(self.end_ms))
    }
}

impl BlockDuration {
    /// Reads `2h`, a multiple of it such as `1d`, or `range`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = "expected 2h, a multiple of it such as 8h, 2d or 14d, or range for one block";
        if text.trim() == "range" {
            return Ok(Self::Range);
        }
        let read = duration::parse(text.trim()).map_err(|_| Error::usage(wrong))?;
        let ms = i64::try_from(read.as_millis()).unwrap_or(i64::MAX);
        if ms == 0 || ms % TWO_HOURS_MS != 0 || ms > LONGEST_MS {
            return Err(Error::usage(wrong));
        }
        Ok(Self::Ms(ms))
    }
}

/// The windows of a range, aligned as Prometheus aligns its blocks: at multiples of their length since the epoch. The first and the last one are
/// cut where the range is.
#[derive(Debug, Clone)]
pub struct Windows {
    range: Range,
    next_ms: i64,
    length: BlockDuration,
}

impl Windows {
    /// Those of that range.
    #[must_use]
    pub fn of(range: Range, length: BlockDuration) -> Self {
        Self {
            range,
            next_ms: range.start_ms,
            length,
        }
    }
}

impl Iterator for Windows {
    type Item = Range;

    fn next(&mut self) -> Option<Range> {
        let start_ms = self.next_ms;
        if start_ms >= self.range.end_ms {
            return None;
        }
        let end_ms = match self.length {
            BlockDuration::Range => self.range.end_ms,
            BlockDuration::Ms(length) => {
                let number = start_ms.div_euclid(length).saturating_add(1);
                number.saturating_mul(length).min(self.range.end_ms)
            }
        };
        self.next_ms = end_ms;
        Some(Range { start_ms, end_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_aligned_and_cut_where_the_range_is() {
        const HOUR: i64 = 3_600_000;
        for (start, end, length, expected) in [
            (
                0,
                4 * HOUR,
                BlockDuration::Ms(2 * HOUR),
                vec![0, 2 * HOUR, 4 * HOUR],
            ),
            (
                HOUR,
                5 * HOUR,
                BlockDuration::Ms(2 * HOUR),
                vec![HOUR, 2 * HOUR, 4 * HOUR, 5 * HOUR],
            ),
            (-HOUR, 1, BlockDuration::Ms(2 * HOUR), vec![-HOUR, 0, 1]),
            (1, 100 * HOUR, BlockDuration::Range, vec![1, 100 * HOUR]),
            (5, 5, BlockDuration::Range, vec![]),
            (5, 5, BlockDuration::Ms(2 * HOUR), vec![]),
        ] {
            let range = Range {
                start_ms: start,
                end_ms: end,
            };
            let windows: Vec<_> = Windows::of(range, length).collect();
            let expected: Vec<_> = expected
                .iter()
                .zip(expected.iter().skip(1))
                .map(|(start, end)| Range {
                    start_ms: *start,
                    end_ms: *end,
                })
                .collect();
            assert_eq!(windows, expected);
        }
    }

    #[test]
    fn lengths_of_blocks_are_multiples_of_two_hours() {
        for (text, expected) in [
            ("2h", Some(BlockDuration::Ms(TWO_HOURS_MS))),
            ("120m", Some(BlockDuration::Ms(TWO_HOURS_MS))),
            ("14d", Some(BlockDuration::Ms(14 * 12 * TWO_HOURS_MS))),
            ("range", Some(BlockDuration::Range)),
            ("3h", None),
            ("0", None),
            ("2y", None),
            ("all", None),
            ("", None),
        ] {
            assert_eq!(BlockDuration::parse(text).ok(), expected, "{text}");
        }
    }
}

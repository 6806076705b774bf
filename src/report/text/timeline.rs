//! Time from left to right: a letter for each span of it, below an axis with dates.

use std::cmp::Ordering;

use crate::human;
use crate::map::{Interval, Range, State};

/// A span of time, and how many characters it has.
#[derive(Clone, Copy)]
pub(super) struct Timeline {
    range: Range,
    width: usize,
}

/// What one character shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A time before or after all blocks.
    Outside,
    /// Where the blocks of most of its time are; a gap, wherever there is one in it.
    In(State),
    /// Groups that are summed up are in different places.
    Mixed,
}

impl Cell {
    fn letter(self) -> char {
        match self {
            Cell::Outside => ' ',
            Cell::In(State::Hot) => '#',
            Cell::In(State::Both) => '=',
            Cell::In(State::Cold) => '-',
            Cell::In(State::Gap) => 'x',
            Cell::Mixed => '*',
        }
    }

    /// One character for two groups: a gap of the one says nothing where the other has blocks.
    pub(super) fn and(self, other: Self) -> Self {
        match self.weight().cmp(&other.weight()) {
            Ordering::Less => other,
            Ordering::Greater => self,
            Ordering::Equal if self == other => self,
            Ordering::Equal => Cell::Mixed,
        }
    }

    fn weight(self) -> u8 {
        match self {
            Cell::Outside => 0,
            Cell::In(State::Gap) => 1,
            Cell::In(State::Hot | State::Both | State::Cold) | Cell::Mixed => 2,
        }
    }
}

/// As they are drawn.
pub(super) fn drawn(cells: &[Cell]) -> String {
    let letters: String = cells.iter().map(|cell| cell.letter()).collect();
    letters.trim_end().to_owned()
}

impl Timeline {
    pub(super) fn new(range: Range, width: usize) -> Self {
        Self { range, width }
    }

    /// A character for each part of the time.
    pub(super) fn cells(self, intervals: &[Interval]) -> Vec<Cell> {
        let mut times = vec![[0_i128; 4]; self.width];
        let span = self.span();
        for interval in intervals {
            // So that each character is exactly one span long.
            let (from, to) = (
                self.scaled(interval.range.min_ms),
                self.scaled(interval.range.max_ms),
            );
            let first = usize::try_from(from / span).unwrap_or_default();
            let cells = times.iter_mut().enumerate().skip(first);
            for (place, times) in cells {
                let begins = i128::try_from(place).unwrap_or_default() * span;
                if begins >= to {
                    break;
                }
                let time = to.min(begins + span) - from.max(begins);
                let [hot, both, cold, gap] = times;
                match interval.state {
                    State::Hot => *hot += time,
                    State::Both => *both += time,
                    State::Cold => *cold += time,
                    State::Gap => *gap += time,
                }
            }
        }
        times.into_iter().map(cell).collect()
    }

    /// The axis: dates at the places where their signs stand.
    pub(super) fn axis(self) -> String {
        const DAYS: i64 = 24 * 60 * 60 * 1000;
        let in_days = self.range.length_ms() >= 8 * DAYS;
        let told = |ms| {
            if in_days {
                human::sample_day(ms)
            } else {
                human::sample_minute(ms)
            }
        };
        let last = format!("{}|", told(self.range.max_ms));
        let each = last.chars().count() + 5;
        let room = self.width.saturating_sub(last.chars().count());
        let mut axis = String::new();
        for tick in 0..(room / each).max(1) {
            let place = tick * each;
            let sign = format!("|{}", told(self.time_at(place)));
            // Times that no calendar has are longer than others.
            let is_free = axis.chars().count() < place && place + sign.chars().count() < room;
            if tick == 0 || is_free {
                axis = format!("{axis:<place$}{sign}");
            }
        }
        let left = self.width.saturating_sub(axis.chars().count());
        // A line that is too short shows where it begins.
        if left >= last.chars().count() {
            axis = format!("{axis}{last:>left$}");
        }
        axis
    }

    /// A sign below the axis, with words; `None` where that time is not on it.
    pub(super) fn sign(self, ms: i64, words: &str) -> Option<String> {
        let is_on_it = self.range.min_ms <= ms && ms <= self.range.max_ms;
        if !is_on_it {
            return None;
        }
        let place = usize::try_from(self.scaled(ms) / self.span()).unwrap_or_default();
        let place = place.min(self.width.saturating_sub(1));
        let behind = place + 2 + words.chars().count();
        Some(
            if behind <= self.width || place < words.chars().count() + 1 {
                format!("{:place$}^ {words}", "")
            } else {
                let before = place - 1;
                format!("{words:>before$} ^")
            },
        )
    }

    fn span(self) -> i128 {
        (i128::from(self.range.max_ms) - i128::from(self.range.min_ms)).max(1)
    }

    fn scaled(self, ms: i64) -> i128 {
        let since = i128::from(ms) - i128::from(self.range.min_ms);
        since.max(0) * i128::try_from(self.width).unwrap_or_default()
    }

    fn time_at(self, place: usize) -> i64 {
        let place = i128::try_from(place).unwrap_or_default();
        let width = i128::try_from(self.width).unwrap_or_default().max(1);
        let after = self.span() * place / width;
        let at = i128::from(self.range.min_ms) + after;
        i64::try_from(at).unwrap_or(self.range.max_ms)
    }
}

fn cell([hot, both, cold, gap]: [i128; 4]) -> Cell {
    if gap > 0 {
        return Cell::In(State::Gap);
    }
    let states = [(hot, State::Hot), (both, State::Both), (cold, State::Cold)];
    match states.into_iter().max_by_key(|(time, _)| *time) {
        Some((time, state)) if time > 0 => Cell::In(state),
        _ => Cell::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;
    /// 2025-01-02.
    const START: i64 = 1_735_776_000_000;

    fn days(min: i64, max: i64) -> Range {
        Range {
            min_ms: START + min * DAY,
            max_ms: START + max * DAY,
        }
    }

    fn interval(state: State, min: i64, max: i64) -> Interval {
        Interval {
            state,
            range: days(min, max),
        }
    }

    /// S-15.10
    #[test]
    fn a_bar_shows_where_most_of_a_time_is_and_every_gap() {
        let bar = |width, intervals: &[Interval]| {
            drawn(&Timeline::new(days(0, 100), width).cells(intervals))
        };
        let all = [
            interval(State::Cold, 10, 30),
            interval(State::Both, 30, 50),
            interval(State::Gap, 50, 51),
            interval(State::Hot, 51, 90),
        ];
        assert_eq!(bar(10, &all), " --==x###");
        assert_eq!(bar(20, &all), "  ----====x#######");
        let short = [interval(State::Cold, 0, 14), interval(State::Hot, 14, 26)];
        assert_eq!(bar(10, &short), "-##");
        assert_eq!(bar(10, &[]), "");
        assert_eq!(bar(0, &all), "");
    }

    /// S-15.10
    #[test]
    fn characters_of_several_groups_are_one_where_they_agree() {
        let (hot, cold) = (Cell::In(State::Hot), Cell::In(State::Cold));
        let gap = Cell::In(State::Gap);
        for (one, other, expected) in [
            (hot, hot, '#'),
            (hot, Cell::Outside, '#'),
            (gap, hot, '#'),
            (gap, Cell::Outside, 'x'),
            (hot, cold, '*'),
            (Cell::Mixed, hot, '*'),
            (Cell::Outside, Cell::Outside, ' '),
        ] {
            assert_eq!(one.and(other).letter(), expected);
            assert_eq!(other.and(one).letter(), expected);
        }
    }

    /// S-15.10
    #[test]
    fn an_axis_has_dates_where_they_are() {
        let axis = |range, width| Timeline::new(range, width).axis();
        assert_eq!(
            axis(days(0, 152), 76),
            "|2025-01-02     |2025-02-03     |2025-03-07     |2025-04-08      2025-06-03|"
        );
        assert_eq!(
            axis(days(0, 152), 36),
            "|2025-01-02              2025-06-03|"
        );
        assert_eq!(
            axis(days(0, 2), 76),
            "|2025-01-02 00:00     |2025-01-02 13:53                    2025-01-04 00:00|"
        );
        assert_eq!(axis(days(0, 2), 20), "|2025-01-02 00:00");
        let line = Timeline::new(days(0, 100), 20);
        let sign = |day| line.sign(START + day * DAY, "due");
        assert_eq!(sign(50).as_deref(), Some("          ^ due"));
        assert_eq!(sign(99).as_deref(), Some("               due ^"));
        assert_eq!(sign(100).as_deref(), Some("               due ^"));
        assert_eq!(sign(101), None);
    }

    #[test]
    fn times_beyond_all_reason_are_no_panic() {
        let range = Range {
            min_ms: i64::MIN,
            max_ms: i64::MAX,
        };
        for width in [36, 76, 156] {
            let axis = Timeline::new(range, width).axis();
            assert!(axis.chars().count() <= width, "{axis}");
            assert!(axis.starts_with("|-9223372036854775808 ms"), "{axis}");
        }
        let line = Timeline::new(range, 76);
        let all = Interval {
            state: State::Hot,
            range,
        };
        assert_eq!(drawn(&line.cells(&[all])), "#".repeat(76));
        assert!(!line.axis().is_empty());
    }
}

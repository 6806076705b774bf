//! For which time a group has blocks, and where.

/// What is shorter is no gap: the first sample of a block comes up to one interval of scraping after the last one before it, and Prometheus lets
/// none be longer than this.
pub const LEAST_GAP: i64 = 5 * 60 * 1000;

/// A span of time, in milliseconds since the epoch; its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// Where it begins.
    pub min_ms: i64,
    /// Where it ends.
    pub max_ms: i64,
}

impl Range {
    /// How long it is, in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        self.max_ms.saturating_sub(self.min_ms)
    }
}

/// Where the blocks of a time are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// In the source alone.
    Hot,
    /// In both.
    Both,
    /// In the target alone.
    Cold,
    /// In neither.
    Gap,
}

impl State {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Hot => "hot",
            State::Both => "both",
            State::Cold => "cold",
            State::Gap => "gap",
        }
    }
}

/// A span of time in which blocks are in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Where they are.
    pub state: State,
    /// From when to when.
    pub range: Range,
}

/// The time from the first block to the last one, without a hole and without two neighbours of one state: blocks of the source and of the target,
/// in any order.
pub(super) fn intervals(hot: Vec<Range>, cold: Vec<Range>) -> Vec<Interval> {
    let (hot, cold) = (united(hot), united(cold));
    let ends = hot.iter().chain(&cold);
    let mut ends: Vec<i64> = ends
        .flat_map(|range| [range.min_ms, range.max_ms])
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let mut hot = hot.into_iter().peekable();
    let mut cold = cold.into_iter().peekable();
    let mut intervals = Vec::new();
    for pair in ends.windows(2) {
        let [min_ms, max_ms] = *pair else { continue };
        while hot.next_if(|range| range.max_ms <= min_ms).is_some() {}
        while cold.next_if(|range| range.max_ms <= min_ms).is_some() {}
        let is_hot = hot.peek().is_some_and(|range| range.min_ms <= min_ms);
        let is_cold = cold.peek().is_some_and(|range| range.min_ms <= min_ms);
        let state = match (is_hot, is_cold) {
            (true, false) => State::Hot,
            (true, true) => State::Both,
            (false, true) => State::Cold,
            (false, false) => State::Gap,
        };
        go_on(&mut intervals, state, Range { min_ms, max_ms });
    }
    intervals
}

/// Adds what comes next; what is too short to be a gap belongs to what came before it.
fn go_on(intervals: &mut Vec<Interval>, state: State, range: Range) {
    let is_none = state == State::Gap && range.length_ms() < LEAST_GAP;
    match intervals.last_mut() {
        Some(last) if is_none || last.state == state => last.range.max_ms = range.max_ms,
        _ => intervals.push(Interval { state, range }),
    }
}

/// The same time in as few ranges as can be; those without any time are left out.
fn united(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.retain(|range| range.min_ms < range.max_ms);
    ranges.sort_unstable();
    let mut united: Vec<Range> = Vec::new();
    for range in ranges {
        match united.last_mut() {
            Some(last) if range.min_ms.saturating_sub(last.max_ms) < LEAST_GAP => {
                last.max_ms = last.max_ms.max(range.max_ms);
            }
            _ => united.push(range),
        }
    }
    united
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn ranges(hours: &[(i64, i64)]) -> Vec<Range> {
        let range = |(min, max): &(i64, i64)| Range {
            min_ms: min * HOUR,
            max_ms: max * HOUR,
        };
        hours.iter().map(range).collect()
    }

    fn told(hot: &[(i64, i64)], cold: &[(i64, i64)]) -> Vec<(&'static str, i64, i64)> {
        let intervals = intervals(ranges(hot), ranges(cold)).into_iter();
        intervals
            .map(|one| {
                let Range { min_ms, max_ms } = one.range;
                (one.state.as_str(), min_ms / HOUR, max_ms / HOUR)
            })
            .collect()
    }

    /// S-15.3
    #[test]
    fn time_is_hot_cold_both_or_a_gap() {
        for (hot, cold, expected) in [
            (&[][..], &[][..], vec![]),
            (&[(0, 2)], &[], vec![("hot", 0, 2)]),
            (&[], &[(0, 2)], vec![("cold", 0, 2)]),
            (&[(0, 2), (2, 4)], &[], vec![("hot", 0, 4)]),
            (&[(2, 4), (0, 2), (1, 3)], &[], vec![("hot", 0, 4)]),
            (
                &[(2, 6)],
                &[(0, 4)],
                vec![("cold", 0, 2), ("both", 2, 4), ("hot", 4, 6)],
            ),
            (
                &[(0, 2), (6, 8)],
                &[],
                vec![("hot", 0, 2), ("gap", 2, 6), ("hot", 6, 8)],
            ),
            (
                &[(6, 8)],
                &[(0, 2)],
                vec![("cold", 0, 2), ("gap", 2, 6), ("hot", 6, 8)],
            ),
            (&[(0, 2), (4, 6)], &[(0, 6)], {
                vec![("both", 0, 2), ("cold", 2, 4), ("both", 4, 6)]
            }),
            (&[(5, 5), (7, 3)], &[(1, 1)], vec![]),
        ] {
            assert_eq!(told(hot, cold), expected, "{hot:?} {cold:?}");
        }
    }

    /// S-15.3
    #[test]
    fn a_scrape_that_comes_a_little_later_leaves_no_gap() {
        let range = |min_ms, max_ms| Range { min_ms, max_ms };
        let states = |pause| {
            let cold = vec![range(0, HOUR)];
            let hot = vec![
                range(HOUR + pause, 2 * HOUR),
                range(2 * HOUR + pause, 3 * HOUR),
            ];
            let found = intervals(hot, cold);
            found.iter().map(|one| one.state).collect::<Vec<_>>()
        };
        assert_eq!(states(LEAST_GAP - 1), [State::Cold, State::Hot]);
        let gaps = [State::Cold, State::Gap, State::Hot, State::Gap, State::Hot];
        assert_eq!(states(LEAST_GAP), gaps);
    }

    /// S-15.3
    #[test]
    fn whatever_the_blocks_intervals_cover_all_of_their_time_and_say_where_it_is() {
        let mut random = crate::map::testing::Random::new(15);
        for _ in 0..2000 {
            let mut blocks = |most| -> Vec<Range> {
                let many = random.below(most);
                let one = |_| {
                    let min_ms = i64::try_from(random.below(40)).unwrap_or_default() * HOUR;
                    let length = i64::try_from(random.below(6)).unwrap_or_default() * HOUR;
                    Range {
                        min_ms,
                        max_ms: min_ms + length,
                    }
                };
                (0..many).map(one).collect()
            };
            let (hot, cold) = (blocks(12), blocks(12));
            let found = intervals(hot.clone(), cold.clone());
            let all = || hot.iter().chain(&cold).filter(|one| one.length_ms() > 0);
            let first = all().map(|one| one.min_ms).min();
            let last = all().map(|one| one.max_ms).max();
            assert_eq!(found.first().map(|one| one.range.min_ms), first);
            assert_eq!(found.last().map(|one| one.range.max_ms), last);
            for (one, next) in found.iter().zip(found.iter().skip(1)) {
                assert_eq!(one.range.max_ms, next.range.min_ms);
                assert_ne!(one.state, next.state);
            }
            for interval in &found {
                let holds = |blocks: &[Range], ms| {
                    let mut blocks = blocks.iter();
                    blocks.any(|one| one.min_ms <= ms && ms < one.max_ms)
                };
                let mut ms = interval.range.min_ms;
                while ms < interval.range.max_ms {
                    let expected = match (holds(&hot, ms), holds(&cold, ms)) {
                        (true, false) => State::Hot,
                        (true, true) => State::Both,
                        (false, true) => State::Cold,
                        (false, false) => State::Gap,
                    };
                    assert_eq!(interval.state, expected, "{hot:?} {cold:?} {ms}");
                    ms += HOUR / 2;
                }
            }
        }
    }

    #[test]
    fn times_beyond_all_reason_are_no_panic() {
        let range = |min_ms, max_ms| Range { min_ms, max_ms };
        let all = vec![range(i64::MIN, i64::MIN + 1), range(i64::MAX - 1, i64::MAX)];
        assert_eq!(intervals(all.clone(), all).len(), 3);
    }
}

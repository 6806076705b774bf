//! Where the blocks of each group are, over the time of their samples: two lanes, one for each bucket, in so many equal steps.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Chronicle, place};
use super::seen::{Amount, BlockSeen, ByState, Side, Told};
use super::standing::{Standing, standing};
use super::state::State;
use super::ways::Ways;

/// So many steps: more would be narrower than a line.
pub(super) const STEPS: usize = 200;
/// So many groups have rows of their own.
const ROWS: usize = 40;

/// The lanes of all groups that are shown, over one span of time.
pub(super) struct Timeline {
    /// First sample and end; `None` where no time is known.
    pub(super) range_ms: Option<(i64, i64)>,
    pub(super) rows: Vec<Row>,
}

/// One group, or all that are left out.
pub(super) struct Row {
    /// Its labels and resolution; `None` of those that have no rows of their own.
    pub(super) name: Option<(String, String)>,
    /// How many groups it stands for.
    pub(super) groups: usize,
    pub(super) amounts: ByState,
    /// In the source.
    pub(super) upper: Vec<Bar>,
    /// In the target.
    pub(super) lower: Vec<Bar>,
}

/// Neighbouring steps of one lane that show the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) state: State,
    /// Of [`STEPS`].
    pub(super) first: usize,
    /// The first that is no longer in it.
    pub(super) end: usize,
}

/// What there is in each step, worst first.
type Lane = Vec<BTreeSet<State>>;

struct Lanes {
    upper: Lane,
    lower: Lane,
}

struct Scale {
    begin_ms: i64,
    end_ms: i64,
}

impl Scale {
    /// The steps that a time range meets.
    fn steps(&self, (begin, end): (i64, i64)) -> std::ops::Range<usize> {
        let whole = i128::from(self.end_ms) - i128::from(self.begin_ms);
        let most = i128::try_from(STEPS).unwrap_or(i128::MAX);
        let at = |ms: i64| (i128::from(ms) - i128::from(self.begin_ms)) * most / whole.max(1);
        let (first, last) = (at(begin), at(end.saturating_sub(1)));
        let within = |step: i128| usize::try_from(step.clamp(0, most - 1)).unwrap_or_default();
        within(first)..within(last.max(first)) + 1
    }
}

/// A block on one way.
pub(super) struct Placed<'a> {
    pub(super) block: &'a BlockSeen,
    pub(super) standing: Standing<'a>,
}

impl Placed<'_> {
    fn state(&self) -> Option<State> {
        self.standing.state
    }
}

impl Timeline {
    /// Of one way, on which these blocks are known by lines of their own.
    pub(super) fn of(
        chronicle: &Chronicle,
        ways: &Ways<'_>,
        way: usize,
        blocks: &[Placed<'_>],
    ) -> Self {
        let plan = ways.all.get(way).and_then(|way| way.plan);
        let again = told_again(chronicle, ways, way, blocks);
        let rests: BTreeMap<u32, Rests> = (0_u32..)
            .zip(&chronicle.groups)
            .filter_map(|(group, seen)| {
                let again = again.get(&group).cloned().unwrap_or_default();
                Some((group, again.rests_of(seen.told_by(plan)?)))
            })
            .collect();
        let range_ms = range(blocks, &rests);
        let known = groups(blocks, &rests);
        let shown = shown(blocks, &rests);
        let mut names: Vec<u32> = shown.iter().copied().collect();
        names.sort_by_key(|group| chronicle.groups.get(place(*group)).map(|seen| &seen.key));
        let row_of: BTreeMap<u32, usize> = names.iter().copied().zip(0..).collect();
        let mut rows: Vec<(Row, Lanes)> = names
            .iter()
            .filter_map(|group| chronicle.groups.get(place(*group)))
            .map(|seen| {
                let name = (seen.key.labels.clone(), seen.key.resolution.clone());
                (Row::empty(Some(name), 1), Lanes::empty())
            })
            .collect();
        rows.push((Row::empty(None, known.len() - shown.len()), Lanes::empty()));
        let last = rows.len() - 1;
        let scale = range_ms.map(|(begin_ms, end_ms)| Scale { begin_ms, end_ms });
        for placed in blocks {
            let (Some(state), block) = (placed.state(), placed.block) else {
                continue;
            };
            let row = block.group.and_then(|group| row_of.get(&group));
            let Some((row, lanes)) = rows.get_mut(row.copied().unwrap_or(last)) else {
                continue;
            };
            row.amounts
                .entry(state)
                .or_default()
                .add(1, block.size_bytes);
            if let (Some(scale), Some(range)) = (&scale, block.range_ms) {
                lanes.draw(state, scale.steps(range));
            }
        }
        for (group, rests) in &rests {
            let row = row_of.get(group).copied().unwrap_or(last);
            let Some((row, lanes)) = rows.get_mut(row) else {
                continue;
            };
            for (state, rest) in [(State::Hot, &rests.hot), (State::Cold, &rests.cold)] {
                if rest.blocks > 0 {
                    let sum = row.amounts.entry(state).or_default();
                    sum.add(rest.blocks, rest.size_bytes);
                }
                for span in &rest.spans_ms {
                    if let Some(scale) = &scale {
                        lanes.draw(state, scale.steps(*span));
                    }
                }
            }
        }
        let rows = rows.into_iter().map(|(row, lanes)| Row {
            upper: bars(&lanes.upper),
            lower: bars(&lanes.lower),
            ..row
        });
        Self {
            range_ms,
            rows: rows.filter(|row| !row.amounts.is_empty()).collect(),
        }
    }
}

/// What of a group the plan that stands counted and is not known by lines of its own.
struct Rests {
    hot: Side,
    cold: Side,
}

impl Row {
    fn empty(name: Option<(String, String)>, groups: usize) -> Self {
        Self {
            name,
            groups,
            amounts: ByState::new(),
            upper: Vec::new(),
            lower: Vec::new(),
        }
    }
}

impl Lanes {
    fn empty() -> Self {
        Self {
            upper: vec![BTreeSet::new(); STEPS],
            lower: vec![BTreeSet::new(); STEPS],
        }
    }

    fn draw(&mut self, state: State, steps: std::ops::Range<usize>) {
        let (is_upper, is_lower) = match state {
            State::Failed | State::HeldBack | State::Hot | State::Whole => (true, false),
            State::Moved | State::Cold => (false, true),
            State::Both => (true, true),
            State::Gone => (false, false),
        };
        for (_, lane) in [(is_upper, &mut self.upper), (is_lower, &mut self.lower)]
            .into_iter()
            .filter(|(is_drawn, _)| *is_drawn)
        {
            for step in lane.get_mut(steps.clone()).unwrap_or_default() {
                step.insert(state);
            }
        }
    }
}

/// What is worst in a step is what it shows, so that one failure among a thousand blocks is seen.
fn bars(lane: &Lane) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (step, states) in lane.iter().enumerate() {
        let Some(state) = states.first() else {
            continue;
        };
        match bars.last_mut() {
            Some(bar) if bar.state == *state && bar.end == step => bar.end = step + 1,
            _ => bars.push(Bar {
                state: *state,
                first: step,
                end: step + 1,
            }),
        }
    }
    bars
}

fn range(blocks: &[Placed<'_>], rests: &BTreeMap<u32, Rests>) -> Option<(i64, i64)> {
    let placed = blocks.iter().filter(|placed| placed.state().is_some());
    let of_blocks = placed.filter_map(|placed| placed.block.range_ms);
    let told = rests.values();
    let of_sides = told.flat_map(|rests| rests.hot.spans_ms.iter().chain(&rests.cold.spans_ms));
    let ranges = of_blocks.chain(of_sides.copied());
    ranges
        .filter(|(begin, end)| begin < end)
        .reduce(|(begin, end), (other, other_end)| (begin.min(other), end.max(other_end)))
}

/// The groups of which there is anything, each with how much needs a person, and its bytes.
fn groups(blocks: &[Placed<'_>], rests: &BTreeMap<u32, Rests>) -> BTreeMap<u32, (u64, u64)> {
    let mut sums: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (group, rests) in rests {
        if rests.hot.blocks + rests.cold.blocks > 0 {
            let bytes = rests.hot.size_bytes.saturating_add(rests.cold.size_bytes);
            sums.insert(*group, (0, bytes));
        }
    }
    for placed in blocks.iter().filter(|placed| placed.state().is_some()) {
        let Some(group) = placed.block.group else {
            continue;
        };
        let (bad, bytes) = sums.entry(group).or_default();
        *bad += u64::from(placed.state() == Some(State::Failed));
        *bytes = bytes.saturating_add(placed.block.size_bytes);
    }
    sums
}

/// The groups that have rows: those in which something needs a person first, then the largest.
fn shown(blocks: &[Placed<'_>], rests: &BTreeMap<u32, Rests>) -> BTreeSet<u32> {
    let mut groups: Vec<(u32, (u64, u64))> = groups(blocks, rests).into_iter().collect();
    groups.sort_by_key(|(group, sum)| (std::cmp::Reverse(*sum), *group));
    groups
        .into_iter()
        .take(ROWS)
        .map(|(group, _)| group)
        .collect()
}

/// What of a group is known by lines of its own, although the plan that stands counted it: on which side it was by then.
#[derive(Default, Clone)]
struct Again {
    hot: Counted,
    cold: Counted,
    /// It moved while that plan was made, which may have seen it here or there.
    either: Counted,
}

#[derive(Default, Clone)]
struct Counted {
    amount: Amount,
    ranges_ms: Vec<(i64, i64)>,
}

impl Counted {
    fn add(&mut self, block: &BlockSeen) {
        self.amount.add(1, block.size_bytes);
        self.ranges_ms.extend(block.range_ms);
    }

    fn rest_of(&self, side: &Side) -> Side {
        let all = Amount {
            blocks: side.blocks,
            bytes: side.size_bytes,
        };
        let rest = all.less(self.amount);
        let spans = without(&side.spans_ms, &self.ranges_ms);
        Side {
            blocks: rest.blocks,
            size_bytes: rest.bytes,
            spans_ms: match spans {
                _ if rest.blocks == 0 => Vec::new(),
                // What is left lies beside what was taken out.
                spans if spans.is_empty() => side.spans_ms.clone(),
                spans => spans,
            },
        }
    }
}

impl Again {
    fn rests_of(self, told: &Told) -> Rests {
        let hot = self.hot.rest_of(&told.hot);
        let cold = self.cold.rest_of(&told.cold);
        let still = Amount {
            blocks: hot.blocks,
            bytes: hot.size_bytes,
        };
        let was_hot = self.either.amount.least(still);
        let was_cold = self.either.amount.less(was_hot);
        let [of_hot, of_cold] = [was_hot, was_cold].map(|amount| Counted {
            amount,
            ranges_ms: self.either.ranges_ms.clone(),
        });
        Rests {
            hot: of_hot.rest_of(&hot),
            cold: if was_cold.blocks > 0 {
                of_cold.rest_of(&cold)
            } else {
                cold
            },
        }
    }
}

/// The times of these spans that none of those ranges meets.
fn without(spans: &[(i64, i64)], ranges: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable();
    let mut left = Vec::new();
    for (begin, end) in spans {
        let mut begin = *begin;
        let first = ranges.partition_point(|(_, until)| *until <= begin);
        for (from, until) in ranges.iter().skip(first).take_while(|(from, _)| from < end) {
            if *from > begin {
                left.push((begin, *from));
            }
            begin = begin.max(*until);
        }
        if begin < *end {
            left.push((begin, *end));
        }
    }
    left
}

/// What of each group the plan that stands counted although it is known by lines of its own. A run has no line of what it counts, so that is what other runs
/// have told, and it is taken out where it was when the plan was made.
fn told_again(
    chronicle: &Chronicle,
    ways: &Ways<'_>,
    way: usize,
    blocks: &[Placed<'_>],
) -> BTreeMap<u32, Again> {
    let mut again: BTreeMap<u32, Again> = BTreeMap::new();
    let plan = ways.all.get(way).and_then(|way| way.plan);
    let Some((number, plan)) = plan.and_then(|plan| Some((plan, chronicle.runs.get(place(plan))?)))
    else {
        return again;
    };
    let began_ms = plan.began.timestamp_millis();
    for placed in blocks {
        let (Some(_), Some(group)) = (placed.state(), placed.block.group) else {
            continue;
        };
        let told = chronicle.groups.get(place(group));
        let told = told.and_then(|seen| seen.told_by(Some(number)));
        if placed.block.is_told_by(number) || placed.standing.is_over {
            continue;
        }
        let Some(told) = told else { continue };
        let at = |ms: i64| standing(chronicle, ways, way, placed.block, ms).state;
        let (before, then) = (at(began_ms), at(told.at_ms));
        let side = |state: Option<State>| match state {
            Some(State::Moved | State::Cold) => Some(State::Cold),
            Some(State::Both) => Some(State::Both),
            Some(State::Gone) => None,
            None if is_cold_alone(placed) => Some(State::Cold),
            _ => Some(State::Hot),
        };
        let of_group = again.entry(group).or_default();
        match (side(before), side(then)) {
            (Some(State::Hot), Some(State::Hot)) => of_group.hot.add(placed.block),
            (Some(State::Cold), Some(State::Cold)) => of_group.cold.add(placed.block),
            (_, Some(State::Both)) => {
                of_group.hot.add(placed.block);
                of_group.cold.add(placed.block);
            }
            (_, None) => {}
            _ => of_group.either.add(placed.block),
        }
    }
    again
}

/// Whether nobody has seen it anywhere but in the target.
fn is_cold_alone(placed: &Placed<'_>) -> bool {
    placed.state() == Some(State::Cold)
}

/// All groups together.
pub(super) fn in_all(rows: &[Row]) -> ByState {
    let mut sums = ByState::new();
    for (state, amount) in rows.iter().flat_map(|row| &row.amounts) {
        let Amount { blocks, bytes } = *amount;
        sums.entry(*state).or_default().add(blocks, bytes);
    }
    sums
}

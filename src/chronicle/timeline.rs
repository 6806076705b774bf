//! Where the blocks of each group are, over the time of their samples: two lanes, one for each bucket, in so many equal steps.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Chronicle, place};
use super::seen::{Amount, ByState, Side};
use super::state::State;

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

impl Timeline {
    pub(super) fn of(chronicle: &Chronicle) -> Self {
        let range_ms = range(chronicle);
        let shown = shown(chronicle);
        let rest = chronicle.groups.len() - shown.len();
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
        rows.push((Row::empty(None, rest), Lanes::empty()));
        let last = rows.len() - 1;
        let scale = range_ms.map(|(begin_ms, end_ms)| Scale { begin_ms, end_ms });
        let again = told_again(chronicle);
        for block in chronicle.blocks.values() {
            let state = chronicle.state_of(block);
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
        for (group, seen) in (0_u32..).zip(&chronicle.groups) {
            let row = row_of.get(&group).copied().unwrap_or(last);
            let (Some((_, hot, cold)), Some((row, lanes))) = (&seen.told, rows.get_mut(row)) else {
                continue;
            };
            let (again_hot, again_cold) = again.get(&group).copied().unwrap_or_default();
            for (state, side, again) in [
                (State::Hot, hot, again_hot),
                (State::Cold, cold, again_cold),
            ] {
                row.note(state, side, again);
                for span in &side.spans_ms {
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
            rows: rows
                .filter(|row| row.name.is_some() || !row.amounts.is_empty())
                .collect(),
        }
    }
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

    fn note(&mut self, state: State, side: &Side, again: Amount) {
        let all = Amount {
            blocks: side.blocks,
            bytes: side.size_bytes,
        };
        let rest = all.less(again);
        if rest.blocks > 0 {
            let sum = self.amounts.entry(state).or_default();
            sum.add(rest.blocks, rest.bytes);
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
        let lane = match state {
            State::Failed | State::HeldBack | State::Hot => &mut self.upper,
            State::Moved | State::Cold => &mut self.lower,
            State::Gone => return,
        };
        for step in lane.get_mut(steps).unwrap_or_default() {
            step.insert(state);
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

fn range(chronicle: &Chronicle) -> Option<(i64, i64)> {
    let of_blocks = chronicle.blocks.values().filter_map(|block| block.range_ms);
    let told = chronicle
        .groups
        .iter()
        .filter_map(|seen| seen.told.as_ref());
    let of_sides = told.flat_map(|(_, hot, cold)| hot.spans_ms.iter().chain(&cold.spans_ms));
    let ranges = of_blocks.chain(of_sides.copied());
    ranges
        .filter(|(begin, end)| begin < end)
        .reduce(|(begin, end), (other, other_end)| (begin.min(other), end.max(other_end)))
}

/// The groups that have rows: those in which something needs a person first, then the largest.
fn shown(chronicle: &Chronicle) -> BTreeSet<u32> {
    let mut sums: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (group, seen) in (0_u32..).zip(&chronicle.groups) {
        let told = seen.told.as_ref();
        let bytes = told.map(|(_, hot, cold)| hot.size_bytes.saturating_add(cold.size_bytes));
        sums.insert(group, (0, bytes.unwrap_or_default()));
    }
    for block in chronicle.blocks.values() {
        let Some((bad, bytes)) = block.group.and_then(|group| sums.get_mut(&group)) else {
            continue;
        };
        *bad += u64::from(chronicle.state_of(block) == State::Failed);
        *bytes = bytes.saturating_add(block.size_bytes);
    }
    let mut groups: Vec<(u32, (u64, u64))> = sums.into_iter().collect();
    groups.sort_by_key(|(group, sum)| (std::cmp::Reverse(*sum), *group));
    groups
        .into_iter()
        .take(ROWS)
        .map(|(group, _)| group)
        .collect()
}

/// What of each group a later run counted among what lies in the source, and in the target, although it is known by lines of its own.
fn told_again(chronicle: &Chronicle) -> BTreeMap<u32, (Amount, Amount)> {
    let mut again: BTreeMap<u32, (Amount, Amount)> = BTreeMap::new();
    for block in chronicle.blocks.values() {
        let Some(group) = block.group else { continue };
        let told = chronicle.groups.get(place(group));
        let told = told.and_then(|seen| seen.told.as_ref());
        if told.is_none_or(|(at_ms, ..)| *at_ms <= block.told_ms()) {
            continue;
        }
        let (hot, cold) = again.entry(group).or_default();
        match chronicle.state_of(block) {
            State::Failed | State::HeldBack | State::Hot => hot.add(1, block.size_bytes),
            State::Moved | State::Cold => cold.add(1, block.size_bytes),
            State::Gone => {}
        }
    }
    again
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

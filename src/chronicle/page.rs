//! What a page shows, whatever its form: in which order, how much of it, and how much is left out.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::gather::{Chronicle, place};
use super::seen::{BlockSeen, ByState, End, RunSeen};
use super::standing::standing;
use super::state::State;
use super::throughput::per_second;
use super::timeline::{Placed, Timeline, in_all};
use super::unfinished::{Unfinished, unfinished};
use super::ways::Ways;
use super::words::{HERE, Word};
use crate::block::BlockId;
use crate::exit::meaning;
use crate::human;

const TODO: usize = 30;
const CAUSES: usize = 30;
const FAILURES: usize = 100;
const SLOWEST: usize = 10;
const REPEATED: usize = 50;
const RUNS: usize = 50;
const WAYS: usize = 10;

/// What a page shows.
pub(super) struct Page<'a> {
    pub(super) chronicle: &'a Chronicle,
    pub(super) now: DateTime<Utc>,
    /// By when they began.
    pub(super) runs: Shown<&'a RunSeen>,
    /// Each from which bucket to which, the largest first.
    pub(super) sections: Shown<Section<'a>>,
    /// Runs that have to be started again.
    pub(super) unfinished: Shown<Unfinished<'a>>,
    /// What to do next.
    pub(super) to_do: Shown<ToDo<'a>>,
    pub(super) causes: Shown<Cause<'a>>,
    pub(super) failures: Shown<Ended<'a>>,
    pub(super) slowest: Vec<Ended<'a>>,
    /// Blocks that more than one run ended with.
    pub(super) repeated: Shown<(BlockId, Vec<Ended<'a>>)>,
    pub(super) bytes_sent: u64,
    pub(super) needing_a_person: u64,
}

/// Where blocks are that move from one bucket to another, or lie in one.
pub(super) struct Section<'a> {
    pub(super) source: &'a str,
    pub(super) target: Option<&'a str>,
    pub(super) in_all: ByState,
    pub(super) timeline: Timeline,
    runs: u64,
    does: Does,
    needing_a_person: u64,
}

/// What the runs of a way are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Move,
    Copy,
    Look,
}

/// Rows, the first of so many.
pub(super) struct Shown<T> {
    pub(super) rows: Vec<T>,
    pub(super) left_out: usize,
}

/// Blocks or objects about which the same is to be done.
pub(super) struct ToDo<'a> {
    pub(super) ending: &'a str,
    pub(super) what: &'a str,
    /// `3 blocks`.
    pub(super) many: String,
    count: u64,
}

/// Blocks that failed for the same cause.
pub(super) struct Cause<'a> {
    pub(super) ending: &'a str,
    /// With ids of blocks left out.
    pub(super) why: String,
    pub(super) blocks: u64,
    pub(super) example: BlockId,
}

/// A block, and how its work ended.
pub(super) struct Ended<'a> {
    pub(super) id: BlockId,
    pub(super) group: Option<(&'a str, &'a str)>,
    pub(super) range_ms: Option<(i64, i64)>,
    pub(super) size_bytes: u64,
    pub(super) ending: &'a str,
    pub(super) detail: Option<String>,
    pub(super) bytes_sent: u64,
    pub(super) elapsed: Duration,
    pub(super) run: &'a str,
    pub(super) at_ms: i64,
}

impl<T> Shown<T> {
    fn first(most: usize, mut rows: Vec<T>) -> Self {
        let left_out = rows.len().saturating_sub(most);
        rows.truncate(most);
        Self { rows, left_out }
    }

    /// What to say of those that are left out; `None` where there are none.
    pub(super) fn more(&self) -> Option<String> {
        let many = human::number(self.left_out as u64);
        (self.left_out > 0).then(|| format!("and {many} more, which are left out here"))
    }
}

impl<'a> Page<'a> {
    pub(super) fn of(chronicle: &'a Chronicle, now: DateTime<Utc>) -> Self {
        let ways = Ways::of(chronicle);
        let mut placed: Vec<Vec<Placed<'a>>> = ways.all.iter().map(|_| Vec::new()).collect();
        let mut open: HashSet<u32> = HashSet::new();
        let mut bad: Vec<Ended<'a>> = Vec::new();
        let mut repeated = Vec::new();
        let mut all: Vec<Ended<'a>> = Vec::new();
        let mut to_do: BTreeMap<(Word, Option<Word>), u64> = BTreeMap::new();
        let mut causes: BTreeMap<(Word, String), (u64, BlockId)> = BTreeMap::new();
        for (id, block) in &chronicle.blocks {
            let ended = |end: &End| Ended::new(chronicle, *id, block, end);
            if block.ends.len() > 1 {
                repeated.push((*id, block.ends.iter().map(ended).collect::<Vec<_>>()));
            }
            for end in block.ends.iter().filter(|end| end.bytes_sent > 0) {
                all.push(ended(end));
                if all.len() > 10_000 {
                    all.sort_unstable_by_key(slowest_first);
                    all.truncate(SLOWEST);
                }
            }
            for way in ways.met(block.runs()) {
                let standing = standing(chronicle, &ways, way, block, i64::MAX);
                open.extend(standing.open);
                if let Some(end) = standing.trouble {
                    *to_do.entry((end.ending, end.what_to_do)).or_default() += 1;
                    let detail = end.detail.map(|word| chronicle.details.get(word));
                    let why = without_ids(detail.unwrap_or_default());
                    let (many, example) = causes.entry((end.ending, why)).or_insert((0, *id));
                    *many += 1;
                    *example = (*example).min(*id);
                    bad.push(ended(end));
                }
                if let Some(placed) = placed.get_mut(way) {
                    placed.push(Placed { block, standing });
                }
            }
        }
        let sections = sections(chronicle, &ways, &placed);
        all.sort_unstable_by_key(slowest_first);
        all.truncate(SLOWEST);
        bad.sort_unstable_by(|one, other| {
            (one.ending, one.group, one.range_ms, one.id).cmp(&(
                other.ending,
                other.group,
                other.range_ms,
                other.id,
            ))
        });
        repeated.sort_unstable_by_key(|(id, _)| *id);
        let mut runs: Vec<&RunSeen> = chronicle.runs.iter().collect();
        runs.sort_by_key(|run| (run.began, run.id.clone()));
        let bytes = runs.iter().map(|run| run.bytes_sent);
        let word = |word: Word| chronicle.endings.get(word);
        let of_blocks = to_do.into_iter().map(|(what, many)| (what, many, "block"));
        let of_objects = objects(chronicle, &ways).into_iter();
        let of_objects = of_objects.map(|(what, many)| (what, many, "object"));
        let to_do = of_blocks.chain(of_objects);
        let to_do = to_do.map(|((ending, what), count, thing)| ToDo {
            ending: word(ending),
            what: what.map_or("see why below, or in the report of that run", word),
            many: human::count(count, thing),
            count,
        });
        let mut to_do: Vec<ToDo<'a>> = to_do.collect();
        to_do.sort_by_key(|one| std::cmp::Reverse(one.count));
        let mut causes: Vec<Cause<'a>> = causes
            .into_iter()
            .map(|((ending, why), (blocks, example))| Cause {
                ending: word(ending),
                why,
                blocks,
                example,
            })
            .collect();
        causes.sort_by_key(|one| std::cmp::Reverse(one.blocks));
        // The latest runs are what is looked for, where there are many.
        let before = runs.len().saturating_sub(RUNS);
        Self {
            chronicle,
            now,
            bytes_sent: bytes.fold(0, u64::saturating_add),
            runs: Shown {
                rows: runs.split_off(before),
                left_out: before,
            },
            sections: Shown::first(WAYS, sections),
            unfinished: Shown::first(WAYS, unfinished(chronicle, &ways, &open)),
            needing_a_person: bad.len() as u64,
            to_do: Shown::first(TODO, to_do),
            causes: Shown::first(CAUSES, causes),
            failures: Shown::first(FAILURES, bad),
            slowest: all,
            repeated: Shown::first(REPEATED, repeated),
        }
    }

    /// What it is all about, in a sentence.
    pub(super) fn sentence(&self) -> String {
        let runs = self.runs.rows.len() + self.runs.left_out;
        match self.sections.rows.as_slice() {
            [] => format!("0 blocks moved by {}.", human::count(runs as u64, "run")),
            [one] if self.sections.left_out == 0 => one.sentence(runs as u64),
            several => {
                let ways = several.len() + self.sections.left_out;
                let mut told = format!(
                    "{} on {} by {}",
                    human::count(self.chronicle.blocks.len() as u64, "block"),
                    human::count(ways as u64, "way"),
                    human::count(runs as u64, "run")
                );
                if self.needing_a_person > 0 {
                    told += ", ";
                    told += &need_a_person(self.needing_a_person);
                }
                told + "."
            }
        }
    }

    /// Whether all that runs were asked is done, so that nothing has to be started again.
    pub(super) fn is_finished(&self) -> bool {
        self.unfinished.rows.is_empty() && !self.runs.rows.is_empty()
    }

    /// What to say where nothing needs a person and no run has to be started again.
    pub(super) fn nothing_to_do(&self) -> &'static str {
        if self.runs.rows.is_empty() {
            "There is no run in these files."
        } else {
            "Nothing needs a person."
        }
    }
}

/// What is no block and needs a person, but for what a later run that was asked the same has looked at again.
fn objects(chronicle: &Chronicle, ways: &Ways<'_>) -> BTreeMap<(Word, Option<Word>), u64> {
    let mut objects = BTreeMap::new();
    for ((number, ending, what), many) in &chronicle.objects {
        let run = chronicle.runs.get(place(*number));
        let latest = run.and_then(|run| ways.latest(*number, run));
        let is_over = run.zip(latest).is_some_and(|(run, (stood, latest))| {
            latest != *number && stood > run.began.timestamp_millis()
        });
        if !is_over {
            *objects.entry((*ending, *what)).or_default() += many;
        }
    }
    objects
}

fn need_a_person(many: u64) -> String {
    let needs = if many == 1 { "needs" } else { "need" };
    format!("{} {needs} a person", human::number(many))
}

impl Section<'_> {
    /// What it is all about, in a sentence, where so many runs had to do with it.
    fn sentence(&self, runs: u64) -> String {
        let many = |state: State| self.in_all.get(&state).map_or(0, |amount| amount.blocks);
        let runs = human::count(runs, "run");
        let all = self.in_all.values().map(|amount| amount.blocks).sum();
        let mut parts = vec![match self.does {
            Does::Move => format!(
                "{} moved by {runs}",
                human::count(many(State::Moved), "block")
            ),
            Does::Copy => format!(
                "{} in both buckets after {runs}",
                human::count(many(State::Both), "block")
            ),
            Does::Look => format!("{} looked at by {runs}", human::count(all, "block")),
        }];
        parts.extend((self.needing_a_person > 0).then(|| need_a_person(self.needing_a_person)));
        for (state, what) in [
            (State::Both, "in both buckets"),
            (State::Whole, "whole"),
            (State::Hot, "still hot"),
        ] {
            let is_said = state == State::Both && self.does == Does::Copy;
            if many(state) > 0 && !is_said {
                parts.push(format!("{} {what}", human::number(many(state))));
            }
        }
        format!("{}.", parts.join(", "))
    }

    /// The same of this way alone.
    pub(super) fn own_sentence(&self) -> String {
        self.sentence(self.runs)
    }
}

/// The ways of which anything is known, those with most blocks first.
fn sections<'a>(
    chronicle: &'a Chronicle,
    ways: &Ways<'a>,
    placed: &[Vec<Placed<'a>>],
) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    for (number, (way, placed)) in ways.all.iter().zip(placed).enumerate() {
        let timeline = Timeline::of(chronicle, ways, number, placed);
        if timeline.rows.is_empty() {
            continue;
        }
        let of_way = (0_u32..).zip(&chronicle.runs);
        let of_way = of_way.filter(|(run, _)| ways.of_run(*run) == number);
        let does = of_way.map(|(_, run)| match run.verb.as_str() {
            "migrate" | "" => Does::Move,
            "replicate" => Does::Copy,
            _ => Does::Look,
        });
        let bad = placed
            .iter()
            .filter(|placed| placed.standing.trouble.is_some());
        sections.push(Section {
            source: way.source,
            target: way.target,
            in_all: in_all(&timeline.rows),
            timeline,
            runs: way.runs,
            does: does.min_by_key(|does| *does as u8).unwrap_or(Does::Look),
            needing_a_person: bad.count() as u64,
        });
    }
    sections.sort_by_key(|section| {
        let blocks: u64 = section.in_all.values().map(|amount| amount.blocks).sum();
        (std::cmp::Reverse(blocks), section.source, section.target)
    });
    sections
}

impl<'a> Ended<'a> {
    fn new(chronicle: &'a Chronicle, id: BlockId, block: &BlockSeen, end: &End) -> Self {
        let group = block
            .group
            .and_then(|group| chronicle.groups.get(place(group)));
        let run = chronicle.runs.get(place(end.run));
        Self {
            id,
            group: group.map(|seen| (&*seen.key.labels, &*seen.key.resolution)),
            range_ms: block.range_ms,
            size_bytes: block.size_bytes,
            ending: chronicle.endings.get(end.ending),
            detail: end.detail.map(|word| {
                let text = chronicle.details.get(word);
                text.replace(HERE, &id.to_string())
            }),
            bytes_sent: end.bytes_sent,
            elapsed: Duration::from_millis(end.elapsed_ms),
            run: run.map_or("", |run| &run.id),
            at_ms: end.at_ms,
        }
    }

    /// `2025-01-02 to 2025-01-09`.
    pub(super) fn days(&self) -> String {
        self.range_ms.map_or_else(String::new, days)
    }

    /// Bytes a second, where both are known.
    pub(super) fn rate(&self) -> Option<String> {
        human::rate(self.bytes_sent, self.elapsed)
    }
}

fn slowest_first(one: &Ended<'_>) -> (std::cmp::Reverse<Duration>, BlockId) {
    (std::cmp::Reverse(one.elapsed), one.id)
}

/// Times less than this apart are told to the minute.
pub(super) const SHORT_MS: i64 = 4 * 86_400_000;

/// `2025-01-02 to 2025-01-09`, `2025-01-02 04:00 to 2025-01-03 06:00`, `2025-01-02 04:00 to 06:00`.
pub(super) fn days((begin, end): (i64, i64)) -> String {
    let (from_day, to_day) = (human::sample_day(begin), human::sample_day(end));
    if end.saturating_sub(begin) >= SHORT_MS {
        return format!("{from_day} to {to_day}");
    }
    let (from, to) = (human::sample_minute(begin), human::sample_minute(end));
    let of_day = to.strip_prefix(&to_day).filter(|_| from_day == to_day);
    format!("{from} to {}", of_day.map_or(to.as_str(), str::trim_start))
}

/// A text in which no block is named, so that equal causes are equal.
fn without_ids(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_of_one = |c: char| c.is_ascii_alphanumeric();
        let plain = rest.find(is_of_one).unwrap_or(rest.len());
        let (before, behind) = rest.split_at(plain);
        let word = behind.find(|c| !is_of_one(c)).unwrap_or(behind.len());
        let (word, behind) = behind.split_at(word);
        shown.push_str(before);
        shown.push_str(if word.parse::<BlockId>().is_ok() {
            "…"
        } else {
            word
        });
        rest = behind;
    }
    shown.replace(HERE, "…")
}

/// How a run ended, in words.
pub(super) fn ending_of(run: &RunSeen) -> String {
    let Some(end) = &run.end else {
        return "it has not said that it ended: it goes on, or was killed".to_owned();
    };
    let meaning = meaning(end.exit_code);
    let early = if end.complete || end.exit_code != 0 {
        ""
    } else {
        ", early"
    };
    let why = end.why.as_deref();
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    format!("{meaning}{early} ({}){why}", end.exit_code)
}

/// How long a run lasted, as far as it is known.
pub(super) fn lasted(run: &RunSeen) -> Duration {
    (run.last - run.began).to_std().unwrap_or_default()
}

/// What a run copied by the second, on average over the steps in which it copied at all.
pub(super) fn average(run: &RunSeen) -> u64 {
    let flow = &run.throughput;
    let busy = flow.steps().iter().filter(|bytes| **bytes > 0).count();
    let busy = i64::try_from(busy).unwrap_or(i64::MAX);
    per_second(flow.sum(), flow.step_ms().saturating_mul(busy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_equal_whichever_block_they_are_of() {
        let text =
            "read 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/index in s3://a: 403 (01J9ZK3M7Q8T5V6W7X8Y9Z0A1C) ü";
        assert_eq!(without_ids(text), "read …/index in s3://a: 403 (…) ü");
        assert_eq!(without_ids(""), "");
    }

    #[test]
    fn short_times_are_told_to_the_minute() {
        const HOUR: i64 = 3_600_000;
        let begin = 1_735_776_000_000;
        for (hours, shown) in [
            (2, "2025-01-02 00:00 to 02:00"),
            (48, "2025-01-02 00:00 to 2025-01-04 00:00"),
            (96, "2025-01-02 to 2025-01-06"),
            (336, "2025-01-02 to 2025-01-16"),
        ] {
            assert_eq!(days((begin, begin + hours * HOUR)), shown);
        }
    }
}

//! From lines to what is kept of them.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead};

use chrono::{DateTime, Utc};

use super::problems::Problems;
use super::seen::{BlockSeen, End, EndOfRun, GroupKey, GroupSeen, RunSeen, Side};
use super::state::State;
use super::throughput::Throughput;
use super::words::{Word, Words};
use crate::audit::{Held, Item, Line, read};
use crate::block::{BlockId, Labels};

/// So many blocks are told apart, so many groups, and so many runs.
const BLOCKS: usize = 1_000_000;
const GROUPS: usize = 10_000;
const RUNS: usize = 10_000;
/// So many ends of one block are kept: the latest.
const ENDS: usize = 16;
/// So much of the labels of a group is kept.
const LABELS_BYTES: usize = 2_000;
/// So many warnings of one run.
const WARNINGS: usize = 20;

/// What report files tell.
#[derive(Debug, Default)]
pub struct Chronicle {
    pub(super) runs: Vec<RunSeen>,
    pub(super) groups: Vec<GroupSeen>,
    pub(super) blocks: HashMap<BlockId, BlockSeen>,
    pub(super) words: Words,
    /// Objects that are no blocks and need a person, by ending and by what to do.
    pub(super) objects: BTreeMap<(Word, Option<Word>), u64>,
    pub(super) problems: Problems,
    /// Each file, and how many events it holds.
    pub(super) files: Vec<(String, u64)>,
    by_run: HashMap<String, u32>,
    by_group: HashMap<GroupKey, u32>,
}

impl Chronicle {
    /// Reads one file to its end, which problems call by that name. Files may come in any order.
    ///
    /// Errors: it cannot be read.
    pub fn read(&mut self, name: &str, from: impl BufRead) -> io::Result<()> {
        let mut events = 0;
        read(from, |number, item| match item {
            Item::Line(line) => {
                events += 1;
                self.take(&line);
            }
            Item::Problem(problem) => self.problems.note(name, number, problem),
        })?;
        self.files.push((name.to_owned(), events));
        Ok(())
    }

    /// How many lines were no lines of a report file. What a kill or a full disk has torn does not count.
    #[must_use]
    pub fn malformed_lines(&self) -> u64 {
        self.problems.malformed
    }

    /// Where a block is by now.
    pub(super) fn state_of(&self, block: &BlockSeen) -> State {
        let state = |end: &End| State::of_ending(self.words.get(end.ending), end.needs_a_person);
        match block.latest().map(state) {
            // Who compares buckets finds in the target what these runs have brought there.
            Some(State::Cold) if block.ends.iter().any(|end| state(end) == State::Moved) => {
                State::Moved
            }
            Some(state) => state,
            None => State::Hot,
        }
    }

    fn take(&mut self, line: &Line) {
        let Some(at) = line.time() else { return };
        if line.is_newer() {
            self.problems.newer += 1;
        }
        let Some(run) = self.run(line, at) else {
            self.problems.beyond += 1;
            return;
        };
        if let Some(seen) = self.run_at(run) {
            seen.last = seen.last.max(at);
        }
        // What is named is an object, also where it lies in the directory of a block.
        let block = line.block.as_deref().filter(|_| line.name.is_none());
        let block = block.and_then(|id| id.parse().ok());
        match line.event.as_str() {
            "run-begins" => self.begins(run, line, at),
            "run-ends" => self.ends(run, line),
            "planned" => {
                if let Some(seen) = self.run_at(run) {
                    seen.selected = line.blocks.unwrap_or_default();
                    seen.bytes_to_put = line.bytes_to_put.unwrap_or_default();
                }
            }
            "group" => self.group_lies(line, at),
            "warned" => {
                let text = line.detail.clone().unwrap_or_default();
                if let Some(seen) = self.run_at(run)
                    && seen.warnings.len() < WARNINGS
                    && !seen.warnings.contains(&text)
                {
                    seen.warnings.push(text);
                }
            }
            "selected" => {
                if let Some(block) = block {
                    self.selected(run, block, line, at);
                }
            }
            "retried" => {
                if let Some(seen) = self.run_at(run) {
                    seen.retried += 1;
                }
            }
            "copied" => {
                if let Some(block) = block {
                    self.copied(run, block, line, at);
                }
            }
            "started" | "published" | "unpublished" | "proven" | "marking" | "marked" => {}
            _ if line.ending.is_some() || line.needs_a_person == Some(true) => {
                self.ended(run, block, line, at);
            }
            event => self.problems.note_unknown(event),
        }
    }

    fn run_at(&mut self, run: u32) -> Option<&mut RunSeen> {
        self.runs.get_mut(place(run))
    }

    /// The place of the line's run, which is known from its first line on, whichever that is.
    fn run(&mut self, line: &Line, at: DateTime<Utc>) -> Option<u32> {
        if let Some(run) = self.by_run.get(&line.run) {
            return Some(*run);
        }
        if self.runs.len() >= RUNS {
            return None;
        }
        let run = u32::try_from(self.runs.len()).ok()?;
        self.by_run.insert(line.run.clone(), run);
        self.runs.push(RunSeen {
            id: line.run.clone(),
            verb: String::new(),
            version: String::new(),
            is_dry: false,
            source: String::new(),
            target: None,
            began: at,
            last: at,
            end: None,
            selected: 0,
            bytes_to_put: 0,
            endings: BTreeMap::new(),
            needing_a_person: 0,
            objects_put: 0,
            bytes_sent: 0,
            retried: 0,
            warnings: Vec::new(),
            throughput: Throughput::since(at.timestamp_millis()),
        });
        Some(run)
    }

    fn begins(&mut self, run: u32, line: &Line, at: DateTime<Utc>) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        if let Some(seen) = self.run_at(run) {
            seen.verb = text(&line.verb);
            seen.version = text(&line.version);
            seen.is_dry = line.dry_run.unwrap_or_default();
            seen.source = text(&line.source);
            seen.target.clone_from(&line.target);
            seen.began = at;
        }
    }

    fn ends(&mut self, run: u32, line: &Line) {
        let why = [&line.aborted, &line.signal, &line.limit];
        let why = why.into_iter().flatten().next().cloned();
        if let Some(seen) = self.run_at(run) {
            seen.end = Some(EndOfRun {
                exit_code: line.exit_code.unwrap_or_default(),
                complete: line.complete.unwrap_or_default(),
                why,
            });
        }
    }

    fn group(&mut self, line: &Line) -> Option<u32> {
        let labels: Labels = line.labels.clone()?.into_iter().collect();
        let key = GroupKey {
            labels: cut(labels.to_string()),
            resolution: line.resolution.clone().unwrap_or_default(),
        };
        if let Some(group) = self.by_group.get(&key) {
            return Some(*group);
        }
        if self.groups.len() >= GROUPS {
            self.problems.beyond += 1;
            return None;
        }
        let group = u32::try_from(self.groups.len()).ok()?;
        self.by_group.insert(key.clone(), group);
        self.groups.push(GroupSeen { key, told: None });
        Some(group)
    }

    fn group_lies(&mut self, line: &Line, at: DateTime<Utc>) {
        let at_ms = at.timestamp_millis();
        let side = |held: &Option<Held>| held.as_ref().map(side).unwrap_or_default();
        if let Some(group) = self.group(line)
            && let Some(seen) = self.groups.get_mut(place(group))
            && seen
                .told
                .as_ref()
                .is_none_or(|(before, ..)| *before <= at_ms)
        {
            seen.told = Some((at_ms, side(&line.hot), side(&line.cold)));
        }
    }

    /// The block, with what the line has to say of what it is.
    fn block(&mut self, id: BlockId, line: &Line) -> Option<&mut BlockSeen> {
        let group = self.group(line);
        if self.blocks.len() >= BLOCKS && !self.blocks.contains_key(&id) {
            self.problems.beyond += 1;
            return None;
        }
        let seen = self.blocks.entry(id).or_default();
        seen.group = group.or(seen.group);
        seen.size_bytes = line.size_bytes.unwrap_or(seen.size_bytes);
        let range = line.min_time.as_deref().zip(line.max_time.as_deref());
        let range = range.and_then(|(min, max)| Some((ms(min)?, ms(max)?)));
        seen.range_ms = range.or(seen.range_ms);
        Some(seen)
    }

    fn selected(&mut self, run: u32, id: BlockId, line: &Line, at: DateTime<Utc>) {
        let is_dry = self.run_at(run).is_none_or(|seen| seen.is_dry);
        let at_ms = at.timestamp_millis();
        if let Some(seen) = self.block(id, line)
            && !is_dry
            && seen.selected.is_none_or(|(_, before)| before <= at_ms)
        {
            seen.selected = Some((run, at_ms));
        }
    }

    fn copied(&mut self, run: u32, id: BlockId, line: &Line, at: DateTime<Utc>) {
        let at_ms = at.timestamp_millis();
        let Some(seen) = self.block(id, line) else {
            return;
        };
        if seen.copied.contains(&(run, at_ms)) {
            return;
        }
        if seen.copied.len() < ENDS {
            seen.copied.push((run, at_ms));
        }
        let elapsed_ms = elapsed_ms(line);
        let elapsed_ms = i64::try_from(elapsed_ms).unwrap_or(i64::MAX);
        let bytes = line.bytes_sent.unwrap_or_default();
        if let Some(seen) = self.run_at(run) {
            let from = at_ms.saturating_sub(elapsed_ms);
            seen.throughput.add(from, at_ms, bytes);
        }
    }

    fn ended(&mut self, run: u32, id: Option<BlockId>, line: &Line, at: DateTime<Utc>) {
        let word = line.ending.as_deref().or(line.reason.as_deref());
        let Some(ending) = self.words.keep(word.unwrap_or(&line.event)) else {
            self.problems.beyond += 1;
            return;
        };
        let mut keep = |text: &Option<String>| -> Option<Word> {
            text.as_deref().and_then(|text| self.words.keep(text))
        };
        let end = End {
            run,
            at_ms: at.timestamp_millis(),
            ending,
            needs_a_person: line.needs_a_person.unwrap_or_default(),
            detail: keep(&line.detail),
            what_to_do: keep(&line.what_to_do),
            bytes_sent: line.bytes_sent.unwrap_or_default(),
            elapsed_ms: elapsed_ms(line),
        };
        let is_dry = self.run_at(run).is_none_or(|seen| seen.is_dry);
        if id.is_none() && end.needs_a_person && !is_dry {
            let what = (ending, end.what_to_do);
            *self.objects.entry(what).or_default() += 1;
        }
        if let Some(id) = id {
            let Some(seen) = self.block(id, line) else {
                return;
            };
            if seen.ends.contains(&end) {
                return;
            }
            if !is_dry {
                let later = seen.ends.partition_point(|one| one.at_ms <= end.at_ms);
                seen.ends.insert(later, end);
                if seen.ends.len() > ENDS {
                    seen.ends.remove(0);
                }
            }
        }
        if let Some(seen) = self.run_at(run) {
            *seen.endings.entry(ending).or_default() += 1;
            seen.needing_a_person += u64::from(end.needs_a_person);
            seen.objects_put = seen
                .objects_put
                .saturating_add(line.objects_put.unwrap_or_default());
            seen.bytes_sent = seen.bytes_sent.saturating_add(end.bytes_sent);
        }
    }
}

pub(super) fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn ms(time: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(time).ok()?;
    Some(time.timestamp_millis())
}

fn elapsed_ms(line: &Line) -> u64 {
    let seconds = line.elapsed_seconds.unwrap_or_default();
    let elapsed = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn side(held: &Held) -> Side {
    let spans = held.spans.iter().take(1_000);
    let spans = spans.filter_map(|(begin, end)| Some((ms(begin)?, ms(end)?)));
    Side {
        blocks: held.blocks,
        size_bytes: held.size_bytes,
        spans_ms: spans.collect(),
    }
}

/// Labels may have any length.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LABELS_BYTES));
    text
}

//! From lines to what is kept of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead};

use chrono::{DateTime, Utc};

use super::problems::Problems;
use super::seen::{BlockSeen, End, EndOfRun, GroupKey, GroupSeen, RunSeen, Side, Told, Tries};
use super::state::KNOWN;
use super::throughput::Throughput;
use super::words::{HERE, Word, Words};
use crate::audit::{Held, Item, Line, read};
use crate::block::{BlockId, Labels};

/// So many blocks are told apart, so many groups, and so many runs.
const BLOCKS: usize = 1_000_000;
const GROUPS: usize = 10_000;
const RUNS: usize = 10_000;
/// So many ends of one block are kept: the latest.
const ENDS: usize = 16;
/// So many runs that tell of one group, of which each may go another way.
const TOLD: usize = 64;
/// So much of the labels of a group is kept.
const LABELS_BYTES: usize = 2_000;
/// So many warnings of one run.
const WARNINGS: usize = 20;

/// What report files tell.
#[derive(Debug)]
pub struct Chronicle {
    pub(super) runs: Vec<RunSeen>,
    pub(super) groups: Vec<GroupSeen>,
    pub(super) blocks: HashMap<BlockId, BlockSeen>,
    /// Endings, and what to do about them.
    pub(super) endings: Words,
    /// Why blocks came to them.
    pub(super) details: Words,
    /// What is no block of a bucket and needs a person, by run, ending and what to do: objects, and blocks that were asked for and are not there.
    pub(super) objects: BTreeMap<(u32, Word, Option<Word>), u64>,
    pub(super) problems: Problems,
    /// Each file, and how many events it holds.
    pub(super) files: Vec<(String, u64)>,
    by_run: HashMap<String, u32>,
    by_group: HashMap<GroupKey, u32>,
}

impl Default for Chronicle {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            groups: Vec::new(),
            blocks: HashMap::new(),
            endings: Words::with("other", &KNOWN),
            details: Words::with("…", &[]),
            objects: BTreeMap::new(),
            problems: Problems::default(),
            files: Vec::new(),
            by_run: HashMap::new(),
            by_group: HashMap::new(),
        }
    }
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
            seen.began = seen.began.min(at);
        }
        // What is named is an object, also where it lies in the directory of a block.
        let block = line.block.as_deref().filter(|_| line.name.is_none());
        let block = block.and_then(|id| id.parse().ok());
        match line.event.as_str() {
            "run-begins" => self.begins(run, line),
            "run-ends" => self.ends(run, line),
            "planned" => {
                if let Some(seen) = self.run_at(run) {
                    seen.planned_ms = Some(at.timestamp_millis());
                    seen.selected = line.blocks.unwrap_or_default();
                    seen.bytes_to_put = line.bytes_to_put.unwrap_or_default();
                }
            }
            "group" => self.group_lies(run, line, at),
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
                    seen.retried.note(block, at);
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
            selection: 0,
            planned_ms: None,
            selected: 0,
            bytes_to_put: 0,
            endings: BTreeMap::new(),
            needing_a_person: 0,
            objects_put: 0,
            bytes_sent: 0,
            retried: Tries::default(),
            warnings: Vec::new(),
            throughput: Throughput::since(at.timestamp_millis()),
        });
        Some(run)
    }

    fn begins(&mut self, run: u32, line: &Line) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        if let Some(seen) = self.run_at(run) {
            seen.verb = text(&line.verb);
            seen.version = text(&line.version);
            seen.is_dry = line.dry_run.unwrap_or_default();
            seen.source = text(&line.source);
            seen.target.clone_from(&line.target);
            seen.selection = selection(line);
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
        self.groups.push(GroupSeen {
            key,
            told: Vec::new(),
        });
        Some(group)
    }

    fn group_lies(&mut self, run: u32, line: &Line, at: DateTime<Utc>) {
        let at_ms = at.timestamp_millis();
        let side = |held: &Option<Held>| held.as_ref().map(side).unwrap_or_default();
        let Some(group) = self.group(line) else {
            return;
        };
        let way = |run: u32| {
            let seen = self.runs.get(place(run))?;
            (!seen.source.is_empty()).then_some((&seen.source, &seen.target, seen.is_dry))
        };
        let Some(seen) = self.groups.get_mut(place(group)) else {
            return;
        };
        let is_known =
            |told: &Told| told.run == run || (way(run).is_some() && way(told.run) == way(run));
        if seen
            .told
            .iter()
            .any(|told| is_known(told) && told.at_ms > at_ms)
        {
            return;
        }
        seen.told.retain(|told| !is_known(told));
        if seen.told.len() >= TOLD {
            self.problems.beyond += 1;
            return;
        }
        seen.told.push(Told {
            run,
            at_ms,
            hot: side(&line.hot),
            cold: side(&line.cold),
        });
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
        let selected = (run, at.timestamp_millis());
        if let Some(seen) = self.block(id, line)
            && !seen.selected.contains(&selected)
        {
            seen.selected.push(selected);
            if seen.selected.len() > ENDS {
                seen.selected.sort_unstable_by_key(|(_, at)| *at);
                seen.selected.remove(0);
            }
        }
    }

    fn copied(&mut self, run: u32, id: BlockId, line: &Line, at: DateTime<Utc>) {
        let at_ms = at.timestamp_millis();
        let bytes = line.bytes_sent.unwrap_or_default();
        let Some(seen) = self.block(id, line) else {
            return;
        };
        if seen
            .copied
            .iter()
            .any(|(one, when, _)| (*one, *when) == (run, at_ms))
        {
            return;
        }
        let before = seen.put_by(run);
        if seen.copied.len() < ENDS {
            seen.copied.push((run, at_ms, bytes));
        }
        let put = seen.put_by(run) - before;
        let elapsed_ms = elapsed_ms(line);
        let elapsed_ms = i64::try_from(elapsed_ms).unwrap_or(i64::MAX);
        if let Some(seen) = self.run_at(run) {
            let from = at_ms.saturating_sub(elapsed_ms);
            seen.throughput.add(from, at_ms, bytes);
            seen.bytes_sent = seen.bytes_sent.saturating_add(put);
        }
    }

    fn ended(&mut self, run: u32, id: Option<BlockId>, line: &Line, at: DateTime<Utc>) {
        let word = line.ending.as_deref().or(line.reason.as_deref());
        let ending = self.endings.keep(word.unwrap_or(&line.event));
        let detail = line.detail.as_deref().map(|text| match id {
            Some(id) => text.replace(&id.to_string(), HERE.encode_utf8(&mut [0; 4])),
            None => text.to_owned(),
        });
        let what_to_do = line.what_to_do.as_deref();
        let mut end = End {
            run,
            at_ms: at.timestamp_millis(),
            ending,
            needs_a_person: line.needs_a_person.unwrap_or_default(),
            detail: detail.map(|text| self.details.keep(&text)),
            what_to_do: what_to_do.map(|text| self.endings.keep(text)),
            bytes_sent: line.bytes_sent.unwrap_or_default(),
            elapsed_ms: elapsed_ms(line),
        };
        let is_dry = self.run_at(run).is_none_or(|seen| seen.is_dry);
        // What is nowhere is no block of a bucket.
        let id = id.filter(|_| line.event != "absent");
        if id.is_none() && end.needs_a_person && !is_dry {
            let what = (run, ending, end.what_to_do);
            *self.objects.entry(what).or_default() += 1;
        }
        if let Some(id) = id {
            let Some(seen) = self.block(id, line) else {
                return;
            };
            if seen.ends.contains(&end) {
                return;
            }
            let before = seen.put_by(run);
            let sent = end.bytes_sent;
            if is_dry {
                end.bytes_sent = 0;
            } else {
                let later = seen.ends.partition_point(|one| one.at_ms <= end.at_ms);
                seen.ends.insert(later, end);
                end.bytes_sent = seen.put_by(run) - before;
            }
            if seen.ends.len() > ENDS {
                self.forget_an_end(id);
            }
            debug_assert!(end.bytes_sent <= sent);
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

    /// Forgets the oldest end of a block that changes nothing: a later one of the same way and subcommand says the same or more.
    fn forget_an_end(&mut self, id: BlockId) {
        let Some(seen) = self.blocks.get_mut(&id) else {
            return;
        };
        let asked = |end: &End| {
            let run = self.runs.get(place(end.run))?;
            Some((&run.verb, &run.source, &run.target))
        };
        let oldest = (0..seen.ends.len()).find(|place| {
            let one = seen.ends.get(*place).and_then(asked);
            let mut later = seen.ends.iter().skip(place + 1);
            later.any(|other| asked(other) == one)
        });
        seen.ends.remove(oldest.unwrap_or_default());
    }
}

/// Flags that say how something is done, and not to what.
const HOW: [&str; 22] = [
    "report-file",
    "output",
    "concurrency",
    "copy",
    "max-",
    "retry.",
    "memory-limit",
    "bandwidth-limit",
    "cache-dir",
    "shutdown-grace",
    "log.",
    "tracing.",
    "verify",
    "dry-run",
    "target.",
    "allow-",
    "objstore",
    "no-compact-mark-source",
    "delete-delay",
    "overwrite-existing",
    "publish-order",
    "progress",
];

/// What a run was asked to look at. Of two that were asked the same, the later says all that the earlier would say by then.
fn selection(line: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (flag, values) in line.arguments.iter().flatten() {
        if HOW.iter().any(|how| flag.starts_with(how)) {
            continue;
        }
        (flag, values).hash(&mut hasher);
        // What was cut is not known to be the same.
        if values.iter().any(|value| value.starts_with("and ")) {
            line.run.hash(&mut hasher);
        }
    }
    hasher.finish()
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

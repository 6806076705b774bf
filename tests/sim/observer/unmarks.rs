//! What whoever takes marks back may delete, and whether what is said of it is so: marks that were meant, that a run wrote, and that are young
//! enough, on blocks of the source that were whole when they were looked at last.

use thanos_bucket::block::{BlockId, DeletionMark, NoCompactMark, Provenance};
use thanos_bucket::exit::Exit;
use thanos_bucket::outcome::{TakenBack, UnmarkEnding, Unmarked};
use thanos_bucket::plan::Refusal;

use super::Before;
use crate::migrator::{CLOCKS_MAY_DIFFER_MS, Circumstances, Errand, Wish};
use crate::world::{MOMENT_MS, Object, Side, World};

impl World {
    /// A run that moves nothing has read a mark or the `meta.json` of a block of the source.
    pub(crate) fn note_read(&mut self, run: usize, path: &str) {
        let now_ms = self.now_ms();
        let this = &mut self.runs[run];
        match path.split_once('/') {
            Some((id, "meta.json")) => {
                let shown_ms = this.shown_ms.get(id).copied().unwrap_or_default();
                let (looks, looked_ms) = this.looks.entry(id.to_owned()).or_default();
                *looks += 1;
                *looked_ms = shown_ms;
            }
            _ => {
                this.read_ms.insert(path.to_owned(), now_ms);
            }
        }
    }

    pub(super) fn judge_taking_a_mark_back(
        &mut self,
        run: usize,
        wish: &Wish,
        (side, path): (Side, &str),
        before: &Before,
    ) {
        let this = &self.runs[run];
        let (id, name) = path.split_once('/').unwrap_or_default();
        let is_mark = matches!(name, "deletion-mark.json" | "no-compact-mark.json");
        if this.circumstances.is_dry || side == Side::Target || !is_mark {
            self.violated(format!("{path} was deleted in {side:?}"));
            return;
        }
        let Some(mark) = &before.there else { return };
        let (looks, mut looked_ms) = this.looks.get(id).copied().unwrap_or_default();
        if self.nature.pages_may_be_asked_for {
            // The page may have been shown to who looked at another block.
            looked_ms = looked_ms.min(self.now_ms() - MOMENT_MS);
        }
        let read_ms = this.read_ms.get(path).copied().unwrap_or_default();
        self.runs[run].writes += 1;
        // The survey is one look.
        if looks < 2 {
            self.violated(format!("{path} was taken back, and nobody looked again"));
        }
        if self.runs[run].circumstances.has_a_wrong_clock() {
            self.violated(format!("{path} was taken back by a clock that is wrong"));
        }
        if mark.modified_ms < read_ms
            && let Some(why) = self.is_not_to_go(run, wish, (id, name), mark)
        {
            self.violated(format!("{path} was taken back, and {why}"));
        }
        let is_known = !self.was_disturbed_since(Side::Source, id, looked_ms);
        if is_known && !self.source_is_whole(id) {
            self.violated(format!("{path} was taken back, and the block is not whole"));
        }
        let now_ms = self.now_ms();
        if name == "deletion-mark.json" {
            self.judge_what_stays_beside(id, mark, looked_ms);
        }
        // A no-compact mark may lie there alone.
        if !self.is_marked(Side::Source, id) {
            self.runs[run].unmarked.insert(id.to_owned(), now_ms);
        }
        self.history.note_unmarked(id, now_ms);
    }

    /// Why that mark is none that was meant, if it is none.
    fn is_not_to_go(
        &self,
        run: usize,
        wish: &Wish,
        (id, name): (&str, &str),
        mark: &Object,
    ) -> Option<String> {
        let Some(written) = written_by(id, name, mark) else {
            return Some("no run wrote it".to_owned());
        };
        if name == "no-compact-mark.json" {
            // One that another run has left behind goes with the deletion mark.
            let goes = self.bears_what_is_meant(wish, id)
                || self.is_meant(wish, id, &written)
                || self.was_at_source_since(run, id);
            return (!goes).then(|| "nobody asked for it".to_owned());
        }
        if !self.is_meant(wish, id, &written) {
            return Some("nobody asked for it".to_owned());
        }
        let age_ms = self.now_ms() - deletion_ms(id, mark)?;
        let oldest = wish.oldest()?;
        let oldest_ms = i64::try_from(oldest.as_millis()).unwrap();
        (age_ms > oldest_ms + CLOCKS_MAY_DIFFER_MS + MOMENT_MS)
            .then(|| format!("it is {age_ms} ms old"))
    }

    /// A no-compact mark that the same run wrote goes first.
    fn judge_what_stays_beside(&mut self, id: &str, mark: &Object, looked_ms: i64) {
        let there = self.storage.directory(Side::Source, id);
        let beside = there.get("no-compact-mark.json").filter(|beside| {
            let run = |mark: Option<Provenance>| mark.map(|written| written.run);
            let of_both = [
                run(written_by(id, "no-compact-mark.json", beside)),
                run(written_by(id, "deletion-mark.json", mark)),
            ];
            beside.modified_ms < looked_ms && of_both[0].is_some() && of_both[0] == of_both[1]
        });
        if beside.is_some() {
            self.violated(format!("{id} keeps the no-compact mark of the same run"));
        }
    }

    /// `meta.json` and data, whatever marks there are.
    pub(super) fn source_is_whole(&self, id: &str) -> bool {
        let there = self.storage.directory(Side::Source, id);
        let version = self.versions.get(id).and_then(|versions| versions.last());
        version.is_some_and(|objects| {
            let wanted = objects.iter();
            let mut wanted = wanted.filter(|(name, _)| !name.ends_with("-mark.json"));
            wanted.all(|(name, bytes)| there.get(*name).is_some_and(|it| it.bytes == *bytes))
        })
    }

    /// The run that takes marks back has come to its end.
    pub(super) fn judge_what_was_taken_back(&mut self, run: usize, taken: &TakenBack) {
        let circumstances = self.runs[run].circumstances.clone();
        let Errand::Unmark(wish) = &circumstances.errand else {
            return;
        };
        for unmarked in &taken.blocks {
            if let Some(what) = self.falsehood_about_a_mark(run, &circumstances, wish, unmarked) {
                let id = unmarked.block.id;
                let ending = unmarked.ending.as_str();
                let detail = unmarked.detail.as_deref().unwrap_or_default();
                self.violated(format!(
                    "{id} is said to be {ending} ({detail}), and {what}"
                ));
            }
        }
        let is_told = |id: &str| {
            let mut told = taken.blocks.iter();
            told.any(|unmarked| unmarked.block.id.to_string() == id)
        };
        let passed_over = self.known.keys().find(|id| {
            !is_told(id) && !self.was_at_source_since(run, id) && self.bears_what_is_meant(wish, id)
        });
        if let Some(id) = passed_over.cloned() {
            self.violated(format!("run {run} passes over the mark of {id}"));
        }
        let exit_code = taken.exit().code();
        let expected = expected_exit(taken).code();
        if exit_code != expected {
            self.violated(format!(
                "run {run} exits with {exit_code} instead of {expected}"
            ));
        }
        self.runs[run].exit_code = Some(exit_code);
        if exit_code == 0 && !circumstances.is_dry {
            let left = self.known.keys().find(|id| {
                self.bears_what_is_meant(wish, id) && !self.was_at_source_since(run, id)
            });
            if let Some(id) = left.cloned() {
                self.violated(format!(
                    "run {run} exits with 0, and {id} is marked as before"
                ));
            }
        }
    }

    /// What is wrong with what is said of one mark.
    fn falsehood_about_a_mark(
        &self,
        run: usize,
        circumstances: &Circumstances,
        wish: &Wish,
        unmarked: &Unmarked,
    ) -> Option<&'static str> {
        let id = unmarked.block.id.to_string();
        let changed = self.was_at_source_since(run, &id);
        let bears = self.bears_what_is_meant(wish, &id);
        let whole = self.source_is_whole(&id);
        let trouble = circumstances.one_fails_in > 0 || self.nature.denies || self.nature.flips;
        let is_right = match unmarked.ending {
            UnmarkEnding::ToUnmark => {
                let bears = bears || self.bears_a_meant_mark_alone(wish, &id);
                circumstances.is_dry && (changed || bears && whole)
            }
            UnmarkEnding::Unmarked => {
                if let Some(what) = self.is_not_known_to_be_whole(run, &id) {
                    return Some(what);
                }
                let went = self.runs[run].unmarked.contains_key(&id) || changed;
                !circumstances.is_dry
                    && went
                    && (changed || !self.is_marked(Side::Source, &id) && whole)
            }
            UnmarkEnding::Gone => changed && !circumstances.is_dry,
            UnmarkEnding::NotFinished => circumstances.may_end_early() || trouble,
            UnmarkEnding::LostMeanwhile => changed || !whole,
            UnmarkEnding::Failed => changed || trouble,
            UnmarkEnding::Refused(refusal) => {
                changed
                    || match refusal {
                        Refusal::NotMarked => !self.is_marked(Side::Source, &id),
                        Refusal::NotOurs => self.is_marked(Side::Source, &id) && !bears,
                        Refusal::UnreadableMark => trouble,
                        Refusal::Excluded => !wish.takes(&self.known[&id]),
                        Refusal::NotWhole => !whole || trouble,
                        Refusal::TooOld => bears && wish.oldest().is_some(),
                    }
            }
        };
        (!is_right).then_some("it is not so")
    }

    /// It was whole when it was looked at after its mark had gone.
    fn is_not_known_to_be_whole(&self, run: usize, id: &str) -> Option<&'static str> {
        let this = &self.runs[run];
        let shown_ms = this.shown_ms.get(id).copied().unwrap_or_default();
        if this
            .unmarked
            .get(id)
            .is_some_and(|gone_ms| shown_ms < *gone_ms)
        {
            return Some("nobody looked at it afterwards");
        }
        let lost =
            !self.source_is_whole(id) && !self.was_disturbed_since(Side::Source, id, shown_ms);
        lost.then_some("it was not whole any more")
    }

    /// Whether the block bears a deletion mark that was meant, however old.
    fn bears_what_is_meant(&self, wish: &Wish, id: &str) -> bool {
        self.bears(wish, id, "deletion-mark.json")
    }

    /// Whether it bears none, and a no-compact mark that was meant.
    fn bears_a_meant_mark_alone(&self, wish: &Wish, id: &str) -> bool {
        !self.is_marked(Side::Source, id) && self.bears(wish, id, "no-compact-mark.json")
    }

    fn bears(&self, wish: &Wish, id: &str, name: &str) -> bool {
        let mark = self.storage.get(Side::Source, &format!("{id}/{name}"));
        let written = mark.and_then(|mark| written_by(id, name, mark));
        written.is_some_and(|written| self.is_meant(wish, id, &written))
    }

    fn is_meant(&self, wish: &Wish, id: &str, written: &Provenance) -> bool {
        wish.takes_mark(written) && self.known.get(id).is_some_and(|it| wish.takes(it))
    }

    /// Whether anybody but this run has been at the block in the source since it began, or is about to be.
    fn was_at_source_since(&self, run: usize, id: &str) -> bool {
        let since_ms = self.runs[run].begun_ms;
        self.was_disturbed_since(Side::Source, id, since_ms)
            || self.is_doomed(Side::Source, id)
            || self.was_another_run_at(run, Side::Source, id, since_ms)
    }
}

/// By the rules of the specification.
fn expected_exit(taken: &TakenBack) -> Exit {
    let mut unfinished = taken.blocks.iter();
    let needs = |unmarked: &Unmarked| {
        matches!(
            unmarked.ending,
            UnmarkEnding::Refused(_) | UnmarkEnding::LostMeanwhile | UnmarkEnding::Failed
        )
    };
    if let Some(signal) = taken.signal {
        Exit::Stopped(signal)
    } else if unfinished.any(|unmarked| unmarked.ending == UnmarkEnding::NotFinished) {
        Exit::Aborted
    } else if taken.absent_run.is_some()
        || !taken.absent_ids.is_empty()
        || taken.blocks.iter().any(needs)
    {
        Exit::Attention
    } else {
        Exit::Done
    }
}

fn written_by(id: &str, name: &str, mark: &Object) -> Option<Provenance> {
    if name == "no-compact-mark.json" {
        return NoCompactMark::parse(&mark.bytes).ok()?.provenance();
    }
    let block = id.parse::<BlockId>().unwrap();
    DeletionMark::parse(block, &mark.bytes).ok()?.provenance()
}

/// When a deletion mark says that it was made.
fn deletion_ms(id: &str, mark: &Object) -> Option<i64> {
    let block = id.parse::<BlockId>().unwrap();
    let mark = DeletionMark::parse(block, &mark.bytes).ok()?;
    Some(mark.deletion_time() * 1000)
}

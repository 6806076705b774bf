//! Where a block is on one way, as its lines tell one after another, and what of that is over.

use super::gather::{Chronicle, place};
use super::seen::{BlockSeen, End, RunSeen};
use super::state::State;
use super::ways::{Scope, Ways};

/// How a block stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Standing<'a> {
    pub(super) state: Option<State>,
    /// What a person must look at.
    pub(super) trouble: Option<&'a End>,
    /// The last end of all, where the block was not selected again since.
    pub(super) latest: Option<&'a End>,
    /// The run that selected it and has come to nothing.
    pub(super) open: Option<u32>,
    /// Whether a later plan has come without it.
    pub(super) is_over: bool,
}

/// What is known so far.
#[derive(Default)]
struct Known<'a> {
    place: Option<(State, u32, i64)>,
    trouble: Option<(&'a End, Scope)>,
    latest: Option<&'a End>,
    open: Option<u32>,
}

/// How a block stands on a way, as far as it was told until then.
pub(super) fn standing<'a>(
    chronicle: &'a Chronicle,
    ways: &Ways<'_>,
    way: usize,
    block: &'a BlockSeen,
    until_ms: i64,
) -> Standing<'a> {
    let plan = ways.all.get(way).and_then(|way| way.plan);
    let run = |number: u32| chronicle.runs.get(place(number));
    let ends = block.ends.iter().filter(|end| end.at_ms <= until_ms);
    let mut ends = ends
        .filter(|end| run(end.run).is_some_and(|run| !run.is_dry))
        .filter_map(|end| Some((end, ways.scope(end.run, way)?)))
        .peekable();
    let mut selected = block.selected.clone();
    selected.retain(|(number, at)| {
        let moves =
            run(*number).is_some_and(|run| run.moves() && (!run.is_dry || plan == Some(*number)));
        moves && *at <= until_ms && ways.of_run(*number) == way
    });
    selected.sort_unstable_by_key(|(_, at)| *at);
    let mut known = Known::default();
    for (number, at) in selected {
        while let Some((end, scope)) = ends.next_if(|(end, _)| end.at_ms < at) {
            known.ended(
                chronicle,
                run(end.run),
                ways.all.get(way).and_then(|way| way.target),
                end,
                scope,
            );
        }
        known.place = Some((State::Hot, number, at));
        known.trouble = known.trouble.filter(|(_, scope)| *scope != Scope::Whole);
        known.latest = None;
        known.open = Some(number);
    }
    for (end, scope) in ends {
        known.ended(
            chronicle,
            run(end.run),
            ways.all.get(way).and_then(|way| way.target),
            end,
            scope,
        );
    }
    Standing {
        state: known.state(chronicle),
        trouble: known.trouble.map(|(end, _)| end),
        latest: known.latest,
        open: known.open,
        is_over: false,
    }
    .but_for_what_is_over(chronicle, ways, block, &known, until_ms)
}

impl<'a> Known<'a> {
    fn ended(
        &mut self,
        chronicle: &'a Chronicle,
        run: Option<&RunSeen>,
        target: Option<&str>,
        end: &'a End,
        scope: Scope,
    ) {
        self.latest = Some(end);
        if self.open == Some(end.run) {
            self.open = None;
        }
        if end.needs_a_person {
            self.trouble = Some((end, scope));
            return;
        }
        let is_same = |(_, of): &(&End, Scope)| *of != scope && scope != Scope::Whole;
        self.trouble = self.trouble.filter(is_same);
        let ending = chronicle.endings.get(end.ending);
        let copies = run.is_some_and(|run| run.verb == "replicate");
        let looks = run.is_some_and(|run| run.verb == "verify");
        if ending == "not-finished" && run.is_some_and(RunSeen::moves) {
            self.open = Some(end.run);
        }
        let before = self.place.map(|(state, ..)| state);
        let in_target = matches!(before, Some(State::Moved | State::Cold | State::Both));
        let state = match ending {
            "held" | "target-only" | "covered" if looks => {
                if before == Some(State::Moved) {
                    State::Moved
                } else {
                    State::Cold
                }
            }
            "migrated" | "replicated" | "already-there" | "repaired" | "overwritten"
            | "covered" => {
                if copies {
                    State::Both
                } else {
                    State::Moved
                }
            }
            "held-back" | "mark-deferred" => State::HeldBack,
            "vanished" | "superseded" => State::Gone,
            "left-out" | "source-only" => State::Hot,
            "held-unmarked" | "unmarked" if target.is_some() => State::Both,
            "undeleted" | "is-there" if scope != Scope::Target && in_target => State::Both,
            // Who looks at one bucket alone knows nothing of the other.
            "not-finished" | "whole" | "undeleted" | "is-there" | "unmarked" | "held-unmarked"
            | "gone" => match before {
                Some(State::Gone) | None => match (scope, target) {
                    (Scope::Target, _) => State::Cold,
                    (_, None) if ending == "whole" => State::Whole,
                    _ => State::Hot,
                },
                Some(before) => before,
            },
            _ => before.unwrap_or(State::Gone),
        };
        if before != Some(state) || state == State::Hot {
            self.place = Some((state, end.run, end.at_ms));
        }
    }

    fn state(&self, chronicle: &Chronicle) -> Option<State> {
        match self.trouble {
            Some((end, _)) => Some(match chronicle.endings.get(end.ending) {
                "held-back" | "mark-deferred" => State::HeldBack,
                _ => State::Failed,
            }),
            None => self.place.map(|(state, ..)| state),
        }
    }
}

impl Standing<'_> {
    /// What a later run was asked just the same and does not name any more is not there any more, or not in the way.
    fn but_for_what_is_over(
        mut self,
        chronicle: &Chronicle,
        ways: &Ways<'_>,
        block: &BlockSeen,
        known: &Known<'_>,
        until_ms: i64,
    ) -> Self {
        let is_over = |number: u32, at_ms: i64| {
            let run = chronicle.runs.get(place(number));
            let latest = run.and_then(|run| ways.latest(number, run));
            latest.is_some_and(|(stood, latest)| {
                stood <= until_ms && stood > at_ms && !block.is_told_by(latest)
            })
        };
        let looks = |number: u32| {
            let run = chronicle.runs.get(place(number));
            run.is_some_and(|run| run.moves() || run.verb == "verify")
        };
        if let Some((end, _)) = known.trouble
            && is_over(end.run, end.at_ms)
        {
            self.trouble = None;
            self.latest = None;
            self.state = Some(known.place.map_or(State::Gone, |(state, ..)| state));
            self.is_over = self.state == Some(State::Gone);
        }
        if self.trouble.is_none()
            && let Some((State::Hot | State::HeldBack, number, at_ms)) = known.place
            && looks(number)
            && is_over(number, at_ms)
        {
            self.state = Some(State::Gone);
            self.open = None;
            self.is_over = true;
        }
        self
    }
}

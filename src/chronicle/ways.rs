//! From which bucket to which blocks move: what is known of a block is known on a way, and each way is told apart.

use std::collections::HashMap;

use super::gather::{Chronicle, place};
use super::seen::RunSeen;

/// The ways of all runs, and what the latest plan of each is.
pub(super) struct Ways<'a> {
    pub(super) all: Vec<Way<'a>>,
    of_run: Vec<usize>,
    /// The last run that looked at all that it selects, and when its look stood.
    latest: HashMap<Asked<'a>, (i64, u32)>,
}

/// One source and one target, or one bucket alone.
pub(super) struct Way<'a> {
    pub(super) source: &'a str,
    pub(super) target: Option<&'a str>,
    /// The run whose plan stands: the last that was not dry, or else the last.
    pub(super) plan: Option<u32>,
    /// How many runs went this way.
    pub(super) runs: u64,
}

/// What a run was asked to do; what another that was asked the same is silent about is over.
#[derive(PartialEq, Eq, Hash)]
struct Asked<'a> {
    verb: &'a str,
    way: usize,
    selection: u64,
}

/// Which bucket of a way a run of one bucket looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Whole,
    Source,
    Target,
}

impl<'a> Ways<'a> {
    pub(super) fn of(chronicle: &'a Chronicle) -> Self {
        let mut ways = Self {
            all: Vec::new(),
            of_run: Vec::new(),
            latest: HashMap::new(),
        };
        let mut known: HashMap<(&str, Option<&str>), usize> = HashMap::new();
        for (number, run) in (0_u32..).zip(&chronicle.runs) {
            let (source, target) = (run.source.as_str(), run.target.as_deref());
            let way = *known.entry((source, target)).or_insert(ways.all.len());
            if way == ways.all.len() {
                ways.all.push(Way {
                    source,
                    target,
                    plan: None,
                    runs: 0,
                });
            }
            ways.of_run.push(way);
            if let Some(way) = ways.all.get_mut(way) {
                way.runs += 1;
                let rank = |run: &RunSeen| Some((!run.is_dry, run.planned_ms?));
                let before = way.plan.and_then(|run| chronicle.runs.get(place(run)));
                if rank(run).is_some_and(|new| before.and_then(rank).is_none_or(|old| old <= new)) {
                    way.plan = Some(number);
                }
            }
            if let Some(stood) = run.stood_ms() {
                let asked = ways.asked(number, run);
                let latest = ways.latest.entry(asked).or_insert((stood, number));
                *latest = (*latest).max((stood, number));
            }
        }
        ways
    }

    pub(super) fn of_run(&self, run: u32) -> usize {
        self.of_run.get(place(run)).copied().unwrap_or_default()
    }

    /// The last run that was asked the same as this one and has looked at it all, and when.
    pub(super) fn latest(&self, number: u32, run: &'a RunSeen) -> Option<(i64, u32)> {
        self.latest.get(&self.asked(number, run)).copied()
    }

    fn asked(&self, number: u32, run: &'a RunSeen) -> Asked<'a> {
        Asked {
            verb: &run.verb,
            way: self.of_run(number),
            selection: run.selection,
        }
    }

    /// Which part of a way a run sees; `None` where it has nothing to do with it.
    pub(super) fn scope(&self, run: u32, way: usize) -> Option<Scope> {
        let of_run = self.of_run(run);
        if of_run == way {
            return Some(Scope::Whole);
        }
        let (one, way) = (self.all.get(of_run)?, self.all.get(way)?);
        match (one.target, way.target) {
            (None, Some(target)) if target == one.source => Some(Scope::Target),
            (None, Some(_)) if way.source == one.source => Some(Scope::Source),
            _ => None,
        }
    }

    /// The ways that these runs have to do with, of which each tells of the same block. A run of one bucket tells of a way that goes there or comes from there, and
    /// only where there is none of a way of its own.
    pub(super) fn met(&self, runs: impl Iterator<Item = u32>) -> Vec<usize> {
        let mut ways: Vec<usize> = runs.map(|run| self.of_run(run)).collect();
        ways.sort_unstable();
        ways.dedup();
        let is_single = |way: &usize| self.all.get(*way).is_none_or(|way| way.target.is_none());
        let (single, mut met): (Vec<usize>, Vec<usize>) = ways.into_iter().partition(is_single);
        for one in single {
            let Some(bucket) = self.all.get(one).map(|way| way.source) else {
                continue;
            };
            let goes = |way: &usize| {
                self.all
                    .get(*way)
                    .is_some_and(|way| way.target == Some(bucket))
            };
            let comes = |way: &usize| {
                let way = self.all.get(*way);
                way.is_some_and(|way| way.target.is_some() && way.source == bucket)
            };
            if met.iter().any(|way| goes(way) || comes(way)) {
                continue;
            }
            let mut others = 0..self.all.len();
            let other = others.clone().find(goes).or_else(|| others.find(comes));
            met.push(other.unwrap_or(one));
        }
        met.sort_unstable();
        met.dedup();
        met
    }
}

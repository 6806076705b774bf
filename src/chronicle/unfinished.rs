//! Which runs have to be started again, and what to do before.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::gather::Chronicle;
use super::seen::RunSeen;
use super::ways::Ways;

/// A run that did not do all that it was asked, where none after it did.
pub(super) struct Unfinished<'a> {
    pub(super) run: &'a str,
    pub(super) verb: &'a str,
    /// Why, in the words of the file.
    pub(super) why: Option<&'a str>,
    pub(super) what_to_do: &'static str,
}

/// The runs that did not do all that they were asked, but for those after which one did, asked the same; or anything on this way, where nothing of theirs is left.
pub(super) fn unfinished<'a>(
    chronicle: &'a Chronicle,
    ways: &Ways<'a>,
    open: &HashSet<u32>,
) -> Vec<Unfinished<'a>> {
    let runs = || (0_u32..).zip(&chronicle.runs);
    let mut left = Vec::new();
    // The last of each that came to its end, and the last of each that was asked the same.
    let mut done: HashMap<(&str, usize), DateTime<Utc>> = HashMap::new();
    let mut last: HashMap<(&str, usize, u64), (DateTime<Utc>, u32)> = HashMap::new();
    for (number, run) in runs().filter(|(_, run)| !run.is_dry) {
        let way = ways.of_run(number);
        if run.is_complete() {
            let latest = done.entry((&run.verb, way)).or_insert(run.began);
            *latest = (*latest).max(run.began);
        }
        let latest = last
            .entry((&run.verb, way, run.selection))
            .or_insert((run.began, number));
        *latest = (*latest).max((run.began, number));
    }
    for (number, run) in runs().filter(|(_, run)| !run.is_dry && !run.is_complete()) {
        let way = ways.of_run(number);
        let is_last = last
            .get(&(run.verb.as_str(), way, run.selection))
            .is_some_and(|(_, last)| *last == number);
        let is_done = done
            .get(&(run.verb.as_str(), way))
            .is_some_and(|done| *done > run.began);
        if is_last && (!is_done || open.contains(&number)) {
            left.push((run.began, Unfinished::of(run)));
        }
    }
    left.sort_by_key(|(began, one)| (std::cmp::Reverse(*began), one.run));
    left.into_iter().map(|(_, one)| one).collect()
}

impl<'a> Unfinished<'a> {
    fn of(run: &'a RunSeen) -> Self {
        let end = run.end.as_ref();
        Self {
            run: &run.id,
            verb: if run.verb.is_empty() {
                "its beginning is missing"
            } else {
                &run.verb
            },
            why: end.and_then(|end| end.why.as_deref()),
            what_to_do: match end {
                None => "has not said that it ended: if it does not run any more, start it again",
                Some(end) if matches!(end.exit_code, 1 | 2) => {
                    "had to stop: mend why, and start it again"
                }
                Some(_) => "ended early: start it again, and it goes on",
            },
        }
    }
}

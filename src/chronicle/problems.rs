//! What could not be read, and where: counted, and the first of it named.

use std::collections::BTreeMap;

use crate::audit::Problem;
use crate::human;

/// So many are named.
const NAMED: usize = 50;
/// So many events that this version does not know are told apart.
const UNKNOWN: usize = 50;

/// What could not be read.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// Lines that are no events.
    pub(super) malformed: u64,
    /// Lines that a kill, a full disk or a loss of power has torn.
    pub(super) torn: u64,
    /// Lines of a newer version than this one.
    pub(super) newer: u64,
    /// Blocks, groups, runs and words beyond what is told apart.
    pub(super) beyond: u64,
    /// The first of them: file, line and why.
    pub(super) named: Vec<(String, u64, String)>,
    /// Events that this version does not know.
    pub(super) unknown: BTreeMap<String, u64>,
}

impl Problems {
    pub(super) fn note(&mut self, file: &str, line: u64, problem: Problem) {
        let why = match problem {
            Problem::Torn => {
                self.torn += 1;
                "the file ends in the middle of it".to_owned()
            }
            Problem::Broken => {
                self.torn += 1;
                "it was never finished".to_owned()
            }
            Problem::Foreign(why) => {
                self.malformed += 1;
                why
            }
        };
        if self.named.len() < NAMED {
            self.named.push((file.to_owned(), line, why));
        }
    }

    pub(super) fn note_unknown(&mut self, event: &str) {
        if let Some(many) = self.unknown.get_mut(event) {
            *many += 1;
        } else if self.unknown.len() < UNKNOWN && event.len() < 100 {
            self.unknown.insert(event.to_owned(), 1);
        }
    }
}

impl Problems {
    /// What there is to say of it, a sentence each.
    pub(super) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut say = |many: u64, thing: &str, what: &str| {
            if many > 0 {
                told.push(format!("{} {what}.", human::count(many, thing)));
            }
        };
        say(
            self.malformed,
            "line",
            "could not be read, and counted for nothing",
        );
        say(
            self.torn,
            "line",
            "came to no end, as where a disk was full or a run is in the middle of it",
        );
        say(
            self.newer,
            "line",
            "of a newer version of this tool, read as far as this one knows them",
        );
        say(
            self.beyond,
            "line",
            "of blocks, groups or runs beyond those that are told apart: their totals are missing here",
        );
        for (event, many) in &self.unknown {
            let many = human::count(*many, "event");
            told.push(format!(
                "{many} of a kind that this version does not know: {event}."
            ));
        }
        told
    }
}

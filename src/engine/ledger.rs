//! What became of each job, filed as it ends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::outcome::{BlockEnding, Outcome};

/// The outcome of each job, by number; `None` while it has not ended.
#[derive(Debug)]
pub struct Ledger(Mutex<Vec<Option<Outcome>>>);

impl Ledger {
    /// A ledger for so many jobs, none of which has ended.
    #[must_use]
    pub fn of(jobs: usize) -> Self {
        Self(Mutex::new(vec![None; jobs]))
    }

    /// Files the outcome of the job of that number. A number that no job has is ignored.
    pub fn file(&self, number: usize, outcome: Outcome) {
        if let Some(page) = self.pages().get_mut(number) {
            *page = Some(outcome);
        }
    }

    /// Takes out the outcome of every job, in the order of their numbers; one that has not ended is [`BlockEnding::NotFinished`].
    pub fn close(&self) -> Vec<Outcome> {
        let pages = std::mem::take(&mut *self.pages());
        let unfinished = || Outcome::untouched(BlockEnding::NotFinished, None);
        pages
            .into_iter()
            .map(|page| page.unwrap_or_else(unfinished))
            .collect()
    }

    /// Locks the outcomes; a poisoned lock is used all the same, for every change is a single assignment.
    fn pages(&self) -> MutexGuard<'_, Vec<Option<Outcome>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_has_its_place_and_what_has_not_ended_is_not_finished() {
        let ledger = Ledger::of(3);
        ledger.file(2, Outcome::untouched(BlockEnding::Vanished, None));
        ledger.file(0, Outcome::untouched(BlockEnding::Migrated, None));
        ledger.file(3, Outcome::untouched(BlockEnding::Failed, None));
        let endings: Vec<_> = ledger.close().iter().map(|one| one.ending).collect();
        let expected = [
            BlockEnding::Migrated,
            BlockEnding::NotFinished,
            BlockEnding::Vanished,
        ];
        assert_eq!(endings, expected);
    }
}

//! Tells when refusals are everybody's, and what ended the run because it concerned more than one job.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Kind};

/// What is refused so often in a row, with nothing accepted in between, will be refused to all.
const IN_A_ROW: u32 = 3;

/// What the answers to all jobs add up to.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Whether anything was ever accepted: until then a single refusal says enough.
    accepted_before: bool,
    refused_in_a_row: u32,
    /// Whether anything was ever refused, to whomever.
    refused_before: bool,
    cause: Option<Error>,
}

/// Whom an error concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// The job that met it.
    OneJob,
    /// Every job that is to come.
    Everybody,
}

impl Breaker {
    /// Something was taken: the next refusal is one job's, as far as is known.
    pub fn accepted(&self) {
        let mut seen = self.seen();
        seen.accepted_before = true;
        seen.refused_in_a_row = 0;
    }

    /// A job ended with an error of this kind: whom it concerns.
    pub fn failed(&self, kind: Kind) -> Concern {
        let mut seen = self.seen();
        seen.refused_before |= kind.refuses_one_object();
        let mut is_everybodys = kind.concerns_whole_bucket();
        if kind == Kind::Refused {
            seen.refused_in_a_row = seen.refused_in_a_row.saturating_add(1);
            is_everybodys |= !seen.accepted_before || seen.refused_in_a_row >= IN_A_ROW;
        }
        if is_everybodys {
            Concern::Everybody
        } else {
            Concern::OneJob
        }
    }

    /// Whether anything was ever refused, so that it is worth a look whether it concerned one job alone.
    pub fn was_refused(&self) -> bool {
        self.seen().refused_before
    }

    /// No job that is to come can fare better. Tells whether this is the first cause, which is the one that is kept.
    pub fn open(&self, err: &Error) -> bool {
        let mut seen = self.seen();
        let is_first = seen.cause.is_none();
        seen.cause
            .get_or_insert_with(|| Error::new(err.kind(), format!("{err:#}")));
        is_first
    }

    /// What ended the run, if something did.
    pub fn take_cause(&self) -> Option<Error> {
        self.seen().cause.take()
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_anything_is_accepted_one_refusal_is_everybodys_and_then_three_in_a_row() {
        // A: something is accepted; R: a job is refused; T: one fails in passing. Whether the last one is everybody's.
        for (story, expected) in [
            ("R", true),
            ("TR", true),
            ("T", false),
            ("AR", false),
            ("ARR", false),
            ("ARRR", true),
            ("ARTRTR", true),
            ("ARRARR", false),
            ("ARRARRR", true),
        ] {
            let breaker = Breaker::default();
            let mut last = Concern::OneJob;
            for step in story.chars() {
                match step {
                    'A' => breaker.accepted(),
                    'R' => last = breaker.failed(Kind::Refused),
                    _ => last = breaker.failed(Kind::Transient),
                }
            }
            assert_eq!(last == Concern::Everybody, expected, "{story}");
        }
    }

    #[test]
    fn what_concerns_a_whole_bucket_is_everybodys_whatever_was_accepted() {
        let breaker = Breaker::default();
        breaker.accepted();
        assert_eq!(breaker.failed(Kind::NoSpace), Concern::Everybody);
        assert!(!breaker.was_refused());
        assert_eq!(breaker.failed(Kind::Unreadable), Concern::OneJob);
        assert!(breaker.was_refused());
    }

    #[test]
    fn the_first_cause_is_kept() {
        let breaker = Breaker::default();
        assert!(breaker.open(&Error::new(Kind::NoSpace, "write a")));
        assert!(!breaker.open(&Error::new(Kind::Refused, "write b")));
        let cause = breaker.take_cause().map(|err| err.kind());
        assert_eq!(cause, Some(Kind::NoSpace));
    }
}

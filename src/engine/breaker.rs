//! Tells when a refusal concerns every job and not one alone, and keeps the error that ended the run for all of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Kind};

/// After so many refusals in a row, with nothing accepted in between, every job is expected to be refused.
const IN_A_ROW: u32 = 3;

/// Counts the answers of the buckets to all jobs of a run.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Whether anything was ever accepted: until then a single refusal says enough.
    accepted_before: bool,
    refused_in_a_row: u32,
    /// Whether any job was ever refused.
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
    /// Notes that a bucket accepted something: refusals are counted anew, and the next one is taken to concern its job alone.
    pub fn accepted(&self) {
        let mut seen = self.seen();
        seen.accepted_before = true;
        seen.refused_in_a_row = 0;
    }

    /// Counts a job that ended with an error of this kind, and tells whom the error concerns.
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

    /// Notes an error that every later job would meet too. `true` for the first one, which is the one that is kept.
    pub fn open(&self, err: &Error) -> bool {
        let mut seen = self.seen();
        let is_first = seen.cause.is_none();
        seen.cause
            .get_or_insert_with(|| Error::new(err.kind(), format!("{err:#}")));
        is_first
    }

    /// Takes out the error that ended the run, if one did.
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
        // A: something is accepted; R: a job is refused; T: one fails with a transient error. Whether the last one concerns everybody.
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

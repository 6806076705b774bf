//! What the errors of S3's own kinds mean to a run.

use std::error::Error as StdError;

use super::credentials::{Failure, Unfit};
use super::object::Odd;
use super::page::Fault;
use super::refusal::{Refusal, SOMETHING_ELSE};
use super::uploads;
use crate::bucket::classify::Meaning;
use crate::bucket::pages::Endless;
use crate::error::Kind;

/// What a cause means that is one of them.
pub(super) fn meaning(cause: &(dyn StdError + 'static)) -> Option<Meaning> {
    if let Some(refusal) = cause.downcast_ref::<Refusal>() {
        return Some(Meaning {
            kind: refusal.kind(),
            said: refusal.told(),
            hint: refusal.hint(),
        });
    }
    let kind = if let Some(fault) = cause.downcast_ref::<Fault>() {
        return Some(Meaning {
            kind: fault.kind(),
            said: None,
            hint: (fault == &Fault::NoListing).then_some(SOMETHING_ELSE),
        });
    } else if let Some(fault) = cause.downcast_ref::<uploads::Fault>() {
        fault.kind()
    } else if let Some(odd) = cause.downcast_ref::<Odd>() {
        odd.kind()
    } else if let Some(failure) = cause.downcast_ref::<Failure>() {
        failure.kind()
    } else if cause.is::<Unfit>() {
        Kind::Credentials
    } else if cause.is::<Endless>() {
        Kind::Other
    } else {
        return None;
    };
    Some(kind.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_something_else_asks_for_the_address() {
        let hint = |fault: Fault| meaning(&fault).and_then(|meaning| meaning.hint);
        assert!(hint(Fault::NoListing).is_some_and(|hint| hint.contains("config.endpoint")));
        assert_eq!(hint(Fault::NoName), None);
    }
}

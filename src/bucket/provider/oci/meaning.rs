//! What the errors of this provider's own kinds mean to a run.

use std::error::Error as StdError;

use super::fault::Fault;
use super::machine::Failure;
use super::refusal::{Refusal, SOMETHING_ELSE};
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
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some(Meaning {
            kind: failure.kind(),
            said: Some(failure.to_string()),
            hint: None,
        });
    }
    if let Some(fault) = cause.downcast_ref::<Fault>() {
        let is_of_something_else = matches!(fault, Fault::NoListing | Fault::NoNamespace);
        return Some(Meaning {
            kind: fault.kind(),
            said: None,
            hint: is_of_something_else.then_some(SOMETHING_ELSE),
        });
    }
    cause.is::<Endless>().then(|| Kind::Other.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_something_else_asks_for_the_address() {
        let hint = |fault: Fault| meaning(&fault).and_then(|meaning| meaning.hint);
        assert!(hint(Fault::NoListing).is_some_and(|hint| hint.contains("config.region")));
        assert_eq!(hint(Fault::NoName), None);
    }
}

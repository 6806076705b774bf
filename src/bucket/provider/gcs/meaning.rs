//! What the errors of this provider's own kinds mean to a run.

use std::error::Error as StdError;

use super::credentials::Failure;
use super::fault::Fault;
use super::refusal::Refusal;
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
        return Some(fault.kind().into());
    }
    cause.is::<Endless>().then(|| Kind::Other.into())
}

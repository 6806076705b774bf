//! What the errors of this provider's own kinds mean to a run.

use std::error::Error as StdError;

use super::fault::Fault;
use super::refusal::Refusal;
use super::session::Failure;
use crate::bucket::classify::Meaning;
use crate::bucket::pages::Endless;
use crate::causes;
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
        return Some(Meaning {
            kind: fault.kind(),
            said: None,
            hint: fault.hint(),
        });
    }
    cause.is::<Endless>().then(|| Kind::Other.into())
}

/// The kind of an error that the store told; `None` where it told nothing.
pub(super) fn kind(err: &object_store::Error) -> Option<Kind> {
    causes::chain(err).find_map(|cause| Some(meaning(cause)?.kind))
}

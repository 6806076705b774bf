//! What the errors of S3's own kinds mean to a run.

use std::error::Error as StdError;

use super::credentials::{Failure, Unfit};
use super::object::Odd;
use super::page::Fault;
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
    let kind = if let Some(fault) = cause.downcast_ref::<Fault>() {
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

//! What the errors of Azure's own kinds mean to a run.

use std::error::Error as StdError;

use object_store::client::{HttpError, HttpErrorKind};

use super::ask::Backslash;
use super::container::StillEmpty;
use super::credentials::Failure;
use super::object::Odd;
use super::page::Fault;
use super::refusal::Refusal;
use super::upload::NoAbort;
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
    let kind = if let Some(fault) = cause.downcast_ref::<Fault>() {
        fault.kind()
    } else if let Some(odd) = cause.downcast_ref::<Odd>() {
        odd.kind()
    } else if let Some(failure) = cause.downcast_ref::<Failure>() {
        failure.kind()
    } else if cause.is::<Backslash>() || cause.is::<NoAbort>() {
        Kind::Unsupported
    } else if cause.is::<StillEmpty>() {
        Kind::NotFound
    } else if cause.is::<Endless>() {
        Kind::Other
    } else {
        return None;
    };
    Some(kind.into())
}

/// Whether an answer that was cut off, or was no page, may be a better one when it is asked for again.
pub(super) fn may_pass(err: &object_store::Error) -> bool {
    for cause in causes::chain(err) {
        if let Some(fault) = cause.downcast_ref::<Fault>() {
            return fault.kind().is_transient();
        }
        if let Some(err) = cause.downcast_ref::<HttpError>() {
            return !matches!(err.kind(), HttpErrorKind::Unknown | HttpErrorKind::Decode);
        }
    }
    false
}

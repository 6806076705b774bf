//! What failed in passing is waited for, told and counted in one way before it is tried again.

use tracing::warn;

use super::at_work::BlockAtWork;
use super::stopped::Stopped;
use crate::error::Error;
use crate::retry::Backoff;

/// What is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotYet {
    Copied,
    Published,
    Marked,
}

impl NotYet {
    fn as_str(self) -> &'static str {
        match self {
            NotYet::Copied => "copied",
            NotYet::Published => "published",
            NotYet::Marked => "marked",
        }
    }
}

/// Waits before what failed in passing is tried again, and tells the log what is not done yet; gives the error back where enough was tried.
pub(super) async fn before_another_try(
    block: &BlockAtWork<'_>,
    not_yet: NotYet,
    err: Error,
    backoff: &mut Backoff,
) -> Result<(), Stopped> {
    let Some(delay) = backoff.next_delay() else {
        return Err(err.into());
    };
    let (id, not_yet) = (block.selected.block.id, not_yet.as_str());
    warn!(block = %id, ?delay, err = format!("{err:#}"), "the block is not {not_yet} yet, and is tried again after the delay");
    Ok(block.shared().course.pause(delay).await?)
}

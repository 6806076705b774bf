//! How work that failed with a transient error is counted, logged and delayed before it is tried again.

use tracing::warn;

use super::at_work::BlockAtWork;
use super::stopped::Stopped;
use crate::audit::Event;
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

/// Logs `err` and what is not done yet, and waits before the next try. Errors: `err` where no try is left; the run ended during the wait.
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
    let why = format!("{err:#}");
    block.shared().tell(&Event::Retried {
        block: id,
        not_yet,
        why: &why,
        delay,
    })?;
    warn!(block = %id, ?delay, err = why, "the block is not {not_yet} yet, and is tried again after the delay");
    Ok(block.shared().course.pause(delay).await?)
}

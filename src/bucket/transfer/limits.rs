//! How long a transfer takes to end once it is told to: whoever waits for it must wait longer.

use std::time::Duration;

/// How long a multipart upload may take to be begun or completed once its transfer is to end.
pub(super) const COMPLETION_TIME: Duration = Duration::from_secs(4);

/// How long a multipart upload may take to be aborted.
pub(super) const ABORT_TIME: Duration = Duration::from_secs(10);

/// How long a transfer takes at most to end once it is cancelled: it may fail to complete its upload, and abort it then.
pub const TIME_TO_END: Duration = COMPLETION_TIME.saturating_add(ABORT_TIME);

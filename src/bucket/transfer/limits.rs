//! How much of a transfer goes on at once, and how long it takes to end once it is told to: whoever waits for it must wait longer.

use std::time::Duration;

/// Parts of one object being fetched, and as many being put.
pub(super) const PARTS_AT_ONCE: usize = 4;

/// Pieces of one body being fetched while another goes out.
pub(super) const PIECES_AHEAD: usize = 2;

/// Pieces being read from each bucket while two objects are compared.
pub(super) const PIECES_COMPARED_AT_ONCE: usize = 2;

/// How long a multipart upload may take to be begun or completed once its transfer is to end.
pub(super) const COMPLETION_TIME: Duration = Duration::from_secs(4);

/// How long a multipart upload may take to be aborted.
pub(super) const ABORT_TIME: Duration = Duration::from_secs(10);

/// How long a transfer takes at most to end once it is cancelled: it may fail to complete its upload, and abort it then.
pub const TIME_TO_END: Duration = COMPLETION_TIME.saturating_add(ABORT_TIME);

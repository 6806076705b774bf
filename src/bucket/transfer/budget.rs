//! The memory that all transfers of a run share.

use std::num::NonZeroU64;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may be in memory at once, handed out in MiB. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Budget {
    semaphore: Arc<Semaphore>,
    units: u32,
}

/// Memory in use; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    _permit: Option<OwnedSemaphorePermit>,
}

const UNIT_BYTES: u64 = 1 << 20;

/// The part of a process's memory that objects share as buffers: two parts of the usual 64 MiB, one that comes while the other goes. The plan, the program
/// itself and its connections have the rest.
const SHARE_OF_BUFFERS: (u64, u64) = (5, 8);

impl Budget {
    /// A budget of so many bytes, rounded down to MiB and at least one.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes as u64 / UNIT_BYTES)
            .unwrap_or(u32::MAX)
            .max(1);
        Self {
            semaphore: Arc::new(Semaphore::new(units as usize)),
            units,
        }
    }

    /// The budget of a process that may use so many bytes in all.
    #[must_use]
    pub fn within(memory_limit: NonZeroU64) -> Self {
        Self::new(Self::share_of(memory_limit))
    }

    /// What of a process's memory is for what it reads and moves, in bytes.
    #[must_use]
    pub fn share_of(memory_limit: NonZeroU64) -> usize {
        let (part, of) = SHARE_OF_BUFFERS;
        usize::try_from(memory_limit.get() / of * part).unwrap_or(usize::MAX)
    }

    /// Waits for memory, first come, first served. Whoever wants more than there is gets all of it.
    pub(super) async fn take(&self, bytes: u64) -> Share {
        let wanted = u32::try_from(bytes.div_ceil(UNIT_BYTES))
            .unwrap_or(u32::MAX)
            .clamp(1, self.units);
        let permit = Arc::clone(&self.semaphore).acquire_many_owned(wanted).await;
        Share {
            // The semaphore is never closed.
            _permit: permit.ok(),
        }
    }
}

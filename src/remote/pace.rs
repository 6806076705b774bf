//! How much a server gives at once, as far as it has shown: who had to be asked for halves again is asked for no more from then on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::promql::Selector;

/// Once may be chance.
const BELIEVED_FROM: u32 = 2;

/// What was learnt of each selector.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<String, Learnt>>);

#[derive(Debug, Clone, Copy)]
struct Learnt {
    /// The shortest that was asked for.
    longest_ms: i64,
    /// In so many ranges halves had to be asked for.
    times: u32,
}

impl Pace {
    /// A range had to be asked for in pieces, the shortest so long.
    pub(super) fn learn(&self, selector: &Selector, longest_ms: i64) {
        let mut learnt = self.learnt();
        let learnt = learnt.entry(selector.to_string()).or_insert(Learnt {
            longest_ms,
            times: 0,
        });
        learnt.longest_ms = learnt.longest_ms.min(longest_ms);
        learnt.times += 1;
    }

    /// How long a range of it is asked for at once, where that is known.
    pub(super) fn longest_ms(&self, selector: &Selector) -> Option<i64> {
        let learnt = self.learnt().get(&selector.to_string()).copied()?;
        (learnt.times >= BELIEVED_FROM).then_some(learnt.longest_ms.max(1))
    }

    fn learnt(&self) -> MutexGuard<'_, HashMap<String, Learnt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

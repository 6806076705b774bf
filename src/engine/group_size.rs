//! How many blocks are looked at together: as many as get their turn while what was seen is fresh.

use std::time::Duration;

use crate::at_once::LOOK_AHEAD;

/// The smallest number.
const LEAST: usize = 4;

/// Whoever waits longer was looked at with too many others.
const TOO_LONG: Duration = Duration::from_secs(1);

/// Where the last of them waits no longer, there may be more.
const SHORT: Duration = Duration::from_millis(400);

/// The number, as the last groups have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupSize(usize);

impl Default for GroupSize {
    fn default() -> Self {
        Self(LOOK_AHEAD)
    }
}

impl GroupSize {
    pub(super) fn get(self) -> usize {
        self.0
    }

    /// Somebody had waited so long for the turn.
    pub(super) fn learn(&mut self, waited: Duration) {
        if waited > TOO_LONG {
            self.0 = (self.0 / 2).max(LEAST);
        } else if waited < SHORT {
            self.0 = (self.0 + 1).min(LOOK_AHEAD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_long_is_looked_at_with_fewer_others() {
        let mut size = GroupSize::default();
        size.learn(SHORT);
        assert_eq!(size.get(), LOOK_AHEAD);
        size.learn(TOO_LONG + SHORT);
        assert_eq!(size.get(), LOOK_AHEAD / 2);
        for _ in 0..10 {
            size.learn(TOO_LONG + SHORT);
        }
        assert_eq!(size.get(), LEAST);
        size.learn(SHORT);
        assert_eq!(size.get(), LEAST);
        for _ in 0..100 {
            size.learn(Duration::ZERO);
        }
        assert_eq!(size.get(), LOOK_AHEAD);
    }
}

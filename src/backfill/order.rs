//! In which order blocks are published: by time. A compactor makes one block of those around a gap, and then there is no room any more for what is missing,
//! so that what comes after a window that is not written waits for it.

use std::collections::BTreeMap;

use tokio::sync::watch;

use crate::history::Range;

/// The longest range of which compactors make one block: two weeks.
const UNIT_MS: i64 = 14 * 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// It may still be published.
    Ahead,
    /// It is published, or holds nothing that could be.
    Passed,
    /// It is not written in this run.
    Gap,
}

/// The windows that are to be written, by their beginnings.
#[derive(Debug)]
pub(super) struct Order(watch::Sender<BTreeMap<i64, (Range, Pass)>>);

impl Order {
    /// None of them is known.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }

    /// The window is to be written.
    pub(super) fn expects(&self, window: Range) {
        self.note(window, Pass::Ahead);
    }

    /// It need not be waited for any more.
    pub(super) fn passes(&self, window: Range) {
        self.note(window, Pass::Passed);
    }

    /// It is not written.
    pub(super) fn leaves_a_gap(&self, window: Range) {
        self.note(window, Pass::Gap);
    }

    fn note(&self, window: Range, pass: Pass) {
        self.0.send_modify(|windows| {
            windows.insert(window.start_ms, (window, pass));
        });
    }

    /// Waits until each earlier window that compactors may put together with this one has passed.
    ///
    /// Errors: the window that has not, and will not.
    pub(super) async fn turn_of(&self, window: Range) -> Result<(), Range> {
        let begins_ms = window.start_ms.div_euclid(UNIT_MS) * UNIT_MS;
        let mut windows = self.0.subscribe();
        let is_decided = |windows: &BTreeMap<i64, (Range, Pass)>| {
            let mut earlier = windows.range(begins_ms..window.start_ms);
            let gap = earlier.clone().find(|(_, (_, pass))| *pass == Pass::Gap);
            gap.is_some() || earlier.all(|(_, (_, pass))| *pass == Pass::Passed)
        };
        let Ok(windows) = windows.wait_for(is_decided).await else {
            return Ok(());
        };
        let mut earlier = windows.range(begins_ms..window.start_ms);
        match earlier.find(|(_, (_, pass))| *pass == Pass::Gap) {
            Some((_, (gap, _))) => Err(*gap),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// S-24.79
    #[test]
    fn a_window_waits_for_those_before_it_and_for_no_other_fortnight() {
        let window = |day: i64| Range {
            start_ms: day * 86_400_000,
            end_ms: (day + 1) * 86_400_000,
        };
        let order = Order::new();
        for day in [11, 12, 13, 14] {
            order.expects(window(day));
        }
        let turn = |day| order.turn_of(window(day)).now_or_never();
        assert_eq!(
            [turn(11), turn(12), turn(14)],
            [Some(Ok(())), None, Some(Ok(()))]
        );
        order.passes(window(11));
        assert_eq!([turn(12), turn(13)], [Some(Ok(())), None]);
        order.leaves_a_gap(window(12));
        assert_eq!(turn(13), Some(Err(window(12))));
        assert_eq!(turn(14), Some(Ok(())));
    }
}

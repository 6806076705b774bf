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
pub(super) struct Order(watch::Sender<Windows>);

type Windows = BTreeMap<i64, (Range, Pass)>;

impl Order {
    /// None of them is known.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }

    /// The window is to be written.
    pub(super) fn expects(&self, window: Range) {
        self.note(window, Pass::Ahead);
    }

    /// It need not be waited for any more, unless it is known to leave a gap.
    pub(super) fn passes(&self, window: Range) {
        self.0.send_modify(|windows| {
            let noted = windows.entry(window.start_ms);
            let (_, pass) = noted.or_insert((window, Pass::Passed));
            if *pass != Pass::Gap {
                *pass = Pass::Passed;
            }
        });
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

    /// The first earlier window that compactors may put together with this one and that will not pass, where one is known by now.
    pub(super) fn gap_before(&self, window: Range) -> Option<Range> {
        first_gap(&self.0.borrow(), window)
    }

    /// Waits until each earlier window that compactors may put together with this one has passed.
    ///
    /// Errors: the window that has not, and will not.
    pub(super) async fn turn_of(&self, window: Range) -> Result<(), Range> {
        let mut windows = self.0.subscribe();
        let is_decided = |windows: &Windows| {
            let mut earlier = windows.range(begins_ms(window)..window.start_ms);
            first_gap(windows, window).is_some()
                || earlier.all(|(_, (_, pass))| *pass == Pass::Passed)
        };
        let Ok(windows) = windows.wait_for(is_decided).await else {
            return Ok(());
        };
        first_gap(&windows, window).map_or(Ok(()), Err)
    }
}

/// When those begin that compactors may put together with it.
fn begins_ms(window: Range) -> i64 {
    window.start_ms.div_euclid(UNIT_MS) * UNIT_MS
}

fn first_gap(windows: &Windows, before: Range) -> Option<Range> {
    let mut earlier = windows.range(begins_ms(before)..before.start_ms);
    let (_, (gap, _)) = earlier.find(|(_, (_, pass))| *pass == Pass::Gap)?;
    Some(*gap)
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
        assert_eq!(order.gap_before(window(13)), None);
        order.leaves_a_gap(window(12));
        // That it ended is filed later.
        order.passes(window(12));
        assert_eq!(turn(13), Some(Err(window(12))));
        let gaps = [11, 12, 13, 14].map(|day| order.gap_before(window(day)));
        assert_eq!(gaps, [None, None, Some(window(12)), None]);
        assert_eq!(turn(14), Some(Ok(())));
    }
}

//! What a source tells beside the items that are handed on: whatever no selector means, and which selectors mean nothing of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::promql::Selector;
use crate::remote::Brought;
use crate::samples::{Item, Labels};

/// What is counted while a source is heard, from several threads.
#[derive(Debug)]
pub(super) struct Hearing {
    /// Each selector of the plan, and whether it has meant a series.
    selectors: Vec<(Selector, AtomicBool)>,
    /// How often the source was heard to its end.
    times: AtomicU64,
    passed_over: AtomicU64,
    outside: AtomicU64,
    repeats: AtomicU64,
}

/// What was heard beside the items that were handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Samples of payloads that no selector means.
    pub passed_over: u64,
    /// Samples that a server told, and that lie outside of the range.
    pub outside: u64,
    /// Requests that were made anew.
    pub repeats: u64,
    /// Selectors that meant nothing of what was heard to its end.
    pub unmet: Vec<String>,
}

impl Hearing {
    pub(super) fn of(selectors: &[Selector]) -> Self {
        let selectors = selectors.iter();
        Self {
            selectors: selectors
                .map(|one| (one.clone(), AtomicBool::new(false)))
                .collect(),
            times: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
            outside: AtomicU64::new(0),
            repeats: AtomicU64::new(0),
        }
    }

    /// Whether the plan means what the item is of. Samples of which it is not so are counted.
    pub(super) fn is_meant(&self, item: &Item) -> bool {
        match item {
            Item::Piece(piece) => {
                let is_meant = self.means(&piece.labels);
                if !is_meant {
                    let samples = piece.told.samples();
                    self.passed_over.fetch_add(samples, Ordering::Relaxed);
                }
                is_meant
            }
            Item::Exemplar(exemplar) => self.means(&exemplar.series),
            _ => true,
        }
    }

    fn means(&self, labels: &Labels) -> bool {
        let mut is_meant = self.selectors.is_empty();
        for (selector, has_met) in &self.selectors {
            // One that is known to mean something is asked where it decides.
            let is_known = has_met.load(Ordering::Relaxed);
            if (!is_known || !is_meant) && selector.matches(labels) {
                is_meant = true;
                has_met.store(true, Ordering::Relaxed);
            }
        }
        is_meant
    }

    /// The source was heard to the end of a range.
    pub(super) fn ends(&self, brought: Brought) {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.outside.fetch_add(brought.outside, Ordering::Relaxed);
        self.repeats.fetch_add(brought.repeats, Ordering::Relaxed);
    }

    pub(super) fn told(&self) -> Heard {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let unmet = self.selectors.iter();
        let unmet =
            unmet.filter(|(_, has_met)| of(&self.times) > 0 && !has_met.load(Ordering::Relaxed));
        Heard {
            passed_over: of(&self.passed_over),
            outside: of(&self.outside),
            repeats: of(&self.repeats),
            unmet: unmet.map(|(selector, _)| selector.to_string()).collect(),
        }
    }
}

impl Heard {
    /// What is worth knowing of it, each in a line.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let unmet = self.unmet.iter();
        unmet
            .map(|selector| {
                format!("the selector {selector} means no series of what the source told")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Builder, Piece, Sample, Told, Value};

    fn item(name: &str) -> Item {
        let mut labels = Builder::default();
        labels.add("__name__", name);
        let labels = labels.build().unwrap_or_else(|_| unreachable!());
        let sample = Sample {
            time_ms: 1,
            value: Value::Float(1.0),
        };
        Item::Piece(Piece {
            labels,
            told: Told::Samples(vec![sample.clone(), sample]),
        })
    }

    fn selectors(of: &[&str]) -> Vec<Selector> {
        let of = of.iter();
        of.map(|one| one.parse().unwrap_or_else(|_| unreachable!()))
            .collect()
    }

    /// S-24.73
    #[test]
    fn what_no_selector_means_is_counted_and_so_is_a_selector_that_means_nothing() {
        let hearing = Hearing::of(&selectors(&["a", "{__name__=~\"a|b\"}", "c"]));
        assert_eq!(hearing.told().unmet, [""; 0], "nothing was heard");
        let meant = ["a", "b", "d", "a"].map(|name| hearing.is_meant(&item(name)));
        assert_eq!(meant, [true, true, false, true]);
        hearing.ends(Brought::default());
        let told = hearing.told();
        assert_eq!(told.passed_over, 2);
        assert_eq!(told.unmet, ["c"]);

        let all = Hearing::of(&[]);
        assert!(all.is_meant(&item("a")));
        all.ends(Brought::default());
        assert_eq!(all.told(), Heard::default());
    }
}

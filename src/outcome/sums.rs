//! Sums over the selected blocks of a plan: by labels, by resolution, by month.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike};

use super::review::Review;
use super::row::{Amount, Block};

/// How much is selected, and what of it is put into the target.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) selected: Amount,
    pub(crate) to_put: Amount,
}

/// The value of each label that is asked for; `None` where the block has no such label.
pub(crate) type Values<'a> = Box<[Option<&'a str>]>;

/// Sums over the selected blocks of a plan.
#[derive(Debug)]
pub struct Sums<'a> {
    /// The labels that are asked for, in the order in which they were.
    pub(crate) labels: &'a [String],
    /// By their values; nothing where no label is asked for.
    pub(crate) by_labels: BTreeMap<Values<'a>, Sum>,
    /// By resolution in milliseconds.
    pub(crate) by_resolution: BTreeMap<i64, Sum>,
    /// By the month of minTime in UTC; `None` for times beyond the calendar.
    pub(crate) by_month: BTreeMap<Option<Month>, Sum>,
}

/// A month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    pub(crate) year: i32,
    pub(crate) month: u32,
}

impl Month {
    fn of(time_ms: i64) -> Option<Self> {
        let time = DateTime::from_timestamp_millis(time_ms)?;
        Some(Self {
            year: time.year(),
            month: time.month(),
        })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Sum {
    fn add(&mut self, block: &Block<'_>) {
        self.selected.add(block.size);
        self.to_put.add(block.put);
    }

    /// Both together.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.selected.add(other.selected);
        self.to_put.add(other.to_put);
        self
    }
}

impl<'a> Sums<'a> {
    /// Of the blocks that are selected, by these labels.
    #[must_use]
    pub fn of(review: &Review<'a>, labels: &'a [String]) -> Self {
        let mut sums = Self {
            labels,
            by_labels: BTreeMap::new(),
            by_resolution: BTreeMap::new(),
            by_month: BTreeMap::new(),
        };
        for block in &review.blocks {
            let meta = &block.selected.meta.block;
            if !labels.is_empty() {
                let borne = meta.group.labels.as_map();
                let values = labels
                    .iter()
                    .map(|name| borne.get(name).map(String::as_str));
                sums.by_labels
                    .entry(values.collect())
                    .or_default()
                    .add(block);
            }
            let resolution = meta.group.resolution_ms;
            sums.by_resolution.entry(resolution).or_default().add(block);
            let month = Month::of(meta.min_time_ms);
            sums.by_month.entry(month).or_default().add(block);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::testing::{World, block};

    /// S-17.7
    #[test]
    fn every_selected_block_is_in_one_sum_of_each_kind() {
        let world = World::of([
            block(1),
            block(2).hours(2, 4).label("tenant", "a"),
            block(3).hours(24 * 40, 24 * 41).label("tenant", "b"),
            block(4).hours(4, 6).label("tenant", "a").without("index"),
            block(5).resolution(300_000).sources([1]),
            block(6).before_time(),
        ]);
        let plan = world.plan();
        let review = Review::new(&plan, &world.rules, None);
        let labels = ["tenant", "nothing"].map(str::to_owned);
        let sums = Sums::of(&review, &labels);
        let blocks = |sums: &mut dyn Iterator<Item = &Sum>| -> Vec<u64> {
            sums.map(|sum| sum.selected.blocks).collect()
        };
        assert_eq!(blocks(&mut sums.by_labels.values()), [3, 1, 1]);
        let values: Vec<_> = sums
            .by_labels
            .keys()
            .map(|values| values.to_vec())
            .collect();
        assert_eq!(
            values,
            [
                vec![None, None],
                vec![Some("a"), None],
                vec![Some("b"), None]
            ]
        );
        assert_eq!(blocks(&mut sums.by_resolution.values()), [4, 1]);
        let months: u64 = blocks(&mut sums.by_month.values()).iter().sum();
        assert_eq!(months, 5);
        let january = Month {
            year: 2025,
            month: 1,
        };
        let january = sums
            .by_month
            .get(&Some(january))
            .copied()
            .unwrap_or_default();
        assert_eq!(january.selected.blocks, 3);
        let none = Sums::of(&review, &[]);
        assert!(none.by_labels.is_empty());
    }
}

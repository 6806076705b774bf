//! Windows of time, one after the other, each of which becomes a block.

use std::ops::Range;

/// Windows of one length, aligned to the epoch as Prometheus aligns its blocks: a time that divides by the length begins one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// `None` where there is but one.
    length_ms: Option<i64>,
}

impl Windows {
    /// Those of Prometheus' head.
    pub const TWO_HOURS: Self = Self {
        length_ms: Some(2 * 60 * 60 * 1000),
    };

    /// A single window for all of time.
    pub const ONE: Self = Self { length_ms: None };

    /// Windows of this length; `None` unless it is positive.
    #[must_use]
    pub fn of_ms(length_ms: i64) -> Option<Self> {
        (length_ms > 0).then_some(Self {
            length_ms: Some(length_ms),
        })
    }

    /// The window that a time lies in: from its begin to before its end. At the ends of time it is as long as there is time.
    #[must_use]
    pub fn around(self, time_ms: i64) -> Range<i64> {
        let Some(length_ms) = self.length_ms else {
            return i64::MIN..i64::MAX;
        };
        let behind = time_ms.rem_euclid(length_ms);
        let end = time_ms.saturating_add(length_ms - behind);
        time_ms.saturating_sub(behind)..end
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-24.50
    #[test]
    fn windows_are_aligned_to_the_epoch_on_both_sides_of_it() {
        let windows = Windows::of_ms(100).unwrap();
        for (time, expected) in [
            (0, 0..100),
            (99, 0..100),
            (100, 100..200),
            (-1, -100..0),
            (-100, -100..0),
            (-101, -200..-100),
            (i64::MAX, 9_223_372_036_854_775_800..i64::MAX),
            (i64::MIN, i64::MIN..-9_223_372_036_854_775_800),
        ] {
            assert_eq!(windows.around(time), expected, "{time}");
        }
        for time in [i64::MIN, -1, 0, i64::MAX - 1] {
            assert_eq!(Windows::ONE.around(time), i64::MIN..i64::MAX);
        }
        assert_eq!(Windows::of_ms(0), None);
        assert_eq!(Windows::of_ms(-1), None);
        assert_eq!(Windows::of_ms(7_200_000), Some(Windows::TWO_HOURS));
    }
}

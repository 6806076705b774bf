//! When two numbers count as equal.

/// How far two values may be apart: `|a - b| <= absolute + relative * max(|a|, |b|)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Whatever the size of the values.
    pub absolute: f64,
    /// As a share of the larger one.
    pub relative: f64,
}

impl Tolerance {
    /// Sums come out differently in their last bits where series come in another order.
    pub const USUAL: Self = Self {
        absolute: 0.0,
        relative: 1e-9,
    };

    /// Whether both count as equal: NaN equals NaN, and an infinity only itself.
    #[must_use]
    pub fn holds(self, one: f64, other: f64) -> bool {
        if one.is_nan() || other.is_nan() {
            return one.is_nan() && other.is_nan();
        }
        #[expect(
            clippy::float_cmp,
            reason = "what is the same is within every tolerance, infinities too"
        )]
        if one == other {
            return true;
        }
        if one.is_infinite() || other.is_infinite() {
            return false;
        }
        // Halves, for the difference of two large numbers may have no room.
        let apart = (one / 2.0 - other / 2.0).abs();
        apart <= self.absolute / 2.0 + self.relative * (one.abs().max(other.abs()) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_equal_within_both_tolerances_together() {
        let nan = f64::NAN;
        let infinity = f64::INFINITY;
        for (absolute, relative, one, other, expected) in [
            (0.0, 0.0, 1.0, 1.0, true),
            (0.0, 0.0, 0.0, -0.0, true),
            (0.0, 0.0, 1.0, 1.0 + f64::EPSILON, false),
            (0.5, 0.0, 1.0, 1.5, true),
            (0.5, 0.0, 1.0, 1.51, false),
            (0.0, 0.1, 90.0, 100.0, true),
            (0.0, 0.1, 100.0, 90.0, true),
            (0.0, 0.1, 89.0, 100.0, false),
            (0.0, 0.1, -90.0, -100.0, true),
            (0.0, 0.1, -1.0, 1.0, false),
            (1.0, 0.1, 89.0, 100.0, true),
            (1.0, 0.1, 88.9, 100.0, false),
            (0.0, 1e-9, 0.0, 1e-300, false),
            (0.0, 0.0, nan, nan, true),
            (1e9, 1.0, nan, 0.0, false),
            (1e9, 1.0, infinity, 1.0, false),
            (0.0, 0.0, infinity, infinity, true),
            (1e9, 1.0, infinity, -infinity, false),
            (infinity, 0.0, infinity, 1.0, false),
            (0.0, 0.5, f64::MAX, -f64::MAX, false),
            (0.0, 2.0, f64::MAX, -f64::MAX, true),
        ] {
            let tolerance = Tolerance { absolute, relative };
            assert_eq!(
                tolerance.holds(one, other),
                expected,
                "{absolute} {relative} {one} {other}"
            );
            assert_eq!(tolerance.holds(other, one), expected);
        }
    }
}

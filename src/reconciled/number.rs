//! When two numbers count as equal.

use crate::cutover::Tolerance;

/// Whether both are within the tolerance; where it allows for nothing, and where one is no number, whether they have the same bits.
pub(super) fn are_equal(one: f64, other: f64, tolerance: Tolerance) -> bool {
    let is_exact = tolerance.absolute <= 0.0 && tolerance.relative <= 0.0;
    if is_exact || one.is_nan() || other.is_nan() {
        one.to_bits() == other.to_bits()
    } else {
        tolerance.holds(one, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-24.61
    #[test]
    fn a_zero_below_zero_is_another_unless_a_tolerance_is_given() {
        let exact = Tolerance {
            absolute: 0.0,
            relative: 0.0,
        };
        let some = Tolerance {
            absolute: 1e-12,
            ..exact
        };
        for (one, other, exactly, nearly) in [
            (0.0, -0.0, false, true),
            (-0.0, -0.0, true, true),
            (1.0, 1.0 + 1e-15, false, true),
            (1.0, 2.0, false, false),
            (f64::INFINITY, f64::INFINITY, true, true),
            (f64::NAN, f64::NAN, true, true),
            (f64::NAN, 1.0, false, false),
        ] {
            assert_eq!(are_equal(one, other, exact), exactly, "{one} {other}");
            assert_eq!(are_equal(one, other, some), nearly, "{one} {other}");
        }
    }
}

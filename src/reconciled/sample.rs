//! When two samples count as equal, and how one is shown.

use super::histogram;
use super::number::are_equal;
use crate::cutover::{Tolerance, shown_number};
use crate::samples::{Sample, Value, is_stale};

/// What kind of difference there is, and what there is to say of it.
pub(super) type Differs = (&'static str, Option<String>);

/// How two samples of one time differ; `None` where they count as equal.
///
/// Numbers are equal within the tolerance. A NaN equals only one of the same bits: one of them is the mark of staleness. Histograms are equal where
/// every part of them is.
pub(super) fn difference(source: &Value, target: &Value, tolerance: Tolerance) -> Option<Differs> {
    match (is_mark(source), is_mark(target)) {
        (true, true) => {}
        (false, false) => return of_values(source, target, tolerance),
        _ => return Some(("different-staleness", None)),
    }
    // A mark is one whatever it is written as, and has nothing else to it.
    None
}

fn of_values(source: &Value, target: &Value, tolerance: Tolerance) -> Option<Differs> {
    match (source, target) {
        (Value::Float(one), Value::Float(other)) => {
            let is_equal = are_equal(*one, *other, tolerance);
            (!is_equal).then_some(("different-values", None))
        }
        (Value::Histogram(one), Value::Histogram(other)) => {
            let what = histogram::difference(one, other, tolerance)?;
            Some(("different-histograms", Some(format!("the {what}"))))
        }
        (Value::Float(_), Value::Histogram(_)) | (Value::Histogram(_), Value::Float(_)) => {
            Some(("different-kinds", None))
        }
    }
}

fn is_mark(value: &Value) -> bool {
    match value {
        Value::Float(value) => is_stale(*value),
        Value::Histogram(histogram) => is_stale(histogram.sum),
    }
}

/// As people read it.
pub(super) fn shown(sample: &Sample) -> String {
    match &sample.value {
        value if is_mark(value) => "the mark of staleness".to_owned(),
        Value::Float(value) if value.is_nan() => format!("NaN ({:#018x})", value.to_bits()),
        Value::Float(value) => shown_number(*value),
        Value::Histogram(histogram) => histogram::shown(histogram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Buckets, Histogram, ResetHint, STALE};

    fn empty(sum: f64) -> Value {
        Value::Histogram(Box::new(Histogram {
            reset_hint: ResetHint::Unknown,
            schema: 0,
            zero_threshold: 0.0,
            sum,
            positive_spans: Vec::new(),
            negative_spans: Vec::new(),
            custom_values: Vec::new(),
            buckets: Buckets::Integers {
                count: 0,
                zero_count: 0,
                positive: Vec::new(),
                negative: Vec::new(),
            },
        }))
    }

    /// S-24.61
    #[test]
    fn numbers_are_equal_within_the_tolerance_and_not_a_number_by_its_bits() {
        let stale = f64::from_bits(STALE);
        let nan = f64::from_bits(0x7ff8_0000_0000_0001);
        let other_nan = f64::from_bits(0x7ff8_0000_0000_0000);
        let float = Value::Float;
        let tolerance = Tolerance {
            absolute: 0.0,
            relative: 1e-9,
        };
        for (source, target, expected) in [
            (float(1.0), float(1.0), None),
            (float(1.0), float(1.0 + 1e-12), None),
            (float(1.0), float(1.1), Some("different-values")),
            (float(nan), float(nan), None),
            (float(nan), float(other_nan), Some("different-values")),
            (float(nan), float(1.0), Some("different-values")),
            (float(stale), float(stale), None),
            (float(stale), float(nan), Some("different-staleness")),
            (float(1.0), float(stale), Some("different-staleness")),
            (float(stale), empty(stale), None),
            (empty(1.0), empty(stale), Some("different-staleness")),
            (empty(1.0), float(stale), Some("different-staleness")),
            (empty(1.0), float(1.0), Some("different-kinds")),
            (float(1.0), empty(1.0), Some("different-kinds")),
            (empty(1.0), empty(1.0), None),
            (empty(1.0), empty(2.0), Some("different-histograms")),
            (float(f64::INFINITY), float(1.0), Some("different-values")),
        ] {
            for (one, other) in [(&source, &target), (&target, &source)] {
                let found = difference(one, other, tolerance).map(|(kind, _)| kind);
                assert_eq!(found, expected, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn samples_are_shown_as_people_read_them() {
        for (value, expected) in [
            (Value::Float(0.1), "0.1"),
            (Value::Float(f64::NEG_INFINITY), "-Inf"),
            (Value::Float(f64::from_bits(STALE)), "the mark of staleness"),
            (
                Value::Float(f64::from_bits(0x7ff8_0000_0000_0001)),
                "NaN (0x7ff8000000000001)",
            ),
            (empty(f64::from_bits(STALE)), "the mark of staleness"),
        ] {
            assert_eq!(shown(&Sample { time_ms: 0, value }), expected);
        }
    }
}

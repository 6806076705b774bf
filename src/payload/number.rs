//! Numbers as Go reads and writes them.

/// The NaN that Prometheus writes where a number is none; staleness is another.
const NAN: u64 = 0x7ff8_0000_0000_0001;

/// The number that Go's `ParseFloat` reads, but for hexadecimal ones and underscores: `None` for what it refuses, one that is too large among it.
pub(super) fn float(text: &str) -> Option<f64> {
    let last = text.as_bytes().last()?;
    if last.is_ascii_digit() || *last == b'.' {
        let number: f64 = text.parse().ok()?;
        return number.is_finite().then_some(number);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text.eq_ignore_ascii_case("nan") {
        Some(f64::from_bits(NAN))
    } else if ["inf", "infinity"].map(|word| unsigned.eq_ignore_ascii_case(word)) != [false; 2] {
        let is_negative = text.starts_with('-');
        Some(if is_negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        })
    } else {
        None
    }
}

/// The milliseconds of so many seconds, what is smaller being cut off as Prometheus' parsers do; `None` for what no such time is.
pub(super) fn milliseconds(seconds: f64) -> Option<i64> {
    let milliseconds = seconds * 1000.0;
    // Halfway to what 64 bits hold: whoever adds to a time need not fear that it wraps around.
    let is_time = milliseconds.abs() < 4e18;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is in range, and what is smaller is cut off"
    )]
    is_time.then_some(milliseconds as i64)
}

/// The number as Prometheus writes it into `le` and `quantile`: `1.0`, `+Inf`, `1e+06`.
pub(super) fn openmetrics(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        let sign = if number > 0.0 { '+' } else { '-' };
        return format!("{sign}Inf");
    }
    if number == 0.0 {
        return "0.0".to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, expected) in [
            ("0", Some(0.0)),
            ("-1.5", Some(-1.5)),
            ("+1", Some(1.0)),
            ("1.", Some(1.0)),
            (".5", Some(0.5)),
            ("1e3", Some(1000.0)),
            ("1E-3", Some(0.001)),
            ("Inf", Some(f64::INFINITY)),
            ("+inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("1e-400", Some(0.0)),
            ("1e400", None),
            ("-1e400", None),
            ("", None),
            (".", None),
            ("+", None),
            ("-NaN", None),
            ("+nan", None),
            ("0x10", None),
            ("0x1p4", None),
            ("1_000", None),
            ("1,5", None),
            (" 1", None),
            ("1 ", None),
            ("1f", None),
            ("infinit", None),
            ("e5", None),
        ] {
            assert_eq!(float(text), expected, "{text}");
        }
        for text in ["NaN", "nan", "NAN"] {
            assert_eq!(float(text).map(f64::to_bits), Some(NAN), "{text}");
        }
        assert_eq!(float("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
    }

    #[test]
    fn bounds_are_written_as_prometheus_writes_them() {
        for (number, expected) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (-1.0, "-1.0"),
            (0.5, "0.5"),
            (10.0, "10.0"),
            (100_000.0, "100000.0"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(openmetrics(number), expected, "{number}");
        }
    }

    #[test]
    fn seconds_become_milliseconds_as_prometheus_makes_them() {
        for (seconds, expected) in [
            (0.0, Some(0)),
            (1.5, Some(1500)),
            (-1.5, Some(-1500)),
            (1_700_000_000.001, Some(1_700_000_000_001)),
            (1_700_000_000.999, Some(1_700_000_000_999)),
            (1.0009, Some(1000)),
            (1e300, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(milliseconds(seconds), expected, "{seconds}");
        }
    }
}

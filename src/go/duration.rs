//! Durations as Go's `time.ParseDuration` reads them, and bare integers as nanoseconds, as yaml.v2 does.

use std::time::Duration;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The duration that `text` spells (`1h30m`, `1.5s`, `500ms`, or nanoseconds), unless it is none or negative.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if let Ok(nanoseconds) = text.parse() {
        return Some(Duration::from_nanos(nanoseconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = Duration::ZERO;
    loop {
        let (number, after) = split_at_end_of(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split_at_end_of(after, |c| !c.is_ascii_digit() && c != '.');
        let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(times(number, unit)?)?;
        if after.is_empty() {
            return Some(total);
        }
        rest = after;
    }
}

/// `number`, a decimal without a sign, times `unit` nanoseconds; what is finer than a nanosecond is cut off.
fn times(number: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut nanoseconds = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanoseconds = nanoseconds.checked_add(u64::from(digit - b'0').checked_mul(place)?)?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

fn split_at_end_of(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, wanted) in [
            ("10s", Some(Duration::from_secs(10))),
            ("500ms", Some(Duration::from_millis(500))),
            ("1h30m", Some(Duration::from_mins(90))),
            ("1.5s", Some(Duration::from_millis(1500))),
            (".5m", Some(Duration::from_secs(30))),
            ("2.s", Some(Duration::from_secs(2))),
            ("3µs", Some(Duration::from_micros(3))),
            ("+1s", Some(Duration::from_secs(1))),
            ("0", Some(Duration::ZERO)),
            ("0.1234567891s", Some(Duration::from_nanos(123_456_789))),
            ("5000000000", Some(Duration::from_secs(5))),
            ("", None),
            ("s", None),
            (".s", None),
            ("10", Some(Duration::from_nanos(10))),
            ("10 s", None),
            ("10x", None),
            ("1d", None),
            ("1.2.3s", None),
            ("-1s", None),
            ("1s2", None),
            ("99999999999h", None),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }
}

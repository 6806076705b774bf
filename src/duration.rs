//! Durations as Prometheus spells them: `30d`, `1h30m`, `2w`. One year is 365 days.

use std::time::Duration;

use crate::error::{Error, Result};

/// Units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 60 * 60 * 1000),
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Go counts durations in nanoseconds, in 63 bits.
const MOST_MS: u64 = i64::MAX.unsigned_abs() / 1_000_000;

/// Parses numbers with units, each unit at most once, from the largest to the smallest; a lone `0` needs none.
pub fn parse(text: &str) -> Result<Duration> {
    if text.is_empty() {
        return Err(Error::usage("empty duration"));
    }
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let wrong = |why: &str| {
        Error::usage(format!(
            "{text:?} is not a duration ({why}): expected numbers with units from y, w, d, h, m, s, ms in that order, such as 30d or 1h30m"
        ))
    };
    let mut total_ms: u64 = 0;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong("no number"))?;
        let letters = after
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return Err(wrong("no unit"));
        }
        if !UNITS.iter().any(|(name, _)| *name == unit) {
            return Err(wrong("unknown unit"));
        }
        let (_, unit_ms) = units
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| wrong("units out of order"))?;
        total_ms = number
            .checked_mul(*unit_ms)
            .and_then(|component| total_ms.checked_add(component))
            .filter(|total| *total <= MOST_MS)
            .ok_or_else(|| wrong("out of range"))?;
        rest = after;
    }
    Ok(Duration::from_millis(total_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("324ms", Some(324)),
            ("14d", Some(1_209_600_000)),
            ("3w2d1h", Some(1_990_800_000)),
            ("1m30s500ms", Some(90_500)),
            ("1y", Some(31_536_000_000)),
            ("292y", Some(9_208_512_000_000)),
            ("", None),
            ("1", None),
            ("d", None),
            ("1.5d", None),
            ("1 h", None),
            ("1H", None),
            ("-1h", None),
            ("1us", None),
            ("30m1h", None),
            ("1h1h", None),
            ("294y", None),
            ("99999999999999999999y", None),
        ] {
            let parsed = parse(text).ok().map(|duration| duration.as_millis());
            assert_eq!(parsed, expected, "{text:?}");
        }
    }
}

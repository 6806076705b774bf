//! How documents spell numbers, sizes and times; in text for people, strings of foreign origin are [`printable`].

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use unicode_width::UnicodeWidthChar;

pub(crate) use crate::printable::printable;

/// Three significant digits or more, in binary units: `17 B`, `1.5 KiB`, `120 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let exact = u128::from(bytes);
    let mut shown = format!("{bytes} B");
    let mut unit = 1_u128;
    let mut whole = exact;
    for name in UNITS {
        if whole < 1024 {
            break;
        }
        unit <<= 10;
        let tenths = (exact * 10 + unit / 2) / unit;
        whole = (exact + unit / 2) / unit;
        shown = if tenths < 1000 {
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        } else {
            format!("{whole} {name}")
        };
    }
    shown
}

/// `3,000`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// How many columns of a terminal the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// The same of one character: two of most that are written in East Asia, and none of accents that stand on another one.
pub(crate) fn width_of(c: char) -> usize {
    c.width().unwrap_or_default()
}

/// `1 block`, `3,000 blocks`.
pub(crate) fn count(many: u64, thing: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", number(many))
}

/// `0.4s`, `12s`, `3m 4s`, `2h 5m`, `3d 4h`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{}.{}s", seconds, duration.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// `5.6 MiB/s`; nothing where no time has passed.
pub(crate) fn rate(bytes: u64, elapsed: Duration) -> Option<String> {
    let per_second = (u128::from(bytes) * 1000).checked_div(elapsed.as_millis())?;
    Some(format!("{}/s", size(u64::try_from(per_second).ok()?)))
}

/// `2025-01-02 03:04`, in UTC.
pub(crate) fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// `2025-01-02 03:04:05`, in UTC.
pub(crate) fn second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2025-01-02 03:04`, of a time in `meta.json`, which may say anything.
pub(crate) fn sample_minute(ms: i64) -> String {
    sample_time(ms).map_or_else(|| format!("{ms} ms"), minute)
}

/// `2025-01-02`, of a time in `meta.json`.
pub(crate) fn sample_day(ms: i64) -> String {
    sample_time(ms).map_or_else(
        || format!("{ms} ms"),
        |time| time.format("%Y-%m-%d").to_string(),
    )
}

/// How long, in one unit and four characters for all that is usual: `2h`, `1.8h`, `14d`.
pub(crate) fn span(ms: i64) -> String {
    const UNITS: [(&str, i64); 4] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
    ];
    for (name, unit) in UNITS {
        // Two days and less are told in hours.
        let least = if name == "d" { 2 * unit + 1 } else { unit };
        if ms < least {
            continue;
        }
        let tenths = (i128::from(ms) * 10 + i128::from(unit) / 2) / i128::from(unit);
        return if tenths % 10 == 0 || tenths >= 100 {
            format!("{}{name}", (tenths + 5) / 10)
        } else {
            format!("{}.{}{name}", tenths / 10, tenths % 10)
        };
    }
    format!("{ms}ms")
}

/// A time in `meta.json`; `None` where no calendar of four digits has it.
pub(crate) fn sample_time(ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms).filter(|time| (0..=9999).contains(&time.year()))
}

/// `2025-01-02T03:04:05.678Z`, as documents for programs spell times.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Seconds, to the millisecond, as documents for programs spell them.
pub(crate) fn seconds(duration: Duration) -> f64 {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(milliseconds).as_secs_f64()
}

/// As `--resolution` spells it.
pub(crate) fn resolution(ms: i64) -> Cow<'static, str> {
    match ms {
        0 => "0s".into(),
        300_000 => "5m".into(),
        3_600_000 => "1h".into(),
        other => format!("{other}ms").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_digits_and_change_units_at_1024() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (102_348, "99.9 KiB"),
            (102_399, "100 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (1023 << 20, "1023 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn numbers_are_grouped_and_things_counted() {
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "block"), "1 block");
        assert_eq!(count(3000, "block"), "3,000 blocks");
        assert_eq!(count(0, "block"), "0 blocks");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (ms, shown) in [
            (0, "0.0s"),
            (450, "0.4s"),
            (12_900, "12s"),
            (184_000, "3m 4s"),
            (7_500_000, "2h 5m"),
            (273_600_000, "3d 4h"),
        ] {
            assert_eq!(duration(Duration::from_millis(ms)), shown);
        }
        assert_eq!(rate(1 << 20, Duration::ZERO), None);
        let half = Duration::from_millis(500);
        assert_eq!(rate(1 << 20, half).as_deref(), Some("2.0 MiB/s"));
    }

    #[test]
    fn spans_have_one_unit() {
        const HOUR: i64 = 3_600_000;
        for (ms, shown) in [
            (2 * HOUR, "2h"),
            (2 * HOUR - 1, "2h"),
            (6_480_000, "1.8h"),
            (47 * HOUR + HOUR / 3, "47h"),
            (48 * HOUR, "48h"),
            (14 * 24 * HOUR, "14d"),
            (13 * 24 * HOUR + 23 * HOUR, "14d"),
            (90_000, "1.5m"),
            (0, "0ms"),
            (-5, "-5ms"),
            (i64::MAX, "106751991167d"),
        ] {
            assert_eq!(span(ms), shown, "{ms}");
        }
    }

    #[test]
    fn times_beyond_the_calendar_are_shown_as_they_are() {
        assert_eq!(sample_minute(1_735_776_240_000), "2025-01-02 00:04");
        assert_eq!(sample_minute(-1), "1969-12-31 23:59");
        assert_eq!(sample_minute(i64::MIN), "-9223372036854775808 ms");
        assert_eq!(sample_minute(i64::MAX), "9223372036854775807 ms");
        assert_eq!(sample_time(400_000_000_000_000), None);
    }
}

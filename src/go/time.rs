//! Times of day as Go's RFC 3339 parser takes them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::error::{Error, Result};

/// Parses `2025-06-01T00:00:00Z`: upper-case `T` and `Z`, any fraction after a point or comma, hours of one or two digits, offsets up to
/// `24:60`, no leap seconds.
pub fn parse(text: &str) -> Result<DateTime<Utc>> {
    rfc_3339(text).ok_or_else(|| {
        Error::usage(format!(
            "{text:?} is not a time: expected RFC 3339 such as 2025-06-01T00:00:00Z"
        ))
    })
}

fn rfc_3339(text: &str) -> Option<DateTime<Utc>> {
    let (date, clock) = text.split_once('T')?;
    let date = day(date)?;
    let (hour, rest) = clock.split_once(':')?;
    let hour = digits(hour, 1..=2)?;
    let (minute, rest) = rest.split_once(':')?;
    let minute = digits(minute, 2..=2)?;
    let (second, rest) = rest.split_at_checked(2)?;
    let second = digits(second, 2..=2)?;
    let (nanosecond, zone) = fraction(rest)?;
    let clock = date.and_hms_nano_opt(hour, minute, second, nanosecond)?;
    let utc = clock.and_utc() - offset(zone)?;
    Some(utc)
}

/// `2025-06-01`.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.splitn(3, '-');
    let year = digits(parts.next()?, 4..=4)?;
    let month = digits(parts.next()?, 2..=2)?;
    let day = digits(parts.next()?, 2..=2)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Nanoseconds, and what follows the fraction. Digits beyond the ninth do not count.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(after) = text.strip_prefix(['.', ',']) else {
        return Some((0, text));
    };
    let length = after
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(after.len());
    let (fraction, zone) = after.split_at(length);
    let nine: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    (length > 0)
        .then(|| Some((nine.parse().ok()?, zone)))
        .flatten()
}

fn offset(zone: &str) -> Option<TimeDelta> {
    if zone == "Z" {
        return Some(TimeDelta::zero());
    }
    let (sign, rest) = match zone.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, zone.strip_prefix('-')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2..=2)?, digits(minutes, 2..=2)?);
    let in_range = hours <= 24 && minutes <= 60;
    in_range.then(|| TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
}

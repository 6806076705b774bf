//! Hours of the day in which a rule may work, in a time zone: `22:00-06:00 Europe/Berlin`, `Mon-Fri 22:00-06:00 Europe/Berlin`.
//!
//! What counts is what a clock on the wall shows there: an hour that the clock goes through twice is open twice, and one that it leaves out is not.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use crate::error::{Error, Result};
use crate::nearest::nearest;

/// When a rule may work: in any of these windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours(Vec<Window>);

/// One window of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    /// Days on which it begins, Monday first.
    days: [bool; 7],
    /// Minutes since midnight; the end does not belong to it.
    from: u32,
    to: u32,
    zone: Tz,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MINUTES: u32 = 24 * 60;
/// Every window comes again within a week, and a day that leaves hours out makes it a week longer.
const LOOKED_AHEAD: i64 = 15 * 24 * 60;

impl Hours {
    /// Reads windows, of which there is at least one.
    pub fn parse<'a>(windows: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let windows: Result<Vec<Window>> = windows.into_iter().map(Window::parse).collect();
        Ok(Self(windows?))
    }

    /// Whether work may begin.
    #[must_use]
    pub fn are_open(&self, at: DateTime<Utc>) -> bool {
        self.0.iter().any(|window| window.is_open(at))
    }

    /// When no more work may begin; `None` where they are closed now, or do not close for weeks.
    #[must_use]
    pub fn close_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let is_open = self.are_open(now);
        let mut minutes = minutes_after(now);
        minutes.find(|at| !self.are_open(*at)).filter(|_| is_open)
    }

    /// When they open next; `None` where they are open, or do not open for weeks.
    #[must_use]
    pub fn open_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let is_closed = !self.are_open(now);
        let mut minutes = minutes_after(now);
        minutes.find(|at| self.are_open(*at)).filter(|_| is_closed)
    }
}

/// Every full minute that is to come, as far as it matters: windows begin and end with one.
fn minutes_after(now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let seconds = now.timestamp().rem_euclid(60);
    let begun = now
        - TimeDelta::seconds(seconds)
        - TimeDelta::nanoseconds(now.timestamp_subsec_nanos().into());
    (1..=LOOKED_AHEAD).map(move |minutes| begun + TimeDelta::minutes(minutes))
}

impl Window {
    fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::usage(format!(
                "{text:?}: {why}: expected hours and a time zone such as \"22:00-06:00 Europe/Berlin\" or \"Mon-Fri 22:00-06:00 Europe/Berlin\""
            ))
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, span, zone) = match words.as_slice() {
            [span, zone] => (None, *span, *zone),
            [days, span, zone] => (Some(*days), *span, *zone),
            [_] => return Err(wrong("no time zone")),
            _ => return Err(wrong("no hours")),
        };
        let days = match days {
            Some(days) => parse_days(days).ok_or_else(|| wrong("no days"))?,
            None => [true; 7],
        };
        let (from, to) = span
            .split_once('-')
            .and_then(|(from, to)| Some((minute(from)?, minute(to)?)))
            .ok_or_else(|| wrong("no hours"))?;
        if from == to || from == MINUTES {
            return Err(wrong("it has no length; the whole day is \"00:00-24:00\""));
        }
        let zone = zone.parse().map_err(|_| {
            let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let meant = nearest(zone, known).map(|meant| format!("; did you mean {meant}?"));
            let meant = meant.unwrap_or_default();
            wrong(&format!("no time zone of the IANA is named so{meant}"))
        })?;
        Ok(Self {
            days,
            from,
            to,
            zone,
        })
    }

    fn is_open(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.zone);
        let minute = local.hour() * 60 + local.minute();
        let on = |day: Weekday| {
            let day = day.num_days_from_monday() as usize;
            self.days.get(day).copied().unwrap_or_default()
        };
        let today = local.weekday();
        if self.from < self.to {
            return on(today) && (self.from..self.to).contains(&minute);
        }
        on(today) && minute >= self.from || on(today.pred()) && minute < self.to
    }
}

/// `22:00`, in minutes since midnight.
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let minute = number(minute).filter(|minute| *minute < 60)?;
    let sum = number(hour)? * 60 + minute;
    (sum <= MINUTES).then_some(sum)
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
fn parse_days(text: &str) -> Option<[bool; 7]> {
    let place = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        let count = (last + 7 - first) % 7;
        for day in (first..=first + count).map(|day| day % 7) {
            *days.get_mut(day)? = true;
        }
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn hours(text: &str) -> Hours {
        Hours::parse(text.split("; ")).unwrap()
    }

    /// S-23.8
    #[test]
    fn hours_are_those_of_a_clock_on_the_wall() {
        const BERLIN: &str = "22:00-06:00 Europe/Berlin";
        const NIGHT: &str = "02:00-03:00 Europe/Berlin";
        for (windows, time, open) in [
            ("08:00-17:00 UTC", "2026-01-05T07:59:59Z", false),
            ("08:00-17:00 UTC", "2026-01-05T08:00:00Z", true),
            ("08:00-17:00 UTC", "2026-01-05T16:59:59.999Z", true),
            ("08:00-17:00 UTC", "2026-01-05T17:00:00Z", false),
            ("00:00-24:00 UTC", "2026-01-05T23:59:59Z", true),
            // In winter and in summer, over midnight.
            (BERLIN, "2026-01-05T20:59:00Z", false),
            (BERLIN, "2026-01-05T21:00:00Z", true),
            (BERLIN, "2026-01-06T04:59:00Z", true),
            (BERLIN, "2026-01-06T05:00:00Z", false),
            (BERLIN, "2026-07-05T20:00:00Z", true),
            (BERLIN, "2026-07-06T04:00:00Z", false),
            // On 2026-03-29 the clock goes from 02:00 to 03:00.
            (NIGHT, "2026-03-29T00:59:59Z", false),
            (NIGHT, "2026-03-29T01:00:00Z", false),
            (BERLIN, "2026-03-29T03:59:59Z", true),
            (BERLIN, "2026-03-29T04:00:00Z", false),
            // On 2026-10-25 it goes from 03:00 back to 02:00.
            (NIGHT, "2026-10-25T00:00:00Z", true),
            (NIGHT, "2026-10-25T01:30:00Z", true),
            (NIGHT, "2026-10-25T02:00:00Z", false),
            (BERLIN, "2026-10-25T04:59:59Z", true),
            (BERLIN, "2026-10-25T05:00:00Z", false),
            // Half an hour off, and beyond the date line.
            ("09:00-10:00 Asia/Kolkata", "2026-01-05T03:30:00Z", true),
            (
                "Tue 09:00-10:00 Pacific/Kiritimati",
                "2026-01-05T19:00:00Z",
                true,
            ),
            // A window belongs to the day on which it begins. 2026-01-05 is a Monday.
            ("Mon 22:00-06:00 UTC", "2026-01-05T22:00:00Z", true),
            ("Mon 22:00-06:00 UTC", "2026-01-06T05:59:00Z", true),
            ("Mon 22:00-06:00 UTC", "2026-01-05T05:59:00Z", false),
            ("Mon 22:00-06:00 UTC", "2026-01-06T22:00:00Z", false),
            ("fri-mon 08:00-09:00 UTC", "2026-01-04T08:00:00Z", true),
            ("Fri-Mon 08:00-09:00 UTC", "2026-01-06T08:00:00Z", false),
            ("Tue,Thu-Fri 08:00-09:00 UTC", "2026-01-08T08:00:00Z", true),
            (
                "08:00-09:00 UTC; 12:00-13:00 UTC",
                "2026-01-05T12:30:00Z",
                true,
            ),
        ] {
            assert_eq!(hours(windows).are_open(at(time)), open, "{windows} {time}");
        }
    }

    /// S-23.8
    #[test]
    fn the_next_opening_and_the_next_end_are_known() {
        for (windows, now, opens, closes) in [
            (
                "08:00-17:00 UTC",
                "2026-01-05T07:59:30.5Z",
                Some("2026-01-05T08:00:00Z"),
                None,
            ),
            (
                "08:00-17:00 UTC",
                "2026-01-05T08:00:00Z",
                None,
                Some("2026-01-05T17:00:00Z"),
            ),
            ("00:00-24:00 UTC", "2026-01-05T08:00:00Z", None, None),
            // The night in which the clock goes forward is an hour shorter.
            (
                "22:00-06:00 Europe/Berlin",
                "2026-03-28T21:00:00Z",
                None,
                Some("2026-03-29T04:00:00Z"),
            ),
            (
                "02:00-03:00 Europe/Berlin",
                "2026-03-29T00:30:00Z",
                Some("2026-03-30T00:00:00Z"),
                None,
            ),
            // The one in which it goes back is longer.
            (
                "22:00-06:00 Europe/Berlin",
                "2026-10-24T20:00:00Z",
                None,
                Some("2026-10-25T05:00:00Z"),
            ),
            (
                "02:00-03:00 Europe/Berlin",
                "2026-10-25T00:00:00Z",
                None,
                Some("2026-10-25T02:00:00Z"),
            ),
            (
                "Sun 02:00-03:00 Europe/Berlin",
                "2026-03-23T00:00:00Z",
                Some("2026-04-05T00:00:00Z"),
                None,
            ),
            (
                "12:00-18:00 UTC; 18:00-20:00 UTC",
                "2026-01-05T13:00:00Z",
                None,
                Some("2026-01-05T20:00:00Z"),
            ),
        ] {
            let (hours, now) = (hours(windows), at(now));
            assert_eq!(hours.open_after(now), opens.map(at), "{windows} {now}");
            assert_eq!(hours.close_after(now), closes.map(at), "{windows} {now}");
        }
    }

    #[test]
    fn slips_are_told() {
        for (text, expected) in [
            ("", "no hours"),
            ("22:00-06:00", "no time zone"),
            (
                "22:00-06:00 Europe/Berlim",
                "no time zone of the IANA is named so; did you mean Europe/Berlin?",
            ),
            ("22-6 UTC", "no hours"),
            ("22:00-22:00 UTC", "it has no length"),
            ("24:00-06:00 UTC", "it has no length"),
            ("22:00-24:01 UTC", "no hours"),
            ("22:60-23:00 UTC", "no hours"),
            ("Mon-Fry 22:00-06:00 UTC", "no days"),
            ("Mon Fri 22:00-06:00 UTC", "no hours"),
        ] {
            let err = Hours::parse([text]).unwrap_err().to_string();
            assert!(err.starts_with(&format!("{text:?}: {expected}")), "{err}");
            assert_eq!(err.lines().count(), 1);
        }
    }
}

//! Values of flags: what each may be, and the words that say so.

use std::ffi::OsStr;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;
use chrono::TimeDelta;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};

use crate::block::{BlockId, RunId};
use crate::engine::{ErrorRate, NoShare};
use crate::error::{Error, Result};
use crate::go;
use crate::plan::Shard;

const DAY: Duration = Duration::from_hours(24);

/// A whole number within `range`, in digits alone.
pub(super) fn whole_number<T>(
    range: RangeInclusive<usize>,
) -> impl Fn(&str) -> Result<T> + Clone + Send + Sync + 'static
where
    T: TryFrom<usize>,
{
    move |text| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| text.parse().ok())
            .flatten()
            .filter(|number| range.contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                Error::usage(format!("expected a whole number from {least} to {most}"))
            })
    }
}

/// A duration in humantime's spelling, up to a day.
pub(super) fn duration(text: &str) -> Result<Duration> {
    let above_zero = Duration::from_nanos(1);
    duration_within(
        text,
        above_zero..=DAY,
        "500ms, 30s or 1m, above 0 and at most 24h",
    )
}

/// The same where no time at all is a choice too.
pub(super) fn duration_or_none(text: &str) -> Result<Duration> {
    duration_within(text, Duration::ZERO..=DAY, "30s, 5m or 0s, at most 24h")
}

/// The same for how long a run may last: up to a year.
pub(super) fn long_duration(text: &str) -> Result<Duration> {
    duration_within(
        text,
        Duration::from_nanos(1)..=365 * DAY,
        "30m, 6h or 2days, above 0 and at most 365days",
    )
}

/// The same where no time at all is a choice too.
pub(super) fn long_duration_or_none(text: &str) -> Result<Duration> {
    duration_within(
        text,
        Duration::ZERO..=365 * DAY,
        "30m, 6h or 0s, at most 365days",
    )
}

fn duration_within(
    text: &str,
    range: RangeInclusive<Duration>,
    accepted: &str,
) -> Result<Duration> {
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| Error::usage(format!("expected a duration such as {accepted}")))
}

/// A compactor's delete delay, spelled as Thanos spells durations.
pub(super) fn delete_delay(text: &str) -> Result<TimeDelta> {
    crate::duration::parse(text)
        .ok()
        .and_then(|delay| TimeDelta::from_std(delay).ok())
        .ok_or_else(|| Error::usage("expected a duration such as 48h, 2d or 1h30m"))
}

/// A share of blocks that may fail.
pub(super) fn error_rate(text: &str) -> Result<ErrorRate> {
    text.parse().map_err(|NoShare| {
        Error::usage("expected a share such as 10% or 0.1: what has no % is a part of 1")
    })
}

/// A number of bytes in the usual spellings, decimal or binary.
pub(super) fn size_bytes(text: &str) -> Result<NonZeroU64> {
    text.parse::<ByteSize>()
        .ok()
        .and_then(|size| NonZeroU64::new(size.as_u64()))
        .ok_or_else(|| Error::usage("expected a size such as 500MiB, 10GiB or 1TB, above 0"))
}

/// How far apart two values may be.
pub(super) fn tolerance(text: &str) -> Result<f64> {
    let number = text.parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| Error::usage("expected a number such as 0.001, and none below 0"))
}

/// How far apart two values may be, as a share of the larger one.
pub(super) fn share(text: &str) -> Result<f64> {
    let number = text.parse().ok();
    number
        .filter(|number: &f64| (0.0..1.0).contains(number))
        .ok_or_else(|| Error::usage("expected a share such as 1e-9, at least 0 and less than 1"))
}

/// A limit on the memory of the process.
pub(super) fn memory_size(text: &str) -> Result<NonZeroU64> {
    size_bytes(text)
        .ok()
        .filter(|size| size.get() >= LEAST_MEMORY)
        .ok_or_else(|| Error::usage("expected a size such as 512MiB or 1GiB, at least 128MiB"))
}

/// With less, the parts that Thanos puts large objects in find no room.
const LEAST_MEMORY: u64 = 128 << 20;

/// A block's id.
pub(super) fn block_id(text: &str) -> Result<BlockId> {
    text.parse().map_err(|_| {
        Error::usage("expected a ULID, 26 upper-case characters such as 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B")
    })
}

/// A run's id.
pub(super) fn run_id(text: &str) -> Result<RunId> {
    text.parse().map_err(|_| {
        Error::usage("expected the id of a run, a ULID such as 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B")
    })
}

/// One of several machines, as `i/n`.
pub(super) fn shard(text: &str) -> Result<Shard> {
    text.parse()
        .map_err(|_| Error::usage("expected i/n with 0 <= i < n, such as 0/3"))
}

/// A resolution, in milliseconds, as Go spells the duration.
pub(super) fn resolution_ms() -> impl TypedValueParser<Value = i64> {
    ResolutionParser
}

const RESOLUTIONS: [(&str, i64); 3] = [("0s", 0), ("5m", 300_000), ("1h", 3_600_000)];

/// Takes every spelling that Thanos takes, such as `300s` and `1h0m0s`; help and errors list one of each.
#[derive(Clone)]
struct ResolutionParser;

impl TypedValueParser for ResolutionParser {
    type Value = i64;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> std::result::Result<i64, clap::Error> {
        // A number without a unit is a duration only if it is 0.
        let has_unit =
            |text: &&str| *text == "0" || !text.bytes().all(|byte| byte.is_ascii_digit());
        let text = value.to_str().filter(has_unit);
        let spelled = text.and_then(go::duration::parse);
        let known = RESOLUTIONS
            .iter()
            .find(|(word, _)| go::duration::parse(word) == spelled);
        match known.filter(|_| spelled.is_some()) {
            Some((_, ms)) => Ok(*ms),
            None => one_of(RESOLUTIONS).parse_ref(command, arg, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = RESOLUTIONS.iter().map(|(word, _)| PossibleValue::new(word));
        Some(Box::new(words))
    }
}

/// One of a few words, each with what it stands for. Help and errors list them.
pub(super) fn one_of<T, const N: usize>(
    words: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let spelled = words.map(|(word, _)| word);
    PossibleValuesParser::new(spelled).try_map(move |text| {
        let found = words.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| Error::usage(format!("expected {}", alternatives(&spelled))))
    })
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn alternatives(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn numbers_are_digits_within_their_range() {
        let parse = whole_number::<NonZeroUsize>(1..=1000);
        for text in ["1", "10", "0007", "1000"] {
            assert_eq!(
                parse(text).unwrap().get().to_string(),
                text.trim_start_matches('0')
            );
        }
        for text in [
            "",
            "0",
            "1001",
            "-1",
            "+1",
            " 1",
            "1.0",
            "ten",
            "0x10",
            "1e2",
            "99999999999999999999999",
        ] {
            let err = parse(text).unwrap_err().to_string();
            assert_eq!(err, "expected a whole number from 1 to 1000", "{text}");
        }
        assert_eq!(whole_number::<u32>(0..=9)("0").unwrap(), 0);
    }

    #[test]
    fn durations_are_above_nothing_and_below_a_day() {
        for (text, expected_ms) in [
            ("1ms", 1),
            ("500ms", 500),
            ("1s", 1000),
            ("1m 30s", 90_000),
            ("24h", 86_400_000),
        ] {
            assert_eq!(duration(text).unwrap().as_millis(), expected_ms, "{text}");
        }
        for text in ["", "0", "0s", "5", "-1s", "1 fortnight", "25h", "1e9y"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_time_at_all_is_a_grace() {
        for text in ["0s", "0ms", "0m 0s"] {
            assert_eq!(duration_or_none(text).unwrap(), Duration::ZERO, "{text}");
        }
        assert_eq!(duration_or_none("24h").unwrap(), DAY);
        for text in ["", "-1s", "25h", "soon"] {
            assert!(duration_or_none(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_may_last_up_to_a_year() {
        assert_eq!(long_duration("2days").unwrap(), 2 * DAY);
        for text in ["", "0s", "30", "-1h", "2years"] {
            assert!(long_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_spelled_in_powers_of_ten_and_of_two() {
        for (text, expected) in [
            ("1", 1),
            ("500MiB", 500 << 20),
            ("10 GiB", 10 << 30),
            ("1TB", 1_000_000_000_000),
            ("1.5GiB", 3 << 29),
        ] {
            assert_eq!(size_bytes(text).unwrap().get(), expected, "{text}");
        }
        for text in ["", "0", "0MiB", "-1GiB", "ten", "1XB", "GiB"] {
            assert!(size_bytes(text).is_err(), "{text}");
        }
    }

    /// S-14.2
    #[test]
    fn resolutions_are_spelled_as_go_spells_durations() {
        let command = Command::new("test");
        let parse = |text: &str| resolution_ms().parse_ref(&command, None, OsStr::new(text));
        for (text, expected) in [
            ("0s", 0),
            ("0", 0),
            ("0h", 0),
            ("5m", 300_000),
            ("300s", 300_000),
            ("5m0s", 300_000),
            ("0.5h", -1),
            ("1h", 3_600_000),
            ("60m", 3_600_000),
            ("1h0m0s", 3_600_000),
            ("", -1),
            ("300", -1),
            ("300000000000", -1),
            ("1d", -1),
            ("raw", -1),
        ] {
            assert_eq!(parse(text).unwrap_or(-1), expected, "{text}");
        }
    }

    #[test]
    fn words_are_listed_as_one_says_them() {
        assert_eq!(alternatives(&["a"]), "a");
        assert_eq!(alternatives(&["a", "b"]), "a or b");
        assert_eq!(alternatives(&["a", "b", "c"]), "a, b or c");
    }
}

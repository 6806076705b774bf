//! Which share of its jobs may fail before a run is ended, and from when on that can be told.

use std::str::FromStr;

/// A share below this many jobs is chance.
const ENOUGH: u64 = 20;

/// One failure is no rate.
const FAILURES: u64 = 2;

const ALL: u32 = 1_000_000;

/// A share of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorRate {
    millionths: u32,
}

impl ErrorRate {
    /// Whether more than the share has failed: of the jobs that have `ended`, failed ones among them, once these are twenty and two of them failed; or of
    /// all `jobs` that there are, whatever the others come to.
    #[must_use]
    pub fn is_exceeded(self, failures: u64, ended: u64, jobs: u64) -> bool {
        let beyond = |of: u64| {
            u128::from(failures) * u128::from(ALL) > u128::from(of) * u128::from(self.millionths)
        };
        beyond(jobs) || (ended >= ENOUGH && failures >= FAILURES && beyond(ended))
    }
}

/// The text is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoShare;

impl FromStr for ErrorRate {
    type Err = NoShare;

    /// `10%`, `2.5%`, or as a part of 1, which is below 1: `0.1`.
    fn from_str(text: &str) -> Result<Self, NoShare> {
        let (number, decimals, most) = match text.strip_suffix('%') {
            Some(number) => (number, 4, ALL),
            None => (text, 6, ALL - 1),
        };
        let (whole, fraction) = match number.split_once('.') {
            Some((_, "")) => return Err(NoShare),
            Some(split) => split,
            None => (number, ""),
        };
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if number.is_empty()
            || !are_digits(whole)
            || !are_digits(fraction)
            || fraction.len() > decimals
        {
            return Err(NoShare);
        }
        let millionths: u32 = format!("{whole}{fraction:0<decimals$}")
            .parse()
            .map_err(|_| NoShare)?;
        if millionths > most {
            return Err(NoShare);
        }
        Ok(Self { millionths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-7.11
    #[test]
    fn a_share_is_spelled_as_percent_or_as_a_part_of_one() {
        for (text, millionths) in [
            ("10%", 100_000),
            ("2.5%", 25_000),
            ("0.0001%", 1),
            ("0%", 0),
            ("0", 0),
            ("100%", ALL),
            ("100.0%", ALL),
            ("0.1", 100_000),
            (".1", 100_000),
            (".5%", 5_000),
            ("0.100000", 100_000),
            ("0.000001", 1),
        ] {
            assert_eq!(text.parse(), Ok(ErrorRate { millionths }), "{text}");
        }
        for text in [
            "",
            "%",
            "1",
            "10",
            "1.0",
            "100.1%",
            "101%",
            "-1%",
            "+1%",
            "1e-1",
            "0.",
            "0.0000001",
            "0,1",
            "10 %",
            " 10%",
            "10%%",
            "5/100",
            "half",
            "nan",
            "inf",
            "99999999999999999999%",
            "٣%",
        ] {
            assert_eq!(text.parse::<ErrorRate>(), Err(NoShare), "{text}");
        }
    }

    /// S-7.11
    #[test]
    fn one_early_failure_ends_no_run_of_thousands_and_what_is_certain_ends_a_short_one() {
        for (rate, failures, ended, jobs, exceeded) in [
            ("1%", 1, 1, 5000, false),
            ("1%", 1, 20, 5000, false),
            ("1%", 2, 19, 5000, false),
            ("1%", 2, 20, 5000, true),
            ("10%", 2, 20, 5000, false),
            ("10%", 3, 20, 5000, true),
            ("10%", 3, 30, 5000, false),
            ("10%", 500, 5000, 5000, false),
            ("10%", 501, 5000, 5000, true),
            // Whatever the others come to.
            ("10%", 1, 1, 8, true),
            ("25%", 2, 2, 8, false),
            ("25%", 3, 3, 8, true),
            ("0%", 0, 4000, 5000, false),
            ("0%", 1, 1, 5000, true),
            ("100%", 5000, 5000, 5000, false),
            ("0.5", 0, 0, 0, false),
        ] {
            let share: Result<ErrorRate, _> = rate.parse();
            let told = share.map(|share| share.is_exceeded(failures, ended, jobs));
            assert_eq!(
                told,
                Ok(exceeded),
                "{failures} of {ended} of {jobs} at {rate}"
            );
        }
    }
}

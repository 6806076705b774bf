//! Days of history on two sides, each with one difference, beside a series that is the same on both.

use super::told::{Sample, Series};

/// 2025-01-06T00:00:00Z
pub const START_MS: i64 = 1_736_121_600_000;
const MINUTE_MS: i64 = 60_000;
pub const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A difference, and what is to be found of it.
pub struct Seeded {
    pub what: &'static str,
    /// What the hot and the cold side hold of a day, of series that are named `subject`.
    pub hot: Vec<Series>,
    pub cold: Vec<Series>,
    /// What is found, in order.
    pub found: &'static [&'static str],
    /// What is shown of it.
    pub shown: &'static [&'static str],
}

/// A sample a minute of the first two hours of a day, the first at its first millisecond.
pub fn minutes(day: i64) -> impl Iterator<Item = i64> {
    (0..120).map(move |minute| START_MS + day * DAY_MS + minute * MINUTE_MS)
}

/// A series of such samples, all of them 1.
pub fn ones(metric: &'static str, labels: &[(&'static str, &'static str)], day: i64) -> Series {
    Series::new(metric, labels).with(minutes(day), |_| Sample::Number("1"))
}

/// One of native histograms; so much is added to the first bucket of that in the middle.
pub fn histograms(zone: &'static str, day: i64, more: i64) -> Series {
    let series = Series::new("subject", &[("zone", zone)]);
    series.with(minutes(day), move |index| {
        let more = if index == 60 { more } else { 0 };
        Sample::Histogram(i64::try_from(index).unwrap(), more)
    })
}

/// What both sides hold: a difference a day, and `steady`, which is the same whatever differs.
pub fn sides(cases: &[Seeded]) -> [Vec<Vec<Series>>; 2] {
    let (mut hot, mut cold) = (Vec::new(), Vec::new());
    for (case, day) in cases.iter().zip(0..) {
        for (side, series) in [(&mut hot, &case.hot), (&mut cold, &case.cold)] {
            let mut series = series.clone();
            series.push(ones("steady", &[], day));
            side.push(series);
        }
    }
    [hot, cold]
}

impl Seeded {
    /// Whether what was found is what was to be found.
    #[track_caller]
    pub fn expect(&self, found: &[String], shown: &str) {
        let what = self.what;
        assert_eq!(found, self.found, "{what}: {shown}");
        for text in self.shown {
            assert!(shown.contains(text), "{what}: {text} is not in {shown}");
        }
    }
}

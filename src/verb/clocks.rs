//! Whether this machine's clock can be trusted with a mark: Thanos deletes a block so long after the time that its mark bears. The servers of
//! both buckets have clocks too. Which one is wrong does not matter here: where they differ, nothing is marked.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::time::Instant;

use crate::bucket::{Bucket, BucketReader, Location, Reading};
use crate::error::{Error, Kind, Result};

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How far clocks may differ. Clocks that are synchronised differ by milliseconds, others by hours or years; delete delays are counted in hours, so
/// that minutes do not matter to them; and servers that check the time of a request accept more.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What was told longer ago is asked anew: clocks are set, and machines sleep.
const FRESH: Duration = Duration::from_secs(10);

/// The time by this machine's clock, with which the buckets' agree as far as they tell: the only one that a mark may bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreedTime(DateTime<Utc>);

impl AgreedTime {
    /// As a time of day.
    #[must_use]
    pub fn time(self) -> DateTime<Utc> {
        self.0
    }
}

/// The time, once it is compared with what the servers of both buckets say. What they said a moment ago costs nothing; otherwise it
/// is one request for each bucket.
///
/// Errors: [`Kind::Clock`] where this machine's clock and a bucket's are too far apart; both times are told.
pub async fn agree(here: &Clock, source: &Bucket, target: &Bucket) -> Result<AgreedTime> {
    for bucket in [source, target] {
        if let Some(reading) = reading_of(here, bucket).await {
            judge(
                &reading,
                here(),
                source.reader(),
                bucket.reader().location(),
            )?;
        }
    }
    Ok(AgreedTime(here()))
}

/// The time, once it is compared with what the servers of the bucket say that tell when things there were written.
///
/// Errors: [`Kind::Clock`] as in [`agree`], for ages are then not known.
pub async fn agree_on_ages(here: &Clock, bucket: &Bucket) -> Result<AgreedTime> {
    let reading = reading_of(here, bucket).await;
    judge_ages(reading, here(), bucket.reader())?;
    Ok(AgreedTime(here()))
}

/// The same judgement by what the servers told so far, for a run that asks nothing.
pub fn agree_on_ages_so_far(now: DateTime<Utc>, bucket: &BucketReader) -> Result<()> {
    judge_ages(bucket.time_told(), now, bucket)
}

fn judge_ages(reading: Option<Reading>, now: DateTime<Utc>, bucket: &BucketReader) -> Result<()> {
    let whose = bucket.location();
    let Some(apart) = reading.and_then(|reading| apart(&reading, now, whose)) else {
        return Ok(());
    };
    let attempt = format!("tell how old what lies in {whose} is");
    Err(Error::new(Kind::Clock, attempt).because(format!("{apart}; set the wrong clock right")))
}

async fn reading_of(here: &Clock, bucket: &Bucket) -> Option<Reading> {
    let reading = bucket.reader().time_told();
    let is_trusted = reading.is_some_and(|reading| {
        let now = Instant::now();
        reading.age(now) < FRESH && is_close(&reading, here(), now)
    });
    if is_trusted {
        return reading;
    }
    // A cache may have answered, or this machine slept since: what is told now counts.
    bucket.ask_time().await.or(reading)
}

/// The same judgement by what the servers told so far, for a run that would mark blocks of `source` and asks nothing.
pub fn agree_so_far(
    now: DateTime<Utc>,
    source: &BucketReader,
    target: &BucketReader,
) -> Result<()> {
    [source, target]
        .into_iter()
        .try_for_each(|bucket| match bucket.time_told() {
            Some(reading) => judge(&reading, now, source, bucket.location()),
            None => Ok(()),
        })
}

/// Whether the time that the bucket at `whose` told agrees with this machine's, which is `here`.
///
/// Errors: as [`agree`].
pub fn judge(
    reading: &Reading,
    here: DateTime<Utc>,
    source: &BucketReader,
    whose: &Location,
) -> Result<()> {
    let Some(apart) = apart(reading, here, whose) else {
        return Ok(());
    };
    let why = format!(
        "{apart}, for compactors delete a block so long after the time in its mark; set the wrong clock right"
    );
    let attempt = format!("mark blocks in {}", source.location());
    Err(Error::new(Kind::Clock, attempt).because(why))
}

/// How far the bucket's clock and this machine's are apart, in words; `None` where they agree.
fn apart(reading: &Reading, here: DateTime<Utc>, whose: &Location) -> Option<String> {
    let now = Instant::now();
    if is_close(reading, here, now) {
        return None;
    }
    let there = reading.time_now(now);
    let second = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let apart = there.signed_duration_since(here).abs().num_seconds();
    let apart = Duration::from_secs(apart.unsigned_abs());
    Some(format!(
        "the clock of this machine says {}, and that of {whose} says {}: {} apart, where 5m are accepted",
        second(here),
        second(there),
        humantime::format_duration(apart),
    ))
}

fn is_close(reading: &Reading, here: DateTime<Utc>, now: Instant) -> bool {
    reading.ahead_of(here, now).abs() <= TOLERANCE
}

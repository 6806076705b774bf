//! What points of all kinds have.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    DataPointFlags, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
    SummaryDataPoint,
};

const NANOSECONDS: i64 = 1_000_000;

/// A point of a metric.
pub(super) trait Point {
    /// What tells its series from others of the metric.
    fn attributes(&self) -> &[KeyValue];
    /// When it was taken, in nanoseconds since the epoch.
    fn time(&self) -> u64;
    /// Since when it counts.
    fn start(&self) -> u64;
    /// What else is said of it, bit by bit.
    fn flags(&self) -> u32;

    /// Whether it says that there was nothing to be recorded.
    fn is_stale(&self) -> bool {
        self.flags() & DataPointFlags::NoRecordedValueMask as u32 != 0
    }

    /// When it was taken, in nanoseconds; `None` where it does not say, or a time that is none.
    fn nanoseconds(&self) -> Option<i64> {
        i64::try_from(self.time()).ok().filter(|time| *time > 0)
    }

    /// When it was taken, in milliseconds.
    fn milliseconds(&self) -> i64 {
        milliseconds(self.nanoseconds().unwrap_or(0))
    }
}

/// Nanoseconds in milliseconds.
pub(super) fn milliseconds(nanoseconds: i64) -> i64 {
    nanoseconds / NANOSECONDS
}

macro_rules! points {
    ($($point:ty)+) => {
        $(impl Point for $point {
            fn attributes(&self) -> &[KeyValue] {
                &self.attributes
            }

            fn time(&self) -> u64 {
                self.time_unix_nano
            }

            fn start(&self) -> u64 {
                self.start_time_unix_nano
            }

            fn flags(&self) -> u32 {
                self.flags
            }
        })+
    };
}

points!(NumberDataPoint HistogramDataPoint ExponentialHistogramDataPoint SummaryDataPoint);

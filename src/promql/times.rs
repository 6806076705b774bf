//! Whether an answer is one to what was asked: caches and gateways that lose a question answer another.

use super::value::{Data, Point};

/// Servers that count in seconds may round.
const ROUNDED_MS: i64 = 1000;

/// Refuses an answer of another time than that.
pub(super) fn of_instant(data: &Data, time_ms: i64) -> Result<(), String> {
    let is_then = |point: &Point| point.time_ms.abs_diff(time_ms) <= ROUNDED_MS.unsigned_abs();
    let is_fit = match data {
        Data::Vector(series) => series.iter().flat_map(|one| &one.points).all(is_then),
        // What a range selector selects lies before.
        Data::Matrix(series) => {
            let mut points = series.iter().flat_map(|one| &one.points);
            points.all(|point| point.time_ms <= time_ms + ROUNDED_MS)
        }
        Data::Scalar(point) => is_then(point),
        Data::String { .. } => true,
    };
    if is_fit {
        Ok(())
    } else {
        Err(OTHER.to_owned())
    }
}

/// Refuses what is no matrix, and an answer with times that were not asked for.
pub(super) fn of_range(data: &Data, (start_ms, end_ms): (i64, i64)) -> Result<(), String> {
    let Data::Matrix(series) = data else {
        let kind = data.kind();
        return Err(format!("a range was asked for, and it answers a {kind}"));
    };
    let mut points = series.iter().flat_map(|one| &one.points);
    if points.all(|point| (start_ms..=end_ms).contains(&point.time_ms)) {
        Ok(())
    } else {
        Err(OTHER.to_owned())
    }
}

const OTHER: &str = "the answer has samples of other times than were asked for";

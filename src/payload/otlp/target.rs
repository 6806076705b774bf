//! `target_info`: a series of ones for each resource, whose labels are what the resource says of itself.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;

use super::labels::{SERVICE_INSTANCE, SERVICE_NAME, SERVICE_NAMESPACE, Set, target};
use super::names::Nameless;
use super::options::Options;
use super::point::milliseconds;
use super::text;
use crate::samples::Labels;

/// What the series is called, and what its metadata says.
pub(super) const NAME: &str = "target_info";
pub(super) const HELP: &str = "Target metadata";

/// So many samples between the first and the last time of its points a request has at most. A point whose time is wrong makes millions.
const MOST_BETWEEN: usize = 250_000;

/// When a resource had points, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The first time.
    pub(super) first: i64,
    /// The last one.
    pub(super) last: i64,
}

impl Seen {
    /// With one more point.
    pub(super) fn with(seen: Option<Self>, time: i64) -> Self {
        match seen {
            None => Self {
                first: time,
                last: time,
            },
            Some(seen) => Self {
                first: seen.first.min(time),
                last: seen.last.max(time),
            },
        }
    }
}

/// The series of a resource; `None` where it says no more than who it is, or not even that.
pub(super) fn series(options: &Options, resource: &[KeyValue]) -> Result<Option<Labels>, Nameless> {
    const IDENTIFYING: [&str; 3] = [SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE];
    let is_identifying = |attribute: &&KeyValue| IDENTIFYING.contains(&&*attribute.key);
    let known = IDENTIFYING.iter();
    let known = known.filter(|key| text::find(resource, key).is_some());
    if known.count() == resource.len() {
        return Ok(None);
    }
    let told = resource.iter().filter(|attribute| {
        options.keep_identifying_resource_attributes || !is_identifying(attribute)
    });
    let mut set = Set::of_attributes(options, told)?;
    for (name, value) in target(resource) {
        set.set(&name, &value);
    }
    let is_somebody = set.has("job") || set.has("instance");
    Ok(is_somebody.then(|| set.series(NAME, None)))
}

/// Which samples a request has given.
#[derive(Debug, Default)]
pub(super) struct Given {
    times: HashMap<Labels, HashSet<i64>>,
    between: usize,
}

impl Given {
    /// The times of the samples that are still to be given for a resource, in milliseconds: from the first time of its points to the last one,
    /// so close to each other that queries always find one. The second tells whether some were left out, because there are too many.
    pub(super) fn next(
        &mut self,
        series: &Labels,
        seen: Seen,
        lookback: Duration,
    ) -> (Vec<i64>, bool) {
        let given = self.times.entry(series.clone()).or_default();
        let step = i64::try_from(lookback.as_nanos() / 2).unwrap_or(i64::MAX);
        let mut times = Vec::new();
        let mut is_cut = false;
        let mut time = Some(seen.first);
        while let Some(now) = time.filter(|time| *time < seen.last) {
            if now > seen.first {
                self.between += 1;
                if self.between > MOST_BETWEEN {
                    is_cut = true;
                    break;
                }
            }
            times.push(milliseconds(now));
            time = now.checked_add(step).filter(|_| step > 0);
        }
        times.push(milliseconds(seen.last));
        times.retain(|time| given.insert(*time));
        (times, is_cut)
    }
}

//! What servers tell of metrics beside samples: what they are, and exemplars.

use std::ops::Range;

use super::server::Limits;
use crate::error::Result;
use crate::promql::{self, Access, Client, OfThanos, Span};
use crate::samples::{Exemplar, Metadata};

/// The kinds of metrics, as [`Metadata`] spells them.
const KINDS: [&str; 8] = [
    "counter",
    "gauge",
    "histogram",
    "gaugehistogram",
    "summary",
    "info",
    "stateset",
    "unknown",
];

/// What metrics are, by name: those of these names, or of all where there are none. The address is the one that `/api/v1/metadata` follows. A metric
/// that its targets describe in several ways comes in each of them.
pub async fn metadata(
    access: &Access,
    limits: &Limits,
    metrics: &[String],
) -> Result<Vec<Metadata>> {
    let answer = client(access, limits)?.metadata().await?;
    let known = answer.value.into_iter();
    let known = known.filter(|(name, _)| metrics.is_empty() || metrics.contains(name));
    let mut all = Vec::new();
    for (family, forms) in known {
        for (kind, help, unit) in forms {
            all.push(Metadata {
                family: family.clone(),
                kind: of_name(&kind),
                help,
                unit,
            });
        }
    }
    Ok(all)
}

/// The exemplars of the series that a query selects, within that range of milliseconds since the epoch, series by series and by time. The address
/// is the one that `/api/v1/query_exemplars` follows.
pub async fn exemplars(
    access: &Access,
    limits: &Limits,
    query: &str,
    range: Range<i64>,
) -> Result<Vec<Exemplar>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let span = Span {
        start_ms: range.start,
        end_ms: range.end.saturating_sub(1),
    };
    let answer = client(access, limits)?.exemplars(query, span).await?;
    let mut all = Vec::new();
    for of_series in answer.value {
        for exemplar in of_series.exemplars {
            // Servers that count in seconds may round.
            if range.contains(&exemplar.time_ms) {
                all.push(Exemplar {
                    series: of_series.series.clone(),
                    labels: exemplar.labels,
                    value: exemplar.value,
                    time_ms: exemplar.time_ms,
                });
            }
        }
    }
    Ok(all)
}

fn client(access: &Access, limits: &Limits) -> Result<Client> {
    let limits = promql::Limits {
        timeout: limits.timeout,
        max_response_bytes: limits.max_held_bytes,
        retry: limits.retry.clone(),
        max_points: 11_000,
        of_thanos: OfThanos {
            dedup: false,
            max_source_resolution: "0s".to_owned(),
        },
    };
    Client::of_unknown(access, &limits)
}

fn of_name(kind: &str) -> &'static str {
    let mut known = KINDS.into_iter();
    known.find(|known| *known == kind).unwrap_or("unknown")
}

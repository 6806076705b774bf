//! The numbers that a `meta.json` tells of its block.

use serde::Deserialize;

use crate::tsdb::Stats;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Document {
    stats: Told,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    #[serde(rename = "numSeries")]
    series: Option<u64>,
    #[serde(rename = "numChunks")]
    chunks: Option<u64>,
    #[serde(rename = "numSamples")]
    samples: Option<u64>,
    #[serde(rename = "numFloatSamples")]
    float_samples: Option<u64>,
    #[serde(rename = "numHistogramSamples")]
    histogram_samples: Option<u64>,
    #[serde(rename = "numTombstones")]
    tombstones: Option<u64>,
}

/// What it tells; nothing where it cannot be understood, which is others' to say.
pub(super) fn of(json: &[u8]) -> Stats {
    let document: Document = serde_json::from_slice(json).unwrap_or_default();
    let told = document.stats;
    // Who tells one of these tells the other, too, unless there are none.
    let tells = told.float_samples.is_some() || told.histogram_samples.is_some();
    let of_kind = |told: Option<u64>| told.or(tells.then_some(0));
    Stats {
        series: told.series,
        chunks: told.chunks,
        samples: told.samples,
        float_samples: of_kind(told.float_samples),
        histogram_samples: of_kind(told.histogram_samples),
        tombstones: told.tombstones,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_not_told() {
        let told = of(br#"{"ulid":"x","stats":{"numSeries":3,"numSamples":0,"other":[]}}"#);
        let expected = Stats {
            series: Some(3),
            samples: Some(0),
            ..Stats::default()
        };
        assert_eq!(told, expected);
        let of_floats = of(br#"{"stats":{"numSamples":7,"numFloatSamples":7}}"#);
        assert_eq!(of_floats.histogram_samples, Some(0));
        assert_eq!(of(b"{}"), Stats::default());
        assert_eq!(of(b"no json"), Stats::default());
    }
}

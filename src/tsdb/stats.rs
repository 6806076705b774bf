//! What was counted, against what meta.json says.

use super::finding::{Finding, Findings, Kind};
use super::source::{Block, Counts};

/// Of what all was counted.
pub(crate) struct Whole {
    pub(crate) series: bool,
    pub(crate) samples: bool,
    pub(crate) tombstones: bool,
}

/// Compares what both have, where all of it was counted.
pub(crate) fn compare(block: &Block, counts: &Counts, whole: &Whole, findings: &mut Findings) {
    let stats = &block.stats;
    let mut differ = |name: &str, stated: Option<u64>, counted: u64| {
        if let Some(stated) = stated.filter(|stated| *stated != counted) {
            findings.push(Finding {
                kind: Kind::StatsDiffer,
                file: "meta.json".to_owned(),
                offset: None,
                series: None,
                what: format!("{name} is {stated}, but there are {counted}"),
                series_at: None,
            });
        }
    };
    if whole.series {
        differ("numSeries", stats.series, counts.series);
        differ("numChunks", stats.chunks, counts.chunks);
    }
    if whole.series && whole.samples {
        differ("numSamples", stats.samples, counts.samples);
        differ("numFloatSamples", stats.float_samples, counts.float_samples);
        differ(
            "numHistogramSamples",
            stats.histogram_samples,
            counts.histogram_samples,
        );
    }
    if whole.tombstones {
        differ("numTombstones", stats.tombstones, counts.tombstones);
    }
}

//! What a source brings for a server: sorted, with the exemplars of each series, some series at a time.

use std::collections::{BTreeMap, HashSet};

use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::staging::Staging;
use crate::error::{Error, Kind, Result};
use crate::feed::{Source, blocking};
use crate::history::{Beside, Range};
use crate::remote::Series;
use crate::samples::{Builder, Exemplar, Item, Labels, Metadata};
use crate::spool::{self, Counts, Sorted, Spool};

/// Exemplars beyond this are counted, and not held for a server.
const MOST_EXEMPLARS: usize = 1_000_000;

/// Series that wait together for the server are at most so many, and have about so many samples.
const SERIES_AT_ONCE: usize = 1000;
const SAMPLES_AT_ONCE: usize = 100_000;

/// What the source brought of a range.
pub(super) struct Brought {
    pub(super) sorted: Sorted,
    pub(super) beside: Beside,
    pub(super) exemplars: Vec<Exemplar>,
    pub(super) metadata: Vec<Metadata>,
}

/// What takes it.
struct Taking {
    spool: Spool,
    beside: Beside,
    exemplars: Vec<Exemplar>,
    metadata: HashSet<Metadata>,
    within: Range,
}

fn take(taking: &mut Taking, item: Item) -> Result<()> {
    match item {
        Item::Piece(piece) => taking.spool.take(piece)?,
        Item::Metadata(metadata) => {
            taking.metadata.insert(metadata);
        }
        Item::Exemplar(exemplar) if !taking.within.contains(exemplar.time_ms) => {
            taking.beside.outside += 1;
        }
        Item::Exemplar(exemplar) if taking.exemplars.len() < MOST_EXEMPLARS => {
            taking.exemplars.push(exemplar);
        }
        Item::Exemplar(_) => taking.beside.exemplars += 1,
        Item::LeftOut(one) => taking.beside.leave_out(one),
    }
    Ok(())
}

/// Brings a range into order.
pub(super) async fn bring(
    source: &Source,
    staging: &Staging,
    memory_bytes: usize,
    (range, lengths): (Range, spool::Windows),
    cancel: &CancellationToken,
) -> Result<Brought> {
    let folder = staging.clone();
    let spool = blocking(move || {
        let within = range.start_ms..range.end_ms;
        Spool::create(folder.spools(), memory_bytes, lengths, within)
    });
    let taking = Taking {
        spool: spool.await?,
        beside: Beside::default(),
        exemplars: Vec::new(),
        metadata: HashSet::new(),
        within: range,
    };
    let taking = source.bring(range, cancel, taking, take).await?;
    let Taking {
        spool,
        mut beside,
        exemplars,
        metadata,
        ..
    } = taking;
    beside.outside += spool.outside();
    let mut metadata: Vec<Metadata> = metadata.into_iter().collect();
    metadata.sort_by(|one, other| one.family.cmp(&other.family));
    Ok(Brought {
        sorted: blocking(move || spool.finish()).await?,
        beside,
        exemplars,
        metadata,
    })
}

pub(super) type BySeries = BTreeMap<Labels, Vec<Exemplar>>;

pub(super) fn by_series(exemplars: Vec<Exemplar>) -> BySeries {
    let mut by_series = BySeries::new();
    for exemplar in exemplars {
        by_series
            .entry(exemplar.series.clone())
            .or_default()
            .push(exemplar);
    }
    for one in by_series.values_mut() {
        one.sort_by_key(|exemplar| exemplar.time_ms);
    }
    by_series
}

/// Hands over the series of a window, some at a time. Blocks.
pub(super) fn read(
    window: &mut spool::Window<'_>,
    external: &Labels,
    exemplars: &mut BySeries,
    counts: &mut Counts,
    sender: &Sender<Vec<Series>>,
) -> Result<()> {
    let end_ms = window.range().end;
    let mut together = Vec::new();
    let mut many = 0;
    while let Some(series) = window.next_series()? {
        let mut own = exemplars.remove(&series.labels).unwrap_or_default();
        let later = own.split_off(own.partition_point(|one| one.time_ms < end_ms));
        if !later.is_empty() {
            exemplars.insert(series.labels.clone(), later);
        }
        let samples = series.samples(counts).collect::<Result<Vec<_>>>()?;
        many += samples.len();
        together.push(Series {
            labels: with(&series.labels, external),
            samples,
            exemplars: own,
        });
        if together.len() >= SERIES_AT_ONCE || many >= SAMPLES_AT_ONCE {
            many = 0;
            hand_over(std::mem::take(&mut together), sender)?;
        }
    }
    hand_over(together, sender)
}

/// Exemplars of series that have no samples.
pub(super) fn rest(
    exemplars: BySeries,
    external: &Labels,
    sender: &Sender<Vec<Series>>,
) -> Result<()> {
    let exemplars = exemplars.into_iter().filter(|(_, own)| !own.is_empty());
    let series = exemplars.map(|(labels, exemplars)| Series {
        labels: with(&labels, external),
        samples: Vec::new(),
        exemplars,
    });
    hand_over(series.collect(), sender)
}

fn hand_over(series: Vec<Series>, sender: &Sender<Vec<Series>>) -> Result<()> {
    if series.is_empty() {
        return Ok(());
    }
    // Whoever sends has failed, and says why itself.
    sender
        .blocking_send(series)
        .map_err(|_| Error::new(Kind::Cancelled, "hand over what was brought"))
}

/// As Prometheus adds external labels: a series' own count.
fn with(labels: &Labels, external: &Labels) -> Labels {
    if external.is_empty() {
        return labels.clone();
    }
    let mut all = Builder::default();
    for (name, value) in labels.iter() {
        all.add(name, value);
    }
    for (name, value) in external
        .iter()
        .filter(|(name, _)| labels.get(name).is_none())
    {
        all.add(name, value);
    }
    all.build().unwrap_or_else(|_| labels.clone())
}

//! What a source brings for a server: sorted, exemplars with their series, some series at a time.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::done::Sent;
use super::staging::Staging;
use crate::error::{Error, Kind, Result};
use crate::feed::{Source, blocking};
use crate::history::{Beside, Range};
use crate::progress::Progress;
use crate::remote::Series;
use crate::samples::{Builder, Exemplar, Item, Labels, Metadata};
use crate::spool::{self, Counts, Sorted, Spool};

/// Series that wait together for the server are at most so many, and have about so many samples.
const SERIES_AT_ONCE: usize = 1000;
const SAMPLES_AT_ONCE: usize = 100_000;

/// What the source brought of a range.
pub(super) struct Brought {
    pub(super) sorted: Sorted,
    pub(super) beside: Beside,
    pub(super) metadata: Vec<Metadata>,
}

/// What is handed over, in the order of time: a slice, its series in their order, and what was counted of it.
pub(super) enum Handed {
    Slice(Range),
    Series(Group),
    Counts(Counts),
}

/// Some series, in their order.
pub(super) struct Group {
    pub(super) series: Vec<Series>,
    /// The labels of each as they are ordered by: without the external ones.
    pub(super) keys: Vec<Labels>,
}

/// What takes it.
struct Taking {
    spool: Spool,
    beside: Beside,
    metadata: HashSet<Metadata>,
    external_labels: Labels,
    /// Labels that all series have with the same values, once there is a series.
    common: Option<Vec<(String, String)>>,
    progress: Arc<Progress>,
}

fn take(taking: &mut Taking, item: Item) -> Result<()> {
    match item {
        Item::Piece(piece) => {
            taking.progress.reads(piece.told.samples());
            if let Some(times) = piece.told.times_ms() {
                taking.beside.comes(times);
            }
            agrees(&piece.labels, &taking.external_labels)?;
            if let Some(common) = &mut taking.common {
                common
                    .retain(|(name, value)| piece.labels.get(name).is_some_and(|own| own == value));
            } else {
                let all = piece.labels.iter();
                let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
                taking.common = Some(all.collect());
            }
            taking.spool.take(piece)?;
        }
        Item::Metadata(metadata) => {
            taking.metadata.insert(metadata);
        }
        Item::Exemplar(exemplar) => taking.spool.exemplar(&exemplar)?,
        Item::LeftOut(one) => taking.beside.leave_out(one),
        Item::Mark => taking.spool.mark()?,
        Item::TakenBack => taking.spool.take_back(),
    }
    Ok(())
}

/// Brings a range into order, and these exemplars of it with what the source itself brings.
pub(super) async fn bring(
    source: &Source,
    staging: &Staging,
    memory_bytes: usize,
    (range, lengths): (Range, spool::Windows),
    (exemplars, external_labels, progress): (Vec<Exemplar>, Labels, Arc<Progress>),
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
        metadata: HashSet::new(),
        external_labels,
        common: None,
        progress,
    };
    let taking = source.bring(range, cancel, taking, take).await?;
    let Taking {
        mut spool,
        mut beside,
        metadata,
        common,
        ..
    } = taking;
    let mut metadata: Vec<Metadata> = metadata.into_iter().collect();
    metadata.sort_by(|one, other| one.family.cmp(&other.family));
    let sorted = blocking(move || {
        // Prometheus' remote read adds its external labels to each series, and its exemplars come without them.
        let external: Labels = common.unwrap_or_default().into_iter().collect();
        for mut exemplar in exemplars {
            exemplar.series = with(&exemplar.series, &external);
            spool.exemplar(&exemplar)?;
        }
        let outside = spool.outside();
        Ok((spool.finish()?, outside))
    });
    let (sorted, outside) = sorted.await?;
    beside.outside += outside;
    Ok(Brought {
        sorted,
        beside,
        metadata,
    })
}

/// Hands over all slices, but for what was sent, some series at a time. Blocks.
pub(super) fn hand(
    mut sorted: Sorted,
    external: &Labels,
    sent: &Sent,
    sender: &Sender<Handed>,
) -> Result<()> {
    while let Some(mut slice) = sorted.next_window()? {
        let std::ops::Range { start, end } = slice.range();
        let range = Range {
            start_ms: start,
            end_ms: end,
        };
        if sent.has(range) {
            continue;
        }
        // A run that was to end within it may have sent a part.
        let sent = Some(sent).filter(|sent| sent.meets(&slice.range()));
        let is_sent = |time_ms| sent.is_some_and(|sent| sent.holds(time_ms));
        let mut counts = Counts::default();
        let mut is_begun = false;
        let mut hand_group = |group| {
            if !std::mem::replace(&mut is_begun, true) {
                hand_over(Handed::Slice(range), sender)?;
            }
            hand_over(Handed::Series(group), sender)
        };
        let mut open: Option<Group> = None;
        let mut many = 0;
        while let Some(series) = slice.next_series()? {
            let mut exemplars = series.exemplars()?;
            exemplars.retain(|one| !is_sent(one.time_ms));
            let samples = series.samples(&mut counts);
            let samples = samples.filter(|one| !one.as_ref().is_ok_and(|one| is_sent(one.time_ms)));
            let samples = samples.collect::<Result<Vec<_>>>()?;
            if samples.is_empty() && exemplars.is_empty() {
                continue;
            }
            many += samples.len() + exemplars.len();
            let group = open.get_or_insert_with(|| Group {
                series: Vec::new(),
                keys: Vec::new(),
            });
            group.series.push(Series {
                labels: with(&series.labels, external),
                samples,
                exemplars,
            });
            group.keys.push(series.labels);
            if group.series.len() >= SERIES_AT_ONCE || many >= SAMPLES_AT_ONCE {
                many = 0;
                open.take().map_or(Ok(()), &mut hand_group)?;
            }
        }
        open.map_or(Ok(()), &mut hand_group)?;
        if is_begun {
            hand_over(Handed::Counts(counts), sender)?;
        }
    }
    Ok(())
}

fn hand_over(handed: Handed, sender: &Sender<Handed>) -> Result<()> {
    // Whoever sends has ended, and says why itself.
    sender
        .blocking_send(handed)
        .map_err(|_| Error::new(Kind::Cancelled, "hand over what was brought"))
}

/// That no label of a series contradicts an external one: what reads the target by those would not find it.
fn agrees(labels: &Labels, external: &Labels) -> Result<()> {
    let is_other = |(name, value): &(&str, &str)| labels.get(name).is_some_and(|own| own != *value);
    let Some((name, _)) = external.iter().find(is_other) else {
        return Ok(());
    };
    let why = format!(
        "its {name} is not that of the plan's external labels: expected external labels that no series has with another value"
    );
    Err(Error::new(Kind::Other, format!("bring {labels}")).because(why))
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

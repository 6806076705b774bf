//! Brings both sides into order, and walks through them side by side.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::beside::Beside;
use super::fetch;
use super::task::Task;
use crate::block::BlockId;
use crate::bucket::BucketReader;
use crate::cutover::{Example, Side, Weight};
use crate::error::{Error, Kind, Result};
use crate::feed::{self, blocking};
use crate::history::{Live, Origin, Plan, Range};
use crate::reconciled::{
    Chosen, Comparison, Distinct, Found, Founds, OF_OTHERS, OfSelector, Target, chosen,
    is_of_others, join, without,
};
use crate::samples::{Item, Labels, Piece, Sample, Told};
use crate::spool::{Counts, Series, Sorted, Spool, Window, Windows};
use crate::tsdb::read;
use crate::verb::survey::survey_one;

/// Samples of one day are compared at once: few enough to be held, of many enough series to be worth it.
const WINDOW_MS: i64 = 24 * 3_600_000;

/// A side in order, and what came with it.
pub(super) struct Brought {
    pub(super) sorted: Sorted,
    pub(super) beside: Beside,
}

/// Tells every minute that it goes on.
struct Pulse(Instant);

impl Default for Pulse {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Pulse {
    /// Whether a minute has passed since it last did.
    fn beats(&mut self) -> bool {
        let beats = self.0.elapsed() >= Duration::from_mins(1);
        if beats {
            self.0 = Instant::now();
        }
        beats
    }
}

/// What is made of items as they come.
struct Taking {
    spool: Spool,
    beside: Beside,
    external_labels: Labels,
    /// What had no place, by its kind: how often, and an example.
    left_out: BTreeMap<&'static str, (u64, String)>,
    side: Side,
    /// The target's series that have other values of the external labels.
    of_others: Distinct,
    /// Series without all of the external labels.
    unlabelled: Distinct,
    pulse: Pulse,
}

impl Taking {
    fn take(&mut self, item: Item) -> Result<()> {
        if self.pulse.beats() {
            let (side, bytes) = (self.side.as_str(), self.spool.disk_bytes());
            info!(side, bytes, "is being read");
        }
        match item {
            Item::Piece(Piece { labels, told }) => {
                // A server may hold what others write, too; no series of a backfill contradicts its labels.
                if self.side == Side::Target && is_of_others(&labels, &self.external_labels) {
                    self.of_others.note(&labels);
                    return Ok(());
                }
                let mut external = self.external_labels.iter();
                if !external.all(|(name, _)| labels.get(name).is_some()) {
                    self.unlabelled.note(&labels);
                }
                let labels = without(&labels, &self.external_labels);
                self.spool.take(Piece { labels, told })?;
            }
            Item::Metadata(told) => self.beside.metadata(told),
            Item::Exemplar(told) => self.beside.exemplar(told),
            Item::LeftOut(one) => {
                let kind = self.left_out.entry(one.kind);
                kind.or_insert((0, one.example)).0 += one.count;
            }
            Item::Mark => self.spool.mark()?,
            // What series there are holds all the same.
            Item::TakenBack => self.spool.take_back(),
        }
        Ok(())
    }
}

/// What the source tells now, in order.
pub(super) async fn source(task: &Task, founds: &mut Founds) -> Result<Brought> {
    let taking = brought(task, &task.plan, Side::Source).await?;
    for (kind, (many, example)) in taking.left_out {
        founds.add((Weight::Note, "left-out", Some(Side::Source)), many, || {
            Example {
                text: Some(format!("{kind}: {example}")),
                ..Example::default()
            }
        });
    }
    let spool = taking.spool;
    let sorted = blocking(move || spool.finish()).await?;
    info!(bytes = sorted.disk_bytes(), "source is read");
    Ok(Brought {
        sorted,
        beside: taking.beside,
    })
}

/// What a server tells of the target.
async fn of_server(task: &Task, read: &Live, founds: &mut Founds) -> Result<Sorted> {
    let mut plan = task.plan.clone();
    plan.source.origin = Origin::Live(read.clone());
    let taking = brought(task, &plan, Side::Target).await?;
    let (of_others, one) = taking.of_others.counted();
    founds.add(OF_OTHERS, of_others, || Example {
        series: one,
        ..Example::default()
    });
    let (unlabelled, one) = taking.unlabelled.counted();
    let key = (Weight::Difference, "external-labels", Some(Side::Target));
    founds.add(key, unlabelled, || Example {
        series: one,
        text: Some("it lacks one of them".to_owned()),
        ..Example::default()
    });
    let spool = taking.spool;
    blocking(move || spool.finish()).await
}

async fn brought(task: &Task, plan: &Plan, side: Side) -> Result<Taking> {
    let taking = Taking {
        spool: spool(task)?,
        beside: Beside::default(),
        external_labels: task.plan.target.external_labels.clone(),
        left_out: BTreeMap::new(),
        side,
        of_others: Distinct::default(),
        unlabelled: Distinct::default(),
        pulse: Pulse::default(),
    };
    let source = feed::Source::open(plan, &task.retry, task.memory_bytes)?;
    // Whoever stops waiting for what comes has it end.
    let cancel = CancellationToken::new();
    let ends = cancel.clone().drop_guard();
    let taking = source
        .bring(task.range, &cancel, taking, Taking::take)
        .await;
    drop(ends);
    taking.map_err(|err| err.attempting(format!("read the {}", side.as_str())))
}

/// A spool for one side.
fn spool(task: &Task) -> Result<Spool> {
    let windows = Windows::of_ms(WINDOW_MS).unwrap_or(Windows::TWO_HOURS);
    let range = task.range.start_ms..task.range.end_ms;
    Spool::create(&task.folder, task.memory_bytes, windows, range)
}

/// What the target holds, in order, and where it was read; `None` where the plan names no place to read it.
pub(super) async fn target(task: &Task, founds: &mut Founds) -> Result<Option<(Sorted, Target)>> {
    let (sorted, read) = match (&task.bucket, &task.plan.target.read) {
        (Some(bucket), _) => {
            let (sorted, blocks) = of_blocks(task, bucket, founds).await?;
            (sorted, Target::Blocks(blocks))
        }
        (None, Some(read)) => {
            let sorted = of_server(task, read, founds).await?;
            let told_by = match read {
                Live::RemoteRead(_) => Target::RemoteRead,
                Live::Export(_) => Target::Export,
            };
            (sorted, told_by)
        }
        (None, None) => return Ok(None),
    };
    info!(bytes = sorted.disk_bytes(), "target is read");
    Ok(Some((sorted, read)))
}

async fn of_blocks(
    task: &Task,
    bucket: &BucketReader,
    founds: &mut Founds,
) -> Result<(Sorted, u64)> {
    let seen = survey_one(bucket).await?;
    let external_labels = &task.plan.target.external_labels;
    let blocks = chosen(
        &seen.blocks,
        (task.plan.fingerprint, external_labels),
        task.range,
        founds,
    );
    info!(bucket = %bucket.location(), blocks = blocks.len(), "blocks of the target are read");
    let (mut spool, mut pulse) = (spool(task)?, Pulse::default());
    for (number, one) in blocks.iter().enumerate() {
        let staging = Staging::of(&task.folder, one.block.id)?;
        let read = block(bucket, one, staging, spool, external_labels).await?;
        spool = read.spool;
        if let Some(why) = read.damage {
            let key = (Weight::Unseen, "unreadable-blocks", Some(Side::Target));
            founds.say(key, format!("{}: {why}", one.block.id));
        }
        let (done, all) = (number + 1, blocks.len());
        if pulse.beats() {
            info!(side = "target", done, blocks = all, "is being read");
        }
        debug!(block = %one.block.id, done, "block of the target read");
    }
    let blocks = blocks.len() as u64;
    let sorted = blocking(move || spool.finish()).await?;
    Ok((sorted, blocks))
}

/// What came of reading a block.
struct Read {
    spool: Spool,
    /// Why not all of it could be read.
    damage: Option<String>,
}

async fn block(
    bucket: &BucketReader,
    one: &Chosen,
    staging: Staging,
    mut spool: Spool,
    external_labels: &Labels,
) -> Result<Read> {
    let objects = one.block.objects();
    let fetched = fetch::block(bucket, &one.block, &objects, &staging.0).await;
    if let Err(err) = fetched {
        // Whoever compacts takes blocks away, and what cannot be read of one may be read of others.
        let is_of_it = matches!(
            err.kind(),
            Kind::Changed | Kind::NotFound | Kind::Unreadable | Kind::Corrupt
        );
        return if is_of_it {
            let damage = Some(format!("{err:#}"));
            Ok(Read { spool, damage })
        } else {
            Err(err)
        };
    }
    let external_labels = external_labels.clone();
    let taken = move || {
        let taken = taken(&staging.0, &mut spool, &external_labels);
        let damage = match taken {
            Ok(()) => None,
            Err(err) if matches!(err.kind(), Kind::Corrupt | Kind::Unsupported) => {
                Some(format!("{err:#}"))
            }
            Err(err) => return Err(err),
        };
        Ok(Read { spool, damage })
    };
    blocking(taken).await
}

/// Takes all samples of a block that lies in a folder, each chunk of which the spool judges.
fn taken(folder: &Path, spool: &mut Spool, external_labels: &Labels) -> Result<()> {
    for series in read::Block::open(folder)?.series() {
        let (labels, chunks) = series?;
        let labels = without(&labels, external_labels);
        for chunk in chunks {
            spool.take(Piece {
                labels: labels.clone(),
                told: Told::Chunk(chunk),
            })?;
        }
    }
    Ok(())
}

/// A folder for the files of one block, which vanish with it.
struct Staging(PathBuf);

impl Staging {
    fn of(folder: &Path, id: BlockId) -> Result<Self> {
        let path = folder.join(format!("compared-{id}"));
        // One that a killed run has left is nothing worth.
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|err| {
                Error::new(Kind::Other, format!("remove {}", path.display())).because(err)
            })?;
        }
        Ok(Self(path))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compares what both sides have, window by window.
pub(super) async fn compare(
    task: &Task,
    source: Sorted,
    target: Sorted,
) -> Result<(Vec<OfSelector>, Vec<Found>)> {
    let comparison = Comparison::new(
        task.plan.selectors.clone(),
        task.plan.target.external_labels.clone(),
        task.tolerance(),
    );
    blocking(move || side_by_side(source, target, comparison)).await
}

/// What the source alone has, of which nothing is compared.
pub(super) async fn alone(task: &Task, source: Sorted) -> Result<Vec<OfSelector>> {
    let nothing = spool(task)?;
    let nothing = blocking(move || nothing.finish()).await?;
    let (mut selectors, _) = compare(task, source, nothing).await?;
    for selector in &mut selectors {
        selector.found.clear();
    }
    Ok(selectors)
}

fn side_by_side(
    mut source: Sorted,
    mut target: Sorted,
    mut comparison: Comparison,
) -> Result<(Vec<OfSelector>, Vec<Found>)> {
    let (mut founds, mut pulse) = (Founds::default(), Pulse::default());
    let (mut one, mut other) = (source.next_window()?, target.next_window()?);
    loop {
        let start = |window: &Option<Window<'_>>| window.as_ref().map(|it| it.range().start);
        let first = match (start(&one), start(&other)) {
            (None, None) => break,
            (Some(start), None) | (None, Some(start)) => start,
            (Some(one), Some(other)) => one.min(other),
        };
        if pulse.beats() {
            let time = Range {
                start_ms: first,
                end_ms: first.saturating_add(WINDOW_MS),
            };
            info!(%time, "both sides are being compared");
        }
        let is_first = |window: &&mut Window<'_>| window.range().start == first;
        let joined = join(
            each(one.as_mut().filter(is_first)),
            each(other.as_mut().filter(is_first)),
        );
        for pair in joined {
            let pair = pair?;
            let (of_source, _) = samples(pair.source.as_ref())?;
            let (of_target, counts) = samples(pair.target.as_ref())?;
            let key = (Weight::Difference, "conflicting-blocks", Some(Side::Target));
            founds.add(key, counts.conflicting, || Example {
                series: Some(pair.labels.clone()),
                ..Example::default()
            });
            comparison.series(&pair.labels, &of_source, &of_target);
        }
        if start(&one) == Some(first) {
            one = source.next_window()?;
        }
        if start(&other) == Some(first) {
            other = target.next_window()?;
        }
    }
    let (selectors, mut beside) = comparison.finish();
    beside.extend(founds.at(None));
    Ok((selectors, beside))
}

/// Each series of a window.
fn each(window: Option<&mut Window<'_>>) -> impl Iterator<Item = Result<(Labels, Series)>> {
    let mut window = window;
    std::iter::from_fn(move || {
        let next = window.as_mut()?.next_series().transpose()?;
        Some(next.map(|series| (series.labels.clone(), series)))
    })
}

/// What a side has of a series in a window, and what was counted on the way.
fn samples(series: Option<&Series>) -> Result<(Vec<Sample>, Counts)> {
    let mut counts = Counts::default();
    let samples = match series {
        Some(series) => series.samples(&mut counts).collect::<Result<_>>()?,
        None => Vec::new(),
    };
    Ok((samples, counts))
}

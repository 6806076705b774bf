//! Carries a plan out: a few units at once, each to its end, until the run is asked to stop.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::ending::tell_waiting;
use super::shared::{Marks, Shared, Sides, Watches};
use super::source::Source;
use super::task::{Run, Task};
use super::unit::run_unit;
use super::watch::{Directory, Watch};
use crate::block::{BlockId, Inventory, Provenance};
use crate::bucket::{Bucket, BucketReader, Budget, Names, ServerSide};
use crate::engine::{Course, Deadline, Ledger, Limits, Rivalry, Slots};
use crate::outcome::{BlockEnding, Outcome, Results};
use crate::plan::{Plan, Purpose, Selected, SourceMeta, TargetMeta};
use crate::trace::step;
use crate::verb::copy::Means;
use crate::verb::prove::Prover;
use crate::verb::survey::Survey;

/// A unit of so many blocks has enough of them to go on with. Of smaller ones, more are open at once.
const BLOCKS_OF_MANY: usize = 8;

/// Carries out the plan made of the survey.
///
/// One block's failure is an outcome; what concerns a whole bucket ends the run, and the results say so.
pub(super) async fn carry_out(
    task: &Task,
    run: Run,
    (source, target, server_side): (Source, Bucket, ServerSide),
    plan: &Plan,
    survey: &Survey,
) -> Results {
    let begun = Instant::now();
    tell_totals(task, &run, plan);
    let names = names(task.rules.purpose, plan, survey);
    source.reader().learn(names.in_source.into_iter());
    target.reader().learn(names.in_target.into_iter());
    let shared = Arc::new(shared(
        task,
        run,
        (source, target, server_side),
        plan,
        survey,
    ));
    // Marks of the first units show early whether the source takes marks at all, so only a few units are open at once, or few blocks of small ones.
    let concurrency = task.settings.concurrency.get();
    let open = concurrency
        .saturating_add(2)
        .saturating_mul(2 * BLOCKS_OF_MANY);
    let room = Semaphore::new(open.min(Semaphore::MAX_PERMITS));
    let order = task.rules.publish_order;
    let (units, places) = units(plan);
    let work = stream::iter(units).for_each_concurrent(open, async |blocks| {
        let wanted = u32::try_from(blocks.len().min(BLOCKS_OF_MANY)).unwrap_or(u32::MAX);
        // It is never closed.
        let _open = room.acquire_many(wanted).await;
        let span = unit_span(&blocks);
        run_unit(&shared, order, blocks).instrument(span).await;
    });
    let grace = task.settings.shutdown_grace;
    let last_acts = &shared.sides.means.last_acts;
    shared.course.drive(work, grace, last_acts).await;
    if let Some(any) = plan.selected.first() {
        shared.look_at_refusals(any.block.id).await;
    }
    let outcomes = in_order(shared.ledger.close(), &places);
    tell_waiting(&outcomes);
    let closing = shared.course.close();
    let finished = |outcome: &Outcome| outcome.ending != BlockEnding::NotFinished;
    let all_finished = outcomes.iter().all(finished);
    Results {
        complete: closing.cause.is_none() && all_finished,
        limit: closing.limit.filter(|_| !all_finished),
        outcomes,
        aborted: closing.cause.map(|err| format!("{err:#}")),
        signal: closing.signal,
        elapsed: begun.elapsed(),
    }
}

/// How many names blocks have in either bucket.
struct BlockNames {
    in_source: BTreeMap<BlockId, Names>,
    in_target: BTreeMap<BlockId, Names>,
}

/// As the buckets were listed, and as the plan will leave them.
fn names(purpose: Purpose, plan: &Plan, survey: &Survey) -> BlockNames {
    let count = |objects: Inventory| objects.iter().count() + objects.left_out().count();
    let listed = |objects| Names {
        listed: count(objects),
        to_come: 0,
    };
    let in_source = survey.source.iter();
    let in_target = survey.target.iter();
    let mut names = BlockNames {
        in_source: in_source
            .map(|block| (block.id, listed(block.objects())))
            .collect(),
        in_target: in_target
            .map(|block| (block.id, listed(block.objects())))
            .collect(),
    };
    for selected in plan.selected.iter().filter(|one| one.goes_ahead()) {
        let id = selected.block.id;
        if purpose == Purpose::Move {
            names.in_source.entry(id).or_default().to_come += 1;
        }
        let to_put = usize::try_from(selected.objects_to_put).unwrap_or(usize::MAX);
        names.in_target.entry(id).or_default().to_come = to_put;
    }
    names
}

/// Sets the totals of the progress display.
fn tell_totals(task: &Task, run: &Run, plan: &Plan) {
    let to_do = || plan.selected.iter().filter(|one| one.goes_ahead());
    let bytes = to_do().map(|selected| selected.bytes_to_put);
    run.progress.start(
        to_do().count() as u64,
        bytes.fold(0, u64::saturating_add),
        task.settings.max_bytes.map(NonZeroU64::get),
    );
}

fn shared(
    task: &Task,
    run: Run,
    (source, target, server_side): (Source, Bucket, ServerSide),
    plan: &Plan,
    survey: &Survey,
) -> Shared {
    let settings = task.settings.clone();
    let means = Means {
        server_side,
        budget: Budget::within(settings.memory_limit),
        cancel: CancellationToken::new(),
        last_acts: TaskTracker::new(),
        breaker: Arc::default(),
    };
    let rivalry = if means.server_side.is_there() {
        Rivalry::None
    } else {
        Rivalry::ForBandwidth
    };
    let limits = Limits::new(
        settings.max_failures,
        Deadline::of(run.begun, settings.max_duration),
        settings.max_bytes,
    );
    let to_do = plan.selected.iter().filter(|one| one.goes_ahead());
    let limits = limits.with_error_rate(settings.max_error_rate, to_do.count() as u64);
    let (breaker, cancel) = (Arc::clone(&means.breaker), means.cancel.clone());
    let target_name = target.reader().location().to_string();
    Shared {
        watches: Watches {
            source: watch_source(source.reader(), survey),
            target: watch_target(target.reader(), survey, plan),
        },
        slots: Slots::new(settings.concurrency, rivalry),
        course: Course::new(run.stop, limits, breaker, cancel, Arc::clone(&run.progress)),
        ledger: Ledger::of(plan.selected.len()),
        provenance: Provenance::of_this_run(target_name, run.id),
        new_marks: task.rules.new_marks(),
        marks: source
            .to_be_marked()
            .map(|source| Marks::new(source.clone(), run.clock)),
        progress: run.progress,
        trail: run.trail,
        sides: Sides {
            prover: Prover::new(
                task.rules.verify,
                target.reader().clone(),
                means.budget.clone(),
                means.cancel.clone(),
            ),
            source: source.reader().clone(),
            target,
            means,
        },
        settings,
    }
}

fn unit_span(blocks: &[(usize, Arc<Selected>)]) -> Span {
    let unit = blocks.first().map(|(_, selected)| &selected.unit);
    let (labels, begins) = unit.map(|unit| (unit.labels(), unit.start_ms())).unzip();
    step!(
        "unit",
        labels = labels.map(tracing::field::display),
        begins_ms = begins,
        blocks = blocks.len()
    )
}

fn watch_source(source: &BucketReader, survey: &Survey) -> Watch {
    let directories = survey.source.iter().map(|block| {
        let directory = match block.meta {
            SourceMeta::Absent => Directory::Partial,
            _ => Directory::Published,
        };
        (block.id, directory)
    });
    Watch::new(source.clone(), directories)
}

/// Watches the target; blocks that this run puts there itself do not count as new.
fn watch_target(target: &BucketReader, survey: &Survey, plan: &Plan) -> Watch {
    let directories = survey.target.iter().map(|block| {
        let directory = match block.meta {
            TargetMeta::Absent => Directory::Partial,
            _ => Directory::Published,
        };
        (block.id, directory)
    });
    let selected = plan.selected.iter();
    let own = selected.map(|selected| (selected.block.id, Directory::Published));
    Watch::new(target.clone(), directories.chain(own))
}

/// Blocks that share a unit, each with its number: what is numbered first is worked on first.
type UnitOfWork = Vec<(usize, Arc<Selected>)>;

/// The selected blocks by unit, the oldest first, and of one time those first that lie first in the bucket, so that blocks that lie beside each other
/// there are at work at the same time; and the place in the plan of each number.
fn units(plan: &Plan) -> (Vec<UnitOfWork>, Vec<usize>) {
    let places: Vec<(usize, &Selected)> = plan.selected.iter().enumerate().collect();
    let units = places.chunk_by(|(_, one), (_, other)| one.unit == other.unit);
    let mut units: Vec<&[(usize, &Selected)]> = units.collect();
    units.sort_by_key(|blocks| {
        let start = blocks.first().map(|(_, selected)| selected.unit.start_ms());
        (
            start,
            blocks.iter().map(|(_, selected)| selected.block.id).min(),
        )
    });
    let places = units
        .iter()
        .flat_map(|blocks| blocks.iter().map(|(place, _)| *place));
    let places: Vec<usize> = places.collect();
    let mut numbers = 0..;
    let units = units.into_iter().map(|blocks| {
        let selected = blocks
            .iter()
            .map(|(_, selected)| Arc::new((*selected).clone()));
        numbers.by_ref().zip(selected).collect()
    });
    (units.collect(), places)
}

/// Outcomes by number, in the order of the plan.
fn in_order(outcomes: Vec<Outcome>, places: &[usize]) -> Vec<Outcome> {
    let mut numbered: Vec<(usize, Outcome)> = places.iter().copied().zip(outcomes).collect();
    numbered.sort_unstable_by_key(|(place, _)| *place);
    numbered.into_iter().map(|(_, outcome)| outcome).collect()
}

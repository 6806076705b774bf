//! Samples are written to a server that takes remote write: window by window, in the order of time.
//!
//! Such a server does not tell what it holds, so that a file in the staging folder says which windows it was sent.

use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, stream};
use tokio::sync::mpsc::channel;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, warn};

use super::done::Done;
use super::handed::{Brought, bring, hand};
use super::sending::{HowFar, Sending, outcome};
use super::staging::Staging;
use super::task::{HELD_BYTES, Run, Task, stopped};
use crate::bucket::Budget;
use crate::error::{Error, Kind, Result};
use crate::feed::{Source, blocking};
use crate::history::{
    Backfilled, Beside, Delivery, Ending, Plan, Range, Sums, WindowOutcome, Windows,
};
use crate::progress::Progress;
use crate::promql::Access;
use crate::remote::{self, Batch, Limits, WriteClient};
use crate::samples::{Exemplar, Metadata};
use crate::spool;

/// So long is what is written of one series before the next one has its turn: servers take nothing that is an hour behind the latest of all samples.
const PIECE_MS: i64 = 30 * 60 * 1000;

fn pieces() -> spool::Windows {
    spool::Windows::of_ms(PIECE_MS).unwrap_or(spool::Windows::TWO_HOURS)
}

/// Brings what the plan says to the server, or tells what it would bring.
///
/// Errors: what keeps it from beginning, with nothing sent.
pub async fn deliver(task: &Task, access: &Access, run: Run) -> Result<Backfilled> {
    let begun = Instant::now();
    let cancel = CancellationToken::new();
    let limits = Limits {
        timeout: task.plan.batch.http_timeout,
        retry: task.retry.clone(),
        max_held_bytes: HELD_BYTES,
    };
    let batch = Batch {
        max_series: task.plan.batch.max_series_per_write,
        max_points: task.plan.batch.max_points_per_write,
    };
    let done = Done::open(task, access)?;
    if !task.is_dry && task.staging_dir == std::env::temp_dir() {
        warn!(folder = %task.staging_dir.display(), "which windows were sent is noted in the folder for temporary files, which may be gone after a restart: what is not known to be sent is sent again");
    }
    let windows: Vec<Range> = Windows::of(task.range, task.length).collect();
    let mut backfilled = Backfilled {
        is_dry: task.is_dry,
        range: Some(task.range),
        written_to: Some(Delivery::default()),
        ..Backfilled::default()
    };
    if task.is_dry {
        let planned = windows.iter().map(|window| {
            let ending = if done.sent().has(*window) {
                Ending::AlreadyThere
            } else {
                Ending::Planned
            };
            outcome(*window, ending, Sums::default())
        });
        backfilled.windows = planned.collect();
        backfilled.elapsed = begun.elapsed();
        return Ok(backfilled);
    }
    run.progress.start_windows(windows.len() as u64);
    let mut way = Way {
        source: Source::open(&task.plan, &task.retry, HELD_BYTES)?,
        exemplars: Exemplars::of_plan(&task.plan, &limits),
        sending: Sending::new(
            WriteClient::new(access, &limits, batch)?,
            done,
            run.stop.clone(),
            Arc::clone(&run.progress),
        ),
        staging: Staging::create(&task.staging_dir, &run.id)?,
        memory_bytes: Budget::share_of(task.memory_limit) / 3,
        limits,
        task,
        cancel: cancel.clone(),
        beside: Beside::default(),
        warnings: Vec::new(),
        progress: Arc::clone(&run.progress),
    };
    let ended = {
        let mut work = Box::pin(way.all(&windows, &run));
        tokio::select! {
        ended = &mut work => ended,
        signal = run.stop.wait() => {
            run.progress.stopping();
            warn!(reason = signal.as_str(), grace = ?task.shutdown_grace, "no new window is begun; the one in hand may go on for the grace");
            if let Ok(ended) = tokio::time::timeout(task.shutdown_grace, &mut work).await { ended } else {
                cancel.cancel();
                Err(stopped(signal, "write what was brought"))
            }
        }
        }
    };
    let mut beside = way.beside;
    let heard = way.source.heard();
    beside.outside += heard.outside;
    beside.passed_over += heard.passed_over;
    beside.repeats += heard.repeats;
    backfilled.warnings = heard.warnings();
    backfilled.warnings.extend(way.exemplars.lost());
    backfilled.warnings.append(&mut way.warnings);
    let (mut told, delivery) = way.sending.told();
    if let Err(err) = ended {
        if told.is_empty() {
            return Err(err);
        }
        backfilled.aborted = Some(format!("{err:#}")).filter(|_| run.stop.asked().is_none());
    }
    let missing = windows.iter().skip(told.len());
    let missing: Vec<WindowOutcome> = missing
        .map(|window| outcome(*window, Ending::NotFinished, Sums::default()))
        .collect();
    told.extend(missing);
    backfilled.warnings.extend(beside.strays(&told));
    backfilled.windows = told;
    backfilled.beside = beside;
    backfilled.written_to = Some(delivery);
    backfilled.signal = run.stop.asked();
    backfilled.elapsed = begun.elapsed();
    Ok(backfilled)
}

/// From the source to the server.
struct Way<'a> {
    source: Source,
    exemplars: Exemplars,
    sending: Sending,
    staging: Staging,
    memory_bytes: usize,
    limits: Limits,
    task: &'a Task,
    cancel: CancellationToken,
    beside: Beside,
    warnings: Vec<String>,
    progress: Arc<Progress>,
}

/// Exemplars that the source's server tells.
#[derive(Clone)]
struct Exemplars {
    access: Option<Access>,
    queries: Vec<String>,
    limits: Limits,
    /// How many questions came to nothing, and what the first one came to.
    failed: Arc<Mutex<(u64, String)>>,
}

impl Exemplars {
    fn of_plan(plan: &Plan, limits: &Limits) -> Self {
        let mut queries: Vec<String> = plan.selectors.iter().map(ToString::to_string).collect();
        if queries.is_empty() {
            queries.push(r#"{__name__!=""}"#.to_owned());
        }
        Self {
            access: plan.source.queries.exemplars.clone(),
            queries,
            limits: limits.clone(),
            failed: Arc::default(),
        }
    }

    /// What is worth knowing of those that were not told.
    fn lost(&self) -> Option<String> {
        let (times, first) = &*self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        (*times > 0).then(|| {
            format!(
                "the source did not tell exemplars {times} times, and they were not written: {first}"
            )
        })
    }

    /// Those of a window; none where the server fails to tell, for samples are worth more.
    async fn of(&self, window: Range) -> Vec<Exemplar> {
        let mut all = Vec::new();
        let Some(access) = &self.access else {
            return all;
        };
        for query in &self.queries {
            let within = window.start_ms..window.end_ms;
            match remote::exemplars(access, &self.limits, query, within).await {
                Ok(exemplars) => all.extend(exemplars),
                Err(err) => {
                    let words = format!("{err:#}");
                    warn!(window = %window, err = words, "exemplars are not brought");
                    let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.0 += 1;
                    if failed.1.is_empty() {
                        failed.1 = words;
                    }
                }
            }
        }
        all
    }
}

impl Way<'_> {
    async fn all(&mut self, windows: &[Range], run: &Run) -> Result<()> {
        self.metadata_of_server().await;
        let external = self.task.plan.target.external_labels.clone();
        if !self.source.is_live() {
            let within = (self.task.range, pieces());
            let (source, memory_bytes) = (&self.source, self.memory_bytes);
            let beside = (Vec::new(), external, Arc::clone(&self.progress));
            let brought = bring(
                source,
                &self.staging,
                memory_bytes,
                within,
                beside,
                &self.cancel,
            );
            let brought = brought.await?;
            return self.send(brought, windows).await;
        }
        // The next window is asked for while the one before is written.
        let asked = windows.iter().copied().map(|window| {
            let asking = (
                self.source.clone(),
                self.staging.clone(),
                self.cancel.clone(),
            );
            let beside = (
                self.exemplars.clone(),
                external.clone(),
                Arc::clone(&self.progress),
            );
            let missing = self.sending.done().sent().missing(window);
            let (stop, memory_bytes) = (run.stop.clone(), self.memory_bytes);
            async move {
                if missing.start_ms >= missing.end_ms || stop.asked().is_some() {
                    return Ok((window, None));
                }
                let (source, staging, cancel) = asking;
                let (exemplars, external, progress) = beside;
                let within = (missing, pieces());
                let beside = (exemplars.of(missing).await, external, progress);
                let brought = bring(&source, &staging, memory_bytes, within, beside, &cancel);
                Ok::<_, Error>((window, Some(brought.await?)))
            }
        });
        let asked: Vec<_> = asked.collect();
        // What is asked for goes on while nobody waits for it.
        let asked = stream::iter(asked)
            .map(|asking| AbortOnDropHandle::new(tokio::spawn(asking.in_current_span())));
        let mut asked = asked.buffered(2);
        while let Some(asked) = asked.next().await {
            let (window, brought) = asked
                .map_err(|err| Error::new(Kind::Other, "ask for the next window").because(err))??;
            match brought {
                Some(brought) => self.send(brought, &[window]).await?,
                None if self.sending.done().sent().has(window) => self.sending.pass(window)?,
                None => {}
            }
            if run.stop.asked().is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What the source's server tells of its metrics.
    async fn metadata_of_server(&mut self) {
        let Some(access) = &self.task.plan.source.queries.metadata else {
            return;
        };
        let metrics = &self.task.plan.metadata_metrics;
        match remote::metadata(access, &self.limits, metrics).await {
            Ok(metadata) => self.send_metadata(&metadata).await,
            Err(err) => {
                let words = format!("{err:#}");
                warn!(err = words, "metadata are not brought");
                self.warnings
                    .push(format!("metadata were not written: {words}"));
            }
        }
    }

    /// Not every server takes metadata, and none needs them.
    async fn send_metadata(&mut self, metadata: &[Metadata]) {
        if metadata.is_empty() {
            return;
        }
        match self.sending.client().metadata(metadata).await {
            Ok(written) => self.sending.delivery().metadata += written.metadata,
            Err(err) => {
                warn!(err = format!("{err:#}"), "metadata are not written");
                self.beside.metadata += metadata.len() as u64;
            }
        }
    }

    /// Sends what was brought of these windows.
    async fn send(&mut self, brought: Brought, windows: &[Range]) -> Result<()> {
        let Brought {
            sorted,
            beside,
            metadata,
        } = brought;
        self.beside.merge(beside);
        self.send_metadata(&metadata).await;
        let (sender, receiver) = channel(1);
        let labels = self.task.plan.target.external_labels.clone();
        let sent = self.sending.done().sent().clone();
        let reading = blocking(move || hand(sorted, &labels, &sent, &sender));
        let (read, sent) = futures::join!(reading, self.sending.all(receiver, windows));
        // Where nobody took what was read, why that is tells more.
        if sent? == HowFar::Wholly {
            read?;
            self.sending.end(windows)?;
        }
        Ok(())
    }
}

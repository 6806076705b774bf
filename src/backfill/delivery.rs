//! Samples are written to a server that takes remote write: window by window, in the order of time.
//!
//! Such a server does not tell what it holds, so that a file in the staging folder says which windows it was sent.

use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::done::Done;
use super::handed::{Brought, bring, read};
use super::staging::Staging;
use super::task::{HELD_BYTES, Run, Task, stopped};
use crate::bucket::Budget;
use crate::error::{Error, Result};
use crate::feed::{Source, blocking};
use crate::history::{
    Backfilled, Beside, Delivery, Ending, Plan, Range, Sums, WindowOutcome, Windows,
};
use crate::promql::Access;
use crate::remote::{self, Batch, Limits, Refusal, Series, WriteClient, Written};
use crate::samples::{Exemplar, Metadata};
use crate::spool::{self, Counts};

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
    let windows = Windows::of(task.range, task.length);
    let windows: Vec<Range> = windows.flat_map(|window| done.cut(window)).collect();
    let mut backfilled = Backfilled {
        is_dry: task.is_dry,
        range: Some(task.range),
        written_to: Some(Delivery::default()),
        ..Backfilled::default()
    };
    if task.is_dry {
        let planned = windows.iter().map(|window| {
            outcome(
                *window,
                if done.has(*window) {
                    Ending::AlreadyThere
                } else {
                    Ending::Planned
                },
            )
        });
        backfilled.windows = planned.collect();
        backfilled.elapsed = begun.elapsed();
        return Ok(backfilled);
    }
    run.progress.start(windows.len() as u64, 0, None);
    let mut way = Way {
        source: Source::open(&task.plan, &task.retry, HELD_BYTES)?,
        exemplars: Exemplars::of_plan(&task.plan, &limits),
        client: WriteClient::new(access, &limits, batch)?,
        staging: Staging::create(&task.staging_dir, &run.id)?,
        memory_bytes: Budget::share_of(task.memory_limit) / 3,
        limits,
        task,
        cancel: cancel.clone(),
        done,
        told: Told::default(),
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
    let Told {
        windows: mut told,
        beside,
        delivery,
    } = way.told;
    if let Err(err) = ended {
        if told.is_empty() {
            return Err(err);
        }
        backfilled.aborted = Some(format!("{err:#}")).filter(|_| run.stop.asked().is_none());
    }
    let missing = windows.iter().skip(told.len());
    let missing: Vec<WindowOutcome> = missing
        .map(|window| outcome(*window, Ending::NotFinished))
        .collect();
    told.extend(missing);
    backfilled.windows = told;
    backfilled.beside = beside;
    backfilled.written_to = Some(delivery);
    backfilled.signal = run.stop.asked();
    backfilled.elapsed = begun.elapsed();
    Ok(backfilled)
}

fn outcome(range: Range, ending: Ending) -> WindowOutcome {
    WindowOutcome {
        range,
        ending,
        block: None,
        sums: Sums::default(),
        why: None,
    }
}

/// From the source to the server.
struct Way<'a> {
    source: Source,
    exemplars: Exemplars,
    client: WriteClient,
    staging: Staging,
    memory_bytes: usize,
    limits: Limits,
    task: &'a Task,
    cancel: CancellationToken,
    done: Done,
    told: Told,
}

/// Exemplars that the source's server tells.
#[derive(Clone)]
struct Exemplars {
    access: Option<Access>,
    queries: Vec<String>,
    limits: Limits,
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
        }
    }

    async fn of(&self, window: Range) -> Result<Vec<Exemplar>> {
        let mut all = Vec::new();
        if let Some(access) = &self.access {
            for query in &self.queries {
                let within = window.start_ms..window.end_ms;
                all.extend(remote::exemplars(access, &self.limits, query, within).await?);
            }
        }
        Ok(all)
    }
}

/// What has been done so far.
#[derive(Default)]
struct Told {
    windows: Vec<WindowOutcome>,
    beside: Beside,
    delivery: Delivery,
}

/// What a window had, once it was sent.
#[derive(Default)]
struct SentWindow {
    /// Samples that it refused, but for those that it has already.
    not_taken: u64,
    sums: Sums,
}

impl Way<'_> {
    async fn all(&mut self, windows: &[Range], run: &Run) -> Result<()> {
        self.metadata_of_server().await?;
        if !self.source.is_live() {
            let within = (self.task.range, pieces());
            let (source, memory_bytes) = (&self.source, self.memory_bytes);
            let brought = bring(
                source,
                &self.staging,
                memory_bytes,
                within,
                Vec::new(),
                &self.cancel,
            );
            let brought = brought.await?;
            return self.send_whole(brought, windows, run).await;
        }
        let to_do = windows.iter().copied();
        // The next window is asked for while the one before is written.
        let source = self.source.clone();
        let (staging, memory_bytes) = (self.staging.clone(), self.memory_bytes);
        let (cancel, done) = (self.cancel.clone(), self.done.clone());
        let (stop, exemplars) = (run.stop.clone(), self.exemplars.clone());
        let asked = stream::iter(to_do).map(|window| {
            let asking = (source.clone(), staging.clone(), cancel.clone());
            let is_done = done.has(window);
            let (stop, exemplars) = (stop.clone(), exemplars.clone());
            async move {
                if is_done || stop.asked().is_some() {
                    return Ok((window, None));
                }
                let (source, staging, cancel) = asking;
                let (within, exemplars) = ((window, pieces()), exemplars.of(window).await?);
                let brought = bring(&source, &staging, memory_bytes, within, exemplars, &cancel);
                Ok::<_, Error>((window, Some(brought.await?)))
            }
        });
        let mut asked = asked.buffered(2);
        while let Some(asked) = asked.next().await {
            let (window, brought) = asked?;
            let _progress = run.progress.block(0);
            let Some(brought) = brought else {
                if !self.done.has(window) {
                    return Ok(());
                }
                self.told.windows.push(WindowOutcome {
                    why: Some(self.done.says()),
                    ..outcome(window, Ending::AlreadyThere)
                });
                continue;
            };
            self.send_one(brought, window).await?;
        }
        Ok(())
    }

    /// What the source's server tells of its metrics.
    async fn metadata_of_server(&mut self) -> Result<()> {
        let Some(access) = &self.task.plan.source.queries.metadata else {
            return Ok(());
        };
        let metrics = &self.task.plan.metadata_metrics;
        let metadata = remote::metadata(access, &self.limits, metrics).await?;
        self.send_metadata(&metadata).await;
        Ok(())
    }

    /// Not every server takes metadata, and none needs them.
    async fn send_metadata(&mut self, metadata: &[Metadata]) {
        if metadata.is_empty() {
            return;
        }
        match self.client.metadata(metadata).await {
            Ok(written) => self.told.delivery.metadata += written.metadata,
            Err(err) => {
                warn!(err = format!("{err:#}"), "metadata are not written");
                self.told.beside.metadata += metadata.len() as u64;
            }
        }
    }

    async fn send_one(&mut self, brought: Brought, window: Range) -> Result<()> {
        let Brought {
            sorted,
            beside,
            metadata,
        } = brought;
        self.told.beside.merge(beside);
        self.send_metadata(&metadata).await;
        let (sender, receiver) = channel(1);
        let labels = self.task.plan.target.external_labels.clone();
        let reading = blocking(move || {
            let mut sorted = sorted;
            let mut counts = Counts::default();
            while let Some(mut window) = sorted.next_window()? {
                read(&mut window, &labels, &mut counts, &sender)?;
            }
            Ok(counts)
        });
        let sent = self.send(receiver);
        let (counts, sent) = futures::join!(reading, sent);
        let sent = self.counted(sent?, &counts?);
        self.ended(window, &sent)
    }

    async fn send_whole(&mut self, brought: Brought, windows: &[Range], run: &Run) -> Result<()> {
        let Brought {
            mut sorted,
            beside,
            metadata,
        } = brought;
        self.told.beside.merge(beside);
        self.send_metadata(&metadata).await;
        let labels = self.task.plan.target.external_labels.clone();
        let mut left = windows.iter().copied().peekable();
        let mut at_work: Option<(Range, Written, Counts)> = None;
        loop {
            if run.stop.asked().is_some() {
                return Ok(());
            }
            let (sender, receiver) = channel(1);
            let (done, labels, all) = (self.done.clone(), labels.clone(), windows.to_vec());
            let reading = blocking(move || {
                let mut counts = Counts::default();
                let mut found = None;
                if let Some(mut next) = sorted.next_window()? {
                    let range = next.range();
                    let meets = |one: &&Range| range.start < one.end_ms && one.start_ms < range.end;
                    found = all.iter().find(meets).copied();
                    if found.is_some_and(|window| !done.has(window)) {
                        read(&mut next, &labels, &mut counts, &sender)?;
                    }
                }
                Ok((sorted, counts, found))
            });
            let sent = self.send(receiver);
            let (read, sent) = futures::join!(reading, sent);
            // Where nobody took what was read, why that is tells more.
            let sent = sent?;
            let (counts, found);
            (sorted, counts, found) = read?;
            let ended = at_work.take_if(|(window, ..)| Some(*window) != found);
            if let Some((window, written, counts)) = ended {
                let sent = self.counted(written, &counts);
                self.ended(window, &sent)?;
            }
            let is_before =
                |window: &Range| found.is_none_or(|found| window.start_ms < found.start_ms);
            while let Some(empty) = left.next_if(is_before) {
                drop(run.progress.block(0));
                let has = self.done.has(empty);
                let ending = if has {
                    Ending::AlreadyThere
                } else {
                    Ending::Empty
                };
                self.told.windows.push(WindowOutcome {
                    why: has.then(|| self.done.says()),
                    ..outcome(empty, ending)
                });
            }
            let Some(window) = found else {
                return Ok(());
            };
            let is_first = left.next_if_eq(&window).is_some();
            if is_first {
                drop(run.progress.block(0));
            }
            if self.done.has(window) {
                let there = WindowOutcome {
                    why: Some(self.done.says()),
                    ..outcome(window, Ending::AlreadyThere)
                };
                self.told.windows.extend(is_first.then_some(there));
                continue;
            }
            match &mut at_work {
                Some((_, written, counted)) => {
                    *written += sent;
                    *counted += counts;
                }
                None => at_work = Some((window, sent, counts)),
            }
        }
    }

    async fn send(&self, mut receiver: Receiver<Vec<Series>>) -> Result<Written> {
        let mut all = Written::default();
        while let Some(series) = receiver.recv().await {
            all += self.client.write(&series).await?;
        }
        Ok(all)
    }

    fn counted(&mut self, written: Written, counts: &Counts) -> SentWindow {
        let delivery = &mut self.told.delivery;
        delivery.exemplars += written.exemplars;
        let mut not_taken = 0;
        for (kind, refused) in written.refused {
            if kind != Refusal::DuplicateTimestamp {
                not_taken += refused.samples;
            }
            let words = format!("{}: {}", refused.series, refused.words);
            let kind = delivery.refused.entry(kind.as_str().to_owned());
            kind.or_insert((0, words)).0 += refused.samples;
        }
        SentWindow {
            not_taken,
            sums: Sums {
                samples: written.samples,
                histograms: written.histograms,
                duplicates: counts.duplicates,
                conflicting: counts.conflicting,
                out_of_order: counts.out_of_order,
                ..Sums::default()
            },
        }
    }

    fn ended(&mut self, window: Range, sent: &SentWindow) -> Result<()> {
        let ending = match (sent.not_taken, sent.sums.samples) {
            (1.., _) => Ending::Refused,
            (0, 0) => Ending::Empty,
            (0, 1..) => Ending::Written,
        };
        info!(window = %window, ending = ending.as_str(), samples = sent.sums.samples, "window ends");
        // What was refused may be taken once the server has other limits.
        if sent.not_taken == 0 {
            self.done.note(window)?;
        }
        let why = || format!("the server refused {} samples", sent.not_taken);
        self.told.windows.push(WindowOutcome {
            sums: sent.sums,
            why: (sent.not_taken > 0).then(why),
            ..outcome(window, ending)
        });
        Ok(())
    }
}

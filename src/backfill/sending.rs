//! What is handed over goes to the server, slice by slice, and is accounted for window by window.
//!
//! A slice is noted before its first request and behind its last one, so that a run that goes on where another was killed knows what the server may
//! have already: in order alone as many a server takes samples, it refuses them then.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use tracing::info;

use super::done::Done;
use super::handed::{Group, Handed};
use crate::engine::Stop;
use crate::error::Result;
use crate::history::{Delivery, Ending, Range, Sums, WindowOutcome};
use crate::progress::Progress;
use crate::remote::{Refusal, Series, Then, WriteClient, Written};
use crate::samples::Labels;
use crate::spool::Counts;

/// Sends, and keeps account.
pub(super) struct Sending {
    client: WriteClient,
    done: Done,
    stop: Stop,
    progress: Arc<Progress>,
    /// The window in hand.
    open: Option<Open>,
    outcomes: Vec<WindowOutcome>,
    delivery: Delivery,
}

/// A window of which not all was sent yet.
struct Open {
    window: Range,
    sums: Sums,
    /// Samples that the server refused.
    not_taken: u64,
    /// Samples that it refused, and that a run before may have sent.
    sent_before: u64,
    slice: Option<Slice>,
}

/// A slice of it.
struct Slice {
    range: Range,
    /// A run before was stopped in it, and may have sent series up to this one.
    up_to: Option<Labels>,
    not_taken: u64,
}

/// Whether a run before may have sent a series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    Fresh,
    MayBeThere,
}

impl Doubt {
    fn is_sent_before(self, kind: Refusal) -> bool {
        self == Self::MayBeThere && matches!(kind, Refusal::OutOfOrder | Refusal::TooOld)
    }
}

impl Sending {
    pub(super) fn new(
        client: WriteClient,
        done: Done,
        stop: Stop,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            client,
            done,
            stop,
            progress,
            open: None,
            outcomes: Vec::new(),
            delivery: Delivery::default(),
        }
    }

    pub(super) fn client(&self) -> &WriteClient {
        &self.client
    }

    pub(super) fn done(&self) -> &Done {
        &self.done
    }

    pub(super) fn delivery(&mut self) -> &mut Delivery {
        &mut self.delivery
    }

    /// What became of windows, the one in hand as it is, and what the server took.
    pub(super) fn told(mut self) -> (Vec<WindowOutcome>, Delivery) {
        if let Some(open) = self.open.take() {
            let ending = Ending::NotFinished;
            self.outcomes.push(outcome(open.window, ending, open.sums));
        }
        (self.outcomes, self.delivery)
    }

    /// Sends what is handed over of these windows, which are by time; not all of it where the run is to end.
    ///
    /// Errors: the server takes nothing, or what was sent cannot be noted.
    pub(super) async fn all(
        &mut self,
        mut receiver: Receiver<Handed>,
        windows: &[Range],
    ) -> Result<HowFar> {
        while let Some(handed) = receiver.recv().await {
            match handed {
                Handed::Slice(range) if self.stop.asked().is_some() => {
                    let ends = |open: &Open| open.window.end_ms <= range.start_ms;
                    if self.open.as_ref().is_some_and(ends) {
                        self.close()?;
                    }
                    return Ok(HowFar::InPart);
                }
                Handed::Slice(range) => self.begin(range, windows)?,
                Handed::Series(group) => self.group(&group).await?,
                Handed::Counts(counts) => self.slice_ends(&counts)?,
            }
        }
        Ok(HowFar::Wholly)
    }

    /// All that there is of these windows was sent.
    pub(super) fn end(&mut self, windows: &[Range]) -> Result<()> {
        self.close()?;
        let last = self.outcomes.last().map(|outcome| outcome.range);
        for window in windows.iter().filter(|window| Some(**window) > last) {
            self.pass(*window)?;
        }
        Ok(())
    }

    /// A window in which there is nothing to send.
    pub(super) fn pass(&mut self, window: Range) -> Result<()> {
        drop(self.progress.block(0));
        let sent = self.done.sent();
        // A run before has sent what it found, and there is no more.
        let has = sent.meets(&(window.start_ms..window.end_ms));
        if !sent.has(window) {
            self.done.note(window)?;
        }
        let ending = if has {
            Ending::AlreadyThere
        } else {
            Ending::Empty
        };
        self.outcomes.push(WindowOutcome {
            why: has.then(|| self.done.says()),
            ..outcome(window, ending, Sums::default())
        });
        Ok(())
    }

    fn begin(&mut self, slice: Range, windows: &[Range]) -> Result<()> {
        let meets = |one: &&Range| one.start_ms < slice.end_ms && slice.start_ms < one.end_ms;
        // Slices that end where the run begins have nothing of it.
        let Some(window) = windows.iter().find(meets).copied() else {
            return Ok(());
        };
        if self.open.as_ref().is_none_or(|open| open.window != window) {
            self.close()?;
            let last = self.outcomes.last().map(|outcome| outcome.range);
            let between = windows
                .iter()
                .filter(|one| Some(**one) > last && **one < window);
            for window in between {
                self.pass(*window)?;
            }
            self.open = Some(Open {
                window,
                sums: Sums::default(),
                not_taken: 0,
                sent_before: 0,
                slice: None,
            });
        }
        let range = Range {
            start_ms: slice.start_ms.max(window.start_ms),
            end_ms: slice.end_ms.min(window.end_ms),
        };
        let up_to = self.done.begin(range, self.client.max_points());
        if let Some(open) = &mut self.open {
            open.slice = Some(Slice {
                range,
                up_to,
                not_taken: 0,
            });
        }
        Ok(())
    }

    async fn group(&mut self, group: &Group) -> Result<()> {
        let Some(last) = group.keys.last() else {
            return Ok(());
        };
        self.done.sends(last)?;
        let slice = self.open.as_ref().and_then(|open| open.slice.as_ref());
        let up_to = slice.and_then(|slice| slice.up_to.as_ref());
        let many = up_to.map_or(0, |up_to| group.keys.partition_point(|key| key <= up_to));
        let (in_doubt, fresh) = group.series.split_at(many);
        // One by one: what is refused together may hold some that was never sent.
        for one in in_doubt {
            self.send(std::slice::from_ref(one), Doubt::MayBeThere)
                .await?;
        }
        self.send(fresh, Doubt::Fresh).await
    }

    async fn send(&mut self, series: &[Series], doubt: Doubt) -> Result<()> {
        if series.is_empty() {
            return Ok(());
        }
        let mut written = Written::default();
        let done = &mut self.done;
        // Noted at once: a run that goes on after this one was killed would take it for sent.
        let mut refuses = |kind| {
            if doubt.is_sent_before(kind) {
                return Ok(Then::Counts);
            }
            done.refused()?;
            Ok(Then::Halves)
        };
        let sent = self.client.write(series, &mut written, &mut refuses).await;
        self.count(written, doubt);
        sent
    }

    /// What became of a group counts for its window.
    fn count(&mut self, written: Written, doubt: Doubt) {
        let Some(open) = &mut self.open else {
            return;
        };
        let Some(slice) = &mut open.slice else {
            return;
        };
        let Written {
            samples,
            histograms,
            exemplars,
            refused,
            ..
        } = written;
        open.sums.samples += samples;
        open.sums.histograms += histograms;
        self.delivery.exemplars += exemplars;
        for (kind, refused) in refused {
            if doubt.is_sent_before(kind) {
                open.sent_before += refused.samples;
                continue;
            }
            slice.not_taken += refused.samples;
            let words = format!("{}: {}", refused.series, refused.words);
            let kind = self.delivery.refused.entry(kind.as_str().to_owned());
            kind.or_insert((0, words)).0 += refused.samples;
        }
    }

    fn slice_ends(&mut self, counts: &Counts) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.sums.duplicates += counts.duplicates;
        open.sums.conflicting += counts.conflicting;
        open.sums.out_of_order += counts.out_of_order;
        let Some(slice) = open.slice.take() else {
            return Ok(());
        };
        open.not_taken += slice.not_taken;
        // What was refused may be taken once the server has other limits.
        if slice.not_taken == 0 {
            self.done.note(slice.range)
        } else {
            self.done.refused()
        }
    }

    /// The window in hand is at its end.
    fn close(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        drop(self.progress.block(0));
        let Open {
            window,
            sums,
            not_taken,
            sent_before,
            ..
        } = open;
        let ending = match (not_taken, sums.samples + sent_before) {
            (1.., _) => Ending::Refused,
            (0, 0) => Ending::Empty,
            (0, 1..) => Ending::Written,
        };
        info!(window = %window, ending = ending.as_str(), samples = sums.samples, sent_before, "window ends");
        if not_taken == 0 {
            self.done.note(window)?;
        }
        let why = match (not_taken, sent_before) {
            (0, 0) => None,
            (0, before) => Some(format!(
                "{before} more samples were sent by a run that was stopped within this window"
            )),
            (refused, _) => Some(format!("the server refused {refused} samples")),
        };
        self.outcomes.push(WindowOutcome {
            why,
            ..outcome(window, ending, sums)
        });
        Ok(())
    }
}

/// How much was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HowFar {
    Wholly,
    /// The run is to end.
    InPart,
}

pub(super) fn outcome(range: Range, ending: Ending, sums: Sums) -> WindowOutcome {
    WindowOutcome {
        range,
        ending,
        block: None,
        sums,
        why: None,
    }
}

//! One block from its table of contents to its last chunk.

use std::cell::Cell;
use std::ops::Range;
use std::sync::mpsc::{TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::compare::{Pair, Sums, short};
use super::diagnose;
use super::finding::{Finding, Findings, Kind};
use super::judge::Judge;
use super::label_index;
use super::labels::Labels;
use super::order::{self, Order};
use super::postings;
use super::segment::{Batch, Walker};
use super::series;
use super::source::{Block, BlockFiles, Counts, File};
use super::stats::{self, Whole};
use super::symbols::Symbols;
use super::toc::{self, INDEX, Toc};
use super::tombstones::{self, Tombstones};

/// How many symbols are in memory at once. Series are read once for each so many.
pub(crate) const MOST_SYMBOLS: u64 = 6 << 20;

/// A source that counts what is read.
struct Counting<'a, S> {
    source: &'a S,
    bytes: Cell<u64>,
}

impl<S: BlockFiles> BlockFiles for Counting<'_, S> {
    type Error = S::Error;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<(), Self::Error> {
        self.bytes.set(self.bytes.get() + into.len() as u64);
        self.source.read(file, offset, into)
    }

    fn ahead(&self, file: File, range: Range<u64>) {
        self.source.ahead(file, range);
    }
}

/// Checks a block; see [`crate::tsdb`] for what that means.
pub(crate) fn check<S: BlockFiles>(
    source: &S,
    block: &Block,
    threads: usize,
    symbols: u64,
    findings: &mut Findings,
) -> Result<Counts, S::Error> {
    let source = Counting {
        source,
        bytes: Cell::new(0),
    };
    let mut check = Check {
        source: &source,
        block,
        counts: Counts::default(),
        whole: true,
        counted: true,
        tombstones: Tombstones::default(),
    };
    check.run(threads, symbols, findings)?;
    check.counts.bytes = source.bytes.get();
    Ok(check.counts)
}

struct Check<'a, S> {
    source: &'a S,
    block: &'a Block,
    counts: Counts,
    /// Whether every series was read, and whether every sample was counted.
    whole: bool,
    counted: bool,
    tombstones: Tombstones,
}

impl<S: BlockFiles> Check<'_, S> {
    fn run(&mut self, threads: usize, most: u64, findings: &mut Findings) -> Result<(), S::Error> {
        if let Some(size) = self.block.tombstones_size {
            self.tombstones = tombstones::read(self.source, size, findings)?;
            self.counts.tombstones = self.tombstones.count;
        }
        let Some(toc) = toc::read(self.source, self.block, findings)? else {
            self.whole = false;
            return self.series(None, threads, findings);
        };
        self.counts.index_version = toc.version;
        let mut symbols = Symbols::read(self.source, &toc, most, findings)?;
        self.counts.symbols = symbols.count;
        let mut sums = Sums::new();
        self.series(Some((&toc, &symbols, &mut sums)), threads, findings)?;
        self.labels(&toc, &mut symbols, &mut sums, findings)?;
        let whole = Whole {
            series: self.whole,
            samples: self.counted,
            tombstones: self.block.tombstones_size.is_some() && self.tombstones.whole,
        };
        stats::compare(self.block, &self.counts, &whole, findings);
        self.name_series(&toc, &symbols, findings)
    }

    /// Reads series and segments, and decodes chunks, on this thread or on others beside it.
    fn series(
        &mut self,
        index: Option<(&Toc, &Symbols, &mut Sums)>,
        threads: usize,
        findings: &mut Findings,
    ) -> Result<(), S::Error> {
        let block = self.block;
        let cap = findings.cap();
        if threads < 2 {
            let mut judge = Judge::new(block, cap);
            let read = self.read_series(index, |batch| judge.batch(&batch), findings);
            self.take(judge, findings);
            return read;
        }
        thread::scope(|scope| {
            let (send, receive) = sync_channel::<Batch>(threads);
            // Whoever sends learns that nobody receives any more, because the workers own what they receive from.
            let receive = Arc::new(Mutex::new(receive));
            let workers: Vec<_> = (1..threads)
                .map(|_| {
                    let receive = Arc::clone(&receive);
                    scope.spawn(move || {
                        let mut judge = Judge::new(block, cap);
                        let next = || {
                            receive
                                .lock()
                                .unwrap_or_else(PoisonError::into_inner)
                                .recv()
                        };
                        while let Ok(batch) = next() {
                            judge.batch(&batch);
                        }
                        judge
                    })
                })
                .collect();
            drop(receive);
            // Nobody receives where the workers have panicked, and joining them says so.
            let mut own = Judge::new(block, cap);
            let deliver = |batch| match send.try_send(batch) {
                // Whoever waits for others had better help them.
                Err(TrySendError::Full(batch)) => own.batch(&batch),
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            };
            let read = self.read_series(index, deliver, findings);
            drop(send);
            self.take(own, findings);
            for worker in workers {
                match worker.join() {
                    Ok(judge) => self.take(judge, findings),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            read
        })
    }

    fn take(&mut self, judge: Judge<'_>, findings: &mut Findings) {
        self.counts.samples += judge.counts.samples;
        self.counts.float_samples += judge.counts.float_samples;
        self.counts.histogram_samples += judge.counts.histogram_samples;
        self.counts.unreadable_chunks += judge.counts.unreadable_chunks;
        self.counted &= judge.counted;
        findings.merge(judge.findings);
    }

    fn read_series(
        &mut self,
        index: Option<(&Toc, &Symbols, &mut Sums)>,
        deliver: impl FnMut(Batch),
        findings: &mut Findings,
    ) -> Result<(), S::Error> {
        let mut walker = Walker::new(self.source, self.block, deliver);
        let Some((toc, symbols, sums)) = index else {
            walker.strict = false;
            return walker.finish(findings).map(|_| ());
        };
        let mut order = Order::new(self.block, symbols.sorted);
        let mut labels = Labels::default();
        let mut of_tombstones = Findings::new(findings.cap());
        let mut tombstones = self.tombstones.series.iter().copied().peekable();
        let counts = &mut self.counts;
        self.whole = series::walk(self.source, toc, findings, |entry, whole, findings| {
            walker.strict = whole;
            counts.series += 1;
            counts.chunks += entry.chunks.len() as u64;
            order.check(entry, findings);
            let id = entry.id(toc.version);
            while let Some(deleted) = tombstones.next_if(|deleted| *deleted <= id) {
                if deleted < id {
                    tombstones::dangling(deleted, &mut of_tombstones);
                }
            }
            let dangling = labels.each(self.source, symbols, entry, |pair| {
                sums.add(pair, short(id));
            })?;
            if let Some(reference) = dangling.filter(|_| symbols.whole) {
                order::dangling(entry, reference, findings);
            }
            sums.add(Pair::all(), short(id));
            for chunk in &entry.chunks {
                walker.chunk(*chunk, entry.at, findings)?;
            }
            Ok(())
        })?;
        for deleted in tombstones {
            tombstones::dangling(deleted, &mut of_tombstones);
        }
        // A series that cannot be read is there all the same.
        if self.whole {
            findings.merge(of_tombstones);
        }
        walker.strict = self.whole;
        self.counted &= walker.finish(findings)?;
        Ok(())
    }

    /// Compares what series say of their labels with what postings and label indices do.
    fn labels(
        &mut self,
        toc: &Toc,
        symbols: &mut Symbols,
        sums: &mut Sums,
        findings: &mut Findings,
    ) -> Result<(), S::Error> {
        let mut names = Sums::new();
        let postings = postings::check(self.source, toc, sums, &mut names, findings)?;
        self.counts.label_pairs = postings.pairs;
        let mut said = Findings::new(0);
        let mut whole = true;
        let mut first = true;
        let mut all;
        loop {
            if label_index::present(toc) {
                let findings = if first { &mut *findings } else { &mut said };
                whole &= label_index::check(self.source, toc, symbols, &mut names, findings)?;
            }
            first = false;
            // What repeats itself may be without end, and what is out of order was said.
            all = symbols.sorted || symbols.is_all();
            if !all || !symbols.advance(self.source, toc)? {
                break;
            }
            let mut labels = Labels::default();
            series::walk(self.source, toc, &mut said, |entry, _, _| {
                let id = short(entry.id(toc.version));
                labels.each(self.source, symbols, entry, |pair| sums.add(pair, id))?;
                Ok(())
            })?;
        }
        symbols.rewind(self.source, toc)?;
        let differing = sums.differing();
        if all && self.whole && symbols.whole && postings.whole && !differing.is_empty() {
            diagnose::postings(
                self.source,
                toc,
                symbols,
                &differing,
                self.counts.series,
                findings,
            )?;
        }
        let comparable = all && whole && symbols.whole && postings.whole;
        if label_index::present(toc) && comparable && !names.differing().is_empty() {
            let what = "label indices do not hold the values that there are postings of";
            let at = toc.label_indices.start;
            findings.push(Finding::new(Kind::LabelIndexDiffers, INDEX, at, what));
        }
        Ok(())
    }

    /// Names the series of those findings that are kept.
    fn name_series(
        &self,
        toc: &Toc,
        symbols: &Symbols,
        findings: &mut Findings,
    ) -> Result<(), S::Error> {
        for finding in findings.iter_mut() {
            if let Some(at) = finding.series_at {
                finding.series = series::labels_at(self.source, symbols, toc, at)?;
            }
        }
        Ok(())
    }
}

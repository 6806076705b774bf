//! What the chunks themselves say, against what the index says of them.

use super::chunk::{Class, Scratch, Span, Trouble, decode, is_newer};
use super::finding::{Finding, Findings, Kind};
use super::segment::{Batch, Record, file_name, parts};
use super::source::{Block, Counts};

/// Decodes chunks, and keeps what it finds; each thread has its own.
pub(crate) struct Judge<'a> {
    block: &'a Block,
    scratch: Scratch,
    pub(crate) findings: Findings,
    /// Of these the samples, and the chunks that are newer than their readers.
    pub(crate) counts: Counts,
    /// Whether the samples of every chunk that is referred to were counted.
    pub(crate) counted: bool,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(block: &'a Block, cap: usize) -> Self {
        Self {
            block,
            scratch: Scratch::default(),
            findings: Findings::new(cap),
            counts: Counts::default(),
            counted: true,
        }
    }

    pub(crate) fn batch(&mut self, batch: &Batch) {
        for record in &batch.records {
            let frame = batch.frame(record);
            let outcome = match frame.and_then(parts) {
                Some((encoding, data, true)) => {
                    if is_newer(encoding) {
                        self.report_newer(batch, record, encoding);
                    }
                    decode(encoding, data, &mut self.scratch)
                }
                _ => Err(Trouble {
                    kind: Kind::ChunkChecksum,
                    what: "the checksum is another".to_owned(),
                }),
            };
            let outcome = outcome.and_then(|(class, span)| {
                if record.expected.is_some() {
                    self.count(class, span);
                }
                compare(record, span)
            });
            if let Err(trouble) = outcome {
                self.report(batch, record, trouble);
            }
        }
    }

    fn count(&mut self, class: Class, span: Span) {
        self.counts.samples += span.samples;
        match class {
            Class::Float => self.counts.float_samples += span.samples,
            Class::Histogram => self.counts.histogram_samples += span.samples,
            Class::Aggregate => {}
        }
    }

    /// Whatever else is said of it, Thanos cannot read it.
    fn report_newer(&mut self, batch: &Batch, record: &Record, encoding: u8) {
        self.counts.unreadable_chunks += 1;
        let what = format!("chunk of encoding {encoding}, which Prometheus 3.11 and later write");
        self.find(batch, record, Kind::UnreadableByThanos, what);
    }

    fn report(&mut self, batch: &Batch, record: &Record, trouble: Trouble) {
        let Trouble { kind, what } = trouble;
        if !matches!(kind, Kind::ChunkTimesDiffer | Kind::ChunkEmpty) {
            self.counted = false;
        }
        self.find(batch, record, kind, what);
    }

    fn find(&mut self, batch: &Batch, record: &Record, kind: Kind, what: String) {
        let block = self.block;
        self.findings.add(kind, || {
            let at = batch.base + u64::from(record.start);
            let finding = Finding::new(kind, &file_name(block, batch.segment), at, what);
            match record.expected {
                Some(expected) => finding.of_series(expected.series),
                None => finding,
            }
        });
    }
}

fn compare(record: &Record, span: Span) -> Result<(), Trouble> {
    let Some(expected) = record.expected else {
        return Ok(());
    };
    if span.samples == 0 {
        return Err(Trouble {
            kind: Kind::ChunkEmpty,
            what: "a chunk without samples".to_owned(),
        });
    }
    if (span.first, span.last) == (expected.min_time, expected.max_time) {
        return Ok(());
    }
    Err(Trouble {
        kind: Kind::ChunkTimesDiffer,
        what: format!(
            "samples from {} to {}, but the index says from {} to {}",
            span.first, span.last, expected.min_time, expected.max_time
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::segment::Expected;
    use super::*;

    #[test]
    fn both_ends_of_a_chunk_are_held_against_the_index() {
        let record = |expected| Record {
            start: 0,
            length: 0,
            expected,
        };
        let expected = Expected {
            min_time: 10,
            max_time: 20,
            series: 0,
        };
        for (first, last, samples, kind) in [
            (10, 20, 2, None),
            (11, 20, 2, Some(Kind::ChunkTimesDiffer)),
            (10, 19, 2, Some(Kind::ChunkTimesDiffer)),
            (10, 20, 0, Some(Kind::ChunkEmpty)),
        ] {
            let span = Span {
                samples,
                first,
                second: last,
                last,
            };
            let found = compare(&record(Some(expected)), span).err();
            assert_eq!(found.map(|trouble| trouble.kind), kind, "{span:?}");
            assert!(compare(&record(None), span).is_ok());
        }
    }
}

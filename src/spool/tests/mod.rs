//! The spool as its users see it: what goes in, and what comes out.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

mod merging;

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::samples::{Buckets, Histogram, ResetHint, Value};
use crate::tsdb::encode;

const HOUR: i64 = 3_600_000;
const ALL: Range<i64> = i64::MIN..i64::MAX;

/// A series of a window, in chunks or in samples.
type Out<T> = Vec<(i64, Labels, Vec<T>)>;

fn series(name: &str) -> Labels {
    [("__name__".to_owned(), name.to_owned())]
        .into_iter()
        .collect()
}

fn float(time_ms: i64, value: f64) -> Sample {
    let value = Value::Float(value);
    Sample { time_ms, value }
}

fn histogram(time_ms: i64, count: u64, reset_hint: ResetHint) -> Sample {
    let histogram = Histogram {
        reset_hint,
        schema: 0,
        zero_threshold: 0.001,
        sum: 1.0,
        positive_spans: Vec::new(),
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        buckets: Buckets::Integers {
            count,
            zero_count: count,
            positive: Vec::new(),
            negative: Vec::new(),
        },
    };
    Sample {
        time_ms,
        value: Value::Histogram(Box::new(histogram)),
    }
}

fn samples(name: &str, samples: Vec<Sample>) -> Piece {
    Piece {
        labels: series(name),
        told: Told::Samples(samples),
    }
}

fn chunk(samples: impl IntoIterator<Item = Sample>) -> Chunk {
    let mut chunks = encode::chunks(samples).map(Result::unwrap);
    let chunk = chunks.next().unwrap();
    assert_eq!(chunks.next(), None);
    chunk
}

fn chunked(name: &str, chunk: &Chunk) -> Piece {
    Piece {
        labels: series(name),
        told: Told::Chunk(chunk.clone()),
    }
}

/// Floats at times, each its time.
fn at(times: impl IntoIterator<Item = i64>) -> Vec<Sample> {
    let times = times.into_iter();
    #[expect(clippy::cast_precision_loss, reason = "times of tests are small")]
    times.map(|time| float(time, time as f64)).collect()
}

fn spooled(memory_bytes: usize, range: Range<i64>, pieces: &[Piece]) -> (Sorted, u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::create(folder.path(), memory_bytes, Windows::TWO_HOURS, range).unwrap();
    for piece in pieces {
        spool.take(piece.clone()).unwrap();
    }
    let outside = spool.outside();
    let sorted = spool.finish().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    (sorted, outside)
}

/// All that comes out, as samples and as chunks, and what is counted either way.
fn out(sorted: &mut Sorted) -> (Out<Sample>, Out<Chunk>, Counts) {
    let (mut all, mut chunks, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    while let Some(mut window) = sorted.next_window().unwrap() {
        let begin = window.range().start;
        while let Some(series) = window.next_series().unwrap() {
            let labels = series.labels.clone();
            let (mut some, mut other) = (Counts::default(), Counts::default());
            let samples: Result<Vec<Sample>> = series.samples(&mut some).collect();
            all.push((begin, labels.clone(), samples.unwrap()));
            let mut some_chunks = Vec::new();
            let mut keep = |chunk| {
                some_chunks.push(chunk);
                Ok(())
            };
            series.chunks(&mut other, &mut keep).unwrap();
            chunks.push((begin, labels, some_chunks));
            assert_eq!(some, other);
            counts += some;
        }
    }
    (all, chunks, counts)
}

/// The same in one place and in memory.
fn model(range: &Range<i64>, pieces: &[Piece]) -> (Out<Sample>, Counts, u64) {
    let (mut counts, mut outside) = (Counts::default(), 0);
    let mut all: BTreeMap<(i64, Labels), (i64, BTreeMap<i64, Sample>)> = BTreeMap::new();
    for piece in pieces {
        let Told::Samples(samples) = &piece.told else {
            continue;
        };
        for sample in samples {
            if !range.contains(&sample.time_ms) {
                outside += 1;
                continue;
            }
            let window = sample.time_ms.div_euclid(2 * HOUR) * 2 * HOUR;
            let entry = all.entry((window, piece.labels.clone()));
            let (latest, samples) = entry.or_insert_with(|| (i64::MIN, BTreeMap::new()));
            match samples.get(&sample.time_ms) {
                Some(first) if first == sample => counts.duplicates += 1,
                Some(_) => counts.conflicting += 1,
                None => {
                    samples.insert(sample.time_ms, sample.clone());
                    counts.samples += 1;
                    counts.histograms += u64::from(matches!(sample.value, Value::Histogram(_)));
                    counts.out_of_order += u64::from(sample.time_ms < *latest);
                }
            }
            *latest = sample.time_ms.max(*latest);
        }
    }
    let all = all
        .into_iter()
        .map(|((window, labels), (_, samples))| (window, labels, samples.into_values().collect()));
    (all.collect(), counts, outside)
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn any(random: &mut Random) -> Vec<Piece> {
    let count = 1 + random.below(3000);
    let jumble = random.below(4);
    let mut clock = -3 * HOUR;
    let piece = |_| {
        let count = 1 + random.below(8);
        let sample = |_| {
            clock += i64::try_from(random.below(20_000)).unwrap();
            let back = if random.below(10) < jumble {
                i64::try_from(random.below(200)).unwrap() * 500
            } else {
                0
            };
            let value = random.below(3);
            match random.below(20) {
                0 => histogram((clock - back) / 500 * 500, value, ResetHint::Unknown),
                #[expect(clippy::cast_precision_loss, reason = "it is 0, 1 or 2")]
                _ => float((clock - back) / 500 * 500, value as f64),
            }
        };
        let all = (0..count).map(sample).collect();
        samples(&format!("s{}", random.below(40)), all)
    };
    (0..count).map(piece).collect()
}

/// S-24.51
#[test]
fn what_comes_out_is_the_same_however_little_memory_there_is() {
    let seed = std::env::var("SEED").map_or(0x2545_f491_4f6c_dd1d, |seed| seed.parse().unwrap());
    let mut random = Random(seed);
    for round in 0..12 {
        let pieces = any(&mut random);
        let range = if round % 2 == 0 { ALL } else { -HOUR..5 * HOUR };
        let (expected, counted, left_out) = model(&range, &pieces);
        let mut first = None;
        for memory_bytes in [0, 5_000, 1 << 30] {
            let (mut sorted, outside) = spooled(memory_bytes, range.clone(), &pieces);
            let (all, chunks, counts) = out(&mut sorted);
            assert!(
                all == expected,
                "SEED={seed}, round {round}, {memory_bytes} bytes"
            );
            assert_eq!((counts, outside), (counted, left_out), "SEED={seed}");
            let first = first.get_or_insert_with(|| chunks.clone());
            assert!(
                *first == chunks,
                "SEED={seed}, round {round}, {memory_bytes} bytes"
            );
        }
    }
}

/// S-24.51
#[test]
fn many_runs_and_long_ones_come_together_in_few_passes() {
    let name = |number: i64| format!("a_series_with_a_name_of_some_length_{number:05}");
    let one = |number: i64| samples(&name(number % 7_000), at([number * 100]));
    let pieces: Vec<Piece> = (0..21_000).map(one).collect();
    // Each flushes some thousands, or every one by itself.
    for memory_bytes in [1, 300_000] {
        let (mut sorted, _) = spooled(memory_bytes, ALL, &pieces);
        assert!(sorted.disk_bytes() > 100_000);
        let (all, _, counts) = out(&mut sorted);
        assert_eq!(all, model(&ALL, &pieces).0);
        assert_eq!(counts.samples, 21_000);
    }
}

/// S-24.51
#[test]
fn a_window_that_was_not_read_to_its_end_is_passed_over() {
    let pieces: Vec<Piece> = (0..9).map(|hour| samples("a", at([hour * HOUR]))).collect();
    let (mut sorted, _) = spooled(1, ALL, &pieces);
    let mut begins = Vec::new();
    while let Some(window) = sorted.next_window().unwrap() {
        begins.push(window.range().start / HOUR);
    }
    assert_eq!(begins, [0, 2, 4, 6, 8]);
}

/// S-24.102
#[test]
fn what_was_taken_back_leaves_no_trace() {
    for memory_bytes in [0, 5_000, 1 << 30] {
        let folder = tempfile::tempdir().unwrap();
        let all = 0..3 * HOUR;
        let mut spool =
            Spool::create(folder.path(), memory_bytes, Windows::TWO_HOURS, all).unwrap();
        let some = |from: i64| samples("a", at((from..from + 1_000).map(|n| n * 1_000)));
        let mut expected = Counts::default();
        for from in [0, 1_000, 2_000] {
            spool.mark().unwrap();
            for piece in [some(from), samples("b", at([5, -5])), some(from + 500)] {
                spool.take(piece).unwrap();
            }
            spool.take_back();
            spool.take(some(from)).unwrap();
            spool.take_back();
            spool.take(some(from)).unwrap();
            expected.samples += 1_000;
        }
        assert_eq!(spool.outside(), 0);
        let (_, _, counts) = out(&mut spool.finish().unwrap());
        assert_eq!(counts, expected, "{memory_bytes} bytes");
    }
}

/// S-24.104
#[test]
fn exemplars_come_out_with_their_series_by_time_however_little_memory_there_is() {
    let exemplar = |name: &str, time_ms: i64, trace: &str| Exemplar {
        series: series(name),
        labels: [("trace_id".to_owned(), trace.to_owned())]
            .into_iter()
            .collect(),
        value: 0.5,
        time_ms,
    };
    let (early, late) = (exemplar("a", 5, "early"), exemplar("a", 7_000, "late"));
    let (alone, next) = (exemplar("c", 9, "alone"), exemplar("a", 3 * HOUR, "next"));
    for memory_bytes in [0, 5_000, 1 << 30] {
        let folder = tempfile::tempdir().unwrap();
        let all = 0..4 * HOUR;
        let mut spool =
            Spool::create(folder.path(), memory_bytes, Windows::TWO_HOURS, all).unwrap();
        for one in [&next, &late, &exemplar("a", -1, "outside"), &early, &alone] {
            spool.take(samples("a", at([one.time_ms + 1]))).unwrap();
            spool.exemplar(one).unwrap();
        }
        assert_eq!(spool.outside(), 1);
        let mut sorted = spool.finish().unwrap();
        let mut told = Vec::new();
        while let Some(mut window) = sorted.next_window().unwrap() {
            while let Some(series) = window.next_series().unwrap() {
                let mut counts = Counts::default();
                assert!(series.samples(&mut counts).all(|sample| sample.is_ok()));
                told.push((counts.samples, series.exemplars().unwrap()));
            }
        }
        let expected = [
            (4, vec![early.clone(), late.clone()]),
            (0, vec![alone.clone()]),
            (1, vec![next.clone()]),
        ];
        assert_eq!(told, expected, "{memory_bytes} bytes");
    }
}

//! The spool as its users see it: what goes in, and what comes out.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;
use std::fs;

use ::bytes::Bytes;

use super::*;
use crate::samples::{Buckets, Encoding, Histogram, ResetHint, Value};
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
            chunks.push((begin, labels, series.chunks(&mut other).unwrap()));
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
            let back = match random.below(10) < jumble {
                true => i64::try_from(random.below(200)).unwrap() * 500,
                false => 0,
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
    println!("SEED={seed}");
    let mut random = Random(seed);
    for round in 0..12 {
        let pieces = any(&mut random);
        let range = if round % 2 == 0 { ALL } else { -HOUR..5 * HOUR };
        let (expected, counted, left_out) = model(&range, &pieces);
        let mut first = None;
        for memory_bytes in [0, 5_000, 1 << 30] {
            let (mut sorted, outside) = spooled(memory_bytes, range.clone(), &pieces);
            let (all, chunks, counts) = out(&mut sorted);
            assert!(all == expected, "round {round}, {memory_bytes} bytes");
            assert_eq!((counts, outside), (counted, left_out));
            let first = first.get_or_insert_with(|| chunks.clone());
            assert!(*first == chunks, "round {round}, {memory_bytes} bytes");
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

/// S-24.53
#[test]
fn of_one_time_the_sample_counts_that_came_first() {
    let counts = |samples, histograms, out_of_order, duplicates, conflicting| Counts {
        samples,
        histograms,
        out_of_order,
        duplicates,
        conflicting,
    };
    let number = |times: &[i64]| -> Vec<Sample> { at(times.iter().copied()) };
    let hist = |time| histogram(time, 5, ResetHint::Unknown);
    for (what, told, times, expected) in [
        (
            "in order",
            vec![number(&[1, 2, 3])],
            vec![1, 2, 3],
            counts(3, 0, 0, 0, 0),
        ),
        (
            "again",
            vec![number(&[1, 2, 3]), number(&[3, 4])],
            vec![1, 2, 3, 4],
            counts(4, 0, 0, 1, 0),
        ),
        (
            "late",
            vec![number(&[5, 9]), number(&[6])],
            vec![5, 6, 9],
            counts(3, 0, 1, 0, 0),
        ),
        (
            "late by a whole piece",
            vec![number(&[5, 6]), number(&[1, 2])],
            vec![1, 2, 5, 6],
            counts(4, 0, 2, 0, 0),
        ),
        (
            "another",
            vec![number(&[1, 2]), vec![float(2, 7.0)]],
            vec![1, 2],
            counts(2, 0, 0, 0, 1),
        ),
        (
            "another zero",
            vec![vec![float(1, 0.0)], vec![float(1, -0.0)]],
            vec![1],
            counts(1, 0, 0, 0, 1),
        ),
        (
            "no number",
            vec![vec![float(1, f64::NAN)], vec![float(1, f64::NAN)]],
            vec![1],
            counts(1, 0, 0, 1, 0),
        ),
        (
            "a histogram",
            vec![number(&[1]), vec![hist(1), hist(2)]],
            vec![1, 2],
            counts(2, 1, 0, 0, 1),
        ),
        (
            "a number",
            vec![vec![hist(1), hist(2)], number(&[1])],
            vec![1, 2],
            counts(2, 2, 0, 0, 1),
        ),
        (
            "a histogram again",
            vec![
                vec![hist(1)],
                vec![hist(1), histogram(1, 6, ResetHint::Unknown)],
            ],
            vec![1],
            counts(1, 1, 0, 1, 1),
        ),
        (
            "a histogram with a hint",
            vec![vec![hist(1)], vec![histogram(1, 5, ResetHint::Reset)]],
            vec![1],
            counts(1, 1, 0, 1, 0),
        ),
    ] {
        let pieces: Vec<Piece> = told.iter().map(|told| samples("a", told.clone())).collect();
        let (mut sorted, _) = spooled(1 << 20, ALL, &pieces);
        let (all, _, counted) = out(&mut sorted);
        let [(0, _, got)] = all.as_slice() else {
            panic!("{what}: {all:?}")
        };
        let got: Vec<i64> = got.iter().map(|sample| sample.time_ms).collect();
        assert_eq!((got, counted), (times, expected), "{what}");
        // What came first has its own value.
        let first = told.iter().flatten().find(|sample| sample.time_ms == 1);
        assert!(
            first.is_none_or(|first| format!("{first:?}") == format!("{:?}", all[0].2[0])),
            "{what}"
        );
    }
}

/// S-24.54
#[test]
fn chunks_are_kept_byte_for_byte_unless_something_else_is_in_their_time() {
    let long = chunk(at((0..120).map(|number| number * 1000)));
    let odd = Chunk {
        // What a decoder does not look at makes it another chunk than ours.
        data: Bytes::from([&chunk(at(200_000..200_150).drain(..100)).data[..], b"\0\0"].concat()),
        ..chunk(at(200_000..200_100))
    };
    let last = chunk((300_000..300_005).map(|time| histogram(time, 9, ResetHint::Gauge)));
    for (what, pieces, kept, duplicates) in [
        (
            "in order",
            vec![chunked("a", &long), chunked("a", &odd), chunked("a", &last)],
            vec![&long, &odd, &last],
            0,
        ),
        (
            "in no order",
            vec![chunked("a", &last), chunked("a", &long), chunked("a", &odd)],
            vec![&long, &odd, &last],
            0,
        ),
        (
            "twice",
            vec![chunked("a", &odd), chunked("a", &odd)],
            vec![&odd],
            100,
        ),
        (
            "beside samples",
            vec![
                samples("a", at([199_999])),
                chunked("a", &odd),
                samples("a", at([200_100])),
            ],
            vec![&odd],
            0,
        ),
        (
            "with a sample in it",
            vec![
                chunked("a", &long),
                chunked("a", &odd),
                samples("a", at([200_050])),
            ],
            vec![&long],
            1,
        ),
        (
            "with a sample at its end",
            vec![samples("a", at([200_099])), chunked("a", &odd)],
            vec![],
            1,
        ),
    ] {
        let (mut sorted, _) = spooled(1 << 20, ALL, &pieces);
        let (_, chunks, counts) = out(&mut sorted);
        let chunks = &chunks[0].2;
        let all = [&long, &odd, &last];
        let got: Vec<&Chunk> = all
            .into_iter()
            .filter(|chunk| chunks.contains(chunk))
            .collect();
        assert_eq!((got, counts.duplicates), (kept, duplicates), "{what}");
    }
}

/// S-24.54
#[test]
fn a_chunk_that_crosses_a_border_is_cut_there() {
    let across = chunk(at((2 * HOUR - 3)..(2 * HOUR + 2)));
    let beyond = chunk(at((4 * HOUR - 2)..(4 * HOUR + 2)));
    let pieces = [chunked("a", &across), chunked("a", &beyond)];
    let (mut sorted, outside) = spooled(1 << 20, HOUR..4 * HOUR, &pieces);
    let (_, chunks, counts) = out(&mut sorted);
    let expected = [
        (0, series("a"), vec![chunk(at((2 * HOUR - 3)..2 * HOUR))]),
        (
            2 * HOUR,
            series("a"),
            vec![chunk(
                at((2 * HOUR)..(2 * HOUR + 2))
                    .into_iter()
                    .chain(at((4 * HOUR - 2)..4 * HOUR)),
            )],
        ),
    ];
    assert_eq!(chunks, expected);
    assert_eq!((counts.samples, outside), (7, 2));
}

/// S-24.54
#[test]
fn a_chunk_that_does_not_hold_what_it_says_is_refused() {
    let right = chunk(at(100..200));
    let backwards = chunk(at([1, 3]));
    let with = |change: &dyn Fn(&mut Chunk)| {
        let mut chunk = right.clone();
        change(&mut chunk);
        chunk
    };
    for (chunk, why) in [
        (
            with(&|chunk| chunk.data = chunk.data.slice(..90)),
            "from 100 to 199: ",
        ),
        (
            with(&|chunk| chunk.data = Bytes::new()),
            "from 100 to 199: ",
        ),
        (
            with(&|chunk| chunk.data = Bytes::from_static(&[0, 0])),
            "from 100 to 199: it has no samples",
        ),
        (
            with(&|chunk| chunk.encoding = Encoding::Histogram),
            "from 100 to 199: ",
        ),
        (
            with(&|chunk| chunk.min_time_ms = 99),
            "from 99 to 199: its samples are from 100 to 199",
        ),
        (
            with(&|chunk| chunk.max_time_ms = 198),
            "from 100 to 198: its samples are from 100 to 199",
        ),
        (
            with(&|chunk| chunk.max_time_ms = 9 * HOUR),
            ": its samples are from 100 to 199",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::create(folder.path(), 1 << 20, Windows::TWO_HOURS, ALL).unwrap();
        let err = spool.take(chunked("a", &chunk)).unwrap_err();
        let said = format!("{err:#}");
        assert_eq!(err.kind(), Kind::Corrupt, "{said}");
        assert!(
            said.starts_with("use a chunk of a from ") && said.contains(why),
            "{said}"
        );
    }
    drop(backwards);
}

/// S-24.53
#[test]
fn a_histogram_says_nothing_of_one_that_did_not_come_before_it() {
    let hints = |pieces: &[Piece]| -> Vec<ResetHint> {
        let (mut sorted, _) = spooled(1 << 20, ALL, pieces);
        let (all, ..) = out(&mut sorted);
        let hint = |sample: &Sample| match &sample.value {
            Value::Histogram(histogram) => histogram.reset_hint,
            Value::Float(_) => panic!("{sample:?}"),
        };
        all.iter()
            .flat_map(|(.., samples)| samples.iter().map(hint))
            .collect()
    };
    use ResetHint::{Gauge, NoReset, Reset, Unknown};
    let told = |times: &[(i64, ResetHint)]| {
        let all = times.iter().map(|(time, hint)| histogram(*time, 1, *hint));
        samples("a", all.collect())
    };
    let in_order = told(&[(1, Reset), (2, NoReset), (3, Gauge)]);
    assert_eq!(hints(&[in_order.clone()]), [Reset, NoReset, Gauge]);
    let between = [
        told(&[(1, Reset), (5, NoReset), (7, Gauge)]),
        told(&[(3, NoReset), (4, NoReset)]),
    ];
    assert_eq!(hints(&between), [Reset, Unknown, NoReset, Unknown, Gauge]);
    let behind = [told(&[(5, NoReset), (6, NoReset)]), told(&[(1, Reset)])];
    assert_eq!(hints(&behind), [Unknown, Unknown, NoReset]);
}

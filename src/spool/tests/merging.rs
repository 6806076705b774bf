//! What becomes of samples of one series.

use bytes::Bytes;

use super::*;
use crate::samples::Encoding;
use crate::samples::ResetHint::{Gauge, NoReset, Reset, Unknown};
use crate::tsdb::bytes::put_uvarint;

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
        let got_times: Vec<i64> = got.iter().map(|sample| sample.time_ms).collect();
        assert_eq!((got_times, counted), (times, expected), "{what}");
        // What came first has its own value.
        let first = told.iter().flatten().find(|sample| sample.time_ms == 1);
        assert!(
            first.is_none_or(
                |first| Some(format!("{first:?}")) == got.first().map(|got| format!("{got:?}"))
            ),
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
        let [(.., chunks)] = chunks.as_slice() else {
            panic!("{what}: {chunks:?}")
        };
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

/// A chunk of two samples, the first at 100 and the second so much later.
fn apart(delta_ms: i64) -> Chunk {
    let chunk = chunk(at([100, 102]));
    let mut data = chunk.data.to_vec();
    // Behind their number, the time and the value of the first.
    let mut delta = Vec::new();
    put_uvarint(&mut delta, delta_ms.cast_unsigned());
    assert_eq!(data.splice(12..13, delta).collect::<Vec<_>>(), [2]);
    Chunk {
        max_time_ms: 100 + delta_ms,
        data: data.into(),
        ..chunk
    }
}

/// S-24.54
#[test]
fn a_time_that_a_chunk_repeats_is_a_time_that_comes_twice() {
    let repeating = apart(0);
    let (mut sorted, _) = spooled(1 << 20, ALL, &[chunked("a", &repeating)]);
    let (all, chunks, counts) = out(&mut sorted);
    assert_eq!(all, [(0, series("a"), at([100]))]);
    assert_eq!(chunks, [(0, series("a"), vec![chunk(at([100]))])]);
    assert_eq!((counts.samples, counts.conflicting), (1, 1));
}

/// S-24.54
#[test]
fn a_chunk_that_does_not_hold_what_it_says_is_refused() {
    let right = chunk(at(100..200));
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
        (
            Chunk {
                max_time_ms: 99,
                ..apart(-1)
            },
            "from 100 to 99: a sample of 99 follows one of 100",
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
    let told = |times: &[(i64, ResetHint)]| {
        let all = times.iter().map(|(time, hint)| histogram(*time, 1, *hint));
        samples("a", all.collect())
    };
    let in_order = told(&[(1, Reset), (2, NoReset), (3, Gauge)]);
    assert_eq!(
        hints(std::slice::from_ref(&in_order)),
        [Reset, NoReset, Gauge]
    );
    let between = [
        told(&[(1, Reset), (5, NoReset), (7, Gauge)]),
        told(&[(3, NoReset), (4, NoReset)]),
    ];
    assert_eq!(hints(&between), [Reset, Unknown, NoReset, Unknown, Gauge]);
    let behind = [told(&[(5, NoReset), (6, NoReset)]), told(&[(1, Reset)])];
    assert_eq!(hints(&behind), [Unknown, Unknown, NoReset]);
}

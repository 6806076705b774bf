//! `OpenMetrics` text that promtool reads, too: what it takes is read as it reads it, and what it refuses is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use thanos_bucket::payload::{Options, Payload, Reader};
use thanos_bucket::samples::{Chunk, Item, Labels, Told, Value};
use thanos_bucket::tsdb;

use crate::support::run::{Ran, binary};
use crate::support::servers::program;
use crate::tsdb::random::Random;

/// A sample as a line of `promtool tsdb dump`, its value being told by its bits.
type Line = (String, u64, i64);

/// What the reader finds; `None` where it refuses the text.
fn read(text: &[u8]) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let mut body = text;
    let mut payload = Payload {
        body: &mut body,
        received_at_ms: None,
        query_params: &BTreeMap::new(),
        place: "text",
    };
    let read = Reader::new(Options::Openmetrics).read(&mut payload, &mut |item| {
        if let Item::Piece(piece) = item
            && let Told::Samples(samples) = piece.told
        {
            // Promtool loses samples that are not later than the one before, and says nothing of it.
            let mut latest = i64::MIN;
            let ordered = samples.into_iter().filter(|sample| {
                let is_later = sample.time_ms > latest;
                latest = latest.max(sample.time_ms);
                is_later
            });
            lines.extend(ordered.map(|sample| {
                let Value::Float(value) = sample.value else {
                    panic!("a histogram")
                };
                (shown(&piece.labels), value.to_bits(), sample.time_ms)
            }));
        }
        Ok(())
    });
    lines.sort();
    read.ok().map(|()| lines)
}

/// As promtool writes labels.
fn shown(labels: &Labels) -> String {
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            if is_plain(name) {
                format!("{name}={value:?}")
            } else {
                format!("{name:?}={value:?}")
            }
        })
        .collect();
    format!("{{{}}}", labels.join(", "))
}

/// What promtool makes blocks of; `None` where it refuses the text.
fn made_by_promtool(text: &[u8], folder: &Path) -> Option<Vec<Line>> {
    let (input, database) = (folder.join("text"), folder.join("database"));
    fs::write(&input, text).unwrap();
    // It dumps no database without this.
    fs::create_dir_all(database.join("wal")).unwrap();
    let ran = |arguments: &[&str], paths: &[&Path]| {
        let mut promtool = Command::new(program("promtool"));
        promtool.arg("tsdb").args(arguments).args(paths);
        promtool.env("TMPDIR", folder).output().unwrap()
    };
    let created = ran(&["create-blocks-from", "openmetrics"], &[&input, &database]);
    let lines = created.status.success().then(|| {
        let dumped = ran(&["dump", "--sandbox-dir-root"], &[folder, &database]);
        assert!(dumped.status.success(), "{dumped:?}");
        let dumped = String::from_utf8(dumped.stdout).unwrap();
        let mut lines: Vec<Line> = dumped.lines().map(line).collect();
        lines.sort();
        lines
    });
    fs::remove_dir_all(database).unwrap();
    lines
}

fn line(line: &str) -> Line {
    let (rest, time) = line.rsplit_once(' ').unwrap();
    let (labels, value) = rest.rsplit_once(' ').unwrap();
    let bits = match value {
        "NaN" => 0x7ff8_0000_0000_0001,
        _ => value.parse::<f64>().unwrap().to_bits(),
    };
    (labels.to_owned(), bits, time.parse().unwrap())
}

const SERIES: [&str; 10] = [
    "a",
    "a_total{b=\"c\"}",
    "a_bucket{le=\"1\",x=\"y z\"}",
    "a_bucket{le=\"+Inf\",}",
    "s{quantile=\"0.50\"}",
    "a:b{c=\"\",d=\"\\\"e\\\\f\\ng\"}",
    "{\"a.b\",\"c d\"=\"é\"}",
    "{b=\"c\",\"a\"}",
    "up{}",
    "a_created",
];

const VALUES: [&str; 8] = [
    "0",
    "1",
    "-1.5",
    "1e3",
    "NaN",
    "+Inf",
    "-Inf",
    "4.20072246e+06",
];

const COMMENTS: [&str; 6] = [
    "# TYPE a histogram\n",
    "# TYPE a counter\n",
    "# TYPE s summary\n",
    "# HELP a text with \\\"quotes\\\"\n",
    "# UNIT a_s s\n",
    "# TYPE \"a.b\" gauge\n",
];

const EXEMPLARS: [&str; 6] = ["", "", "", "", " # {t=\"u\"} 1", " # {} 0.5 2"];

/// Characters at which texts break.
const ODD: &[u8] = b"\"\\{}=,# _e1.:x";

fn index(length: usize, random: &mut Random) -> usize {
    usize::try_from(random.below(u64::try_from(length).unwrap())).unwrap()
}

fn of<T: Copy>(choice: &[T], random: &mut Random) -> T {
    choice[index(choice.len(), random)]
}

/// A text that is right.
fn text(random: &mut Random) -> Vec<u8> {
    let mut text = String::new();
    for time in 1..=8 {
        if random.below(3) == 0 {
            text += of(&COMMENTS, random);
        }
        let (series, value) = (of(&SERIES, random), of(&VALUES, random));
        let exemplar = of(&EXEMPLARS, random);
        let tenths = random.below(10);
        let line = format!("{series} {value} {time}.{tenths}{exemplar}\n");
        text.push_str(&line);
    }
    (text + "# EOF\n").into_bytes()
}

/// The text with one byte less, more, or another.
fn broken(mut text: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = index(text.len(), random);
    match random.below(3) {
        0 => drop(text.remove(at)),
        1 => text.insert(at, of(ODD, random)),
        _ => text[at] = of(ODD, random),
    }
    text
}

/// S-24.36
#[test]
fn openmetrics_is_read_as_promtool_reads_it_and_refused_as_promtool_refuses_it() {
    let mut random = Random::new();
    let folder = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for number in 0..40 {
        let mut input = text(&mut random);
        if number % 4 > 0 {
            input = broken(input, &mut random);
        }
        let expected = made_by_promtool(&input, folder.path());
        refused += usize::from(expected.is_none());
        assert_eq!(
            read(&input),
            expected,
            "THANOS_BUCKET_SEED={}: {}",
            random.seed(),
            String::from_utf8_lossy(&input)
        );
    }
    assert!((5..35).contains(&refused), "{refused}");
}

/// The chunks of each series of all blocks in a folder, in the order of time.
fn chunks(folder: &Path) -> BTreeMap<Labels, Vec<Chunk>> {
    let mut all: BTreeMap<Labels, Vec<Chunk>> = BTreeMap::new();
    for block in fs::read_dir(folder).unwrap() {
        let path = block.unwrap().path();
        if path.join("meta.json").is_file() {
            for series in tsdb::read::Block::open(&path).unwrap().series() {
                let (labels, chunks) = series.unwrap();
                all.entry(labels).or_default().extend(chunks);
            }
        }
    }
    for chunks in all.values_mut() {
        chunks.sort_by_key(|chunk| chunk.min_time_ms);
    }
    all
}

/// S-24.3, S-24.36, S-24.40
#[test]
fn blocks_of_openmetrics_have_the_chunks_that_promtool_makes_byte_for_byte() {
    let mut random = Random::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // 2024-01-01T00:00:00Z, from which on there are three windows, with too few samples for a second chunk of one.
    let start = 1_704_067_200;
    let mut text = String::new();
    for series in SERIES {
        for number in 0..210 {
            let value = of(&VALUES, &mut random);
            let thousandths = random.below(1000);
            let line = format!(
                "{series} {value} {}.{thousandths:03}\n",
                start + number * 100
            );
            text.push_str(&line);
        }
    }
    fs::write(path("metrics.om"), text + "# EOF\n").unwrap();
    let plan = r#"{"source": {"kind": "openmetrics", "paths": ["metrics.om"]}, "target": {"external_labels": {"a_": "b"}}}"#;
    fs::write(path("plan.json"), plan).unwrap();
    let mut backfill = binary();
    backfill
        .args(["backfill", "--start=2024-01-01", "--end=2024-01-02"])
        .arg(format!("--config={}", path("plan.json").display()))
        .arg(format!("--staging-dir={}", path("staging").display()))
        .arg(format!(
            "--objstore.config=type: FILESYSTEM\nconfig: {{directory: '{}'}}",
            path("bucket").display()
        ));
    Ran::of(backfill).expect(0);
    let mut promtool = Command::new(program("promtool"));
    promtool
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([path("metrics.om"), path("database")])
        .env("TMPDIR", folder.path());
    let made = promtool.output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let (ours, theirs) = (chunks(&path("bucket")), chunks(&path("database")));
    assert_eq!(ours.len(), SERIES.len());
    assert!(ours.values().all(|chunks| chunks.len() == 3));
    assert!(
        ours == theirs,
        "THANOS_BUCKET_SEED={}: {ours:?}\n{theirs:?}",
        random.seed()
    );
}

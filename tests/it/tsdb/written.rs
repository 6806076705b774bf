//! Blocks are written as Prometheus writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use thanos_bucket::Kind;
use thanos_bucket::samples::{Builder, Chunk, Labels, Sample, Value};
use thanos_bucket::tsdb::write::{About, Writer, Written};
use thanos_bucket::tsdb::{encode, read};

use super::block::Memory;
use crate::support::servers::program;

pub const START: i64 = 1_736_121_600_000;
pub const TWO_HOURS: i64 = 7_200_000;

pub fn about(max_time_ms: i64) -> About {
    About {
        max_time_ms,
        labels: BTreeMap::from([("cluster".to_owned(), "eu-1".to_owned())]),
        extensions: None,
    }
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    let mut builder = Builder::default();
    for (name, value) in pairs {
        builder.add(*name, *value);
    }
    builder.build().unwrap()
}

/// A sample a minute of the hours from a time on.
fn floats(from: i64, hours: i64) -> Vec<Chunk> {
    let samples = (0..hours * 60).map(|minute| Sample {
        time_ms: from + minute * 60_000,
        value: Value::Float(f64::from(u8::try_from(minute % 7).unwrap())),
    });
    encode::chunks(samples).map(Result::unwrap).collect()
}

pub fn read_all(folder: &Path) -> Vec<(Labels, Vec<Chunk>)> {
    let block = read::Block::open(folder).unwrap();
    block.series().map(Result::unwrap).collect()
}

pub fn write(folder: &Path, series: &[(Labels, Vec<Chunk>)], about: &About) -> Written {
    let mut writer = Writer::create(folder).unwrap();
    for (labels, chunks) in series {
        writer.series(labels, chunks).unwrap();
    }
    writer.finish(about).unwrap().unwrap()
}

fn meta(folder: &Path) -> Json {
    serde_json::from_slice(&fs::read(folder.join("meta.json")).unwrap()).unwrap()
}

/// The names below a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// S-24.42
#[test]
fn blocks_of_prometheus_are_written_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("blocks");
    let ran = Command::new(program("tsdb-blocks"))
        .arg(&made)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let mut same = 0;
    for name in names(&made) {
        let is_of_aggregates =
            name.contains("-minutes") || name.contains("one-hour") || name.contains("downsampled");
        // Segments of another size, and symbols that none of the block's series has: those of a head that lost them to other blocks.
        let is_unlike = name == "segments"
            || name.starts_with("out-of-order") && name != "out-of-order-compacted";
        if is_of_aggregates || is_unlike {
            continue;
        }
        let (theirs, ours) = (made.join(&name), folder.path().join(&name));
        let known = Memory::read(&theirs);
        let series = read_all(&theirs);
        let written = write(&ours, &series, &about(known.max_time));
        assert_eq!(read_all(&ours), series);
        let mut files = names(&theirs.join("chunks"));
        for name in &mut files {
            *name = format!("chunks/{name}");
        }
        files.push("index".to_owned());
        let paths: Vec<_> = written.files.iter().map(|file| &file.path).collect();
        assert_eq!(paths, files.iter().collect::<Vec<_>>());
        for file in files {
            let (theirs, ours) = (theirs.join(&file), ours.join(&file));
            let is_same = fs::read(theirs).unwrap() == fs::read(ours).unwrap();
            assert!(is_same, "{name}: {file}");
        }
        let (theirs, ours) = (meta(&theirs), meta(&ours));
        for (stat, count) in theirs["stats"].as_object().unwrap() {
            // What was deleted is in the chunks all the same, but for a file that nobody writes here.
            if stat != "numTombstones" {
                assert_eq!(&ours["stats"][stat], count, "{name}: {stat}");
            }
        }
        same += 1;
    }
    assert_eq!(same, 32);
}

/// S-24.43
#[test]
fn the_same_block_has_the_same_name_and_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let series = [
        (
            labels(&[("__name__", "a"), ("é", "\"1\"\n")]),
            floats(START, 2),
        ),
        (labels(&[("__name__", "b")]), floats(START + 7, 1)),
    ];
    let with = |change: fn(&mut About)| {
        let mut about = about(START + TWO_HOURS);
        change(&mut about);
        about
    };
    let cases: [(&str, About, usize); 5] = [
        ("one", with(|_| {}), 2),
        (
            "other-labels",
            with(|about| {
                about.labels.clear();
            }),
            2,
        ),
        ("other-range", with(|about| about.max_time_ms += 1), 2),
        (
            "extensions",
            with(|about| about.extensions = Some(json!({"a": {"b": 1}}))),
            2,
        ),
        ("other-series", with(|_| {}), 1),
    ];
    let mut ids = Vec::new();
    for (name, about, many) in &cases {
        let (once, again) = (
            folder.path().join(name),
            folder.path().join(format!("{name}-again")),
        );
        let written = write(&once, &series[..*many], about);
        assert_eq!(write(&again, &series[..*many], about), written);
        assert_eq!(names(&once), ["chunks", "index", "meta.json"]);
        for file in ["chunks/000001", "index", "meta.json"] {
            let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
            assert!(read(&once) == read(&again), "{name}: {file}");
        }
        assert_eq!(
            written.id.time_ms(),
            u64::try_from(about.max_time_ms).unwrap()
        );
        ids.push(written.id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), cases.len(), "what decides decides the name");
}

/// S-24.44
#[test]
fn meta_json_says_what_thanos_would() {
    let folder = tempfile::tempdir().unwrap();
    let block = folder.path().join("block");
    let mut about = about(START + TWO_HOURS);
    about.extensions = Some(json!({"kept": true}));
    let written = write(
        &block,
        &[(labels(&[("a", "1")]), floats(START + 60_000, 1))],
        &about,
    );
    let id = written.id.to_string();
    let [segment, index] = &written.files[..] else {
        panic!("{:?}", written.files);
    };
    assert_eq!(
        meta(&block),
        json!({
            "ulid": id,
            "minTime": START + 60_000,
            "maxTime": START + TWO_HOURS,
            "stats": {"numSamples": 60, "numFloatSamples": 60, "numSeries": 1, "numChunks": 1},
            "compaction": {"level": 1, "sources": [id]},
            "version": 1,
            "thanos": {
                "version": 1,
                "labels": {"cluster": "eu-1"},
                "downsample": {"resolution": 0},
                "source": "backfill",
                "segment_files": ["000001"],
                "files": [
                    {"rel_path": "chunks/000001", "size_bytes": segment.size_bytes, "hash": {"hashFunc": "SHA256", "value": segment.sha256}},
                    {"rel_path": "index", "size_bytes": index.size_bytes, "hash": {"hashFunc": "SHA256", "value": index.sha256}},
                    {"rel_path": "meta.json"},
                ],
                "index_stats": {"series_max_size": 32, "chunk_max_size": segment.size_bytes - 8},
                "extensions": {"kept": true},
            },
        })
    );
    for file in &written.files {
        let ran = Command::new("sha256sum")
            .arg(block.join(&file.path))
            .output()
            .unwrap();
        let told = String::from_utf8(ran.stdout).unwrap();
        assert!(told.starts_with(&file.sha256), "{told}");
        let size = fs::metadata(block.join(&file.path)).unwrap().len();
        assert_eq!(file.size_bytes, size);
    }
}

/// S-24.45
#[test]
fn what_is_no_block_is_refused_and_gets_no_meta_json() {
    type Act = fn(&Path) -> thanos_bucket::Result<Option<Written>>;
    let cases: [(Act, &str); 7] = [
        (
            |folder| {
                let mut writer = Writer::create(folder)?;
                writer.series(&labels(&[("a", "2")]), &floats(START, 1))?;
                writer.series(&labels(&[("a", "1")]), &floats(START, 1))?;
                writer.finish(&about(START + TWO_HOURS))
            },
            r#"write series {a="1"} into a block: it follows {a="2"}"#,
        ),
        (
            |folder| {
                let mut writer = Writer::create(folder)?;
                writer.series(&labels(&[("a", "2")]), &floats(START, 1))?;
                writer.series(&labels(&[("a", "2")]), &floats(START, 1))?;
                writer.finish(&about(START + TWO_HOURS))
            },
            r#"write series {a="2"} into a block: it follows {a="2"}"#,
        ),
        (
            |folder| {
                let mut writer = Writer::create(folder)?;
                let chunks = [floats(START, 1), floats(START + 59 * 60_000, 1)].concat();
                writer.series(&labels(&[("a", "2")]), &chunks)?;
                writer.finish(&about(START + TWO_HOURS))
            },
            r#"write series {a="2"} into a block: its chunk from 1736125140000 to 1736128680000 follows one to 1736125140000"#,
        ),
        (
            |folder| {
                let mut writer = Writer::create(folder)?;
                let mut chunks = floats(START, 1);
                chunks[0].data = vec![0, 0].into();
                writer.series(&labels(&[("a", "2")]), &chunks)?;
                writer.finish(&about(START + TWO_HOURS))
            },
            r#"write series {a="2"} into a block: its chunk from 1736121600000 to 1736125140000 has no samples"#,
        ),
        (
            |folder| {
                let mut writer = Writer::create(folder)?;
                let mut chunks = floats(START, 1);
                chunks[0].max_time_ms = START - 1;
                writer.series(&labels(&[("a", "2")]), &chunks)?;
                writer.finish(&about(START + TWO_HOURS))
            },
            r#"write series {a="2"} into a block: its chunk from 1736121600000 to 1736121599999 has no samples"#,
        ),
        (
            |folder| {
                let mut writer = Writer::create(folder)?;
                writer.series(&labels(&[("a", "2")]), &floats(START, 1))?;
                writer.finish(&about(START + 59 * 60_000))
            },
            "write a block up to 1736125140000: a sample is of 1736125140000",
        ),
        (
            |folder| {
                fs::create_dir(folder).unwrap();
                fs::write(folder.join("chunks"), "").unwrap();
                Writer::create(folder)?.finish(&about(START))
            },
            "it is not empty",
        ),
    ];
    for (act, why) in cases {
        let folder = tempfile::tempdir().unwrap();
        let block = folder.path().join("block");
        let err = act(&block).unwrap_err();
        assert!(err.to_string().ends_with(why), "{err}");
        assert!([Kind::Corrupt, Kind::AlreadyExists].contains(&err.kind()));
        assert!(!block.join("meta.json").exists());
    }
    // Nothing is no block.
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path()).unwrap();
    writer.series(&labels(&[("a", "1")]), &[]).unwrap();
    assert_eq!(writer.finish(&about(START)).unwrap(), None);
    assert!(names(folder.path()).is_empty());
}

/// S-24.46
#[test]
fn a_damaged_block_is_read_up_to_the_damage_and_never_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    let block = folder.path().join("block");
    let series: Vec<_> = (0..40)
        .map(|number| (labels(&[("a", &format!("{number:02}"))]), floats(START, 4)))
        .collect();
    write(&block, &series, &about(START + 4 * 3_600_000));
    for file in ["index", "chunks/000001"] {
        let path = block.join(file);
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(if file == "index" { 7 } else { 101 }) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            fs::write(&path, damaged).unwrap();
            let read = read::Block::open(&block).map(|block| {
                let mut series = block.series();
                let read: Vec<_> = series.by_ref().collect();
                assert!(series.next().is_none());
                read
            });
            for (found, expected) in read.into_iter().flatten().zip(&series) {
                assert!(found.is_err() || found.unwrap() == *expected, "{file} {at}");
            }
        }
        for end in (0..whole.len()).step_by(whole.len() / 60) {
            fs::write(&path, &whole[..end]).unwrap();
            let read: thanos_bucket::Result<Vec<_>> =
                read::Block::open(&block).and_then(|block| block.series().collect());
            assert!(
                read.is_err_and(|err| err.kind() == Kind::Corrupt),
                "{file} {end}"
            );
        }
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(read_all(&block), series);
    let (counts, findings) = Memory::read(&block).check();
    assert_eq!((counts.series, findings.total()), (40, 0));
}

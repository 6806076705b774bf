//! In what two files that describe a block of the same id differ, in words.

use std::fmt::Display;

use chrono::DateTime;

use crate::block::{BlockMeta, File, Other};

/// How the target's file differs from the source's, on one line: members on which decisions depend come first, and at least one member is named
/// wherever Thanos reads a difference.
pub(in crate::plan) fn in_words(source: &BlockMeta, target: &BlockMeta) -> String {
    let mut words = Vec::new();
    let mut number = |name: &str, source: &dyn Display, target: &dyn Display| {
        let (source, target) = (source.to_string(), target.to_string());
        if source != target {
            words.push(format!("{name} {target} instead of {source}"));
        }
    };
    number("level", &source.level, &target.level);
    number("samples", &source.num_samples, &target.num_samples);
    number("series", &source.num_series, &target.num_series);
    number("chunks", &source.num_chunks, &target.num_chunks);
    number("labels", &source.group.labels, &target.group.labels);
    number(
        "resolution in ms",
        &source.group.resolution_ms,
        &target.group.resolution_ms,
    );
    number(
        "samples from",
        &time(source.min_time_ms),
        &time(target.min_time_ms),
    );
    number(
        "samples to",
        &time(source.max_time_ms),
        &time(target.max_time_ms),
    );
    number("written by", &source.source, &target.source);
    if source.sources != target.sources {
        words.push(sources(source, target));
    }
    words.extend(first_file(&source.files(), &target.files()));
    if words.is_empty() {
        words.push(first_other(source, target));
    }
    words.join(", ")
}

fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(
        || format!("{ms} ms"),
        |time| time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string(),
    )
}

fn sources(source: &BlockMeta, target: &BlockMeta) -> String {
    let (many, instead_of) = (target.sources.len(), source.sources.len());
    if many != instead_of {
        return format!("made of {many} blocks instead of {instead_of}");
    }
    let other = target
        .sources
        .iter()
        .find(|id| source.sources.binary_search(id).is_err());
    other.map_or_else(
        || "made of other blocks".to_owned(),
        |id| format!("made of other blocks, such as {id}"),
    )
}

/// The first entry of the lists of files that differs.
fn first_file(source: &[File], target: &[File]) -> Option<String> {
    let length = source.len().max(target.len());
    let mut pairs = (0..length).map(|position| (source.get(position), target.get(position)));
    let (source, target) = pairs.find(|(source, target)| source != target)?;
    Some(match (source, target) {
        (Some(source), Some(target)) if source.path == target.path => {
            if source.size_bytes == target.size_bytes {
                return Some(format!("another SHA-256 of {}", source.path));
            }
            let size = |file: &File| file.size_bytes.unwrap_or_default();
            let (path, many, instead) = (&source.path, size(target), size(source));
            format!("{path} of {many} bytes instead of {instead}")
        }
        (source, target) => {
            let name = |file: Option<&File>| file.map_or("none", |file| &*file.path).to_owned();
            format!("file {} instead of {}", name(target), name(source))
        }
    })
}

/// The first member that decides nothing and differs.
fn first_other(source: &BlockMeta, target: &BlockMeta) -> String {
    let (source, target) = (source.details.get().others, target.details.get().others);
    let of = |others: &[(Other, u64)], member| {
        let mut others = others.iter();
        others
            .find(|(other, _)| *other == member)
            .map(|(_, digest)| *digest)
    };
    let members = source.iter().chain(&target);
    let differing = members
        .map(|(member, _)| *member)
        .find(|member| of(&source, *member) != of(&target, *member));
    differing.map_or_else(
        || "it is only written otherwise, or in members that Thanos does not read".to_owned(),
        |member| format!("another {}", member.as_str()),
    )
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn meta(rest: &str) -> BlockMeta {
        let json = format!(r#"{{"ulid":"{ID}","version":1,{rest}}}"#);
        BlockMeta::parse(ID.parse().unwrap(), json.as_bytes()).unwrap()
    }

    /// S-5.1
    #[test]
    fn what_differs_is_told_in_one_line() {
        let other = "01J9ZA00000000000000000001";
        for (source, target, expected) in [
            (
                r#""stats":{"numSamples":9},"compaction":{"level":1}"#.to_owned(),
                r#""stats":{"numSamples":7},"compaction":{"level":2}"#.to_owned(),
                "level 2 instead of 1, samples 7 instead of 9",
            ),
            (
                r#""minTime":0,"maxTime":1"#.to_owned(),
                r#""minTime":0,"maxTime":1000"#.to_owned(),
                "samples to 1970-01-01T00:00:01Z instead of 1970-01-01T00:00:00.001Z",
            ),
            (
                r#""thanos":{"labels":{"a":"b"}}"#.to_owned(),
                r#""thanos":{"labels":{"a":"c"}}"#.to_owned(),
                r#"labels {a="c"} instead of {a="b"}"#,
            ),
            (
                r#""compaction":{}"#.to_owned(),
                format!(r#""compaction":{{"sources":["{other}"]}}"#),
                "made of other blocks, such as 01J9ZA00000000000000000001",
            ),
            (
                r#""compaction":{}"#.to_owned(),
                format!(r#""compaction":{{"sources":["{other}","{ID}"]}}"#),
                "made of 2 blocks instead of 1",
            ),
            (
                r#""thanos":{"files":[{"rel_path":"index","size_bytes":5}]}"#.to_owned(),
                r#""thanos":{"files":[{"rel_path":"index","size_bytes":6}]}"#.to_owned(),
                "index of 6 bytes instead of 5",
            ),
            (
                r#""thanos":{"segment_files":["000001"]}"#.to_owned(),
                r#""thanos":{}"#.to_owned(),
                "file none instead of chunks/000001",
            ),
            (
                r#""thanos":{"upload_time":"2025-01-06T02:00:00Z","index_stats":{"chunk_max_size":1}}"#
                    .to_owned(),
                r#""thanos":{"upload_time":"2025-01-06T03:00:00Z","index_stats":{ "chunk_max_size": 1 }}"#
                    .to_owned(),
                "another thanos.upload_time",
            ),
            (
                r#""thanos":{"index_stats":{"chunk_max_size":1}}"#.to_owned(),
                r#""thanos":{}"#.to_owned(),
                "another thanos.index_stats",
            ),
            (
                r#""minTime":7"#.to_owned(),
                r#""minTime": 7,"unknown":7"#.to_owned(),
                "it is only written otherwise, or in members that Thanos does not read",
            ),
        ] {
            assert_eq!(in_words(&meta(&source), &meta(&target)), expected);
        }
    }
}

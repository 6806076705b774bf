//! A block in memory, to be damaged and checked.

use std::fs;
use std::path::Path;

use serde_json::Value;
use thanos_bucket::tsdb::{self, Block, BlockFiles, Counts, File, Findings, Kind, Segment, Stats};

use crate::support::run::repository;

/// How many findings of each kind a check keeps here.
pub const CAP: usize = 20;

#[derive(Clone)]
pub struct Memory {
    pub index: Vec<u8>,
    pub segments: Vec<(String, Vec<u8>)>,
    pub tombstones: Option<Vec<u8>>,
    pub min_time: i64,
    pub max_time: i64,
    pub stats: Stats,
}

impl Memory {
    /// One of the small blocks of `tests/golden/tsdb`.
    pub fn golden(name: &str) -> Self {
        Self::read(&repository("tests/golden/tsdb").join(name))
    }

    /// A block in encodings that Thanos cannot read yet.
    pub fn newer() -> Self {
        Self::read(&repository("tests/golden/tsdb-newer/xor2-and-start-times"))
    }

    /// The names of all of them.
    pub fn names() -> Vec<String> {
        let entries = fs::read_dir(repository("tests/golden/tsdb")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn read(folder: &Path) -> Self {
        let meta = fs::read(folder.join("meta.json")).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        let mut segments: Vec<_> = fs::read_dir(folder.join("chunks"))
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read(entry.path()).unwrap())
            })
            .collect();
        segments.sort();
        let number = |name: &str| meta["stats"][name].as_u64();
        let stats = Stats {
            series: number("numSeries"),
            chunks: number("numChunks"),
            samples: number("numSamples"),
            float_samples: number("numFloatSamples"),
            histogram_samples: number("numHistogramSamples"),
            tombstones: number("numTombstones"),
        };
        let resolution = meta["thanos"]["downsample"]["resolution"].as_i64();
        Self {
            index: fs::read(folder.join("index")).unwrap(),
            segments,
            tombstones: fs::read(folder.join("tombstones")).ok(),
            min_time: meta["minTime"].as_i64().unwrap(),
            max_time: meta["maxTime"].as_i64().unwrap(),
            stats: if resolution.unwrap_or(0) > 0 {
                stats.downsampled()
            } else {
                stats
            },
        }
    }

    /// The bytes of a file, by its place among index, tombstones and segments.
    pub fn file(&mut self, number: usize) -> Option<(String, &mut Vec<u8>)> {
        match number {
            0 => Some(("index".to_owned(), &mut self.index)),
            1 => {
                let bytes = self.tombstones.get_or_insert_default();
                Some(("tombstones".to_owned(), bytes))
            }
            _ => {
                let (name, bytes) = self.segments.get_mut(number - 2)?;
                Some((format!("chunks/{name}"), bytes))
            }
        }
    }

    pub fn check(&self) -> (Counts, Findings) {
        self.check_with(1)
    }

    /// What a caller says of it.
    pub fn described(&self) -> Block {
        Block {
            index_size: self.index.len() as u64,
            segments: self
                .segments
                .iter()
                .map(|(name, bytes)| Segment {
                    name: name.clone(),
                    size: bytes.len() as u64,
                })
                .collect(),
            tombstones_size: self.tombstones.as_ref().map(|bytes| bytes.len() as u64),
            min_time: self.min_time,
            max_time: self.max_time,
            stats: self.stats,
        }
    }

    pub fn check_with(&self, threads: usize) -> (Counts, Findings) {
        let block = self.described();
        let mut findings = Findings::new(CAP);
        let counts = tsdb::check(self, &block, threads, &mut findings).unwrap();
        (counts, findings)
    }

    /// What is found, a line each.
    pub fn found(&self) -> Vec<String> {
        let (_, findings) = self.check();
        findings.iter().map(ToString::to_string).collect()
    }

    /// The kinds of what is found.
    pub fn kinds(&self) -> Vec<Kind> {
        self.check().1.counts().keys().copied().collect()
    }
}

impl BlockFiles for Memory {
    type Error = String;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<(), String> {
        let bytes = match file {
            File::Index => &self.index,
            File::Segment(number) => &self.segments[number].1,
            File::Tombstones => self.tombstones.as_ref().unwrap(),
        };
        let offset = usize::try_from(offset).unwrap();
        let asked = bytes.get(offset..offset + into.len());
        into.copy_from_slice(asked.ok_or("a read beyond the end of the file")?);
        Ok(())
    }
}

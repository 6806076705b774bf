#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;

use super::check::{self, MOST_SYMBOLS};
use super::{Block, BlockFiles, File, Findings, Segment, memory_bytes};

/// A block of `tests/golden/tsdb` in memory.
struct Golden {
    index: Vec<u8>,
    segments: Vec<Vec<u8>>,
}

impl Golden {
    fn read(name: &str) -> Self {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/golden/tsdb", name]
            .iter()
            .collect();
        let mut segments: Vec<_> = fs::read_dir(folder.join("chunks"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        segments.sort();
        Self {
            index: fs::read(folder.join("index")).unwrap(),
            segments: segments
                .iter()
                .map(|path| fs::read(path).unwrap())
                .collect(),
        }
    }

    fn found(&self, symbols: u64) -> Vec<String> {
        let block = Block {
            index_size: self.index.len() as u64,
            segments: (1..)
                .zip(&self.segments)
                .map(|(number, bytes)| Segment {
                    name: format!("{number:06}"),
                    size: bytes.len() as u64,
                })
                .collect(),
            min_time: i64::MIN,
            max_time: i64::MAX,
            ..Block::default()
        };
        let mut findings = Findings::new(10);
        let Ok(counts) = check::check(self, &block, 1, symbols, &mut findings);
        assert!(counts.samples > 0);
        findings.iter().map(ToString::to_string).collect()
    }
}

impl BlockFiles for Golden {
    type Error = Infallible;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<(), Infallible> {
        let bytes = match file {
            File::Index | File::Tombstones => &self.index,
            File::Segment(number) => &self.segments[number],
        };
        let offset = usize::try_from(offset).unwrap();
        into.copy_from_slice(&bytes[offset..offset + into.len()]);
        Ok(())
    }
}

#[test]
fn as_much_is_found_where_few_symbols_fit_into_memory() {
    for name in ["floats", "histograms", "label-indices", "format-1"] {
        let mut block = Golden::read(name);
        let without = |block: &Golden| [1, 2, 3, 7].map(|symbols| block.found(symbols));
        assert_eq!(block.found(MOST_SYMBOLS), [""; 0], "{name}");
        assert_eq!(without(&block).concat(), [""; 0], "{name}");

        // A label in the table of the postings becomes another, and no checksum is as it was.
        let at = block.index.len() - 70;
        block.index[at] ^= 1;
        let found = block.found(MOST_SYMBOLS);
        assert!(!found.is_empty(), "{name}");
        assert_eq!(
            without(&block),
            [found.clone(), found.clone(), found.clone(), found],
            "{name}"
        );
    }
}

#[test]
fn several_blocks_fit_into_memory_at_once() {
    assert!(memory_bytes(1) < 64 << 20);
    assert!(memory_bytes(2) < 64 << 20);
}

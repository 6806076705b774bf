//! What a source of blocks may rely on.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use thanos_bucket::tsdb::{self, BlockFiles, File, Findings, WINDOW_BYTES};

use super::block::Memory;

/// A source that looks at what it is asked, and says no once it was asked so often.
struct Watched {
    block: Memory,
    answers: Cell<u64>,
    announced: RefCell<Vec<(File, Range<u64>)>>,
    unannounced: Cell<u64>,
}

impl Watched {
    fn new(name: &str, answers: u64) -> Self {
        Self {
            block: Memory::golden(name),
            answers: Cell::new(answers),
            announced: RefCell::default(),
            unannounced: Cell::new(0),
        }
    }

    fn check(&self, threads: usize) -> Result<u64, String> {
        let mut findings = Findings::new(1);
        let counts = tsdb::check(self, &self.block.described(), threads, &mut findings)?;
        assert!(findings.is_empty());
        Ok(counts.bytes)
    }
}

impl BlockFiles for Watched {
    type Error = String;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<(), String> {
        let left = self.answers.get().checked_sub(1).ok_or("no more")?;
        self.answers.set(left);
        assert!((1..=WINDOW_BYTES).contains(&into.len()));
        let inside = |(of, range): &(File, Range<u64>)| *of == file && range.contains(&offset);
        if !self.announced.borrow().iter().rev().take(2).any(inside) {
            self.unannounced
                .set(self.unannounced.get() + into.len() as u64);
        }
        self.block.read(file, offset, into)
    }

    fn ahead(&self, file: File, range: Range<u64>) {
        assert!(range.start < range.end);
        self.announced.borrow_mut().push((file, range));
    }
}

#[test]
fn what_is_read_was_announced_but_for_the_ends_of_the_index() {
    for name in Memory::names() {
        let source = Watched::new(&name, u64::MAX);
        let bytes = source.check(1).unwrap();
        assert_eq!(
            source.unannounced.get(),
            57,
            "{name}: head and table of contents"
        );
        let block = &source.block;
        let segments = block.segments.iter().map(|(_, bytes)| bytes.len() as u64);
        let all = segments.sum::<u64>() + block.index.len() as u64;
        assert!(bytes >= all, "{name}");
    }
}

#[test]
fn an_error_of_the_source_ends_the_check_and_is_what_it_returns() {
    for name in Memory::names() {
        let source = Watched::new(&name, u64::MAX);
        source.check(1).unwrap();
        let asked = u64::MAX - source.answers.get();
        for answers in 0..asked {
            for threads in [1, 2] {
                let source = Watched::new(&name, answers);
                assert_eq!(source.check(threads), Err("no more".to_owned()));
            }
        }
    }
}

//! The files of a block, read by one thread that must not wait for each answer: the next piece of a file comes while this one is looked at.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, Span};

use crate::block::{BlockId, Inventory, Object};
use crate::bucket::{BucketReader, Ranged};
use crate::error::{Error, Kind, Result};
use crate::progress::BlockProgress;
use crate::tsdb::{BlockFiles, File};

/// How much of a range is asked for at once.
const PIECE_BYTES: usize = 4 << 20;

/// So many ranges are fetched ahead.
const RANGES: usize = 2;

/// The files of one block in a bucket, for a thread that is none of the runtime's.
pub(super) struct Files {
    id: BlockId,
    bucket: BucketReader,
    index: Option<Object>,
    segments: Vec<Object>,
    tombstones: Option<Object>,
    progress: Arc<BlockProgress>,
    runtime: Handle,
    /// In which requests are made.
    span: Span,
    ends: CancellationToken,
    /// What was read of so far, by name.
    opened: RefCell<HashMap<Box<str>, Arc<Ranged>>>,
    /// The oldest first.
    ahead: RefCell<VecDeque<Ahead>>,
}

/// A range that is being read from its beginning on.
struct Ahead {
    file: File,
    ranged: Arc<Ranged>,
    end: u64,
    /// Where the piece in hand begins.
    start: u64,
    piece: Bytes,
    /// The piece that follows it, on its way.
    next: Option<AbortOnDropHandle<Result<Bytes>>>,
}

impl Files {
    /// The most that is held: of each range a piece in hand and one on its way.
    pub(super) const MEMORY_BYTES: usize = RANGES * 2 * PIECE_BYTES;

    pub(super) fn new(
        bucket: &BucketReader,
        id: BlockId,
        objects: &Inventory,
        progress: &Arc<BlockProgress>,
        runtime: Handle,
    ) -> Self {
        let segments = objects
            .data()
            .filter(|object| object.name.starts_with("chunks/"));
        Self {
            id,
            bucket: bucket.clone(),
            index: objects.get("index").cloned(),
            segments: segments.cloned().collect(),
            tombstones: objects.get("tombstones").cloned(),
            progress: Arc::clone(progress),
            runtime,
            span: Span::current(),
            ends: CancellationToken::new(),
            opened: RefCell::default(),
            ahead: RefCell::default(),
        }
    }

    /// Ends it, at its next read.
    pub(super) fn ends(&self) -> &CancellationToken {
        &self.ends
    }

    fn ranged(&self, file: File) -> Result<Arc<Ranged>> {
        let object = match file {
            File::Index => self.index.as_ref(),
            File::Segment(place) => self.segments.get(place),
            File::Tombstones => self.tombstones.as_ref(),
        };
        let object = object.ok_or_else(|| {
            let attempt = format!("open {file:?} of {}", self.id);
            Error::new(Kind::NotFound, attempt)
        })?;
        let mut opened = self.opened.borrow_mut();
        let ranged = opened.entry(object.name.clone()).or_insert_with(|| {
            let path = self.id.object(&object.name);
            Arc::new(Ranged::new(self.bucket.clone(), path, object.clone()))
        });
        Ok(Arc::clone(ranged))
    }

    /// Has a range come, which counts as progress.
    fn ask(&self, ranged: &Arc<Ranged>, range: Range<u64>) -> AbortOnDropHandle<Result<Bytes>> {
        let (ranged, progress) = (Arc::clone(ranged), Arc::clone(&self.progress));
        let reading = async move { progress.read_by(ranged.read(range)).await };
        let reading = reading.instrument(self.span.clone());
        AbortOnDropHandle::new(self.runtime.spawn(reading))
    }

    /// Waits for it, unless nobody wants the answer any more.
    fn wait(&self, asked: AbortOnDropHandle<Result<Bytes>>) -> Result<Bytes> {
        let attempt = || format!("read {} in {}", self.id, self.bucket.location());
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.ends.cancelled() => Err(Error::new(Kind::Cancelled, attempt())),
                came = asked => came.unwrap_or_else(|err| {
                    Err(Error::new(Kind::Other, attempt()).because(err))
                }),
            }
        })
    }

    /// Fills as much of `into` as the range that goes on there has in its next piece; tells how much.
    fn read_ahead(&self, file: File, offset: u64, into: &mut [u8]) -> Result<usize> {
        let mut ahead = self.ahead.borrow_mut();
        let mut here = ahead.iter_mut();
        let Some(here) = here.find(|ahead| ahead.file == file && ahead.reaches(offset)) else {
            return Ok(0);
        };
        if offset == here.piece_end() {
            let asked = match here.next.take() {
                Some(next) => next,
                None => self.ask(&here.ranged, here.next_range()),
            };
            here.piece = self.wait(asked)?;
            here.start = offset;
            let following = here.next_range();
            if !following.is_empty() {
                here.next = Some(self.ask(&here.ranged, following));
            }
        }
        let there = here.from(offset);
        let many = there.len().min(into.len());
        fill(into, there);
        Ok(many)
    }
}

/// Puts as much there as both have room for.
fn fill(into: &mut [u8], bytes: &[u8]) {
    let many = into.len().min(bytes.len());
    if let (Some(into), Some(bytes)) = (into.get_mut(..many), bytes.get(..many)) {
        into.copy_from_slice(bytes);
    }
}

impl Ahead {
    fn piece_end(&self) -> u64 {
        self.start + self.piece.len() as u64
    }

    /// Whether what lies there is in hand, or comes next.
    fn reaches(&self, offset: u64) -> bool {
        self.start <= offset && offset <= self.piece_end() && offset < self.end
    }

    /// What of the piece in hand lies from there on.
    fn from(&self, offset: u64) -> &[u8] {
        let skipped = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.piece.get(skipped..).unwrap_or_default()
    }

    fn next_range(&self) -> Range<u64> {
        let start = self.piece_end();
        start..start.saturating_add(PIECE_BYTES as u64).min(self.end)
    }
}

impl BlockFiles for Files {
    type Error = Error;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<()> {
        let (mut offset, mut into) = (offset, into);
        while !into.is_empty() {
            let mut many = self.read_ahead(file, offset, into)?;
            if many == 0 {
                let range = offset..offset.saturating_add(into.len() as u64);
                let bytes = self.wait(self.ask(&self.ranged(file)?, range))?;
                fill(into, &bytes);
                many = into.len();
            }
            offset += many as u64;
            into = into.get_mut(many..).unwrap_or_default();
        }
        Ok(())
    }

    fn ahead(&self, file: File, range: Range<u64>) {
        // What is wrong with the file is told when it is read.
        let Ok(ranged) = self.ranged(file) else {
            return;
        };
        let mut begun = Ahead {
            file,
            end: range.end.min(ranged.size_bytes()),
            ranged,
            start: range.start,
            piece: Bytes::new(),
            next: None,
        };
        let first = begun.next_range();
        if first.is_empty() {
            return;
        }
        begun.next = Some(self.ask(&begun.ranged, first));
        let mut ahead = self.ahead.borrow_mut();
        while ahead.len() >= RANGES {
            ahead.pop_front();
        }
        ahead.push_back(begun);
    }
}

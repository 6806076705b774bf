//! The files of a block, read by one thread that must not wait for each answer: the next piece of a file comes while this one is looked at.

use std::cell::RefCell;
use std::collections::HashMap;
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
use crate::tsdb::{BlockFiles, File, WINDOW_BYTES};

/// How much is asked for at once.
const PIECE_BYTES: usize = 4 << 20;

/// Shorter reads that do not go on where the last one ended are asked for as they are.
const SHORT: usize = WINDOW_BYTES / 4;

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
    open: RefCell<HashMap<Place, Open>>,
}

/// Files that are read along with each other: of the segments, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Index,
    Segments,
    Tombstones,
}

/// A file that is being read.
struct Open {
    file: File,
    ranged: Arc<Ranged>,
    /// Where the piece in hand begins.
    start: u64,
    piece: Bytes,
    /// The piece that follows it, on its way.
    next: Option<AbortOnDropHandle<Result<Bytes>>>,
}

impl Files {
    /// The most that is held: a piece in hand and one on its way, of the index, a segment and the tombstones.
    pub(super) const MEMORY_BYTES: usize = 3 * 2 * PIECE_BYTES;

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
            open: RefCell::default(),
        }
    }

    /// Ends it, at its next read.
    pub(super) fn ends(&self) -> &CancellationToken {
        &self.ends
    }

    fn object(&self, file: File) -> Option<&Object> {
        match file {
            File::Index => self.index.as_ref(),
            File::Segment(place) => self.segments.get(place),
            File::Tombstones => self.tombstones.as_ref(),
        }
    }

    fn opened(&self, file: File) -> Result<Open> {
        let object = self.object(file).ok_or_else(|| {
            let attempt = format!("open {file:?} of {}", self.id);
            Error::new(Kind::NotFound, attempt)
        })?;
        let path = self.id.object(&object.name);
        Ok(Open {
            file,
            ranged: Arc::new(Ranged::new(self.bucket.clone(), path, object.clone())),
            start: 0,
            piece: Bytes::new(),
            next: None,
        })
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
}

impl Place {
    fn of(file: File) -> Self {
        match file {
            File::Index => Place::Index,
            File::Segment(_) => Place::Segments,
            File::Tombstones => Place::Tombstones,
        }
    }
}

impl Open {
    fn end(&self) -> u64 {
        self.start + self.piece.len() as u64
    }

    /// What of the piece in hand lies from there on.
    fn from(&self, offset: u64) -> Option<&[u8]> {
        let skipped = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.piece.get(skipped..).filter(|rest| !rest.is_empty())
    }

    fn piece_at(&self, start: u64) -> Range<u64> {
        let end = start
            .saturating_add(PIECE_BYTES as u64)
            .min(self.ranged.size_bytes());
        start..end.max(start)
    }
}

impl BlockFiles for Files {
    type Error = Error;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<()> {
        let mut open = self.open.borrow_mut();
        let place = Place::of(file);
        if open.get(&place).is_none_or(|open| open.file != file) {
            open.insert(place, self.opened(file)?);
        }
        let Some(open) = open.get_mut(&place) else {
            return Ok(());
        };
        let (mut offset, mut into) = (offset, into);
        while !into.is_empty() {
            if let Some(there) = open.from(offset) {
                let many = there.len().min(into.len());
                let (now, later) = into.split_at_mut(many);
                now.copy_from_slice(there.get(..many).unwrap_or_default());
                into = later;
                offset += many as u64;
                continue;
            }
            let goes_on = offset == open.end();
            if !goes_on && into.len() < SHORT {
                let range = offset..offset.saturating_add(into.len() as u64);
                let bytes = self.wait(self.ask(&open.ranged, range))?;
                for (place, byte) in into.iter_mut().zip(bytes) {
                    *place = byte;
                }
                return Ok(());
            }
            let asked = match open.next.take() {
                Some(next) if goes_on => next,
                _ => self.ask(&open.ranged, open.piece_at(offset)),
            };
            open.piece = self.wait(asked)?;
            open.start = offset;
            if open.piece.is_empty() {
                let attempt = format!("read {} at {offset}", self.id);
                let why = "nothing is there";
                return Err(Error::new(Kind::Changed, attempt).because(why));
            }
            let following = open.piece_at(open.end());
            if !following.is_empty() {
                open.next = Some(self.ask(&open.ranged, following));
            }
        }
        Ok(())
    }
}

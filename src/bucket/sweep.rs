//! A listing of a whole bucket, in pieces beside each other where listings may begin anywhere.
//!
//! Two pieces join where both have shown the same name: each goes on until it meets the first name that the next one has shown, and through the next
//! one where that has shown nothing. So a server that passes over names after the one at which it is told to begin hides nothing, and one that refuses
//! to begin there is listed in one piece.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::stream::{self, BoxStream, SelectAll, StreamExt, unfold};
use tokio::sync::watch;
use tracing::debug;

use super::listing::{described, entries};
use super::opened::Opened;
use super::prefix::Prefix;
use super::store::Entry;
use crate::block::{BlockId, Object, ObjectPath};
use crate::error::Result;

/// So many pieces are listed at once, at most.
const AT_ONCE: usize = 16;

/// A name, and which piece shows it.
#[derive(Debug)]
pub struct Swept {
    /// Names of one piece come sorted, but for those of what is left out, which may be altered. Those of one directory come in one piece, but for
    /// directories at its ends, which may have begun in another piece or go on there.
    pub piece: usize,
    /// The object's name below the bucket's prefix.
    pub path: ObjectPath,
    /// The object.
    pub object: Object,
}

/// What pieces know of each other.
#[derive(Debug)]
struct Piece {
    number: usize,
    /// The name after which it begins, and the time of the first block id after that; `None` for what begins the bucket.
    begins: Option<(String, u64)>,
    shown: watch::Sender<Shown>,
    next: Mutex<Option<Arc<Piece>>>,
}

/// What a piece shows first.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    NotYet,
    Nothing,
    Name(String),
}

/// What all pieces share.
#[derive(Debug, Default)]
struct Sweep {
    /// How many pieces there are by now.
    begun: AtomicUsize,
    /// How many are listed.
    under_way: AtomicUsize,
    /// The time of the first block id.
    first_ms: OnceLock<u64>,
    /// A listing that was to begin somewhere was refused, so that no further ones are begun.
    is_refused: AtomicBool,
}

/// What one piece comes to next.
#[expect(clippy::large_enum_variant, reason = "one at a time is handed on")]
enum Step {
    Shows(Swept),
    /// Another piece begins.
    Begins(Arc<Piece>),
}

/// Lists the bucket.
pub(super) fn sweep(bucket: &Opened) -> BoxStream<'_, Result<Swept>> {
    let sweep = Arc::new(Sweep::default());
    let pieces =
        SelectAll::from_iter([Walk::new(bucket, Piece::begin(None, None, &sweep), &sweep).steps()]);
    unfold((pieces, sweep), async move |(mut pieces, sweep)| {
        loop {
            match pieces.next().await? {
                Ok(Step::Shows(swept)) => return Some((Ok(swept), (pieces, sweep))),
                Ok(Step::Begins(piece)) => pieces.push(Walk::new(bucket, piece, &sweep).steps()),
                Err(err) => return Some((Err(err), (pieces, sweep))),
            }
        }
    })
    .boxed()
}

/// Where the listing of a piece is.
struct Walk<'a> {
    bucket: &'a Opened,
    entries: BoxStream<'a, Result<Entry>>,
    piece: Arc<Piece>,
    sweep: Arc<Sweep>,
    shown: u64,
    /// Whether it has shown a name as it is.
    has_shown: bool,
    /// The time of the first block id of this page, and of the latest one.
    page_ms: Option<(u64, u64)>,
}

impl<'a> Walk<'a> {
    fn new(bucket: &'a Opened, piece: Arc<Piece>, sweep: &Arc<Sweep>) -> Self {
        let after = piece.begins.as_ref().map(|(after, _)| after.clone());
        Self {
            bucket,
            entries: entries(bucket, bucket.backend.prefix.root(), after),
            piece,
            sweep: Arc::clone(sweep),
            shown: 0,
            has_shown: false,
            page_ms: None,
        }
    }

    fn steps(self) -> BoxStream<'a, Result<Step>> {
        let steps = unfold(self, async |mut walk| {
            let steps = walk.step().await?;
            Some((steps, walk))
        });
        steps.flat_map(stream::iter).boxed()
    }

    /// What the next name comes to; `None` at the end of the piece.
    async fn step(&mut self) -> Option<Vec<Result<Step>>> {
        let entry = match self.next().await {
            Some(Ok(entry)) => entry,
            Some(Err(err)) => return Some(vec![Err(err)]),
            None => {
                self.piece.shows(Shown::Nothing);
                self.sweep.under_way.fetch_sub(1, Ordering::Relaxed);
                return None;
            }
        };
        let prefix = &self.bucket.backend.prefix;
        let at_ms = time(prefix, &entry.key);
        let name = entry.key.clone();
        let mut steps = Vec::new();
        if let Some((path, object)) = described(&self.bucket.backend, entry) {
            let piece = self.piece.number;
            steps.push(Ok(Step::Shows(Swept {
                piece,
                path,
                object,
            })));
        }
        if let Some(at_ms) = at_ms {
            let began = self.page_ms.map_or(at_ms, |(began, _)| began);
            self.page_ms = Some((began, at_ms));
            self.sweep.first_ms.get_or_init(|| at_ms);
        }
        self.shown += 1;
        let pager = self.bucket.backend.store.pager();
        if pager.is_some_and(|pager| self.shown.is_multiple_of(pager.largest_page())) {
            steps.extend(self.half(&name).map(|piece| Ok(Step::Begins(piece))));
        }
        Some(steps)
    }

    /// The next name of this piece; `None` at its end.
    async fn next(&mut self) -> Option<Result<Entry>> {
        let begins_the_bucket = self.piece.begins.is_none();
        loop {
            let entry = match self.entries.next().await? {
                Ok(entry) => entry,
                // The piece before it goes on through this one.
                Err(err) if !begins_the_bucket && !self.has_shown => {
                    let bucket = &self.bucket.backend.location;
                    let err = format!("{err:#}");
                    debug!(%bucket, err, "a listing that was to begin within the bucket failed; it is listed in fewer pieces");
                    self.sweep.is_refused.store(true, Ordering::Relaxed);
                    return None;
                }
                Err(err) => return Some(Err(err)),
            };
            if entry.left_out.is_some() {
                // Its name may be altered, so that it may sort elsewhere. Before the first name of this piece it is the one before that shows it.
                if begins_the_bucket || self.has_shown {
                    return Some(Ok(entry));
                }
                continue;
            }
            if self.piece.is_met_by(&entry.key).await {
                return None;
            }
            self.piece.shows(Shown::Name(entry.key.clone()));
            self.has_shown = true;
            return Some(Ok(entry));
        }
    }

    /// A piece that begins half way between here and where the next one begins, where there is more than a page in between if blocks go on as they
    /// came. The last piece hands over what comes after twice as much as was listed.
    fn half(&mut self, name: &str) -> Option<Arc<Piece>> {
        let (began_ms, at_ms) = self.page_ms.take()?;
        let mut next = self.piece.next();
        let next_begins = next.as_ref().and_then(|next| next.begins.as_ref());
        // How many come after the last piece is not known.
        let behind_ms = at_ms.saturating_sub(*self.sweep.first_ms.get()?);
        let end_ms = next_begins.map_or_else(
            || at_ms.saturating_add(behind_ms.saturating_mul(4)),
            |(_, end_ms)| *end_ms,
        );
        let ahead_ms = end_ms.checked_sub(at_ms)?;
        let is_far = ahead_ms / 2 > at_ms - began_ms.min(at_ms);
        let has_room = self.sweep.under_way.load(Ordering::Relaxed) < AT_ONCE;
        let is_refused = self.sweep.is_refused.load(Ordering::Relaxed);
        if !is_far || !has_room || is_refused {
            return None;
        }
        let middle_ms = at_ms + ahead_ms / 2;
        let after = self
            .bucket
            .backend
            .prefix
            .before(BlockId::first_of(middle_ms)?);
        if *after <= *name {
            return None;
        }
        let half = Piece::begin(Some((after, middle_ms)), next.take(), &self.sweep);
        self.piece.be_followed_by(Arc::clone(&half));
        Some(half)
    }
}

impl Piece {
    fn begin(begins: Option<(String, u64)>, next: Option<Arc<Piece>>, sweep: &Sweep) -> Arc<Self> {
        sweep.under_way.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            number: sweep.begun.fetch_add(1, Ordering::Relaxed),
            begins,
            shown: watch::Sender::new(Shown::NotYet),
            next: Mutex::new(next),
        })
    }

    /// Tells others what it shows first; what it shows later tells nothing new.
    fn shows(&self, first: Shown) {
        self.shown.send_if_modified(|shown| {
            let is_first = *shown == Shown::NotYet;
            if is_first {
                *shown = first;
            }
            is_first
        });
    }

    /// Whether a later piece has shown this name, or one that comes before it.
    async fn is_met_by(&self, name: &str) -> bool {
        while let Some(next) = self.next() {
            let is_before = |(after, _): &(String, u64)| name <= after.as_str();
            if next.begins.as_ref().is_none_or(is_before) {
                return false;
            }
            let mut shown = next.shown.subscribe();
            let known = shown.wait_for(|shown| *shown != Shown::NotYet).await;
            if let Ok(Shown::Name(first)) = known.as_deref() {
                return name >= first.as_str();
            }
            // It has shown nothing, so that this piece goes on in its place.
            let after_it = next.next();
            *self.next.lock().unwrap_or_else(PoisonError::into_inner) = after_it;
        }
        false
    }

    fn next(&self) -> Option<Arc<Self>> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.clone()
    }

    fn be_followed_by(&self, next: Arc<Self>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }
}

/// The time in the id of the block in whose directory the name lies.
fn time(prefix: &Prefix, key: &str) -> Option<u64> {
    let directory = prefix.below(key)?.split('/').next()?;
    let id: BlockId = directory.parse().ok()?;
    Some(id.time_ms())
}

//! How far a run is, for those who watch it: blocks and bytes that are done, out of those that this run does.
//!
//! Bytes count as they move, half of them when they come and half when they go, and no byte counts twice: a try that begins anew takes back
//! what it has to do again. What turns out to be there already, or is not done after all, leaves the total.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task_local;

use crate::human;

/// How far a run is. Shared between those who work and those who watch; never waits.
///
/// Numbers may pass below zero between two additions, so they wrap around and come back.
#[derive(Debug, Default)]
pub struct Progress {
    is_looked_at: AtomicBool,
    objects_listed: AtomicU64,
    blocks_seen: AtomicU64,
    blocks_at_work: AtomicU64,
    blocks_done: AtomicU64,
    blocks_total: AtomicU64,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    /// No more than about so many bytes will be moved; 0 for no limit.
    most_bytes: AtomicU64,
    stopping: AtomicBool,
    is_of_windows: AtomicBool,
    samples_read: AtomicU64,
    /// The run that is shown in the place of this one.
    shown: Mutex<Option<Arc<Progress>>>,
}

/// A [`Progress`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether somebody looks at buckets, or has.
    pub is_looked_at: bool,
    /// Objects that were listed, in either bucket, before there is a plan.
    pub objects_listed: u64,
    /// Block directories that were looked at, in either bucket, before there is a plan.
    pub blocks_seen: u64,
    /// Blocks whose work has begun and not ended: they are copied, or are copied and wait for their turn.
    pub blocks_at_work: u64,
    /// Blocks whose work has ended, in whatever way.
    pub blocks_done: u64,
    /// Blocks that the run works on; 0 while there is no plan.
    pub blocks_total: u64,
    /// Bytes moved, at most [`bytes_total`](Self::bytes_total).
    pub bytes_done: u64,
    /// Bytes that the run moves.
    pub bytes_total: u64,
    /// Whether no new block is started any more.
    pub stopping: bool,
    /// Whether what is counted as blocks are windows of time, of which each becomes one or none.
    pub is_of_windows: bool,
    /// Samples that a source has told.
    pub samples_read: u64,
}

impl Snapshot {
    /// What one of those is called that are counted.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.is_of_windows {
            "window"
        } else {
            "block"
        }
    }

    /// How many samples a source has told, in words; empty where nobody reads any.
    #[must_use]
    pub fn read(&self) -> String {
        match self.samples_read {
            0 => String::new(),
            many => format!(", {} read", human::count(many, "sample")),
        }
    }
}

impl Progress {
    /// Sets the totals once the plan is made; of the `bytes`, no more than about `most_bytes` will be moved.
    pub fn start(&self, blocks: u64, bytes: u64, most_bytes: Option<u64>) {
        self.bytes_total.store(bytes, Ordering::Relaxed);
        self.most_bytes
            .store(most_bytes.unwrap_or_default(), Ordering::Relaxed);
        self.blocks_total.store(blocks, Ordering::Relaxed);
    }

    /// Sets the total of a run that works on windows of time.
    pub fn start_windows(&self, windows: u64) {
        self.is_of_windows.store(true, Ordering::Relaxed);
        self.start(windows, 0, None);
    }

    /// A source has told so many samples more.
    pub fn reads(&self, samples: u64) {
        self.samples_read.fetch_add(samples, Ordering::Relaxed);
    }

    /// Runs `work`, which looks at buckets: what it [`lists`](Self::lists) and [`sees`](Self::sees) is counted, however deep below.
    pub async fn surveyed_by<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        self.is_looked_at.store(true, Ordering::Relaxed);
        // A survey is large, and what waits for one should not be.
        SURVEY.scope(Arc::clone(self), Box::pin(work)).await
    }

    /// The task that asks has listed one more object.
    pub fn lists() {
        let _ = SURVEY.try_with(|run| run.objects_listed.fetch_add(1, Ordering::Relaxed)); // as below
    }

    /// The task that asks has looked at one more block directory.
    pub fn sees() {
        let _ = SURVEY.try_with(|run| run.blocks_seen.fetch_add(1, Ordering::Relaxed)); // nobody may be watching
    }

    /// The progress of one of the blocks, of which the plan wants `bytes` moved.
    #[must_use]
    pub fn block(self: &Arc<Self>, bytes: u64) -> BlockProgress {
        BlockProgress {
            run: Some(Arc::clone(self)),
            planned: AtomicU64::new(bytes),
            done: AtomicU64::new(0),
            tried: AtomicBool::new(false),
            begun: AtomicBool::new(false),
        }
    }

    /// No new block is started from now on.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Who watches this one sees `run` from now on, which is one of several; or nothing, between two of them.
    pub fn shows(&self, run: Option<Arc<Progress>>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = run;
    }

    /// How far the run is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = shown.clone() {
            drop(shown);
            return run.snapshot();
        }
        drop(shown);
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let blocks_total = read(&self.blocks_total);
        let bytes_done = read(&self.bytes_done);
        let most = Some(read(&self.most_bytes)).filter(|most| *most > 0);
        let most = most.map_or(u64::MAX, |most| most.max(bytes_done));
        let bytes_total = read(&self.bytes_total).min(most);
        let blocks_done = read(&self.blocks_done).min(blocks_total);
        Snapshot {
            is_looked_at: self.is_looked_at.load(Ordering::Relaxed),
            objects_listed: read(&self.objects_listed),
            blocks_seen: read(&self.blocks_seen),
            blocks_at_work: read(&self.blocks_at_work),
            blocks_done,
            blocks_total,
            bytes_done: bytes_done.min(bytes_total),
            bytes_total,
            stopping: self.stopping.load(Ordering::Relaxed),
            is_of_windows: self.is_of_windows.load(Ordering::Relaxed),
            samples_read: read(&self.samples_read),
        }
    }
}

/// How far one block is. Dropped, it has come to its end. The default is a block that nobody watches.
#[derive(Debug, Default)]
pub struct BlockProgress {
    run: Option<Arc<Progress>>,
    planned: AtomicU64,
    done: AtomicU64,
    tried: AtomicBool,
    begun: AtomicBool,
}

impl BlockProgress {
    /// The work on it begins: it no longer waits in a queue.
    pub fn begins(&self) {
        if let Some(run) = &self.run
            && !self.begun.swap(true, Ordering::Relaxed)
        {
            run.blocks_at_work.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a try begins which has so many bytes to move: what earlier tries moved beyond that stays done, and the rest is taken back.
    pub fn to_move(&self, bytes: u64) {
        let planned = self.planned.load(Ordering::Relaxed);
        if !self.tried.swap(true, Ordering::Relaxed) || bytes > planned {
            self.planned.store(bytes, Ordering::Relaxed);
            self.total(bytes.wrapping_sub(planned));
        }
        let done = planned.saturating_sub(bytes);
        let done = if self.planned.load(Ordering::Relaxed) == planned {
            done
        } else {
            0
        };
        let before = self.done.swap(done, Ordering::Relaxed);
        self.done(done.wrapping_sub(before));
    }

    /// So many more bytes are moved.
    fn moved(&self, bytes: u64) {
        let planned = self.planned.load(Ordering::Relaxed);
        let more = |done: u64| Some(done.saturating_add(bytes).min(planned).max(done));
        let before = self
            .done
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .unwrap_or_else(|before| before);
        let after = more(before).unwrap_or(before);
        self.done(after - before);
    }

    fn total(&self, change: u64) {
        if let Some(run) = &self.run {
            run.bytes_total.fetch_add(change, Ordering::Relaxed);
        }
    }

    fn done(&self, change: u64) {
        if let Some(run) = &self.run {
            run.bytes_done.fetch_add(change, Ordering::Relaxed);
        }
    }
}

impl Drop for BlockProgress {
    fn drop(&mut self) {
        let planned = self.planned.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed);
        self.total(done.wrapping_sub(planned));
        if let Some(run) = &self.run {
            run.blocks_done.fetch_add(1, Ordering::Relaxed);
            if self.begun.load(Ordering::Relaxed) {
                run.blocks_at_work.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

task_local! {
    static CURRENT: Piece;
    static READER: Arc<BlockProgress>;
    static SURVEY: Arc<Progress>;
}

impl BlockProgress {
    /// Runs `work`, which reads the block and moves it nowhere: whatever it reads counts as it comes, and a repeated read again, up to the block's bytes.
    pub async fn read_by<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        READER.scope(Arc::clone(self), work).await
    }

    /// All of its bytes are moved, by a service that tells nothing on the way.
    pub fn arrived(&self) {
        self.moved(u64::MAX);
    }

    /// So many bytes came to the task that asks for them.
    pub fn came(bytes: u64) {
        if let Ok(block) = READER.try_with(Arc::clone) {
            block.moved(bytes);
        }
    }
}

/// A piece of an object on its way from one bucket to the other. Whoever moves bytes finds it by [`Piece::current`], however deep below.
#[derive(Debug, Clone)]
pub struct Piece(Arc<Way>);

#[derive(Debug)]
struct Way {
    block: Arc<BlockProgress>,
    bytes: u64,
    /// The most that any try has read.
    came: AtomicU64,
    /// The most that any try has sent.
    went: AtomicU64,
    /// Of both together, what was told to the block.
    told: AtomicU64,
}

impl Piece {
    /// A piece of the block, of so many bytes.
    #[must_use]
    pub fn new(block: &Arc<BlockProgress>, bytes: u64) -> Self {
        Self(Arc::new(Way {
            block: Arc::clone(block),
            bytes,
            came: AtomicU64::new(0),
            went: AtomicU64::new(0),
            told: AtomicU64::new(0),
        }))
    }

    /// The piece that is being moved by the task that asks, if any.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `work`, during which this is the [`current`](Self::current) piece.
    pub async fn moved_by<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    /// So many bytes of it were read by this try.
    pub fn came(&self, bytes: u64) {
        self.0.came.fetch_max(bytes, Ordering::Relaxed);
        self.tell();
    }

    /// So many bytes of it were sent by this try.
    pub fn went(&self, bytes: u64) {
        self.0.went.fetch_max(bytes, Ordering::Relaxed);
        self.tell();
    }

    /// The whole piece has arrived: all of its bytes count as moved.
    pub fn arrived(&self) {
        self.0.came.store(self.0.bytes, Ordering::Relaxed);
        self.went(self.0.bytes);
    }

    fn tell(&self) {
        let Way { bytes, .. } = *self.0;
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed).min(bytes);
        let half = u64::midpoint(read(&self.0.came), read(&self.0.went));
        let before = self.0.told.fetch_max(half, Ordering::Relaxed);
        if half > before {
            self.0.block.moved(half - before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(blocks: u64, bytes: u64) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        progress.start(blocks, bytes, None);
        progress
    }

    #[tokio::test]
    async fn blocks_are_counted_as_they_are_seen_by_whoever_watches() {
        let progress = Arc::new(Progress::default());
        Progress::sees();
        Progress::lists();
        progress
            .surveyed_by(async {
                Progress::sees();
                tokio::task::yield_now().await;
                Progress::sees();
                Progress::lists();
            })
            .await;
        Progress::sees();
        let seen = progress.snapshot();
        assert_eq!((seen.blocks_seen, seen.objects_listed), (2, 1));
    }

    #[test]
    fn of_several_runs_the_one_is_seen_that_goes_on() {
        let all = Progress::default();
        let nothing = all.snapshot();
        let one = started(2, 300);
        all.shows(Some(Arc::clone(&one)));
        drop(one.block(0));
        assert_eq!(all.snapshot(), one.snapshot());
        all.shows(None);
        assert_eq!(all.snapshot(), nothing);
    }

    fn bytes(progress: &Progress) -> (u64, u64) {
        let now = progress.snapshot();
        (now.bytes_done, now.bytes_total)
    }

    #[test]
    fn bytes_count_half_as_they_come_and_half_as_they_go_and_never_twice() {
        let progress = started(2, 300);
        let block = Arc::new(progress.block(100));
        block.to_move(100);
        let piece = Piece::new(&block, 60);
        piece.came(40);
        assert_eq!(bytes(&progress), (20, 300));
        piece.came(60);
        piece.went(30);
        assert_eq!(bytes(&progress), (45, 300));
        // A second try of the same request.
        piece.went(10);
        piece.went(30);
        assert_eq!(bytes(&progress), (45, 300));
        piece.went(1000);
        piece.arrived();
        assert_eq!(bytes(&progress), (60, 300));
    }

    #[test]
    fn a_try_that_begins_anew_takes_back_what_it_does_again() {
        let progress = started(1, 100);
        let block = Arc::new(progress.block(100));
        block.to_move(100);
        Piece::new(&block, 70).arrived();
        assert_eq!(bytes(&progress), (70, 100));
        block.to_move(60);
        assert_eq!(bytes(&progress), (40, 100));
        Piece::new(&block, 60).arrived();
        assert_eq!(bytes(&progress), (100, 100));
        Piece::new(&block, 60).arrived();
        assert_eq!(bytes(&progress), (100, 100));
    }

    #[test]
    fn what_is_there_or_is_not_done_after_all_leaves_the_total() {
        let progress = started(3, 300);
        let (resumed, failed, larger) = (
            Arc::new(progress.block(100)),
            Arc::new(progress.block(100)),
            Arc::new(progress.block(100)),
        );
        resumed.to_move(30);
        assert_eq!(bytes(&progress), (0, 230));
        failed.to_move(100);
        Piece::new(&failed, 40).arrived();
        drop(failed);
        assert_eq!(bytes(&progress), (40, 170));
        larger.to_move(120);
        assert_eq!(bytes(&progress), (40, 190));
        Piece::new(&resumed, 30).arrived();
        Piece::new(&larger, 120).arrived();
        drop((resumed, larger));
        let end = progress.snapshot();
        assert_eq!((end.blocks_done, end.blocks_total), (3, 3));
        assert_eq!((end.bytes_done, end.bytes_total), (190, 190));
    }

    #[test]
    fn blocks_are_at_work_until_they_end_and_what_a_service_moved_is_moved_at_once() {
        let progress = started(3, 300);
        let (one, other) = (progress.block(100), progress.block(100));
        assert_eq!(progress.snapshot().blocks_at_work, 0);
        one.begins();
        one.begins();
        assert_eq!(progress.snapshot().blocks_at_work, 1);
        one.arrived();
        drop((one, other));
        let now = progress.snapshot();
        assert_eq!((now.blocks_at_work, now.blocks_done), (0, 2));
        assert_eq!((now.bytes_done, now.bytes_total), (100, 200));
    }

    #[test]
    fn a_run_with_a_limit_ends_there() {
        let progress = Arc::new(Progress::default());
        progress.start(5, 500, Some(150));
        assert_eq!(bytes(&progress), (0, 150));
        let blocks = [progress.block(100), progress.block(100)].map(Arc::new);
        for block in &blocks {
            block.to_move(100);
            Piece::new(block, 100).arrived();
        }
        assert_eq!(bytes(&progress), (200, 200));
    }

    #[tokio::test]
    async fn whoever_moves_bytes_finds_the_piece_that_they_belong_to() {
        let progress = started(1, 10);
        let block = Arc::new(progress.block(10));
        assert!(Piece::current().is_none());
        let piece = Piece::new(&block, 10);
        piece
            .moved_by(async {
                tokio::task::yield_now().await;
                if let Some(piece) = Piece::current() {
                    piece.arrived();
                }
            })
            .await;
        assert_eq!(bytes(&progress), (10, 10));
    }
}

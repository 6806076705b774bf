//! What the observer knows of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Notify;

use super::Circumstances;
use crate::store::Verb;
use crate::world::Side;

/// One run, as the observer knows it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) circumstances: Circumstances,
    pub(crate) begun_ms: i64,
    /// No other run has put anything into the target since it began.
    pub(crate) is_alone: bool,
    pub(crate) is_alive: bool,
    /// It came to its end by itself: it has nothing more to ask.
    pub(crate) has_ended: bool,
    pub(crate) killed: Arc<Notify>,
    /// Requests so far, and requests until it is killed.
    pub(crate) requests: u64,
    pub(crate) left: u64,
    /// How often each request failed in a row.
    pub(crate) failures: BTreeMap<(Verb, String), u32>,
    /// Blocks of which some request failed as often as it is tried.
    pub(crate) given_up: BTreeSet<String>,
    /// Objects that were denied once.
    pub(crate) denied: BTreeSet<String>,
    /// Blocks of which something arrived with another byte.
    pub(crate) flipped: BTreeSet<String>,
    /// When it last began to list a block, and when before that.
    pub(crate) looked_ms: BTreeMap<(Side, String), [i64; 2]>,
    /// Entity tags of the source's objects as listings showed them to it.
    pub(crate) shown: BTreeSet<(String, String)>,
    /// Bytes of data that it read, and that it put: what the service copied by itself is in neither.
    pub(crate) read_bytes: u64,
    pub(crate) sent_bytes: u64,
    /// Blocks of which its report file says that it is about to mark them.
    pub(crate) announced: BTreeSet<String>,
    /// Blocks whose `meta.json` it put, and blocks that it marked.
    pub(crate) published: BTreeSet<String>,
    pub(crate) marked: BTreeSet<String>,
    /// When it was last shown a page on which the block begins in the source,
    pub(crate) shown_ms: BTreeMap<String, i64>,
    /// how often it read the `meta.json` after that, and the time that the page was shown before the last time.
    pub(crate) looks: BTreeMap<String, (u64, i64)>,
    /// When it last read a mark of the source, by path.
    pub(crate) read_ms: BTreeMap<String, i64>,
    /// Blocks whose mark it took back, and when.
    pub(crate) unmarked: BTreeMap<String, i64>,
    /// When it last removed something that was left of a block.
    pub(crate) cleaned_ms: BTreeMap<String, i64>,
    /// Blocks that the target has held at some time since it began, and blocks that were marked at some time and not held.
    pub(crate) held: BTreeSet<String>,
    pub(crate) at_stake: BTreeSet<String>,
    /// What it put into the target.
    pub(crate) put: BTreeSet<String>,
    /// Objects that it put into the target, by block.
    pub(crate) puts: BTreeMap<String, u64>,
    /// Everything that it put and deleted but for its probe.
    pub(crate) writes: u64,
    /// Uploads that it tried to abort.
    pub(crate) aborted_uploads: BTreeSet<u64>,
    /// Where it came to its end by itself.
    pub(crate) exit_code: Option<u8>,
}

impl Run {
    /// One that begins now.
    pub(super) fn new(circumstances: Circumstances, begun_ms: i64, is_alone: bool) -> Self {
        Self {
            left: circumstances.dies_after,
            circumstances,
            begun_ms,
            is_alone,
            is_alive: true,
            has_ended: false,
            killed: Arc::new(Notify::new()),
            requests: 0,
            failures: BTreeMap::new(),
            given_up: BTreeSet::new(),
            denied: BTreeSet::new(),
            flipped: BTreeSet::new(),
            looked_ms: BTreeMap::new(),
            shown: BTreeSet::new(),
            read_bytes: 0,
            sent_bytes: 0,
            announced: BTreeSet::new(),
            published: BTreeSet::new(),
            marked: BTreeSet::new(),
            shown_ms: BTreeMap::new(),
            looks: BTreeMap::new(),
            read_ms: BTreeMap::new(),
            unmarked: BTreeMap::new(),
            cleaned_ms: BTreeMap::new(),
            held: BTreeSet::new(),
            at_stake: BTreeSet::new(),
            put: BTreeSet::new(),
            puts: BTreeMap::new(),
            writes: 0,
            aborted_uploads: BTreeSet::new(),
            exit_code: None,
        }
    }

    /// When it last began to list the block; where something was refused, the last time may have been only to see whether the bucket answers.
    pub(crate) fn last_look_at(&self, side: Side, id: &str, was_refused: bool) -> i64 {
        let looks = self.looked_ms.get(&(side, id.to_owned()));
        looks.copied().unwrap_or_default()[usize::from(was_refused)]
    }
}

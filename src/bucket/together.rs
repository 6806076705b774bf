//! Blocks near each other that are asked for at the same time are listed together, where listings come in pages.
//!
//! Such a listing says as much as one of their own: it begins after each of them was asked for, and goes through the names of each from the first
//! to the last. Who asks while a listing nearby is under way waits for its end, with all who ask meanwhile; it is over soon, or they wait no longer.
//! Who asks alone waits for nobody.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures::TryStreamExt;
use tokio::sync::Notify;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::listing::{self, described};
use super::nearness::{LARGEST_PAGE, Nearness};
use super::opened::Opened;
use super::store::{Page, Pager};
use crate::block::{BlockId, Object};
use crate::error::Result;

/// How long anybody waits for the end of somebody else's listing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who lists blocks of a bucket, and who waits for that.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Set once the bucket was listed as a whole.
    nearness: OnceLock<Nearness>,
    /// A server's pages were not what was asked for: each block is listed by itself.
    is_given_up: AtomicBool,
    asked: Mutex<Asked>,
    one_ended: Notify,
}

#[derive(Debug, Default)]
struct Asked {
    /// The blocks of each listing that is under way.
    under_way: BTreeMap<u64, Vec<BlockId>>,
    /// Numbers those that are to come.
    next: u64,
    waiting: BTreeMap<BlockId, Vec<oneshot::Sender<Vec<Object>>>>,
}

/// A listing under way, which ends when this is dropped.
struct UnderWay<'a> {
    together: &'a Together,
    number: u64,
    /// What it lists, sorted.
    blocks: Vec<BlockId>,
    /// Whom it tells: everybody who had asked when it began.
    askers: Vec<(BlockId, oneshot::Sender<Vec<Object>>)>,
}

impl UnderWay<'_> {
    /// Tells those who asked for a block; who has gone by now wants no answer.
    fn tell(&mut self, found: &BTreeMap<BlockId, Vec<Object>>) {
        for (block, asker) in self.askers.drain(..) {
            let _ = asker.send(found.get(&block).cloned().unwrap_or_default());
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.together.asked().under_way.remove(&self.number);
        self.together.one_ended.notify_waiters();
    }
}

impl Together {
    /// Tells where blocks lie; what was told first stays.
    pub(super) fn learn(&self, blocks: impl Iterator<Item = (BlockId, usize)>) {
        self.nearness.get_or_init(|| Nearness::new(blocks));
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a listing of this block and of all near it that somebody waits for; `None` while one nearby is under way.
    fn begin(&self, block: BlockId, nearness: &Nearness) -> Option<UnderWay<'_>> {
        let mut asked = self.asked();
        let is_near = |other: &BlockId| nearness.are_near(block, *other);
        if asked.under_way.values().flatten().any(is_near) {
            return None;
        }
        let blocks = asked.around(block, nearness);
        let mut askers = Vec::new();
        for block in &blocks {
            let senders = asked.waiting.remove(block).unwrap_or_default();
            askers.extend(senders.into_iter().map(|sender| (*block, sender)));
        }
        let number = asked.next;
        asked.next += 1;
        asked.under_way.insert(number, blocks.clone());
        Some(UnderWay {
            together: self,
            number,
            blocks,
            askers,
        })
    }

    fn wait(&self, block: BlockId) -> oneshot::Receiver<Vec<Object>> {
        let (sender, receiver) = oneshot::channel();
        let mut asked = self.asked();
        asked.waiting.entry(block).or_default().push(sender);
        receiver
    }
}

impl Asked {
    /// The block, and those that somebody waits for of which each is near the next: as many as a page holds, sorted.
    fn around(&mut self, block: BlockId, nearness: &Nearness) -> Vec<BlockId> {
        self.waiting.retain(|_, askers| {
            askers.retain(|asker| !asker.is_closed());
            !askers.is_empty()
        });
        let mut around = VecDeque::from([block]);
        let mut extend = |others: &mut dyn Iterator<Item = BlockId>, is_after: bool| {
            let mut last = block;
            for other in others {
                if !nearness.are_near(last, other) {
                    return;
                }
                if is_after {
                    around.push_back(other);
                } else {
                    around.push_front(other);
                }
                if nearness.page(around.make_contiguous()) >= LARGEST_PAGE {
                    around.retain(|kept| *kept != other);
                    return;
                }
                last = other;
            }
        };
        let after = (Bound::Excluded(block), Bound::Unbounded);
        extend(&mut self.waiting.range(after).map(|(id, _)| *id), true);
        extend(
            &mut self.waiting.range(..block).rev().map(|(id, _)| *id),
            false,
        );
        around.into()
    }
}

/// What lies in a block's directory, each object by its name there.
///
/// Errors: those of a listing that has outlasted its retries.
pub(super) async fn list(bucket: &Opened, block: BlockId) -> Result<Vec<Object>> {
    let together = &bucket.together;
    let (Some(pager), Some(nearness)) = (bucket.backend.store.pager(), together.nearness.get())
    else {
        return alone(bucket, block).await;
    };
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    let mut told = together.wait(block);
    // Others who are about to ask do so first.
    tokio::task::yield_now().await;
    while !together.is_given_up.load(Ordering::Relaxed) {
        // Whatever ends from now on is noticed, also before this is awaited.
        let one_ended = together.one_ended.notified();
        match told.try_recv() {
            Ok(objects) => return Ok(objects),
            Err(TryRecvError::Closed) => break,
            Err(TryRecvError::Empty) => {}
        }
        if let Some(under_way) = together.begin(block, nearness) {
            let listing = list_now(bucket, pager, nearness, under_way, block);
            return Box::pin(listing).await;
        }
        tokio::select! {
            biased;
            told = &mut told => match told {
                Ok(objects) => return Ok(objects),
                Err(_) => break,
            },
            () = one_ended => {}
            () = &mut patience => break,
        }
    }
    alone(bucket, block).await
}

/// Lists the block and all that the listing is of. Where it fails, each of the others lists its own.
async fn list_now(
    bucket: &Opened,
    pager: &dyn Pager,
    nearness: &Nearness,
    mut under_way: UnderWay<'_>,
    block: BlockId,
) -> Result<Vec<Object>> {
    let mut found = if under_way.blocks == [block] {
        BTreeMap::from([(block, alone(bucket, block).await?)])
    } else {
        several(bucket, pager, nearness, &under_way.blocks).await?
    };
    under_way.tell(&found);
    Ok(found.remove(&block).unwrap_or_default())
}

async fn alone(bucket: &Opened, block: BlockId) -> Result<Vec<Object>> {
    listing::list(bucket, bucket.backend.prefix.directory(block))
        .try_filter_map(|(path, object)| {
            std::future::ready(Ok(inside(block, path.as_str(), object)))
        })
        .try_collect()
        .await
}

/// An object of the block, by its name in it; `None` for what only begins like the block.
fn inside(block: BlockId, path: &str, object: Object) -> Option<Object> {
    let rest = path.strip_prefix(&block.to_string())?;
    // The object of the directory's own name is a marker; one that merely begins like it is another's.
    let name = match rest.strip_prefix('/') {
        None if rest.is_empty() => "",
        below => below?,
    };
    Some(Object {
        name: name.into(),
        ..object
    })
}

/// Goes through the names from the first block to the last, page by page.
async fn several(
    bucket: &Opened,
    pager: &dyn Pager,
    nearness: &Nearness,
    blocks: &[BlockId],
) -> Result<BTreeMap<BlockId, Vec<Object>>> {
    let prefix = &bucket.backend.prefix;
    let (root, attempt) = (prefix.root(), format!("list {}", bucket.backend.location));
    let mut found: BTreeMap<BlockId, Vec<Object>> =
        blocks.iter().map(|block| (*block, Vec::new())).collect();
    let mut left = blocks;
    let mut after = String::new();
    while let Some(next) = left.first() {
        let Some(bounds) = prefix.bounds(*next) else {
            return each(bucket, blocks).await;
        };
        after = after.max(bounds.before);
        let page = bucket.retrying(&attempt, || async {
            let page = pager.page(root.as_ref(), &after, nearness.page(left)).await;
            page.map_err(|err| bucket.error(err, attempt.clone()))
        });
        let page = page.await?;
        let Some(end) = End::of(&page, &after) else {
            bucket.together.is_given_up.store(true, Ordering::Relaxed);
            return each(bucket, blocks).await;
        };
        for entry in page.entries {
            let Some((path, object)) = described(&bucket.backend, entry) else {
                continue;
            };
            let directory = path.as_str().split('/').next().unwrap_or_default();
            let block = directory.parse::<BlockId>().ok();
            if let Some((block, objects)) = block.and_then(|id| Some((id, found.get_mut(&id)?))) {
                objects.extend(inside(block, path.as_str(), object));
            }
        }
        let is_through = |block: &BlockId| match (&end, prefix.bounds(*block)) {
            (End::OfAll, _) => true,
            (End::At(end), Some(bounds)) => *end >= bounds.behind,
            (End::At(_), None) => false,
        };
        let through = left.iter().take_while(|block| is_through(block)).count();
        left = left.get(through..).unwrap_or_default();
        if let End::At(end) = end {
            after = end;
        }
    }
    Ok(found)
}

/// Lists each block by itself.
async fn each(bucket: &Opened, blocks: &[BlockId]) -> Result<BTreeMap<BlockId, Vec<Object>>> {
    let listings = blocks
        .iter()
        .map(async |block| Ok((*block, alone(bucket, *block).await?)));
    let found = futures::future::try_join_all(listings).await?;
    Ok(found.into_iter().collect())
}

/// How far a page goes.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Nothing comes after it.
    OfAll,
    /// To this name.
    At(String),
}

impl End {
    /// `None` where the page is not what was asked for: its names are not in order, do not come after that one or are not told as they are, or it
    /// shows none and is not the last.
    fn of(page: &Page, after: &str) -> Option<Self> {
        let names = || page.entries.iter().map(|entry| entry.key.as_str());
        let is_odd = page.entries.iter().any(|entry| entry.left_out.is_some());
        let begins_earlier = names().next().is_some_and(|first| first <= after);
        if is_odd || begins_earlier || !names().is_sorted_by(|one, other| one < other) {
            return None;
        }
        if page.is_last {
            return Some(Self::OfAll);
        }
        Some(Self::At(names().next_back()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::LeftOut;
    use crate::bucket::store::Entry;

    fn page(names: &[&str], is_last: bool) -> Page {
        let entry = |name: &&str| Entry {
            key: (*name).to_owned(),
            ..Entry::default()
        };
        Page {
            entries: names.iter().map(entry).collect(),
            is_last,
        }
    }

    #[test]
    fn a_page_is_believed_that_brings_what_was_asked_for_in_order() {
        let at = |name: &str| Some(End::At(name.to_owned()));
        assert_eq!(End::of(&page(&["b", "c"], false), "a"), at("c"));
        assert_eq!(End::of(&page(&["b", "c"], true), "a"), Some(End::OfAll));
        assert_eq!(End::of(&page(&[], true), "a"), Some(End::OfAll));
        assert_eq!(End::of(&page(&[], false), "a"), None);
        for names in [["c", "b"], ["b", "b"], ["a", "b"]] {
            assert_eq!(End::of(&page(&names, false), "a"), None, "{names:?}");
            assert_eq!(End::of(&page(&names, true), "a"), None, "{names:?}");
        }
        let mut odd = page(&["b", "c"], false);
        for entry in &mut odd.entries {
            entry.left_out = Some(LeftOut::Odd("odd".into()));
        }
        assert_eq!(End::of(&odd, "a"), None);
    }
}

//! Lists blocks: those near each other that are asked for at the same time together, where listings come in pages.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::{Instant, timeout_at};

use super::listing::{self, described};
use super::nearness::{LARGEST_PAGE, Nearness};
use super::opened::Opened;
use super::store::{Page, Pager};
use super::together::UnderWay;
use crate::block::{BlockId, Object};
use crate::error::Result;

/// So many pages are asked for one after the other; blocks that come later are listed beside each other.
const PAGES: usize = 4;

/// How long anybody waits for the end of somebody else's listing.
const PATIENCE: Duration = Duration::from_secs(1);

/// What lies in a block's directory, each object by its name there.
///
/// Errors: those of a listing that has outlasted its retries.
pub(super) async fn list(bucket: &Opened, block: BlockId) -> Result<Vec<Object>> {
    let together = &bucket.together;
    let (Some(pager), Some(nearness)) = (bucket.backend.store.pager(), together.nearness()) else {
        return alone(bucket, block).await;
    };
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    let mut told = together.wait(block);
    // Others who are about to ask do so first.
    tokio::task::yield_now().await;
    let may_be_gathered = |other| nearness.may_be_gathered(block, other);
    let gathered = together
        .sharing()
        .gather(block, Instant::now(), may_be_gathered);
    let open_until = |number| together.sharing().open_until(number, Instant::now());
    while let Some(until) = gathered.and_then(open_until) {
        match timeout_at(until, &mut told).await {
            Ok(Ok(objects)) => return Ok(objects),
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    while together.nearness().is_some() {
        let one_ended = together.one_ended();
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
    let sharing = || bucket.together.sharing();
    let begun = Instant::now();
    let mut found = if under_way.blocks == [block] {
        let objects = alone(bucket, block).await?;
        sharing().took_alone(begun.elapsed());
        BTreeMap::from([(block, objects)])
    } else if sharing().pays_for(under_way.blocks.len()) {
        let found = several(bucket, pager, nearness, &under_way.blocks).await?;
        sharing().took_together(begun.elapsed());
        found
    } else {
        each(bucket, &under_way.blocks).await?
    };
    for block in &under_way.blocks {
        sharing().shows(*block, Instant::now());
    }
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
    let mut at_most = nearness.page(left);
    let mut turns = 0..PAGES;
    while let Some(next) = left.first() {
        let (Some(bounds), Some(_)) = (prefix.bounds(*next), turns.next()) else {
            found.extend(each(bucket, left).await?);
            break;
        };
        let begins_with = (bounds.before > after).then_some(*next);
        after = after.max(bounds.before);
        let page = bucket.retrying(&attempt, || async {
            let page = pager.page(root.as_ref(), &after, at_most).await;
            page.map_err(|err| bucket.error(err, attempt.clone()))
        });
        let end = match page.await {
            Ok(page) => End::of(&page, &after, at_most).map(|end| (page, end)),
            Err(err) if err.kind().is_transient() || err.kind().concerns_whole_bucket() => {
                return Err(err);
            }
            // A page of its own may be had all the same.
            Err(_) => None,
        };
        let Some((page, end)) = end else {
            bucket.together.give_up();
            return each(bucket, blocks).await;
        };
        // Blocks may have more names than was thought.
        at_most = LARGEST_PAGE.min(2 * at_most);
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
        let shows = |block| found.get(&block).is_some_and(|names| !names.is_empty());
        if begins_with.is_some_and(shows) {
            bucket.together.is_proven_now();
        }
        let through = left.iter().take_while(|block| is_through(block)).count();
        left = left.get(through..).unwrap_or_default();
        if let End::At(end) = end {
            after = end;
        }
    }
    looked_for_again(bucket, found).await
}

/// Lists by itself each block of which nothing was shown, where that says nothing yet.
async fn looked_for_again(
    bucket: &Opened,
    mut found: BTreeMap<BlockId, Vec<Object>>,
) -> Result<BTreeMap<BlockId, Vec<Object>>> {
    let is_doubtful = |block: &BlockId| !bucket.together.believes_in_nothing(*block);
    let empty = found.iter().filter(|(_, names)| names.is_empty());
    let doubtful: Vec<BlockId> = empty.map(|(block, _)| *block).filter(is_doubtful).collect();
    let again = each(bucket, &doubtful).await?;
    if again.values().any(|names| !names.is_empty()) {
        bucket.together.give_up();
        let blocks: Vec<BlockId> = found.keys().copied().collect();
        return each(bucket, &blocks).await;
    }
    found.extend(again);
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
    /// shows none and is not the last. A full page is not the last, whatever it says.
    fn of(page: &Page, after: &str, at_most: usize) -> Option<Self> {
        let names = || page.entries.iter().map(|entry| entry.key.as_str());
        let is_odd = page.entries.iter().any(|entry| entry.left_out.is_some());
        let begins_earlier = names().next().is_some_and(|first| first <= after);
        if is_odd || begins_earlier || !names().is_sorted_by(|one, other| one < other) {
            return None;
        }
        if page.is_last && page.entries.len() < at_most {
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

    /// S-5.22
    #[test]
    fn a_page_is_believed_that_brings_what_was_asked_for_in_order() {
        let at = |name: &str| Some(End::At(name.to_owned()));
        assert_eq!(End::of(&page(&["b", "c"], false), "a", 9), at("c"));
        assert_eq!(End::of(&page(&["b", "c"], true), "a", 9), Some(End::OfAll));
        assert_eq!(End::of(&page(&[], true), "a", 9), Some(End::OfAll));
        assert_eq!(End::of(&page(&[], false), "a", 9), None);
        for names in [["c", "b"], ["b", "b"], ["a", "b"]] {
            assert_eq!(End::of(&page(&names, false), "a", 9), None, "{names:?}");
            assert_eq!(End::of(&page(&names, true), "a", 9), None, "{names:?}");
        }
        assert_eq!(End::of(&page(&["b", "c"], true), "a", 2), at("c"));
        let mut odd = page(&["b", "c"], false);
        for entry in &mut odd.entries {
            entry.left_out = Some(LeftOut::Odd("odd".into()));
        }
        assert_eq!(End::of(&odd, "a", 9), None);
    }
}

//! Listings come page by page. What is written meanwhile may be on the next page, and where listings lag, they tell of the past.

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Extensions, ListResult, ObjectMeta, Result};
use thanos_bucket::bucket::{Entry, Page, Pager};

use super::faults::{Fate, Verb};
use super::{Store, meta};
use crate::world::Side;

impl Store {
    pub(super) fn listing(
        &self,
        prefix: Option<&Path>,
        after: &str,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let below = prefix
            .map(|prefix| format!("{prefix}/"))
            .unwrap_or_default();
        let start = Some((self.clone(), below, after.to_owned()));
        stream::unfold(start, async |place| {
            let (store, below, after) = place?;
            let page = store.names(&below, &after, usize::MAX).await;
            let last = page.as_ref().ok().and_then(|page| page.last());
            let next = last.map(|last| (store, below, last.location.to_string()));
            Some((page, next))
        })
        .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
        .try_flatten()
        .boxed()
    }

    /// One page of what lies below, after a name.
    async fn names(&self, below: &str, after: &str, at_most: usize) -> Result<Vec<ObjectMeta>> {
        let fate = self.request(Verb::List, below).await?;
        let page = self.with(|world| {
            let now_ms = world.now_ms();
            let lags = world.nature.lag_ms > 0 && self.side == Side::Target && world.rng.once_in(3);
            let most = world.nature.page.min(at_most);
            world
                .storage
                .page(self.side, (below, after), most, lags.then_some(now_ms))
        });
        if self.side == Side::Source {
            self.with(|world| world.note_shown(self.run, after, &page));
        }
        let listed = page.iter().map(|(path, object)| meta(path, object));
        let listed = listed.collect();
        if after.is_empty() && matches!(fate, Fate::Answered) {
            let id = below.trim_end_matches('/');
            self.with(|world| world.note_look(self.run, self.side, id));
        }
        self.answer(fate, Ok(listed)).await
    }

    /// Every directory at the root, as many on a page as names elsewhere.
    pub(super) async fn directories(&self) -> Result<ListResult> {
        let mut directories: Vec<Path> = Vec::new();
        loop {
            let fate = self.request(Verb::List, "").await?;
            let page: Vec<Path> = self.with(|world| {
                let ids = world.storage.ids(self.side);
                let from = directories.last();
                ids.into_iter()
                    .filter(|id| from.is_none_or(|from| id.as_str() > from.as_ref()))
                    .take(world.nature.page)
                    .map(|id| Path::from(id.as_str()))
                    .collect()
            });
            let page = self.answer(fate, Ok(page)).await?;
            if page.is_empty() {
                break;
            }
            directories.extend(page);
        }
        Ok(ListResult {
            common_prefixes: directories,
            objects: Vec::new(),
            extensions: Extensions::default(),
        })
    }
}

#[async_trait::async_trait]
impl Pager for Store {
    fn largest_page(&self) -> u64 {
        self.with(|world| world.nature.page as u64)
    }

    async fn page(&self, below: Option<&Path>, after: &str, at_most: usize) -> Result<Page> {
        assert_eq!(below, None, "buckets here have no prefix");
        let most = self.with(|world| world.nature.page.min(at_most));
        let names = self.names("", after, at_most).await?;
        // Which of the blocks on it were asked for is not known here, so it counts as a look at none of them.
        Ok(Page {
            is_last: names.len() < most,
            entries: names.into_iter().map(Entry::from).collect(),
        })
    }
}

//! What is done with whole objects, whether they are large ones or not: they are put, listed as what they are, and deleted with their segments.

use std::sync::atomic::Ordering;

use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{PutPayload, Result};

use super::ask::{Asker, is_absent};
use super::facts::{Facts, Large, Of, Tag};
use super::fault::Fault;
use super::meaning;
use super::segment::{FOLDER, Segment};
use crate::block::LeftOut;
use crate::bucket::pages::{Next, Page, Place};
use crate::bucket::store::Entry;
use crate::causes;
use crate::error::Kind;

/// Questions about objects of one page that are asked at once.
const AT_ONCE: usize = 10;

/// The largest list of segments that the service takes.
const LARGEST_LIST: u64 = 8 << 20;

/// What comes after every name in the folder of segments.
const BEHIND_SEGMENTS: &str = "segments/\u{10ffff}";

impl Asker {
    /// A page of the objects, each as it is read, and without the segments that lie among them.
    pub(super) async fn objects(&self, place: &Place) -> Result<Page> {
        let mut page = self.page(&self.container, place).await?;
        if self.segments_container == self.container && FOLDER.starts_with(&place.prefix) {
            page.entries.retain(|entry| !entry.key.starts_with(FOLDER));
            page.directories.retain(|directory| directory != FOLDER);
            if let Next::After(last) = &mut page.next
                && last.starts_with(FOLDER)
            {
                BEHIND_SEGMENTS.clone_into(last);
            }
        }
        let doubt = self.doubt(&page).await?;
        let entries = stream::iter(std::mem::take(&mut page.entries))
            .map(|entry| self.as_read(entry, doubt))
            .buffered(AT_ONCE);
        let entries: Vec<Option<Entry>> = entries.try_collect().await?;
        page.entries = entries.into_iter().flatten().collect();
        Ok(page)
    }

    /// What a listing leaves open of its objects. One that has told of any static large object tells of all; one that has not may be an older server's,
    /// which shows the list of the segments as if it were the object, and where there are no segments there is no such object.
    async fn doubt(&self, page: &Page) -> Result<Doubt> {
        let tells = &self.known.tells_static;
        if page.entries.iter().any(is_told_to_be_large) {
            tells.store(true, Ordering::Relaxed);
        }
        if tells.load(Ordering::Relaxed) || !self.has_segments().await? {
            return Ok(Doubt::OfEmpty);
        }
        Ok(Doubt::OfSmall)
    }

    /// Whether there are segments. Whoever may not see them cannot say that there are none.
    async fn has_segments(&self) -> Result<bool> {
        if self.known.puts_segments.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let place = Place {
            prefix: FOLDER.to_owned(),
            at_most: Some(1),
            ..Place::default()
        };
        let looked = self.known.has_segments.get_or_try_init(async || {
            match self.page(&self.segments_container, &place).await {
                Ok(page) => Ok(!page.entries.is_empty()),
                Err(err) => match meaning::kind(&err) {
                    Some(Kind::BucketGone) => Ok(false),
                    Some(Kind::Credentials | Kind::Refused) => Ok(true),
                    _ => Err(err),
                },
            }
        });
        looked.await.copied()
    }

    /// What a listing shows of an object, or what it is where that may be something else: nothing that a listing shows tells a dynamic large object
    /// from an empty one. `None` where there is none any more.
    async fn as_read(&self, entry: Entry, doubt: Doubt) -> Result<Option<Entry>> {
        let size_bytes = entry.size_bytes.unwrap_or_default();
        let may_be_large = match doubt {
            Doubt::OfEmpty => size_bytes == 0,
            Doubt::OfSmall => size_bytes <= LARGEST_LIST && !is_told_to_be_large(&entry),
        };
        if !may_be_large || entry.left_out.is_some() || entry.key.ends_with('/') {
            return Ok(Some(entry));
        }
        let Ok(key) = Path::parse(&entry.key) else {
            return Ok(Some(entry));
        };
        let facts = match self.facts_in(&self.container, key.as_ref()).await {
            Ok(facts) => facts,
            Err(err) if is_absent(&err) => return Ok(None),
            Err(err) if is_closed(&err) => return Ok(Some(closed(entry, &err))),
            Err(err) => return Err(err),
        };
        let facts = match facts.large.clone() {
            Some(Large::Dynamic { container, prefix }) => {
                match self.dynamic_facts(facts, &container, &prefix).await {
                    Ok(facts) => facts,
                    Err(err) if is_closed(&err) => return Ok(Some(closed(entry, &err))),
                    Err(err) => return Err(err),
                }
            }
            _ => facts,
        };
        Ok(Some(Entry {
            size_bytes: facts.size_bytes,
            modified: facts.modified.or(entry.modified),
            etag: facts.tag.map(|tag| tag.shown()),
            ..entry
        }))
    }

    /// The segments of what lies under a name and is about to be replaced or removed; none where it keeps them as an old version.
    pub(super) async fn replaced(&self, key: &Path) -> Result<Vec<Segment>> {
        let facts = self.facts_if_there(key).await?;
        self.segments_of(key, facts.as_ref()).await
    }

    async fn segments_of(&self, key: &Path, facts: Option<&Facts>) -> Result<Vec<Segment>> {
        let Some(large) = facts.and_then(|facts| facts.large.as_ref()) else {
            return Ok(Vec::new());
        };
        if self.keeps_versions().await? {
            return Ok(Vec::new());
        }
        Ok(self.made_of(key, large).await?.segments)
    }

    /// Puts an object in one request, whatever was there, and removes the segments of what it replaces.
    pub(super) async fn replace(
        &self,
        key: &Path,
        payload: PutPayload,
        once: bool,
    ) -> Result<String> {
        let at = (&*self.container, key.as_ref());
        let retries = if once { 0 } else { self.retries };
        // Where there is nothing, nothing has to be looked for.
        match self.put(at, payload.clone(), true, retries).await {
            Err(err) if meaning::kind(&err) == Some(Kind::AlreadyExists) => {}
            put => return put,
        }
        let replaced = self.replaced(key).await?;
        let md5 = self.put(at, payload, false, retries).await?;
        self.discard(key, replaced).await;
        Ok(md5)
    }

    /// Deletes an object, and then its segments if it has some.
    pub(super) async fn delete_whole(&self, key: &Path, retries: u32) -> Result<()> {
        let facts = self.facts(key).await?;
        let segments = self.segments_of(key, Some(&facts)).await?;
        let at = (&*self.container, key.as_ref());
        let deleted = self.delete(at, retries).await;
        self.believed(deleted).await?;
        self.discard(key, segments).await;
        Ok(())
    }
}

/// Of which objects a listing does not say what they are.
#[derive(Debug, Clone, Copy)]
enum Doubt {
    /// Of those without a byte.
    OfEmpty,
    /// Of all that are no larger than a list of segments is.
    OfSmall,
}

fn is_told_to_be_large(entry: &Entry) -> bool {
    let tag = entry.etag.as_deref().and_then(Tag::read);
    tag.is_some_and(|tag| tag.of != Of::Bytes)
}

/// Whether it says of one object that it cannot be read.
fn is_closed(err: &object_store::Error) -> bool {
    matches!(
        meaning::kind(err),
        Some(Kind::Refused | Kind::Unreadable | Kind::Corrupt)
    ) || causes::first::<Fault>(err) == Some(&Fault::LostSegment)
}

fn closed(entry: Entry, err: &object_store::Error) -> Entry {
    let why = causes::deepest(err).into_boxed_str();
    Entry {
        left_out: Some(LeftOut::Closed(why)),
        ..entry
    }
}

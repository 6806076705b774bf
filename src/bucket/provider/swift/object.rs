//! What is done with whole objects, whether they are large ones or not: they are put, listed as what they are, and deleted with their segments.

use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{PutPayload, Result};
use tracing::warn;

use super::ask::{Asker, is_absent, is_unsigned_absence};
use super::doubt::Doubt;
use super::facts::{Facts, Large};
use super::fault::{Fault, generic};
use super::meaning;
use super::segment::{FOLDER, Segment};
use crate::block::LeftOut;
use crate::bucket::pages::{Next, Page, Place};
use crate::bucket::store::Entry;
use crate::causes;
use crate::error::Kind;

/// Questions about objects of one page that are asked at once.
const AT_ONCE: usize = 10;

/// So often a version may come back.
const MOST_VERSIONS: usize = 1000;

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
        let doubt = self.doubt(&page.entries).await?;
        let entries = stream::iter(std::mem::take(&mut page.entries))
            .map(|entry| self.as_read(entry, doubt))
            .buffered(AT_ONCE);
        let entries: Vec<Option<Entry>> = entries.try_collect().await?;
        page.entries = entries.into_iter().flatten().collect();
        Ok(page)
    }

    /// What a listing shows of an object, or what it is where that may be something else: nothing that a listing shows tells a dynamic large object
    /// from an empty one. `None` where there is none any more.
    async fn as_read(&self, entry: Entry, doubt: Doubt) -> Result<Option<Entry>> {
        if !self.is_open(&entry, doubt) || entry.left_out.is_some() || entry.key.ends_with('/') {
            return Ok(Some(entry));
        }
        let Ok(key) = Path::parse(&entry.key) else {
            return Ok(Some(entry));
        };
        let facts = match self.facts(&key).await {
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
        let facts = match self.facts_in(&self.container, key.as_ref()).await {
            Ok(facts) => Some(facts),
            // What is put next says whether the container is there.
            Err(err) if is_absent(&err) || is_unsigned_absence(&err) || is_closed(&err) => None,
            Err(err) => return Err(err),
        };
        self.segments_of(key, facts.as_ref()).await
    }

    async fn segments_of(&self, key: &Path, facts: Option<&Facts>) -> Result<Vec<Segment>> {
        let Some((facts, large)) = facts.and_then(|it| Some((it, it.large.as_ref()?))) else {
            return Ok(Vec::new());
        };
        if self.versions().await?.are_kept {
            return Ok(Vec::new());
        }
        match self.made_of(key, large).await {
            Ok(made) if made.makes(facts) => return Ok(made.segments),
            Err(err) if !is_closed(&err) && !is_no_manifest(&err) => return Err(err),
            _ => {}
        }
        warn!(object = %key, "what a large object is made of is not told, so that its segments stay");
        Ok(Vec::new())
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

    /// Where the container keeps old versions in another one, deleting one brings the one before it back.
    async fn delete_what_came_back(&self, at: (&str, &str)) -> Result<()> {
        if !self.versions().await?.come_back {
            return Ok(());
        }
        for _ in 0..MOST_VERSIONS {
            match self.facts_in(at.0, at.1).await {
                Ok(_) => match self.delete(at, self.retries).await {
                    Err(err) if !is_absent(&err) => return Err(err),
                    _ => {}
                },
                Err(err) if is_absent(&err) => return Ok(()),
                Err(err) => return Err(err),
            }
        }
        Err(generic(Fault::CameBack))
    }

    /// Puts an object where there is none. Not every service that looks like this one knows the header, so that a look comes first.
    pub(super) async fn create(&self, key: &Path, payload: PutPayload) -> Result<String> {
        let at = (&*self.container, key.as_ref());
        match self.facts_in(at.0, at.1).await {
            Ok(_) => {
                return Err(object_store::Error::AlreadyExists {
                    path: key.to_string(),
                    source: "a look shows one".into(),
                });
            }
            // What is not there, the header says once more.
            Err(err) if is_absent(&err) || is_unsigned_absence(&err) => {}
            Err(err) => return Err(err),
        }
        // Whether it is there after a failure, whoever asked finds out.
        self.put(at, payload, true, 0).await
    }

    /// Deletes an object, and then its segments if it has some.
    pub(super) async fn delete_whole(&self, key: &Path, retries: u32) -> Result<()> {
        let facts = match self.facts(key).await {
            Ok(facts) => Some(facts),
            // It goes all the same.
            Err(err) if is_closed(&err) => None,
            Err(err) => return Err(err),
        };
        let segments = self.segments_of(key, facts.as_ref()).await?;
        let at = (&*self.container, key.as_ref());
        let deleted = self.delete(at, retries).await;
        self.believed(key, deleted).await?;
        self.delete_what_came_back(at).await?;
        self.discard(key, segments).await;
        Ok(())
    }
}

/// Whether it says of one object that it cannot be read.
fn is_closed(err: &object_store::Error) -> bool {
    matches!(
        meaning::kind(err),
        Some(Kind::Refused | Kind::Unreadable | Kind::Corrupt)
    ) || causes::first::<Fault>(err) == Some(&Fault::LostSegment)
}

/// Whether somebody answers with something else than the list of segments.
fn is_no_manifest(err: &object_store::Error) -> bool {
    causes::first::<Fault>(err) == Some(&Fault::NoManifest)
}

fn closed(entry: Entry, err: &object_store::Error) -> Entry {
    let why = causes::deepest(err).into_boxed_str();
    Entry {
        left_out: Some(LeftOut::Closed(why)),
        ..entry
    }
}

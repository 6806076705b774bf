//! Segments of which no object was made: an upload that goes on, or that broke off. Those of this program's for this container are told, and nobody
//! else's: Thanos' own do not say which container they are for.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::Result;
use object_store::path::Path;

use super::ask::Asker;
use super::meaning;
use super::segment::{FOLDER, Folder, Segment};
use crate::bucket::pages::{Next, Place};
use crate::bucket::unfinished::{Begun, Form, Unfinished};
use crate::error::Kind;

/// Questions about objects that are asked at once.
const AT_ONCE: usize = 10;

/// Segments of one folder.
#[derive(Debug, Default)]
struct Lying {
    segments: Vec<Segment>,
    touched: Option<DateTime<Utc>>,
}

impl Asker {
    /// Segments whose names begin so, by the folders that this program made for this container.
    async fn folders(&self, prefix: &str) -> Result<BTreeMap<String, (Folder, Lying)>> {
        let mut place = Place {
            prefix: prefix.to_owned(),
            ..Place::default()
        };
        let mut folders: BTreeMap<String, (Folder, Lying)> = BTreeMap::new();
        loop {
            let page = self.page(&self.segments_container, &place).await?;
            for entry in page.entries {
                let Some(folder) = Folder::read(&self.container, &entry.key) else {
                    continue;
                };
                let name = folder.to_string();
                let (_, lying) = folders
                    .entry(name)
                    .or_insert_with(|| (folder, Lying::default()));
                lying.touched = lying.touched.max(entry.modified);
                lying.segments.push(Segment {
                    container: self.segments_container.to_string(),
                    name: entry.key,
                    size_bytes: entry.size_bytes.unwrap_or_default(),
                    hash: String::new(),
                });
            }
            match page.next {
                Next::After(last) if place.next != Some(Next::After(last.clone())) => {
                    place.next = Some(Next::After(last));
                }
                _ => return Ok(folders),
            }
        }
    }

    /// Whether the object may be made of segments in that folder: it is not where nothing lies under its name, or what shows what it is made of.
    async fn may_be_made_of(&self, folder: &Folder) -> Result<bool> {
        let Ok(key) = Path::parse(&folder.key) else {
            // Nothing is known of it, so that nothing is told of it.
            return Ok(true);
        };
        let facts = match self.facts_if_there(&key).await {
            Ok(Some(facts)) => facts,
            Ok(None) => return Ok(false),
            // Its segments are looked for elsewhere.
            Err(err) if meaning::kind(&err) == Some(Kind::Unreadable) => return Ok(true),
            Err(err) => return Err(err),
        };
        let Some(large) = &facts.large else {
            return Ok(false);
        };
        let made = self.made_of(&key, large).await?;
        let inside = format!("{folder}/");
        let is_inside = |segment: &Segment| segment.name.starts_with(&inside);
        Ok(!made.makes(&facts) || made.segments.iter().any(is_inside))
    }

    async fn lying(&self, begun: &Begun) -> Result<Option<Lying>> {
        let mut folders = self.folders(&format!("{}/", begun.id)).await?;
        let Some((folder, lying)) = folders.remove(&begun.id) else {
            return Ok(None);
        };
        let is_ours = folder.key == begun.key;
        if !is_ours || self.versions().await?.are_kept || self.may_be_made_of(&folder).await? {
            return Ok(None);
        }
        Ok(Some(lying))
    }
}

fn begun(name: String, folder: &Folder, lying: &Lying) -> Begun {
    Begun {
        form: Form::Upload,
        key: folder.key.clone(),
        id: name,
        touched: lying.touched.or_else(|| folder.begun()),
    }
}

#[async_trait]
impl Unfinished for Asker {
    async fn begun(&self, below: Option<&Path>) -> Result<Vec<Begun>> {
        // An old version may be made of segments that nothing else names.
        if self.versions().await?.are_kept {
            return Ok(Vec::new());
        }
        let is_below = |key: &str| {
            below.is_none_or(|below| {
                let rest = key.strip_prefix(below.as_ref());
                rest.is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let folders = self.folders(FOLDER).await?;
        let folders = folders
            .into_iter()
            .filter(|(_, (folder, _))| is_below(&folder.key));
        stream::iter(folders)
            .map(async |(name, (folder, lying))| {
                let is_made = self.may_be_made_of(&folder).await?;
                Ok((!is_made).then(|| begun(name, &folder, &lying)))
            })
            .buffered(AT_ONCE)
            .try_filter_map(|begun| std::future::ready(Ok(begun)))
            .try_collect()
            .await
    }

    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        let lying = self.lying(begun).await?;
        Ok(lying.map(|lying| Begun {
            touched: lying.touched.or(begun.touched),
            ..begun.clone()
        }))
    }

    async fn end(&self, begun: &Begun) -> Result<()> {
        let Some(lying) = self.lying(begun).await? else {
            return Ok(());
        };
        stream::iter(lying.segments)
            .map(|segment| self.remove(segment))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}

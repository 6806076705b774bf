//! What a listing leaves open of its objects. None tells a dynamic large object from an empty one. Of a static one, servers tell that it is one and how
//! large it is; older ones show the list of its segments as if that were the object. Which of them answers is found out where there are segments, for
//! elsewhere there are no such objects.

use std::sync::atomic::Ordering;

use object_store::Result;
use object_store::client::HttpError;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use super::ask::{Asker, is_absent};
use super::asked::Asked;
use super::facts::{Large, Of, Tag};
use super::fault::generic;
use super::meaning;
use super::segment::{FOLDER, owner};
use crate::bucket::pages::Place;
use crate::bucket::store::Entry;
use crate::error::Kind;

/// The largest list of segments that the service takes.
const LARGEST_LIST: u64 = 8 << 20;

/// So many segments are looked at to find an object that is made of some, and so many objects.
const SEGMENTS: usize = 100;
const OWNERS: usize = 3;

/// The first version of Swift whose listings tell of static large objects.
const TELLING: (u32, u32) = (2, 17);

/// Of which objects a listing does not say what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Of those without a byte.
    OfEmpty,
    /// Of all that are no larger than a list of segments is.
    OfSmall,
}

impl Doubt {
    /// Whether it is open what that is.
    pub(super) fn concerns(self, entry: &Entry) -> bool {
        let size_bytes = entry.size_bytes.unwrap_or_default();
        match self {
            Doubt::OfEmpty => size_bytes == 0,
            Doubt::OfSmall => size_bytes <= LARGEST_LIST && !is_told_to_be_large(entry),
        }
    }
}

fn is_told_to_be_large(entry: &Entry) -> bool {
    let tag = entry.etag.as_deref().and_then(Tag::read);
    tag.is_some_and(|tag| tag.of != Of::Bytes)
}

impl Asker {
    /// Whether it is open what an entry is. What is as large as a large object is told to be one, or was noted by an older version of the service.
    pub(super) fn is_open(&self, entry: &Entry, doubt: Doubt) -> bool {
        let is_as_large = entry.size_bytes.is_some_and(|it| it >= self.chunk_bytes);
        doubt.concerns(entry) || (is_as_large && !is_told_to_be_large(entry))
    }

    /// What a listing leaves open that shows these.
    pub(super) async fn doubt(&self, shown: &[Entry]) -> Result<Doubt> {
        let known = &self.known.listings;
        if shown.iter().any(is_told_to_be_large) {
            known.have_told.store(true, Ordering::Relaxed);
        }
        let is_plain = known.have_told.load(Ordering::Relaxed)
            || (known.without_segments.load(Ordering::Relaxed)
                && !known.puts_segments.load(Ordering::Relaxed));
        if is_plain {
            return Ok(Doubt::OfEmpty);
        }
        let segments = self.some_segments().await?;
        if segments.as_ref().is_some_and(Vec::is_empty) {
            known.without_segments.store(true, Ordering::Relaxed);
            return Ok(Doubt::OfEmpty);
        }
        let find_out = async || self.listings_tell(segments.unwrap_or_default()).await;
        let tell = known.tell.get_or_try_init(find_out).await?;
        Ok(if *tell {
            Doubt::OfEmpty
        } else {
            Doubt::OfSmall
        })
    }

    /// The names of some segments; `None` where nobody may see them.
    async fn some_segments(&self) -> Result<Option<Vec<String>>> {
        if self.known.listings.tell.initialized() {
            return Ok(None);
        }
        let place = Place {
            prefix: FOLDER.to_owned(),
            at_most: Some(SEGMENTS),
            ..Place::default()
        };
        match self.page(&self.segments_container, &place).await {
            Ok(page) => Ok(Some(page.entries.into_iter().map(|it| it.key).collect())),
            Err(err) => match meaning::kind(&err) {
                Some(Kind::BucketGone) => Ok(Some(Vec::new())),
                Some(Kind::Credentials | Kind::Refused) => Ok(None),
                _ => Err(err),
            },
        }
    }

    /// Whether listings tell of static large objects: as one does of an object that is one, or else by the version of the service.
    async fn listings_tell(&self, segments: Vec<String>) -> Result<bool> {
        let mut owners: Vec<String> = segments.iter().filter_map(|name| owner(name)).collect();
        owners.dedup();
        for key in owners.into_iter().take(OWNERS) {
            let facts = match self.facts_in(&self.container, &key).await {
                Ok(facts) => facts,
                Err(err) if is_absent(&err) => continue,
                Err(err) => return Err(err),
            };
            if facts.large != Some(Large::Static) {
                continue;
            }
            let place = Place::first_of(key.as_str());
            let shown = self.page(&self.container, &place).await?.entries;
            if let Some(entry) = shown.iter().find(|entry| entry.key == key) {
                return Ok(is_told_to_be_large(entry));
            }
        }
        Ok(self.version().await?.is_some_and(|it| it >= TELLING))
    }

    async fn version(&self) -> Result<Option<(u32, u32)>> {
        let told = self.info().await?;
        let text = told
            .as_ref()
            .and_then(|it| it.pointer("/swift/version")?.as_str());
        Ok(text.and_then(version))
    }

    /// What the service says that it can do; `None` where it does not say it.
    pub(super) async fn info(&self) -> Result<Option<serde_json::Value>> {
        let session = self.sessions.get().await.map_err(generic)?;
        let mut url = session.storage().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop().pop().push("info");
        }
        let request = self.request(Method::GET, url);
        let read = |_: StatusCode, _: &HeaderMap, body: &[u8]| {
            let told: Option<serde_json::Value> = serde_json::from_slice(body).ok();
            Ok::<_, HttpError>(told.filter(|it| it.get("swift").is_some()))
        };
        // Some tell nobody.
        Ok(self
            .ask(&request, Asked::Info, read)
            .await
            .unwrap_or_default())
    }
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.');
    let mut number = || {
        let digits: String = numbers
            .next()?
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    };
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.42
    #[test]
    fn what_may_be_a_large_object_is_not_believed() {
        let entry = |size_bytes, tag: &str| Entry {
            size_bytes: Some(size_bytes),
            etag: Some(format!("\"{tag}\"")),
            ..Entry::default()
        };
        for (entry, of_empty, of_small) in [
            (entry(0, "d41d"), true, true),
            (entry(317, "8a96"), false, true),
            (entry(317, "8a96+slo"), false, false),
            (entry(LARGEST_LIST + 1, "8a96"), false, false),
        ] {
            assert_eq!(Doubt::OfEmpty.concerns(&entry), of_empty, "{entry:?}");
            assert_eq!(Doubt::OfSmall.concerns(&entry), of_small, "{entry:?}");
        }
    }

    #[test]
    fn a_version_is_two_numbers() {
        for (text, expected) in [
            ("2.38.3", Some((2, 38))),
            ("2.9.1.dev5", Some((2, 9))),
            ("2.17", Some((2, 17))),
            ("3.0", Some((3, 0))),
            ("2", None),
            ("master", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
        assert!(version("2.9.1") < Some(TELLING) && version("2.38.3") > Some(TELLING));
    }
}

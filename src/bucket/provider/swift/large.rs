//! Large objects: which segments they are made of, how they are made of them, and how they go.

use futures::stream::{self, StreamExt, TryStreamExt};
use md5::{Digest as _, Md5};
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{PutPayload, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::ask::{Asker, is_absent, of_put};
use super::asked::Asked;
use super::config::Kind;
use super::facts::{Facts, Large, Of, Tag};
use super::fault::{Fault, generic};
use super::segment::{FOLDER, Folder, Segment, has_gap, next};
use crate::bucket::pages::{Next, Place};
use crate::hexadecimal::hexadecimal;
use crate::http::percent::escaped;

/// Requests for segments that go on at once.
const AT_ONCE: usize = 8;

/// What stands for itself where a dynamic large object names its segments: Thanos' client does not unescape it.
const AS_IT_IS: &[u8] = b"/ !\"$&'()*+,:;<=>@[\\]^`{|}";

const DYNAMIC: HeaderName = HeaderName::from_static("x-object-manifest");

/// A segment as the service shows it, or as it was told.
#[derive(Deserialize)]
struct Shown {
    #[serde(default, alias = "path")]
    name: String,
    #[serde(default, alias = "size_bytes")]
    bytes: u64,
    #[serde(default, alias = "etag")]
    hash: String,
    #[serde(default)]
    range: Option<String>,
    #[serde(default)]
    sub_slo: bool,
}

/// A segment as the service wants it to be told.
#[derive(Serialize)]
struct Told<'a> {
    path: String,
    etag: &'a str,
    size_bytes: u64,
}

/// What a large object is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) segments: Vec<Segment>,
    /// Whether these are all, whole, and no large objects themselves.
    pub(super) is_plain: bool,
}

impl Made {
    /// The hash of the segments' tags, which is what the service makes the object's tag of.
    pub(super) fn hash(&self) -> String {
        let mut md5 = Md5::new();
        self.segments.iter().for_each(|it| md5.update(&it.hash));
        hexadecimal(&md5.finalize())
    }

    /// Whether the object of those facts is made of these segments and of nothing else: its tag and its size say it.
    pub(super) fn makes(&self, facts: &Facts) -> bool {
        let has_tag = |tag: &Tag| tag.hash == self.hash();
        self.is_plain
            && !self.segments.is_empty()
            && facts.tag.as_ref().is_some_and(has_tag)
            && facts.size_bytes == Some(self.size_bytes())
    }

    /// How large the object is.
    pub(super) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|it| it.size_bytes).sum()
    }
}

impl Asker {
    /// What a large object is made of.
    pub(super) async fn made_of(&self, key: &Path, large: &Large) -> Result<Made> {
        match large {
            Large::Static => self.manifest(key).await,
            Large::Dynamic { container, prefix } => {
                let segments = self.listed(container, prefix).await?;
                Ok(Made {
                    segments,
                    is_plain: true,
                })
            }
        }
    }

    async fn manifest(&self, key: &Path) -> Result<Made> {
        let query = [("multipart-manifest", "get")];
        let url = self
            .url(&self.container, Some(key.as_ref()), &query)
            .await?;
        let mut request = self.request(Method::GET, url);
        let newest = HeaderValue::from_static("true");
        request.headers.insert(super::ask::NEWEST, newest);
        let read = |_: StatusCode, _: &HeaderMap, body: &[u8]| made(body);
        self.ask(&request, Asked::Manifest, read).await
    }

    /// The segments whose names begin so, in their order.
    async fn listed(&self, container: &str, prefix: &str) -> Result<Vec<Segment>> {
        let mut place = Place {
            prefix: prefix.to_owned(),
            ..Place::default()
        };
        let mut segments = Vec::new();
        loop {
            let page = self.page(container, &place).await?;
            for entry in page.entries {
                let tag = entry.etag.as_deref().and_then(Tag::read);
                segments.push(Segment {
                    container: container.to_owned(),
                    name: entry.key,
                    size_bytes: entry.size_bytes.unwrap_or_default(),
                    hash: tag.map(|tag| tag.hash).unwrap_or_default(),
                });
            }
            match page.next {
                Next::After(last) if place.next != Some(Next::After(last.clone())) => {
                    place.next = Some(Next::After(last));
                }
                _ => return Ok(segments),
            }
        }
    }

    /// The facts of a dynamic large object as its segments tell them: none of them is missing in the listing, as far as their numbers show it.
    pub(super) async fn dynamic_facts(
        &self,
        facts: Facts,
        container: &str,
        prefix: &str,
    ) -> Result<Facts> {
        let made = Made {
            segments: self.listed(container, prefix).await?,
            is_plain: true,
        };
        let lacks_one = has_gap(prefix, &made.segments)
            || match self
                .facts_in(container, &next(prefix, &made.segments))
                .await
            {
                Ok(_) => true,
                Err(err) if is_absent(&err) => false,
                Err(err) => return Err(err),
            };
        let is_as_told = facts.size_bytes.is_none_or(|it| it == made.size_bytes());
        if lacks_one || !is_as_told {
            return Err(generic(Fault::LostSegment));
        }
        Ok(Facts {
            size_bytes: Some(made.size_bytes()),
            ..facts
        })
    }

    /// Makes a large object of segments in that folder, whatever was there. The service shows it once it has found every one of them.
    pub(super) async fn assemble(&self, key: &Path, folder: &Folder, made: &Made) -> Result<Tag> {
        match self.large {
            Kind::Static => self.assemble_static(key, made).await,
            Kind::Dynamic => self.assemble_dynamic(key, folder, made).await,
        }
    }

    async fn assemble_static(&self, key: &Path, made: &Made) -> Result<Tag> {
        let told: Vec<Told<'_>> = made
            .segments
            .iter()
            .map(|segment| Told {
                path: format!("/{}/{}", segment.container, segment.name),
                etag: &segment.hash,
                size_bytes: segment.size_bytes,
            })
            .collect();
        let body = serde_json::to_vec(&told).map_err(generic)?;
        let query = [("multipart-manifest", "put")];
        let url = self
            .url(&self.container, Some(key.as_ref()), &query)
            .await?;
        let mut request = self.request(Method::PUT, url);
        request.headers.extend(of_put(body.len() as u64));
        request.body = PutPayload::from(body);
        let hash = made.hash();
        let taken = |_: StatusCode, headers: &HeaderMap, _: &[u8]| {
            let tag = Facts::read(headers).tag;
            // A service that knows nothing of large objects has put the list itself.
            if tag.is_some_and(|tag| tag.hash == hash) {
                Ok(())
            } else {
                Err(Fault::NoStaticLargeObjects.final_one())
            }
        };
        self.ask(&request, Asked::Assemble, taken).await?;
        let of = Of::StaticSegments;
        Ok(Tag { hash, of })
    }

    async fn assemble_dynamic(&self, key: &Path, folder: &Folder, made: &Made) -> Result<Tag> {
        let url = self.url(&self.container, Some(key.as_ref()), &[]).await?;
        let mut request = self.request(Method::PUT, url);
        request.headers.extend(of_put(0));
        // As Thanos writes it, which does not end it with a slash: nothing else begins so.
        let place = format!("{}/{folder}", self.segments_container);
        let place = HeaderValue::from_str(&escaped(&place, AS_IT_IS)).map_err(generic)?;
        request.headers.insert(DYNAMIC, place);
        let taken = |_: StatusCode, _: &HeaderMap, _: &[u8]| Ok::<_, HttpError>(());
        self.ask(&request, Asked::Assemble, taken).await?;
        let of = Of::DynamicSegments;
        Ok(Tag {
            hash: made.hash(),
            of,
        })
    }

    /// Whether the service puts static large objects together, where it says what it can do; where it does not say it, that is found out by doing it.
    pub(super) async fn has_static(&self) -> Result<bool> {
        let found = self.known.has_static.get_or_try_init(async || {
            let told = self.info().await?;
            Ok::<_, object_store::Error>(told.is_none_or(|it| it.get("slo").is_some()))
        });
        found.await.copied()
    }

    /// Removes segments that nothing names any more, and says in the log what stays. Only those are removed that lie where segments do.
    pub(super) async fn discard(&self, key: &Path, segments: Vec<Segment>) {
        let is_where_segments_are = |segment: &Segment| {
            segment.name.starts_with(FOLDER)
                && [&*self.segments_container, &*self.container].contains(&&*segment.container)
        };
        let ours = segments.into_iter().filter(is_where_segments_are);
        let removed = stream::iter(ours.map(|segment| self.remove(segment)))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>();
        if let Err(err) = removed.await {
            warn!(object = %key, err = %crate::causes::told(&err), "segments that nothing names any more were not removed");
        }
    }

    /// Removes one, if it is there.
    pub(super) async fn remove(&self, segment: Segment) -> Result<()> {
        let at = (segment.container.as_str(), segment.name.as_str());
        match self.delete(at, self.retries).await {
            Err(err) if is_absent(&err) => Ok(()),
            deleted => deleted,
        }
    }
}

/// The segments that a static large object names.
fn made(body: &[u8]) -> Result<Made, HttpError> {
    let shown: Vec<Shown> =
        serde_json::from_slice(body).map_err(|_| Fault::NoManifest.passing())?;
    let mut made = Made {
        segments: Vec::with_capacity(shown.len()),
        is_plain: true,
    };
    for Shown {
        name,
        bytes,
        hash,
        range,
        sub_slo,
    } in shown
    {
        made.is_plain &= range.is_none() && !sub_slo;
        let Some((container, name)) = name.trim_start_matches('/').split_once('/') else {
            // Bytes that stand in the list itself.
            made.is_plain = false;
            continue;
        };
        made.segments.push(Segment {
            container: container.to_owned(),
            name: name.to_owned(),
            size_bytes: bytes,
            hash,
        });
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.43
    #[test]
    fn what_a_large_object_is_made_of_is_read() {
        let text = r#"[{"name": "/c/segments/a/1", "bytes": 2, "hash": "aa", "content_type": "x"}, {"name": "/c/é", "bytes": 3, "hash": "bb"}]"#;
        let read = made(text.as_bytes());
        let Ok(read) = read else {
            panic!("{read:?}");
        };
        assert!(read.is_plain);
        assert_eq!(read.size_bytes(), 5);
        // What `md5sum` makes of `aabb`.
        assert_eq!(read.hash(), "5e394281dfac81c1e7dddcaf4d35d1f6");
        let told = r#"[{"path": "c/segments/a/1", "size_bytes": 2, "etag": "aa"}, {"path": "/c/é", "size_bytes": 3, "etag": "bb"}]"#;
        assert_eq!(made(told.as_bytes()).ok().as_ref(), Some(&read));
        let facts = |hash: &str, size_bytes| Facts {
            size_bytes: Some(size_bytes),
            modified: None,
            tag: Tag::new(hash, Of::StaticSegments),
            large: Some(Large::Static),
        };
        assert!(read.makes(&facts("5e394281dfac81c1e7dddcaf4d35d1f6", 5)));
        assert!(!read.makes(&facts("5e394281dfac81c1e7dddcaf4d35d1f6", 6)));
        assert!(!read.makes(&facts("65ba841e01d6db7733e90a5b7f9e6f80", 5)));
        let names: Vec<_> = read.segments.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["segments/a/1", "é"]);
        for odd in [
            r#"[{"name": "/c/a", "bytes": 2, "hash": "aa", "range": "0-0"}]"#,
            r#"[{"name": "/c/a", "bytes": 2, "hash": "aa", "sub_slo": true}]"#,
            r#"[{"data": "YQ=="}]"#,
        ] {
            assert!(
                made(odd.as_bytes()).is_ok_and(|made| !made.is_plain),
                "{odd}"
            );
        }
        for none in ["", "{}", "<html>"] {
            assert!(made(none.as_bytes()).is_err(), "{none}");
        }
    }
}

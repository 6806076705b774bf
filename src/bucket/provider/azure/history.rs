//! What Azure keeps of deleted blobs, where the account has versions, or had them once: a version is copied onto the name where nothing lies there.
//!
//! What was deleted softly is listed, and cannot be read before it is undeleted, so that nobody can tell what a block would be: it is left out.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, Result};
use reqwest::Method;

use super::ask::{STORE, generic};
use super::asked::Asked;
use super::class;
use super::container::{Container, is_still_empty};
use super::copier::Copier;
use super::page::{self, Fault, md5, name, tag};
use super::refusal::Refusal;
use crate::block::{Fingerprint, LeftOut};
use crate::bucket::copier::{Copier as _, Original};
use crate::bucket::history::{self, HistoryPage, Lost, Next, Row, Way, What};
use crate::bucket::pages::entry;
use crate::bucket::store::Entry;
use crate::causes;
use crate::error::Kind;
use crate::http::body::whole;
use crate::http::percent::escaped;
use crate::http::{date, xml};

/// The versions of one container.
#[derive(Debug)]
pub(super) struct History(pub(super) Arc<Container>);

/// The size of the parts in which what is too large for one request is copied.
const PART_BYTES: u64 = 512 << 20;

/// What the document says, element by element.
#[derive(Default)]
struct Found {
    is_listing: bool,
    shows_blobs: bool,
    blobs: Vec<Raw>,
    current: Raw,
    marker: Option<String>,
}

/// A blob as the page spells it.
#[derive(Default)]
struct Raw {
    name: Option<(String, bool)>,
    version: Option<String>,
    is_current: bool,
    is_deleted: bool,
    /// It is no blob, but a snapshot of one, or a directory.
    is_none: bool,
    is_block_blob: Option<bool>,
    ended: Option<String>,
    rest: Entry,
}

/// Reads a page that was asked for with this marker.
fn read(body: &[u8], marker: Option<&str>) -> std::result::Result<HistoryPage, Fault> {
    let mut found = Found::default();
    let is_whole = xml::walk(body, |element| found.take(element));
    if !is_whole || !found.is_listing || !found.shows_blobs {
        return Err(Fault::NoListing);
    }
    let next = match found.marker {
        None => return Err(Fault::NoMarker),
        Some(next) if next.trim().is_empty() => None,
        Some(next) if Some(next.as_str()) == marker => return Err(Fault::SameMarker),
        Some(token) => Some(Next {
            token,
            version: None,
        }),
    };
    let mut rows = Vec::with_capacity(found.blobs.len());
    for raw in found.blobs {
        if !raw.is_none {
            rows.push(raw.row()?);
        }
    }
    Ok(HistoryPage { rows, next })
}

impl Raw {
    fn row(self) -> std::result::Result<Row, Fault> {
        let (name, is_exact) = self.name.ok_or(Fault::NoName)?;
        let what = match (&self.version, self.is_current, self.is_deleted) {
            (_, true, false) | (None, _, false) => What::Current,
            _ => What::Former,
        };
        // Versions are called by the time at which they were made, to a ten-millionth of a second.
        let made = self.version.as_deref().and_then(date::time);
        let made = made.or(self.rest.modified);
        let mut shown = entry(name, is_exact, self.rest);
        let odd = if self.is_block_blob == Some(false) {
            Some("it is a page blob or an append blob, which Thanos does not write")
        } else if self.is_deleted {
            Some("it was deleted softly, and nobody can read it before it is undeleted")
        } else {
            None
        };
        if let (Some(why), None) = (odd, &shown.left_out) {
            shown.left_out = Some(LeftOut::Odd(why.into()));
        }
        Ok(Row {
            entry: shown,
            version: self.version,
            what,
            rank: Some(
                made.and_then(|it| it.timestamp_nanos_opt())
                    .unwrap_or_default(),
            ),
            ended: self.ended.as_deref().and_then(date::time),
        })
    }
}

impl Found {
    fn take(&mut self, element: &xml::Element<'_>) {
        let trimmed = element.text.trim();
        let is = |what: &str| trimmed.eq_ignore_ascii_case(what);
        let current = &mut self.current;
        match element.path {
            [root] => self.is_listing = *root == "EnumerationResults",
            [_, "NextMarker"] => self.marker = Some(element.text.to_owned()),
            [_, "Blobs"] => self.shows_blobs = true,
            [_, "Blobs", "Blob"] => self.blobs.push(std::mem::take(&mut self.current)),
            [_, "Blobs", "Blob", "Name"] => current.name = Some(name(element)),
            [_, "Blobs", "Blob", "VersionId"] if !trimmed.is_empty() => {
                current.version = Some(trimmed.to_owned());
            }
            [_, "Blobs", "Blob", "IsCurrentVersion"] => current.is_current = is("true"),
            [_, "Blobs", "Blob", "Deleted"] => current.is_deleted = is("true"),
            [_, "Blobs", "Blob", "Snapshot"] => current.is_none |= !trimmed.is_empty(),
            [_, "Blobs", "Blob", "Properties", property] => match *property {
                "Content-Length" => current.rest.size_bytes = trimmed.parse().ok(),
                "Last-Modified" => current.rest.modified = date::time(trimmed),
                "Etag" => current.rest.etag = tag(trimmed),
                "Content-MD5" => current.rest.digests = md5(trimmed),
                "AccessTier" => current.rest.archived |= class::is_archive(trimmed),
                "ArchiveStatus" => {
                    current.rest.archived |= trimmed.starts_with("rehydrate-pending");
                }
                "BlobType" => current.is_block_blob = Some(is("BlockBlob")),
                "ResourceType" => current.is_none |= is("directory"),
                "DeletedTime" => current.ended = Some(trimmed.to_owned()),
                _ => {}
            },
            _ => {}
        }
    }
}

#[async_trait]
impl history::History for History {
    async fn page(&self, below: Option<&Path>, next: Option<&Next>) -> Result<HistoryPage> {
        let mut query = "?restype=container&comp=list&include=versions%2Cdeleted".to_owned();
        let mut add = |name: &str, value: &str| {
            // Writing to a string never fails.
            let _ = write!(query, "&{name}={}", escaped(value, b""));
        };
        if let Some(below) = below {
            add("prefix", &format!("{below}/"));
        }
        let marker = next.map(|next| next.token.as_str());
        if let Some(marker) = marker {
            add("marker", marker);
        }
        let question = self
            .0
            .asker
            .about_container(Asked::List, Method::GET, &query);
        let answer = match self.0.ask(&question).await {
            Err(err) if marker.is_none() && is_still_empty(&err) => {
                return Ok(HistoryPage::default());
            }
            answer => answer?,
        };
        let body = whole(answer.body, page::LONGEST).await.map_err(generic)?;
        read(&body, marker).map_err(generic)
    }

    async fn read(&self, key: &Path, version: &str, size_bytes: u64) -> Result<Bytes> {
        let query = format!("?versionid={}", escaped(version, b""));
        let question = self.0.asker.about(Asked::Read, Method::GET, key, &query)?;
        let answer = self.0.ask(&question).await?;
        let most = usize::try_from(size_bytes).unwrap_or(usize::MAX);
        let read = whole(answer.body, most).await.map_err(generic)?;
        Ok(read.into())
    }

    async fn bring_back(&self, key: &Path, lost: &Lost) -> Result<Way> {
        let there = || Error::AlreadyExists {
            path: key.to_string(),
            source: "something lies there by now".into(),
        };
        let look = self.0.asker.about(Asked::Head, Method::HEAD, key, "")?;
        match self.0.ask(&look).await {
            Ok(_) => return Err(there()),
            Err(err) if kind(&err) == Some(Kind::NotFound) => {}
            Err(err) => return Err(err),
        }
        let etag = lost.etag.clone().filter(|_| !lost.version.is_empty());
        let etag = etag.ok_or_else(|| Error::NotImplemented {
            operation: format!("copy a version of {key} that has no name or no entity tag"),
            implementer: STORE.to_owned(),
        })?;
        let original = Original {
            key: key.clone(),
            size_bytes: lost.size_bytes,
            etag,
            fingerprint: Fingerprint::UNKNOWN,
        };
        let copier = Copier::of_version(&self.0, &lost.version);
        if lost.size_bytes <= copier.largest_bytes() {
            return match copier.copy(&original, key).await {
                Ok(()) => Ok(Way::Copied),
                Err(err) => {
                    // What comes of it is the copy's own error.
                    let _ = copier.give_up(&original, key).await;
                    Err(err)
                }
            };
        }
        let blocks = copier.assemble(key).await?;
        let mut parts = Vec::new();
        let starts = (0..lost.size_bytes.div_ceil(PART_BYTES)).map(|part| part * PART_BYTES);
        for (number, start) in starts.enumerate() {
            let end = lost.size_bytes.min(start + PART_BYTES);
            parts.push(blocks.copy_part(number, &original, start..end).await?);
        }
        blocks.complete(parts).await?;
        Ok(Way::Copied)
    }
}

fn kind(err: &Error) -> Option<Kind> {
    causes::first::<Refusal>(err).map(Refusal::kind)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-19.3
    #[test]
    fn versions_are_told_from_what_was_deleted_softly() {
        let blob = |name: &str, more: &str| {
            format!(
                "<Blob><Name>{name}</Name>{more}<Properties><Content-Length>7</Content-Length><Etag>0x8D</Etag><BlobType>BlockBlob</BlobType>\
                 </Properties></Blob>"
            )
        };
        let version =
            |time: &str| format!("<VersionId>2026-01-0{time}T00:00:00.1234567Z</VersionId>");
        let current = "<IsCurrentVersion>true</IsCurrentVersion>";
        let page = [
            blob("a", &version("1")),
            blob("a", &format!("{}{current}", version("2"))),
            blob("b", &version("1")),
            blob("c", "<Deleted>true</Deleted>"),
            blob("d", ""),
            blob("e", "<Snapshot>2026-01-01T00:00:00.0000000Z</Snapshot>"),
        ];
        let page = format!(
            "<EnumerationResults><Blobs>{}</Blobs><NextMarker/></EnumerationResults>",
            page.concat()
        );
        let page = read(page.as_bytes(), None).unwrap();
        assert_eq!(page.next, None);
        let told: Vec<_> = page
            .rows
            .iter()
            .map(|row| {
                (
                    row.entry.key.as_str(),
                    row.what,
                    row.entry.left_out.is_some(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", What::Former, false),
                ("a", What::Current, false),
                ("b", What::Former, false),
                ("c", What::Former, true),
                ("d", What::Current, false),
            ]
        );
        let ranks: Vec<_> = page.rows.iter().take(2).map(|row| row.rank).collect();
        assert!(ranks.first() < ranks.last(), "{ranks:?}");
        for (page, fault) in [
            ("", Fault::NoListing),
            (
                "<EnumerationResults><Blobs/></EnumerationResults>",
                Fault::NoMarker,
            ),
            (
                "<EnumerationResults><NextMarker/></EnumerationResults>",
                Fault::NoListing,
            ),
        ] {
            assert_eq!(read(page.as_bytes(), None), Err(fault), "{page}");
        }
    }
}

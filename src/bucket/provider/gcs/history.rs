//! What the service keeps of deleted objects, where a bucket has versions, or had them once: generations that are no longer live. One is brought back by
//! a copy of it, which the service makes where nothing lives under the name.
//!
//! What was deleted softly is not among them: nobody can read it before it is restored, so that nobody can tell what a block would be.

use async_trait::async_trait;
use bytes::Bytes;
use object_store::client::HttpResponse;
use object_store::path::Path;
use object_store::{Error, Result};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use serde::Deserialize;

use super::ask::Asker;
use super::asked::Asked;
use super::copier::{Copier, Copies};
use super::fault::Fault;
use super::refusal::Refusal;
use super::resource::{MEMBERS, Resource, tag};
use crate::block::Fingerprint;
use crate::bucket::copier::{Copier as _, Original};
use crate::bucket::history::{self, HistoryPage, Lost, Next, Row, Way, What};
use crate::causes;
use crate::error::Kind;
use crate::http::body::whole;
use crate::http::date;

/// The versions of one bucket.
#[derive(Debug)]
pub(super) struct History {
    pub(super) asker: Asker,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    items: Vec<Kept>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(flatten)]
    resource: Resource,
    /// When it ceased to be live.
    time_deleted: Option<String>,
}

/// Reads a page that was asked for with this token.
fn read(body: &[u8], token: Option<&str>) -> std::result::Result<HistoryPage, Fault> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Fault::NoListing)?;
    if document.kind != "storage#objects" {
        return Err(Fault::NoListing);
    }
    let next = document.next_page_token.filter(|token| !token.is_empty());
    if next.is_some() && next.as_deref() == token {
        return Err(Fault::SameToken);
    }
    let row = |kept: Kept| {
        let generation = kept.resource.generation();
        let ended = kept.time_deleted.as_deref();
        Some(Row {
            what: match ended {
                None => What::Current,
                Some(_) => What::Former,
            },
            ended: ended.and_then(date::time),
            version: generation.map(|generation| generation.to_string()),
            rank: generation.and_then(|generation| i64::try_from(generation).ok()),
            entry: kept.resource.entry()?,
        })
    };
    let rows: Option<Vec<Row>> = document.items.into_iter().map(row).collect();
    Ok(HistoryPage {
        rows: rows.ok_or(Fault::NoName)?,
        next: next.map(|token| Next {
            token,
            version: None,
        }),
    })
}

#[async_trait]
impl history::History for History {
    async fn page(&self, below: Option<&Path>, next: Option<&Next>) -> Result<HistoryPage> {
        let prefix = below.map_or_else(String::new, |path| format!("{path}/"));
        let fields = format!("kind,nextPageToken,items({MEMBERS},timeDeleted)");
        let token = next.map(|next| next.token.as_str());
        let mut query = vec![
            ("prefix", prefix.as_str()),
            ("versions", "true"),
            ("projection", "noAcl"),
            ("fields", &fields),
        ];
        query.extend(token.map(|token| ("pageToken", token)));
        let url = self.asker.url("", &self.asker.of_bucket("/o"), &query)?;
        let request = self.asker.request(Method::GET, url, Asked::List);
        let page = |_: &HeaderMap, body: &[u8]| {
            read(body, token).map_err(|fault| match fault {
                Fault::NoName => fault.final_one(),
                fault => fault.passing(),
            })
        };
        self.asker.server.ask(&request, page).await
    }

    async fn read(&self, key: &Path, version: &str, size_bytes: u64) -> Result<Bytes> {
        let query = [("alt", "media"), ("generation", version)];
        let url = self.asker.url("", &self.asker.of_object(key), &query)?;
        let asked = Asked::Read { range: None };
        let mut request = self.asker.request(Method::GET, url, asked);
        // What is kept compressed comes as it is kept, and not as something longer.
        let as_it_is = HeaderValue::from_static("gzip");
        request.headers.insert(ACCEPT_ENCODING, as_it_is);
        let most = usize::try_from(size_bytes).unwrap_or(usize::MAX);
        let take = |answer: HttpResponse| async move { whole(answer.into_body(), most).await };
        let read = self.asker.server.answer(&request, take).await;
        read.map(Bytes::from)
    }

    async fn bring_back(&self, key: &Path, lost: &Lost) -> Result<Way> {
        let original = Original {
            key: key.clone(),
            size_bytes: lost.size_bytes,
            etag: lost.version.parse().map(tag).unwrap_or_default(),
            fingerprint: Fingerprint::UNKNOWN,
        };
        let copier = Copier {
            asker: self.asker.clone(),
            source_bucket: self.asker.bucket.clone(),
            kind: Copies::Former,
        };
        match copier.copy(&original, key).await {
            Ok(()) => Ok(Way::Copied),
            Err(err) => {
                let is_there = || async { self.asker.facts(key).await.is_ok() };
                if is_precondition(&err) && is_there().await {
                    return Err(Error::AlreadyExists {
                        path: key.to_string(),
                        source: Box::new(err),
                    });
                }
                Err(err)
            }
        }
    }
}

fn is_precondition(err: &Error) -> bool {
    let kind = causes::first::<Refusal>(err).map(Refusal::kind);
    matches!(kind, Some(Kind::Changed | Kind::AlreadyExists))
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
    fn generations_that_are_no_longer_live_are_read() {
        let text = r#"{"kind": "storage#objects", "nextPageToken": "t", "items": [
            {"name": "a", "size": "1", "generation": "17", "timeDeleted": "2026-01-01T00:00:00Z"},
            {"name": "a", "size": "2", "generation": "18"}]}"#;
        let page = read(text.as_bytes(), None).unwrap();
        let told: Vec<_> = page
            .rows
            .iter()
            .map(|row| {
                (
                    row.version.as_deref(),
                    row.what,
                    row.rank,
                    row.ended.is_some(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some("17"), What::Former, Some(17), true),
                (Some("18"), What::Current, Some(18), false),
            ]
        );
        assert_eq!(page.next.map(|next| next.token).as_deref(), Some("t"));
        assert_eq!(read(text.as_bytes(), Some("t")), Err(Fault::SameToken));
        for (text, fault) in [
            ("{}", Fault::NoListing),
            ("<html>", Fault::NoListing),
            (
                r#"{"kind": "storage#objects", "items": [{"size": "1"}]}"#,
                Fault::NoName,
            ),
        ] {
            assert_eq!(read(text.as_bytes(), None), Err(fault), "{text}");
        }
    }
}

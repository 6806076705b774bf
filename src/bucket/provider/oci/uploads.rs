//! Uploads in parts that nobody completed. The service tells when each was begun, and of its parts no time.

use std::collections::HashSet;

use object_store::Result;
use object_store::path::{DELIMITER, Path};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ask::{Asker, escaped, is};
use super::asked::Asked;
use super::fault::{Fault, generic};
use super::refusal::Refusal;
use super::upload;
use crate::bucket::pages::PAGES;
use crate::bucket::unfinished::{Begun, Form};
use crate::http::date;

/// Where the next page begins.
const NEXT: &str = "opc-next-page";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    #[serde(default)]
    object: String,
    #[serde(default, rename = "uploadId")]
    id: String,
    time_created: Option<String>,
}

/// Every upload that was begun below a directory and is at no end. The service lists all of a bucket.
pub(super) async fn begun(asker: &Asker, below: Option<&Path>) -> Result<Vec<Begun>> {
    let below = below.map_or_else(String::new, |path| format!("{path}{DELIMITER}"));
    let (mut uploads, mut seen) = (Vec::new(), HashSet::new());
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let mut query = vec![("limit", "1000")];
        query.extend(next.as_deref().map(|next| ("page", next)));
        let url = asker.url("/u", &query).await?;
        let request = asker.request(Method::GET, url, Asked::List);
        let read = |headers: &HeaderMap, body: &[u8]| {
            let page: Option<Vec<Upload>> = serde_json::from_slice(body).ok();
            let page = page.ok_or_else(|| Fault::NoListing.passing())?;
            let is_named = |it: &Upload| !it.object.is_empty() && !it.id.is_empty();
            if page.iter().all(is_named) {
                Ok((page, text(headers, NEXT)))
            } else {
                Err(Fault::NoName.final_one())
            }
        };
        let listed = asker.server.ask(&request, read).await;
        let (page, after) = asker.believed_about_bucket(listed).await?;
        let before = seen.len();
        for upload in page {
            let is_new = seen.insert((upload.object.clone(), upload.id.clone()));
            if is_new && upload.object.starts_with(&below) {
                uploads.push(Begun {
                    form: Form::Upload,
                    touched: upload.time_created.as_deref().and_then(date::time),
                    key: upload.object,
                    id: upload.id,
                });
            }
        }
        if after.is_none() {
            return Ok(uploads);
        }
        if seen.len() == before || after == next {
            break;
        }
        next = after;
    }
    Err(generic(Fault::Endless))
}

/// The same as it is now; `None` where it is there no more.
pub(super) async fn look_at(asker: &Asker, begun: &Begun) -> Result<Option<Begun>> {
    let rest = format!("/u/{}", escaped(&begun.key));
    let query = [("uploadId", begun.id.as_str()), ("limit", "1")];
    let url = asker.url(&rest, &query).await?;
    let request = asker.request(Method::GET, url, Asked::Parts);
    let read = |_: &HeaderMap, body: &[u8]| {
        let parts: Option<Vec<IgnoredAny>> = serde_json::from_slice(body).ok();
        parts.map(drop).ok_or_else(|| Fault::NoListing.passing())
    };
    let parts = asker.server.ask(&request, read).await;
    if is(&parts, Refusal::lacks_upload) {
        return Ok(None);
    }
    parts.map(|()| Some(begun.clone()))
}

/// Ends it in one attempt.
pub(super) async fn end(asker: &Asker, begun: &Begun) -> Result<()> {
    let key = Path::parse(&begun.key).map_err(generic)?;
    upload::abort(asker, &key, &begun.id, 0).await
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

//! An object that is put in parts: each goes with its digests, which the service verifies, and none is seen before all of them are put together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use md5::{Digest as _, Md5};
use object_store::path::Path;
use object_store::{Extensions, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ask::{Asker, CONTENT, escaped, is};
use super::asked::Asked;
use super::digests::{ALGORITHM, Digests, insert};
use super::fault::{Fault, generic};
use super::object::Facts;
use super::refusal::Refusal;
use crate::block::Likeness;

/// An upload that has begun.
#[derive(Debug)]
pub(super) struct Upload {
    asker: Asker,
    to: Path,
    id: String,
    count: u32,
    taken: Arc<Mutex<Taken>>,
}

/// Of each part that was taken, by its number, its tag and its MD5.
type Taken = BTreeMap<u32, (String, [u8; 16])>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    upload_id: String,
}

impl Upload {
    /// Begins an upload.
    pub(super) async fn begin(asker: &Asker, to: &Path) -> Result<Self> {
        let url = asker.url("/u", &[]).await?;
        let mut request = asker.request(Method::POST, url, Asked::Begin);
        let mut about = Map::new();
        about.insert("object".to_owned(), to.as_ref().into());
        about.insert("contentType".to_owned(), CONTENT.into());
        if let Some(tier) = asker.classes.of(to.as_ref()) {
            about.insert("storageTier".to_owned(), tier.into());
        }
        insert(&mut request.headers, ALGORITHM.0, ALGORITHM.1)?;
        request.body = PutPayload::from(Value::Object(about).to_string());
        let read = |_: &HeaderMap, body: &[u8]| {
            let begun: Option<Begun> = serde_json::from_slice(body).ok();
            let begun = begun.filter(|begun| !begun.upload_id.is_empty());
            begun.ok_or_else(|| Fault::NoUpload.passing())
        };
        let begun = asker.server.ask(&request, read).await;
        let begun = asker.believed_of_bucket(begun).await?;
        Ok(Self {
            asker: asker.clone(),
            to: to.clone(),
            id: begun.upload_id,
            count: 0,
            taken: Arc::default(),
        })
    }

    async fn put_together(&self) -> Result<Facts> {
        let parts: Vec<(u32, String, [u8; 16])> = {
            let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let parts = taken.iter();
            parts
                .map(|(number, (tag, md5))| (*number, tag.clone(), *md5))
                .collect()
        };
        if parts.is_empty() {
            // There is no object of no parts.
            let put = self
                .asker
                .put(&self.to, PutPayload::new(), false, Extensions::new());
            let put = put.await?;
            abort(&self.asker, &self.to, &self.id, self.asker.retries).await?;
            return Ok(put);
        }
        let list: Vec<Value> = parts
            .iter()
            .map(|(number, tag, _)| json!({"partNum": number, "etag": tag}))
            .collect();
        let rest = format!("/u/{}", escaped(self.to.as_ref()));
        let url = self.asker.url(&rest, &[("uploadId", &self.id)]).await?;
        let mut request = self.asker.request(Method::POST, url, Asked::Commit);
        request.body = PutPayload::from(json!({"partsToCommit": list}).to_string());
        let digests: Vec<u8> = parts.iter().flat_map(|(_, _, md5)| *md5).collect();
        let expected = STANDARD.encode(Md5::digest(digests));
        let read = |headers: &HeaderMap, _: &[u8]| {
            let told = headers.get("opc-multipart-md5");
            let told = told.and_then(|told| told.to_str().ok());
            let told = told.map(|told| told.split('-').next().unwrap_or_default());
            if told.is_some_and(|told| told != expected) {
                return Err(Fault::OtherBytes.final_one());
            }
            Ok(Facts::of(headers))
        };
        let done = self.asker.server.ask(&request, read).await;
        self.asker.believed_of_bucket(done).await
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.count += 1;
        let number = self.count;
        let (asker, to, id) = (self.asker.clone(), self.to.clone(), self.id.clone());
        let taken = Arc::clone(&self.taken);
        async move {
            let digests = Digests::of(&data);
            let rest = format!("/u/{}", escaped(to.as_ref()));
            let part = number.to_string();
            let query = [("uploadId", id.as_str()), ("uploadPartNum", &part)];
            let url = asker.url(&rest, &query).await?;
            let mut request = asker.request(Method::PUT, url, Asked::Part);
            digests.add_to(&mut request.headers)?;
            request.body = data;
            let read = |headers: &HeaderMap, _: &[u8]| {
                let there = Facts::of(headers);
                if there.digests.likeness(digests.fingerprint()) == Likeness::Differing {
                    return Err(Fault::OtherBytes.passing());
                }
                there.etag.ok_or_else(|| Fault::NoUpload.passing())
            };
            let put = asker.server.ask(&request, read).await;
            let tag = asker.believed_of_bucket(put).await?;
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.insert(number, (tag, digests.md5));
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let count = usize::try_from(self.count).map_err(generic)?;
        let taken = self
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        if taken != count {
            return Err(generic(Fault::NoUpload));
        }
        let there = self.put_together().await?;
        Ok(PutResult {
            e_tag: there.etag,
            version: None,
            extensions: Extensions::new(),
        })
    }

    async fn abort(&mut self) -> Result<()> {
        abort(&self.asker, &self.to, &self.id, self.asker.retries).await
    }
}

/// Ends an upload and removes its parts. Succeeds where it is there no more.
pub(super) async fn abort(asker: &Asker, to: &Path, id: &str, retries: u32) -> Result<()> {
    let rest = format!("/u/{}", escaped(to.as_ref()));
    let url = asker.url(&rest, &[("uploadId", id)]).await?;
    let mut request = asker.request(Method::DELETE, url, Asked::Abort);
    request.retries = retries;
    let ended = asker.server.ask(&request, |_, _| Ok(())).await;
    if is(&ended, Refusal::lacks_upload) {
        return Ok(());
    }
    asker.believed_of_bucket(ended).await
}

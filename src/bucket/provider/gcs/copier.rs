//! Objects that the service copies from one of its buckets to another: it may do so at once, or want to be asked again and again until it is done.
//!
//! A copy gets what the target's configuration asks for, as every put does. Of the original it has the content only.

use std::time::Duration;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{Error, PutPayload, Result};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use super::ask::{Asker, escaped};
use super::asked::Asked;
use super::fault::{Fault, generic};
use super::resource::{MEMBERS, Resource, generation_of};
use crate::block::Likeness;
use crate::bucket::copier::{self, Original};
use crate::retry::{Backoff, Jitter, Policy};

/// So many answers in a row that hardly anything more was copied, and nothing else is expected. Meanwhile the service is given time.
const IDLE_ANSWERS: Policy = Policy {
    max_retries: 8,
    initial_backoff: Duration::from_millis(100),
    max_backoff: Duration::from_secs(1),
    jitter: Jitter::Half,
};

/// The least that the service copies before it answers.
const LEAST_BYTES: u64 = 1 << 20;

/// Copies from one bucket into another.
#[derive(Debug)]
pub(super) struct Copier {
    /// Asks for the target.
    pub(super) asker: Asker,
    /// The source's name.
    pub(super) source_bucket: String,
    /// Which versions are copied, and onto which names.
    pub(super) kind: Copies,
}

/// Which versions are copied, and onto which names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copies {
    /// What lies under a name, whatever lies under the other.
    Current,
    /// What lay there once, where nothing lies.
    Former,
}

/// How far a copy is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    kind: String,
    #[serde(default)]
    done: bool,
    rewrite_token: Option<String>,
    #[serde(default)]
    total_bytes_rewritten: Value,
    #[serde(default)]
    resource: Value,
}

impl Answer {
    fn read(body: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(body).ok()?;
        (read.kind == "storage#rewriteResponse").then_some(read)
    }

    /// Whether what is there now is the original, as far as is told of both.
    fn brings(self, original: &Original) -> bool {
        Resource::of(self.resource).is_some_and(|there| {
            there.size_bytes() == Some(original.size_bytes)
                && there.digests().likeness(original.fingerprint) != Likeness::Differing
        })
    }

    fn copied_bytes(&self) -> u64 {
        let told = &self.total_bytes_rewritten;
        let text = told.as_str().and_then(|text| text.parse().ok());
        text.or(told.as_u64()).unwrap_or_default()
    }
}

impl Copier {
    async fn ask(
        &self,
        path: &str,
        generation: &str,
        token: Option<&str>,
        about: &str,
    ) -> Result<Answer> {
        let fields = format!("kind,done,rewriteToken,totalBytesRewritten,resource({MEMBERS})");
        let mut query = vec![
            ("sourceGeneration", generation),
            match self.kind {
                Copies::Current => ("ifSourceGenerationMatch", generation),
                Copies::Former => ("ifGenerationMatch", "0"),
            },
            ("fields", &fields),
        ];
        query.extend(token.map(|token| ("rewriteToken", token)));
        let url = self.asker.url("", path, &query)?;
        let mut request = self.asker.request(Method::POST, url, Asked::Rewrite);
        let kind = HeaderValue::from_static("application/json; charset=UTF-8");
        request.headers.insert(CONTENT_TYPE, kind);
        request.body = PutPayload::from(about.to_owned());
        let read = |_: &HeaderMap, body: &[u8]| {
            Answer::read(body).ok_or_else(|| Fault::NoObject.passing())
        };
        self.asker.server.ask(&request, read).await
    }
}

#[async_trait]
impl copier::Copier for Copier {
    fn largest_bytes(&self) -> u64 {
        u64::MAX
    }

    async fn copy(&self, original: &Original, to: &Path) -> Result<()> {
        let generation = generation_of(&original.etag).ok_or_else(|| Error::Precondition {
            path: original.key.to_string(),
            source: Box::new(Fault::NoObject),
        })?;
        let generation = generation.to_string();
        let path = format!(
            "/storage/v1/b/{}/o/{}/rewriteTo/b/{}/o/{}",
            escaped(&self.source_bucket),
            escaped(original.key.as_ref()),
            escaped(&self.asker.bucket),
            escaped(to.as_ref())
        );
        let mut about = self.asker.about(to);
        if let Some(members) = about.as_object_mut() {
            members.remove("name");
        }
        let about = about.to_string();
        let source = Asker {
            bucket: self.source_bucket.clone(),
            ..self.asker.clone()
        };
        let mut patience = Backoff::new(&IDLE_ANSWERS);
        let (mut token, mut copied_bytes) = (None::<String>, 0);
        loop {
            let asked = self.ask(&path, &generation, token.as_deref(), &about);
            let answer = source.believed(&original.key, asked.await).await?;
            if answer.done {
                return if answer.brings(original) {
                    Ok(())
                } else {
                    Err(generic(Fault::OtherBytes))
                };
            }
            let now_bytes = answer.copied_bytes();
            token = answer.rewrite_token.filter(|token| !token.is_empty());
            if token.is_none() || now_bytes > original.size_bytes {
                return Err(generic(Fault::NoProgress));
            }
            if now_bytes.saturating_sub(copied_bytes) >= LEAST_BYTES {
                copied_bytes = now_bytes;
                patience.reset();
            } else if let Some(delay) = patience.next_delay() {
                tokio::time::sleep(delay).await;
            } else {
                return Err(generic(Fault::NoProgress));
            }
        }
    }

    async fn assemble(&self, to: &Path) -> Result<Box<dyn copier::Assembly>> {
        // An object of any size is copied whole, so that none is put together of parts.
        Err(Error::NotImplemented {
            operation: format!("put {to} together of parts"),
            implementer: "Google Cloud Storage".to_owned(),
        })
    }
}

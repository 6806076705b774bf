//! Objects that Azure copies from one of its containers to another: Copy Blob From URL, and Put Block From URL for an object that is put together of
//! parts. The source is read with a signature that is made of its account's key for this one object, with the signature that is configured, or with a
//! token.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::Result;
use object_store::path::Path;
use reqwest::Method;

use super::ask::{Question, escaped, generic};
use super::asked::Asked;
use super::container::Container;
use super::credentials::{AccountKey, Credentials};
use super::differences::LARGEST_COPY;
use super::signing::VERSION;
use super::upload::{Blocks, NoAbort};
use crate::bucket::copier::{self, Original};

/// A part is copied as so many blocks at once, where each has at least so many bytes. An object has 50,000 blocks at most, and 9,500 parts.
const BLOCKS_OF_A_PART: u64 = 4;
const LEAST_BLOCK: u64 = 64 << 20;

/// How long a signature for one object is good.
const LIFE: Duration = Duration::from_hours(1);

/// Copies from one container into another.
#[derive(Debug, Clone)]
pub(super) struct Copier {
    source: Arc<Container>,
    target: Arc<Container>,
}

/// An object whose blocks are copied.
#[derive(Debug)]
struct Assembly {
    copier: Copier,
    blocks: Blocks,
}

impl Copier {
    /// `None` where the two are not on one service.
    pub(super) fn between(source: &Arc<Container>, target: &Arc<Container>) -> Option<Self> {
        let is_one = source.service.is_one_service_with(&target.service);
        is_one.then(|| Self {
            source: Arc::clone(source),
            target: Arc::clone(target),
        })
    }

    /// Adds what is copied, and what proves the right to read it.
    async fn of(&self, question: Question, original: &Original) -> Result<Question> {
        let Container {
            service,
            name,
            credentials,
            ..
        } = &*self.source;
        let key = original.key.as_ref();
        let mut url = service.url(&format!("{name}/{}", escaped(key, b"/")));
        let mut token = None;
        match credentials {
            Credentials::Key(account) => {
                let signed = signature(account, name, key, Utc::now() + LIFE, service.is_secure());
                url = format!("{url}?{signed}");
            }
            Credentials::Signature(query) => url = format!("{url}?{}", query.expose()),
            Credentials::Tokens(tokens) => token = Some(tokens.token().await.map_err(generic)?),
        }
        let mut question = question
            .with_secret("x-ms-copy-source", &url)?
            .with("x-ms-source-if-match", &original.etag)?;
        if let Some(token) = token {
            let token = format!("Bearer {}", token.value.expose());
            question = question.with_secret("x-ms-copy-source-authorization", &token)?;
        }
        Ok(question)
    }
}

#[async_trait]
impl copier::Copier for Copier {
    fn largest_bytes(&self) -> u64 {
        LARGEST_COPY
    }

    async fn copy(&self, original: &Original, to: &Path) -> Result<()> {
        let target = &self.target;
        let question = target
            .asker
            .about(Asked::Copy, Method::PUT, to, "")?
            .with("x-ms-requires-sync", "true")?;
        let question = self.of(target.with_class(question, to)?, original).await?;
        target.ask(&question).await.map(drop)
    }

    async fn assemble(&self, to: &Path) -> Result<Box<dyn copier::Assembly>> {
        Ok(Box::new(Assembly {
            copier: self.clone(),
            blocks: Blocks::new(Arc::clone(&self.target), to.clone()),
        }))
    }
}

#[async_trait]
impl copier::Assembly for Assembly {
    /// The ids of the part's blocks, one after the other.
    async fn copy_part(
        &self,
        number: usize,
        original: &Original,
        range: Range<u64>,
    ) -> Result<String> {
        let first = u32::try_from(number as u64 * BLOCKS_OF_A_PART).map_err(generic)?;
        let copied = stream::iter((first..).zip(blocks_of(range)))
            .map(|(number, range)| async move {
                let id = self.blocks.id(number);
                let target = &self.copier.target;
                let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
                let question = target
                    .asker
                    .about(
                        Asked::CopyBlock,
                        Method::PUT,
                        &self.blocks.to,
                        &Blocks::query(&id),
                    )?
                    .with("x-ms-source-range", &bytes)?;
                let question = self.copier.of(question, original).await?;
                target.ask(&question).await?;
                Ok::<_, object_store::Error>(id)
            })
            .buffered(BLOCKS_AT_ONCE);
        let ids: Vec<String> = copied.try_collect().await?;
        Ok(ids.join(SEPARATOR))
    }

    async fn complete(&self, parts: Vec<String>) -> Result<()> {
        let ids = parts.iter().flat_map(|part| part.split(SEPARATOR));
        // What the source tells of its content nobody has looked at.
        let done = self.blocks.assemble(ids.map(str::to_owned), None).await;
        done.map(drop)
    }

    async fn abort(&self) -> Result<()> {
        Err(generic(NoAbort))
    }
}

/// How many blocks of a part are copied at once.
const BLOCKS_AT_ONCE: usize = 4;

/// Between the ids of blocks, which are base64.
const SEPARATOR: &str = ",";

/// The ranges of a part's blocks.
fn blocks_of(part: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let size = part.end.saturating_sub(part.start);
    let count = (size / LEAST_BLOCK).clamp(1, BLOCKS_OF_A_PART);
    let block = size.div_ceil(count);
    (0..count).map(move |number| {
        let start = part.start + number * block;
        start..(start + block).min(part.end)
    })
}

/// What lets whoever has it read one object, as it stands in a query:
/// <https://learn.microsoft.com/rest/api/storageservices/create-service-sas>.
fn signature(
    account: &AccountKey,
    container: &str,
    key: &str,
    end: DateTime<Utc>,
    is_secure: bool,
) -> String {
    let end = end.to_rfc3339_opts(SecondsFormat::Secs, true);
    let protocol = if is_secure { "https" } else { "" };
    let resource = format!("/blob/{}/{container}/{key}", account.account);
    let text = [
        "r", "", &end, &resource, "", "", protocol, VERSION, "b", "", "", "", "", "", "", "",
    ]
    .join("\n");
    let query = [
        ("sv", VERSION),
        ("se", &end),
        ("sr", "b"),
        ("sp", "r"),
        ("spr", protocol),
        ("sig", &account.sign(&text)),
    ];
    let pairs = query.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", escaped(value, b"")))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_part_is_its_blocks_one_after_the_other() {
        const MIB: u64 = 1 << 20;
        for (part, count) in [
            (0..5, 1),
            (7..7 + 100 * MIB, 1),
            (0..200 * MIB, 3),
            (512 * MIB..1024 * MIB, 4),
            (0..5000 * MIB + 1, 4),
        ] {
            let blocks: Vec<Range<u64>> = blocks_of(part.clone()).collect();
            assert_eq!(blocks.len(), count, "{part:?}");
            assert_eq!(blocks.first().unwrap().start, part.start);
            assert_eq!(blocks.last().unwrap().end, part.end);
            let next = blocks.iter().skip(1);
            assert!(
                blocks
                    .iter()
                    .zip(next)
                    .all(|(one, next)| one.end == next.start)
            );
        }
    }

    /// The server's check of it is in the tests against one.
    #[test]
    fn a_signature_is_for_one_object_and_for_reading() {
        let account = AccountKey {
            account: "acc".to_owned(),
            key: b"key".to_vec(),
        };
        let end = DateTime::from_timestamp(1_764_229_999, 0).unwrap();
        let one = signature(&account, "c", "a/b c", end, true);
        assert!(
            one.starts_with("sv=2022-11-02&se=2025-11-27T07%3A53%3A19Z&sr=b&sp=r&spr=https&sig="),
            "{one}"
        );
        assert_ne!(one, signature(&account, "c", "a/b d", end, true));
        assert!(!signature(&account, "c", "a", end, false).contains("spr"));
    }
}

//! Objects that Azure copies from one of its containers to another: Copy Blob From URL, and Put Block From URL for an object that is put together of
//! parts. The source is read with a signature that is made of its account's key for this one object, with the signature that is configured, or with a
//! token.
//!
//! A copy gets the MD5 of its original, which nobody computed there. It says something of the copy where the service has compared it with what came: that
//! is asked for, and where the answer does not say that it was done, objects are copied as blocks, which get none.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::Result;
use object_store::path::Path;
use reqwest::Method;

use super::ask::{Question, generic};
use super::asked::Asked;
use super::container::Container;
use super::credentials::{AccountKey, Credentials};
use super::differences::{BLOCKS, LARGEST_COPY};
use super::pending;
use super::signing::VERSION;
use super::upload::{Blocks, NoAbort};
use crate::bucket::copier::{self, Original};
use crate::http::percent::escaped;

/// A part is copied as so many blocks at most, where each has at least so many bytes.
const BLOCKS_OF_A_PART: u64 = 4;
const LEAST_BLOCK: u64 = 64 << 20;

/// How long a signature for one object is good.
const LIFE: Duration = Duration::from_hours(1);

/// Copies from one container into another.
#[derive(Debug, Clone)]
pub(super) struct Copier {
    source: Arc<Container>,
    target: Arc<Container>,
    /// The version that is copied; what lies under the name where none is given.
    version: Option<String>,
    /// Whether an answer did not say that an MD5 was compared.
    compares_nothing: Arc<AtomicBool>,
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
            version: None,
            compares_nothing: Arc::default(),
        })
    }

    /// Copies that version of an object onto its own name, under which nothing lies.
    pub(super) fn of_version(container: &Arc<Container>, version: &str) -> Self {
        Self {
            source: Arc::clone(container),
            target: Arc::clone(container),
            version: Some(version.to_owned()),
            compares_nothing: Arc::default(),
        }
    }

    /// Where the original is, without what proves the right to read it.
    fn address(&self, original: &Original) -> String {
        let Container { service, name, .. } = &*self.source;
        service.url(&format!("{name}/{}", escaped(original.key.as_ref(), b"/")))
    }

    /// Copies it as blocks of one part, which get no MD5.
    async fn copy_as_blocks(&self, original: &Original, to: &Path) -> Result<()> {
        let assembly = copier::Copier::assemble(self, to).await?;
        let part = assembly.copy_part(0, original, 0..original.size_bytes);
        let part = part.await?;
        assembly.complete(vec![part]).await
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
        let mut url = self.address(original);
        let mut token = None;
        let version = self.version.as_deref();
        let mut sign = '?';
        if let Some(version) = version {
            url = format!("{url}?versionid={}", escaped(version, b""));
            sign = '&';
        }
        match credentials {
            Credentials::Key(account) => {
                let end = Utc::now() + LIFE;
                let signed = signature(account, name, (key, version), end, service.is_secure());
                url = format!("{url}{sign}{signed}");
            }
            Credentials::Signature(query) => url = format!("{url}{sign}{}", query.expose()),
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
        // Nothing is to be said of no bytes.
        let md5 = original.fingerprint.known_md5();
        let md5 = md5.filter(|_| original.size_bytes > 0);
        if md5.is_some() && self.compares_nothing.load(Ordering::Relaxed) {
            return self.copy_as_blocks(original, to).await;
        }
        let target = &self.target;
        let mut question = target
            .asker
            .about(Asked::Copy, Method::PUT, to, "")?
            .with("x-ms-requires-sync", "true")?;
        if self.version.is_some() {
            question = question.with("if-none-match", "*")?;
        }
        let md5 = md5.map(|md5| STANDARD.encode(md5));
        if let Some(md5) = &md5 {
            question = question.with("x-ms-source-content-md5", md5)?;
        }
        let question = self.of(target.with_class(question, to)?, original).await?;
        let answer = target.ask(&question).await?;
        let compared = answer.headers.get("content-md5");
        let is_compared = |md5| compared.is_some_and(|compared| compared == md5);
        if md5.as_deref().is_none_or(is_compared) {
            return Ok(());
        }
        self.compares_nothing.store(true, Ordering::Relaxed);
        self.copy_as_blocks(original, to).await
    }

    async fn give_up(&self, original: &Original, to: &Path) -> Result<()> {
        pending::abort(&self.target, to, &self.address(original)).await
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
        let most = most_blocks(original.size_bytes, &range);
        let copied = stream::iter((first..).zip(blocks_of(range, most)))
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

/// As how many blocks a part is copied at most, so that all parts together have no more than an object may have. All but the last are of one size.
fn most_blocks(size_bytes: u64, part: &Range<u64>) -> u64 {
    let part_bytes = part.end.saturating_sub(part.start).max(1);
    let parts = size_bytes.div_ceil(part_bytes).max(1);
    (BLOCKS / parts).clamp(1, BLOCKS_OF_A_PART)
}

/// The ranges of a part's blocks, of which there are so many at most.
fn blocks_of(part: Range<u64>, most: u64) -> impl Iterator<Item = Range<u64>> {
    let size = part.end.saturating_sub(part.start);
    let count = (size / LEAST_BLOCK).clamp(1, most.max(1));
    let block = size.div_ceil(count);
    (0..count).map(move |number| {
        let start = part.start + number * block;
        start..(start + block).min(part.end)
    })
}

/// What lets whoever has it read one object, or one version of it, as it stands in a query:
/// <https://learn.microsoft.com/rest/api/storageservices/create-service-sas>.
fn signature(
    account: &AccountKey,
    container: &str,
    (key, version): (&str, Option<&str>),
    end: DateTime<Utc>,
    is_secure: bool,
) -> String {
    let end = end.to_rfc3339_opts(SecondsFormat::Secs, true);
    let protocol = if is_secure { "https" } else { "" };
    let resource = format!("/blob/{}/{container}/{key}", account.account);
    let kind = if version.is_some() { "bv" } else { "b" };
    let text = [
        "r",
        "",
        &end,
        &resource,
        "",
        "",
        protocol,
        VERSION,
        kind,
        version.unwrap_or_default(),
        "",
        "",
        "",
        "",
        "",
        "",
    ]
    .join("\n");
    let query = [
        ("sv", VERSION),
        ("se", &end),
        ("sr", kind),
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
            let blocks: Vec<Range<u64>> = blocks_of(part.clone(), BLOCKS_OF_A_PART).collect();
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

    /// S-5.20: whatever its size is, in the parts that it is given.
    #[test]
    fn an_object_is_copied_as_no_more_blocks_than_one_may_have() {
        const MIB: u64 = 1 << 20;
        for (size, part) in [
            (257 * MIB, 512 * MIB),
            (6 << 40, 512 * MIB),
            ((6 << 40) + 1, 512 * MIB),
            (7 << 40, 512 * MIB),
            (15 << 40, 512 * MIB),
            (23 << 40, 512 * MIB),
            (180 << 40, 3975 * MIB),
        ] {
            let starts = (0..size).step_by(usize::try_from(part).unwrap());
            let blocks: u64 = starts
                .map(|start| {
                    let range = start..(start + part).min(size);
                    let most = most_blocks(size, &range);
                    blocks_of(range, most).count() as u64
                })
                .sum();
            assert!(blocks <= BLOCKS, "{size} {part}: {blocks}");
            assert!(size > 6 << 40 || blocks >= size / LEAST_BLOCK.max(part / 4));
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
        let one = signature(&account, "c", ("a/b c", None), end, true);
        assert!(
            one.starts_with("sv=2022-11-02&se=2025-11-27T07%3A53%3A19Z&sr=b&sp=r&spr=https&sig="),
            "{one}"
        );
        assert_ne!(one, signature(&account, "c", ("a/b d", None), end, true));
        assert!(!signature(&account, "c", ("a", None), end, false).contains("spr"));
        let version = Some("2026-01-01T00:00:00.0000000Z");
        let of_version = signature(&account, "c", ("a/b c", version), end, true);
        assert!(of_version.contains("&sr=bv&"), "{of_version}");
    }
}

//! An object that is put in blocks: each with its MD5, which Azure checks, and all of them together with the MD5 of the whole, which Azure keeps and
//! tells and does not compute.
//!
//! Blocks that belong to no object are seen by nobody. There is no request that removes them: they vanish when an object is put under their name, or
//! a week after the last of them came. All blocks under one name want ids of one length, so that ours have the length of those that Thanos' client gives.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use md5::{Digest as _, Md5};
use object_store::path::Path;
use object_store::{Extensions, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use reqwest::Method;
use ulid::Ulid;

use super::ask::generic;
use super::asked::Asked;
use super::container::Container;
use super::page;
use crate::block::Fingerprint;
use crate::bucket::store::Declared;
use crate::http::percent::escaped;

/// An upload in blocks. Two uploads to one name do not mix: each has ids of its own.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) blocks: Blocks,
    whole: Whole,
    count: u32,
}

/// What is known of the whole object once all blocks are there.
#[derive(Debug)]
enum Whole {
    /// Computed here, of the blocks as they come.
    Passing(Md5),
    /// By whoever puts them.
    Declared(Declared),
}

/// The blocks of one object in the making. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    pub(super) container: Arc<Container>,
    pub(super) to: Path,
    /// Begins the ids of all blocks.
    id: Ulid,
}

/// How many bytes an id has before it is written in base64.
const ID_BYTES: usize = 64;

impl Blocks {
    pub(super) fn new(container: Arc<Container>, to: Path) -> Self {
        Self {
            container,
            to,
            id: Ulid::generate(),
        }
    }

    /// The id of the block of that number.
    pub(super) fn id(&self, number: u32) -> String {
        let mut id = self.id.to_bytes().to_vec();
        id.extend(number.to_be_bytes());
        id.resize(ID_BYTES, 0);
        STANDARD.encode(id)
    }

    /// What a request for that block has in its address.
    pub(super) fn query(id: &str) -> String {
        format!("?comp=block&blockid={}", escaped(id, b""))
    }

    /// Makes the object of these blocks, with the MD5 of all its bytes where it is known.
    pub(super) async fn assemble(
        &self,
        ids: impl Iterator<Item = String>,
        md5: Option<[u8; 16]>,
    ) -> Result<PutResult> {
        let mut list = String::new();
        for id in ids {
            list.extend(["<Latest>", &id, "</Latest>"]);
        }
        let list =
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{list}</BlockList>");
        let asker = &self.container.asker;
        let mut question = asker
            .about(Asked::Assemble, Method::PUT, &self.to, "?comp=blocklist")?
            .with("x-ms-blob-content-type", "application/octet-stream")?;
        if let Some(md5) = md5 {
            question = question.with("x-ms-blob-content-md5", &STANDARD.encode(md5))?;
        }
        question = self.container.with_class(question, &self.to)?;
        question.body = PutPayload::from(list);
        let answer = self.container.ask(&question).await?;
        Ok(PutResult {
            e_tag: answer
                .headers
                .get("etag")
                .and_then(|tag| tag.to_str().ok())
                .and_then(page::tag),
            version: None,
            extensions: Extensions::new(),
        })
    }
}

impl Upload {
    /// Begins an upload, for which nothing is asked of the service.
    pub(super) fn new(blocks: Blocks, extensions: &Extensions) -> Self {
        Self {
            blocks,
            whole: match extensions.get::<Declared>() {
                Some(declared) => Whole::Declared(declared.clone()),
                None => Whole::Passing(Md5::new()),
            },
            count: 0,
        }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        if let Whole::Passing(md5) = &mut self.whole {
            data.iter().for_each(|piece| md5.update(piece));
        }
        let blocks = self.blocks.clone();
        let number = self.count;
        self.count += 1;
        async move {
            let query = Blocks::query(&blocks.id(number));
            let container = &blocks.container;
            let mut question =
                container
                    .asker
                    .about(Asked::Block, Method::PUT, &blocks.to, &query)?;
            question.body = data;
            container.ask(&question).await.map(drop)
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let md5 = match &self.whole {
            Whole::Passing(md5) => Some(md5.clone().finalize().into()),
            Whole::Declared(declared) => declared.get().and_then(Fingerprint::known_md5),
        };
        let ids = (0..self.count).map(|number| self.blocks.id(number));
        self.blocks.assemble(ids, md5).await
    }

    /// Nothing can be done.
    async fn abort(&mut self) -> Result<()> {
        Err(generic(NoAbort))
    }
}

/// Blocks stay until Azure removes them.
#[derive(Debug)]
pub(super) struct NoAbort;

impl std::fmt::Display for NoAbort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Azure removes blocks that belong to no object by itself, after a week")
    }
}

impl std::error::Error for NoAbort {}

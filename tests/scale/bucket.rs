//! A bucket of any number of blocks, none of which is kept anywhere: what a request asks for is made as it is asked.

use std::any::Any;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, BoxStream, StreamExt};
use md5::{Digest, Md5};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, Extensions, GetOptions, GetResult, GetResultPayload,
    ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};
use thanos_bucket::block::BlockId;
use thanos_bucket::bucket::{Entry, Page, Pager, Store};

/// When the first block was made, and how far they lie apart: a million of them take two years.
const FIRST_MS: u64 = 1_577_836_800_000;
const APART_MS: u64 = 60_000;

/// So many clusters have a block each for every day.
const CLUSTERS: u64 = 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What Thanos puts, without `meta.json`.
const DATA: [(&str, u64); 2] = [("chunks/000001", 123_456_789), ("index", 12_345_678)];

/// A bucket of so many blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    pub(crate) blocks: u64,
    pub(crate) listings: Listings,
}

/// Where listings begin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listings {
    /// At the beginning only.
    AtTheBeginning,
    /// Anywhere.
    Anywhere,
    /// At the beginning, wherever they are told to begin.
    ElsewhereThanTold,
    /// So many names after the one that comes first.
    Later(usize),
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("made")
    }
}

impl Bucket {
    fn id(number: u64) -> BlockId {
        let id = BlockId::first_of(FIRST_MS + number * APART_MS);
        id.expect("a time that an id can tell")
    }

    /// The number of the block in whose directory the name lies.
    fn number(self, name: &str) -> Option<u64> {
        let id: BlockId = name.split('/').next()?.parse().ok()?;
        let after = id.time_ms().checked_sub(FIRST_MS)?;
        Some(after / APART_MS).filter(|number| *number < self.blocks)
    }

    fn meta_json(number: u64) -> String {
        let id = Self::id(number);
        let from = FIRST_MS + number / CLUSTERS * DAY_MS;
        let to = from + DAY_MS;
        let cluster = number % CLUSTERS;
        let source = |nth: u64| Self::id(number * 8 + nth);
        let files =
            DATA.map(|(name, bytes)| format!(r#"{{"rel_path":"{name}","size_bytes":{bytes}}}"#));
        format!(
            r#"{{"ulid":"{id}","minTime":{from},"maxTime":{to},"stats":{{"numSamples":{number},"numFloatSamples":{number},"numSeries":7,"numChunks":9}},"compaction":{{"level":3,"sources":["{}","{}","{}"],"parents":[{{"ulid":"{}","minTime":{from},"maxTime":{to}}}]}},"version":1,"thanos":{{"labels":{{"cluster":"cluster-{cluster:04}","replica":"prometheus-0"}},"downsample":{{"resolution":0}},"source":"compactor","segment_files":["000001"],"files":[{},{{"rel_path":"meta.json"}}],"index_stats":{{"series_max_size":{number},"chunk_max_size":5}},"version":1}}}}"#,
            source(1),
            source(2),
            source(3),
            source(4),
            files.join(","),
        )
    }

    /// What a listing shows of a block's objects.
    fn entries_of(number: u64) -> impl Iterator<Item = Entry> {
        let id = Self::id(number);
        let modified = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap_or_default();
        let meta = Self::meta_json(number);
        let tag = format!(
            "\"{:032x}\"",
            u128::from_be_bytes(Md5::digest(&meta).into())
        );
        let data = DATA
            .into_iter()
            .zip(0_u128..)
            .map(move |((name, bytes), nth)| {
                let digest = u128::from(number) << 64 | 0x5eed << 8 | nth;
                (name, bytes, format!("\"{digest:032x}\""))
            });
        let all = data.chain([("meta.json", meta.len() as u64, tag)]);
        all.map(move |(name, bytes, tag)| Entry {
            key: format!("{id}/{name}"),
            size_bytes: Some(bytes),
            modified: Some(modified + TimeDelta::milliseconds(7)),
            etag: Some(tag),
            ..Entry::default()
        })
    }

    /// What comes after a name.
    fn after(self, after: Option<&str>) -> impl Iterator<Item = Entry> + use<> {
        let (after, passed_over) = match (after, self.listings) {
            (Some(after), Listings::Later(names)) => (after, names),
            (_, Listings::ElsewhereThanTold) | (None, _) => ("", 0),
            (Some(after), _) => (after, 0),
        };
        let after = after.to_owned();
        let first = format!("{after:0<26}")
            .get(..26)
            .and_then(|id| id.parse::<BlockId>().ok());
        let first = first.map_or(0, |id| id.time_ms().saturating_sub(FIRST_MS) / APART_MS);
        let entries = (first..self.blocks).flat_map(Self::entries_of);
        entries
            .skip_while(move |entry| entry.key <= after)
            .skip(passed_over)
    }
}

#[async_trait::async_trait]
impl Store for Bucket {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, Result<Entry>> {
        assert_eq!(below, None, "nobody lists a single block");
        stream::iter(self.after(after).map(Ok)).boxed()
    }

    fn pager(&self) -> Option<&dyn Pager> {
        let is_first_only = matches!(self.listings, Listings::AtTheBeginning);
        (!is_first_only).then_some(self)
    }
}

#[async_trait::async_trait]
impl Pager for Bucket {
    async fn page(&self, _: Option<&Path>, after: &str, at_most: usize) -> Result<Page> {
        let mut entries: Vec<Entry> = self.after(Some(after)).take(at_most + 1).collect();
        let is_last = entries.len() <= at_most;
        entries.truncate(at_most);
        Ok(Page { entries, is_last })
    }
}

#[async_trait::async_trait]
impl ObjectStore for Bucket {
    async fn get_opts(&self, path: &Path, _: GetOptions) -> Result<GetResult> {
        let number = self
            .number(path.as_ref())
            .filter(|_| path.as_ref().ends_with("/meta.json"));
        let number = number.ok_or_else(|| Error::NotFound {
            path: path.to_string(),
            source: "it is not there".into(),
        })?;
        let bytes = Bytes::from(Self::meta_json(number));
        let size = bytes.len() as u64;
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed()),
            meta: ObjectMeta {
                location: path.clone(),
                last_modified: DateTime::<Utc>::UNIX_EPOCH,
                size,
                e_tag: None,
                version: None,
            },
            range: 0..size,
            attributes: Attributes::default(),
            extensions: Extensions::default(),
        })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only("put"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only("put_multipart"))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(read_only("delete")) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(read_only("list")) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(read_only("list_with_delimiter"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only("copy"))
    }
}

fn read_only(operation: &str) -> Error {
    Error::NotImplemented {
        operation: operation.to_owned(),
        implementer: "made".to_owned(),
    }
}

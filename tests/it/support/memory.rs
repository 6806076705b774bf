//! Two buckets in memory whose requests can be counted, refused and cut off: what a killed process, a throttled bucket or a cleaner does.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use thanos_bucket::Result;
use thanos_bucket::block::{Provenance, RunId};
use thanos_bucket::bucket::{Backend, Bucket, EtagMeaning, Location, Multipart, Prefix};
use thanos_bucket::engine::{Progress, Run, Settings, Stop};
use thanos_bucket::plan::{Plan, Rules, plan};
use thanos_bucket::report::Results;
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::Cutoff;
use thanos_bucket::survey::survey;

/// What is asked of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Put,
    Get,
    Delete,
    List,
}

type Rule = Box<dyn Fn(Request, &str) -> Option<Fault> + Send + Sync>;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails in passing.
    Transient,
    /// It is refused.
    Refused,
    /// It is acknowledged, and nothing happens.
    Lost,
}

/// A bucket in memory.
pub(crate) struct Scripted {
    inner: InMemory,
    writes: AtomicUsize,
    /// After so many writes nothing succeeds any more.
    dies_after: Mutex<Option<usize>>,
    rule: Mutex<Rule>,
    requests: Mutex<Vec<(Request, String)>>,
}

impl Scripted {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: InMemory::new(),
            writes: AtomicUsize::new(0),
            dies_after: Mutex::new(None),
            rule: Mutex::new(Box::new(|_, _| None)),
            requests: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<(Request, String)> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn fail(
        &self,
        rule: impl Fn(Request, &str) -> Option<Fault> + Send + Sync + 'static,
    ) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    fn ask(&self, request: Request, path: &str) -> object_store::Result<Option<Fault>> {
        self.requests
            .lock()
            .unwrap()
            .push((request, path.to_owned()));
        if matches!(request, Request::Put | Request::Delete) {
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        let dead = self
            .dies_after
            .lock()
            .unwrap()
            .is_some_and(|after| self.writes() > after);
        if dead {
            return Err(refused(path));
        }
        let fault = (self.rule.lock().unwrap())(request, path);
        match fault {
            Some(Fault::Transient) => Err(object_store::Error::Generic {
                store: "scripted",
                source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            }),
            Some(Fault::Refused) => Err(refused(path)),
            fault => Ok(fault),
        }
    }
}

fn refused(path: &str) -> object_store::Error {
    object_store::Error::PermissionDenied {
        path: path.to_owned(),
        source: "refused by the test".into(),
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scripted")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Scripted {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        if self.ask(Request::Put, location.as_ref())? == Some(Fault::Lost) {
            return Ok(PutResult {
                e_tag: None,
                version: None,
                extensions: object_store::Extensions::default(),
            });
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.ask(Request::Put, location.as_ref())?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.ask(Request::Get, location.as_ref())?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        // The trait asks for a stream that outlives `self`, so deletions are counted when they are asked for.
        let asked = futures::executor::block_on(locations.try_collect::<Vec<_>>());
        match asked {
            Err(err) => futures::stream::iter([Err(err)]).boxed(),
            Ok(paths) => {
                let asked: Vec<_> = paths
                    .into_iter()
                    .map(|path| self.ask(Request::Delete, path.as_ref()).map(|_| path))
                    .collect();
                self.inner
                    .delete_stream(futures::stream::iter(asked).boxed())
            }
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let asked = self.ask(Request::List, prefix.map_or("", |prefix| prefix.as_ref()));
        match asked {
            Err(err) => futures::stream::iter([Err(err)]).boxed(),
            Ok(_) => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.ask(Request::List, prefix.map_or("", |prefix| prefix.as_ref()))?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.ask(Request::Put, to.as_ref())?;
        self.inner.copy_opts(from, to, options).await
    }
}

/// A source and a target.
pub(crate) struct World {
    pub(crate) source: Arc<Scripted>,
    pub(crate) target: Arc<Scripted>,
    pub(crate) rules: Rules,
    pub(crate) settings: Settings,
    pub(crate) stop: Stop,
}

/// What one run did.
pub(crate) struct Ran {
    pub(crate) plan: Plan,
    pub(crate) results: Results,
}

impl Ran {
    /// The block's ending, as reports spell it.
    pub(crate) fn ending(&self, block: &str) -> &'static str {
        let number = self
            .plan
            .selected
            .iter()
            .position(|selected| selected.block.id.to_string() == block);
        number.map_or("not selected", |number| {
            self.results.outcomes[number].ending.as_str()
        })
    }

    pub(crate) fn endings(&self) -> Vec<&'static str> {
        let outcomes = self.results.outcomes.iter();
        outcomes.map(|outcome| outcome.ending.as_str()).collect()
    }
}

pub(crate) const TARGET_NAME: &str = "s3://cold";

impl World {
    pub(crate) fn new() -> Self {
        Self {
            source: Scripted::new(),
            target: Scripted::new(),
            rules: Rules::older_than(Cutoff::parse("2025-06-01", now()).unwrap()),
            settings: Settings {
                concurrency: NonZeroUsize::new(4).unwrap(),
                retry: Policy {
                    max_retries: 2,
                    initial_backoff: Duration::from_millis(10),
                    max_backoff: Duration::from_millis(20),
                    jitter: Jitter::Half,
                },
                max_failures: None,
                max_duration: None,
                max_bytes: None,
                shutdown_grace: Duration::from_secs(30),
                no_compact_mark_source: false,
            },
            stop: Stop::new(),
        }
    }

    pub(crate) async fn with(self, blocks: &[Block]) -> Self {
        for block in blocks {
            block.write_to(&self.source).await;
        }
        self
    }

    /// Surveys, plans and carries the plan out.
    pub(crate) async fn run(&self) -> Result<Ran> {
        let source = Bucket::new(backend(&self.source, "hot"), self.settings.retry.clone());
        let target = Bucket::new(backend(&self.target, "cold"), self.settings.retry.clone());
        let found = survey(source.reader(), target.reader(), &self.rules, now()).await?;
        let plan = plan(&found.source, &found.target, &self.rules, TARGET_NAME)?;
        let run = Run {
            source,
            target,
            settings: self.settings.clone(),
            publish_order: self.rules.publish_order,
            verify: self.rules.verify,
            provenance: Provenance::of_this_run(TARGET_NAME, RunId::generate()),
            clock: Arc::new(now),
            progress: Arc::new(Progress::default()),
            begun: tokio::time::Instant::now(),
            stop: self.stop.clone(),
        };
        let results = run.carry_out(&plan, &found.source).await;
        Ok(Ran { plan, results })
    }

    /// The process is killed after so many writes to the source and to the target.
    pub(crate) fn kill_after(&self, source: usize, target: usize) {
        *self.source.dies_after.lock().unwrap() = Some(self.source.writes() + source);
        *self.target.dies_after.lock().unwrap() = Some(self.target.writes() + target);
    }

    pub(crate) fn revive(&self) {
        *self.source.dies_after.lock().unwrap() = None;
        *self.target.dies_after.lock().unwrap() = None;
    }

    /// What must hold at every moment: whatever is published is whole, whatever is marked is held.
    pub(crate) async fn assert_sound(&self, when: &str) {
        let source = tree(&self.source).await;
        let target = tree(&self.target).await;
        for (path, bytes) in &source {
            let Some((block, name)) = path.split_once('/') else {
                continue;
            };
            let published = target.contains_key(&format!("{block}/meta.json"));
            let marked = source.contains_key(&format!("{block}/deletion-mark.json"));
            if name == "deletion-mark.json" {
                assert!(published, "{when}: {block} is marked and not published");
            } else if published {
                assert_eq!(
                    target.get(path),
                    Some(bytes),
                    "{when}: {path} (marked: {marked})"
                );
            }
        }
    }
}

pub(crate) async fn tree(store: &Scripted) -> BTreeMap<String, Vec<u8>> {
    let mut tree = BTreeMap::new();
    let listed: Vec<ObjectMeta> = store.inner.list(None).try_collect().await.unwrap();
    for meta in listed {
        let bytes = store.inner.get(&meta.location).await.unwrap();
        let bytes = bytes.bytes().await.unwrap();
        tree.insert(meta.location.to_string(), bytes.to_vec());
    }
    tree
}

/// 1 January 2026.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn backend(store: &Arc<Scripted>, name: &str) -> Backend {
    Backend {
        store: Arc::clone(store) as Arc<dyn ObjectStore>,
        location: Location::s3("memory", name, ""),
        prefix: Prefix::default(),
        put_attributes: object_store::Attributes::new(),
        part_size_bytes: None,
        multipart: Multipart::Allowed,
        etags: EtagMeaning::VersionOnly,
    }
}

/// A block to be written into a bucket.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) id: String,
    days: (i64, i64),
    resolution_ms: i64,
    sources: Vec<String>,
    cluster: &'static str,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Block {
    /// The block whose id ends with `last`: raw, cluster eu-1, on the given days after the beginning of 2025.
    pub(crate) fn new(last: char, days: (i64, i64)) -> Self {
        let id = id(last);
        let content = |name: &str| format!("{name} of {id}").into_bytes();
        Self {
            days,
            resolution_ms: 0,
            sources: vec![id.clone()],
            cluster: "eu-1",
            objects: ["chunks/000001", "chunks/000002", "index"]
                .into_iter()
                .map(|name| (name.to_owned(), content(name)))
                .collect(),
            id,
        }
    }

    pub(crate) fn resolution(mut self, milliseconds: i64) -> Self {
        self.resolution_ms = milliseconds;
        self
    }

    pub(crate) fn sources(mut self, last: &str) -> Self {
        self.sources = last.chars().map(id).collect();
        self
    }

    pub(crate) fn cluster(mut self, cluster: &'static str) -> Self {
        self.cluster = cluster;
        self
    }

    pub(crate) fn meta_json(&self) -> Vec<u8> {
        const DAY: i64 = 86_400_000;
        const YEAR_2025: i64 = 1_735_689_600_000;
        let files: Vec<_> = self
            .objects
            .iter()
            .map(|(name, bytes)| serde_json::json!({"rel_path": name, "size_bytes": bytes.len()}))
            .collect();
        let meta = serde_json::json!({
            "ulid": self.id,
            "version": 1,
            "minTime": YEAR_2025 + self.days.0 * DAY,
            "maxTime": YEAR_2025 + self.days.1 * DAY,
            "stats": {"numSamples": 3, "numSeries": 3, "numChunks": 3},
            "compaction": {"level": 1, "sources": self.sources},
            "thanos": {
                "labels": {"cluster": self.cluster},
                "downsample": {"resolution": self.resolution_ms},
                "source": "sidecar",
                "files": files,
            },
        });
        serde_json::to_vec_pretty(&meta).unwrap()
    }

    pub(crate) async fn write_to(&self, store: &Scripted) {
        let meta = ("meta.json".to_owned(), self.meta_json());
        for (name, bytes) in self.objects.clone().into_iter().chain([meta]) {
            put(store, &format!("{}/{name}", self.id), bytes).await;
        }
    }
}

pub(crate) fn id(last: char) -> String {
    format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}")
}

/// Puts an object without its being counted or failing.
pub(crate) async fn put(store: &Scripted, path: &str, bytes: Vec<u8>) {
    let path = Path::from(path);
    store.inner.put(&path, bytes.into()).await.unwrap();
}

pub(crate) async fn remove(store: &Scripted, path: &str) {
    store.inner.delete(&Path::from(path)).await.unwrap();
}

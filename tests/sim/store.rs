//! A bucket as one migrator sees it: requests take time, fail, act and fail, and stop for good when the process is killed.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, Extensions, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use tokio::sync::Notify;

use crate::world::{Actor, Object, Side, World};

/// One process.
#[derive(Debug)]
pub(crate) struct Process {
    /// Requests until it is killed.
    pub(crate) left: AtomicU64,
    /// Requests so far.
    pub(crate) requests: AtomicU64,
    pub(crate) alive: AtomicBool,
    /// Whether it came to its end by itself: it has nothing more to ask.
    pub(crate) ended: AtomicBool,
    pub(crate) killed: Notify,
    /// One request in so many fails.
    pub(crate) one_fails_in: u64,
    /// A block whose data this process is not allowed to read.
    pub(crate) forbidden: Option<String>,
}

impl Process {
    fn is_forbidden(&self, path: &str) -> bool {
        path.split_once('/')
            .is_some_and(|(id, name)| name != "meta.json" && self.forbidden.as_deref() == Some(id))
    }
}

/// A process's view of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) side: Side,
    pub(crate) process: Arc<Process>,
}

/// How a request ends that has come through.
enum Fate {
    Answered,
    /// It takes effect, and the answer is lost.
    AnswerLost,
    /// It takes effect, and the process is killed.
    KilledAfter,
}

impl Store {
    /// The way to the bucket; whatever happens before the request takes effect.
    async fn request(&self) -> Result<Fate> {
        if self.process.ended.load(Ordering::Relaxed) {
            let mut world = self.world.lock().unwrap();
            world.violated("a run that has ended goes on asking".to_owned());
        }
        self.process.requests.fetch_add(1, Ordering::Relaxed);
        let (delay, fails, lost, after) = {
            let mut world = self.world.lock().unwrap();
            let rate = self.process.one_fails_in;
            let delay = 1 + world.rng.below(20);
            let fails = rate > 0 && world.rng.once_in(rate);
            (delay, fails, world.rng.once_in(2), world.rng.once_in(2))
        };
        self.while_alive().await;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        self.while_alive().await;
        self.world.lock().unwrap().tick();
        let left = self.process.left.fetch_sub(1, Ordering::Relaxed);
        if left == 1 {
            if after {
                return Ok(Fate::KilledAfter);
            }
            self.die().await;
        }
        match (fails, lost) {
            (false, _) => Ok(Fate::Answered),
            (true, true) => Ok(Fate::AnswerLost),
            (true, false) => Err(passing()),
        }
    }

    /// The way back.
    async fn answer<T>(&self, fate: Fate, answer: Result<T>) -> Result<T> {
        match fate {
            Fate::Answered => answer,
            Fate::AnswerLost => Err(passing()),
            Fate::KilledAfter => {
                self.die().await;
                answer
            }
        }
    }

    async fn die(&self) {
        self.process.alive.store(false, Ordering::Relaxed);
        self.process.killed.notify_one();
        std::future::pending::<()>().await;
    }

    async fn while_alive(&self) {
        if !self.process.alive.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().unwrap())
    }

    /// One page of what lies below, after a name.
    async fn page(&self, below: &str, after: &str) -> Result<Vec<ObjectMeta>> {
        let fate = self.request().await?;
        let hides = {
            let mut world = self.world.lock().unwrap();
            self.side == Side::Target && world.nature.stale && world.rng.once_in(3)
        };
        let listed = self.look(|world| {
            let now_ms = world.now_ms();
            let after = std::ops::Bound::Excluded(after.to_owned());
            let objects = world.bucket(self.side);
            let objects = objects.range((after, std::ops::Bound::Unbounded));
            objects
                .filter(|(path, _)| path.starts_with(below))
                .filter(|(_, object)| !hides || now_ms - object.modified_ms > STALE_MS)
                .take(world.nature.page)
                .map(|(path, object)| meta(path, object))
                .collect()
        });
        self.answer(fate, Ok(listed)).await
    }

    /// Page after page; what is written meanwhile may be on the next one.
    fn pages(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<Vec<ObjectMeta>>> {
        let below = prefix
            .map(|prefix| format!("{prefix}/"))
            .unwrap_or_default();
        let start = Some((self.clone(), below, String::new()));
        stream::unfold(start, async |place| {
            let (store, below, after) = place?;
            let page = store.page(&below, &after).await;
            let last = page.as_ref().ok().and_then(|page| page.last());
            let next = last.map(|last| (store, below, last.location.to_string()));
            Some((page, next))
        })
        .boxed()
    }
}

/// How long a stale listing lacks what was put.
const STALE_MS: i64 = 30;

fn passing() -> Error {
    Error::Generic {
        store: "simulated",
        source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    }
}

fn missing(path: &Path) -> Error {
    Error::NotFound {
        path: path.to_string(),
        source: "no such object".into(),
    }
}

fn meta(path: &str, object: &Object) -> ObjectMeta {
    ObjectMeta {
        location: Path::from(path),
        last_modified: DateTime::from_timestamp_millis(object.modified_ms).unwrap(),
        size: object.bytes.len() as u64,
        e_tag: Some(object.tag.clone()),
        version: None,
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated")
    }
}

impl thanos_bucket::bucket::Store for Store {}

#[async_trait::async_trait]
impl ObjectStore for Store {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let fate = self.request().await?;
        let bytes: Bytes = payload.into();
        let answer = {
            let mut world = self.world.lock().unwrap();
            let there = world.bucket(self.side).contains_key(path.as_ref());
            if options.mode == PutMode::Create && there {
                Err(Error::AlreadyExists {
                    path: path.to_string(),
                    source: "there already".into(),
                })
            } else {
                world.put(Actor::Migrator, self.side, path.as_ref(), bytes);
                Ok(PutResult {
                    e_tag: None,
                    version: None,
                    extensions: Extensions::default(),
                })
            }
        };
        self.answer(fate, answer).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented {
            operation: "put_multipart".to_owned(),
            implementer: "simulated".to_owned(),
        })
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let fate = self.request().await?;
        let cut = {
            let mut world = self.world.lock().unwrap();
            let rate = self.process.one_fails_in;
            (rate > 0 && world.rng.once_in(rate)).then(|| world.rng.once_in(2))
        };
        if self.process.is_forbidden(path.as_ref()) {
            return Err(Error::PermissionDenied {
                path: path.to_string(),
                source: "forbidden".into(),
            });
        }
        let found = self.look(|world| world.bucket(self.side).get(path.as_ref()).cloned());
        let answer = found.ok_or_else(|| missing(path)).and_then(|object| {
            let meta = meta(path.as_ref(), &object);
            options.check_preconditions(&meta)?;
            let all: Range<u64> = 0..meta.size;
            let range = match &options.range {
                Some(range) => range.as_range(meta.size).map_err(|_| passing())?,
                None => all,
            };
            let bytes = |at: u64| usize::try_from(at).unwrap();
            let whole = object.bytes.slice(bytes(range.start)..bytes(range.end));
            let half = || Ok(whole.slice(..whole.len() / 2));
            let body = match cut {
                None => vec![Ok(whole)],
                Some(true) => vec![half()],
                Some(false) => vec![half(), Err(passing())],
            };
            Ok(GetResult {
                payload: GetResultPayload::Stream(stream::iter(body).boxed()),
                meta,
                range,
                attributes: object_store::Attributes::default(),
                extensions: Extensions::default(),
            })
        });
        self.answer(fate, answer).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        paths
            .and_then(move |path| {
                let store = store.clone();
                async move {
                    let fate = store.request().await?;
                    store
                        .world
                        .lock()
                        .unwrap()
                        .delete(Actor::Migrator, store.side, path.as_ref());
                    store.answer(fate, Ok(path)).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.pages(prefix)
            .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        assert!(prefix.is_none(), "only the root is listed so");
        let mut directories = Vec::new();
        let mut pages = self.pages(None);
        while let Some(page) = pages.try_next().await? {
            let names = page.iter().filter_map(|meta| {
                let (directory, _) = meta.location.as_ref().split_once('/')?;
                Some(Path::from(directory))
            });
            directories.extend(names);
        }
        directories.dedup();
        Ok(ListResult {
            common_prefixes: directories,
            objects: Vec::new(),
            extensions: Extensions::default(),
        })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented {
            operation: "copy".to_owned(),
            implementer: "simulated".to_owned(),
        })
    }
}

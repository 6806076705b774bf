//! A bucket in memory whose requests can be counted, refused, lost and cut off: what a killed process, a throttled bucket or a cleaner does.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use crc_fast::CrcAlgorithm;
use futures::FutureExt;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use thanos_bucket::block::{Fingerprint, Form};
use thanos_bucket::bucket::{Begun, Entry, History, Listings, Unfinished};

use super::kept::Kept;
use super::memory::now;
use super::times::Times;
use super::world::{Contents, Tree};

/// What is asked of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Put,
    Get,
    Delete,
    List,
}

type Names = Box<dyn Fn(&str) -> bool + Send + Sync>;
type Hook = Box<dyn Fn(Request, &str) + Send + Sync>;
type Rule = Box<dyn Fn(Request, &str) -> Option<Fault> + Send + Sync>;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails in passing.
    Transient,
    /// It is refused.
    Refused,
    /// Nothing is said to be there.
    Denied,
    /// It is acknowledged, and nothing happens.
    Lost,
    /// What is put has another byte on arrival.
    Garbled,
    /// It takes so long.
    Slow(Duration),
}

/// What a bucket makes of a request to put an object where none is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conditions {
    Honoured,
    /// It puts the object whatever was there.
    Ignored,
    /// It refuses to do any such thing.
    Lacking,
}

/// A bucket in memory.
pub(crate) struct Scripted {
    /// Itself.
    me: Weak<Self>,
    pub(super) inner: Arc<InMemory>,
    /// What is kept of deleted objects.
    pub(crate) kept: Kept,
    writes: AtomicUsize,
    /// After so many writes nothing succeeds any more.
    dies_after: Mutex<Option<usize>>,
    /// What others do.
    hooks: Mutex<Vec<Hook>>,
    rule: Mutex<Rule>,
    conditions: Mutex<Conditions>,
    listings: Mutex<Listings>,
    /// Whether listings tell the CRC-32C of what they show.
    tells: AtomicBool,
    /// What no listing shows.
    hidden: Mutex<Names>,
    requests: Mutex<Vec<(Request, String)>>,
    /// What was begun and not finished.
    begun: Mutex<Vec<Begun>>,
    /// The clock of its servers, which tells nothing unless it is set.
    pub(crate) times: Arc<Times>,
    /// Added to the time of the machine that the tests run on, where this bucket tells when an object was written.
    ahead: TimeDelta,
}

/// Objects with which a run finds out whether source and target are one bucket: rules, requests and trees of tests leave them out.
fn is_probe(path: &str) -> bool {
    path.starts_with(thanos_bucket::verb::probe::PREFIX)
}

impl Scripted {
    /// Its clock says [`now`] at first, and so much more.
    pub(super) fn new(ahead: TimeDelta) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            inner: Arc::default(),
            kept: Kept::default(),
            writes: AtomicUsize::new(0),
            dies_after: Mutex::new(None),
            hooks: Mutex::default(),
            rule: Mutex::new(Box::new(|_, _| None)),
            conditions: Mutex::new(Conditions::Honoured),
            listings: Mutex::new(Listings::Strong),
            tells: AtomicBool::new(false),
            hidden: Mutex::new(Box::new(|_| false)),
            requests: Mutex::new(Vec::new()),
            begun: Mutex::default(),
            times: Arc::default(),
            ahead: now() - Utc::now() + ahead,
        })
    }

    /// How many requests to write came so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// The requests that came so far, in order.
    pub(crate) fn requests(&self) -> Vec<(Request, String)> {
        self.requests.lock().unwrap().clone()
    }

    /// Nothing succeeds any more after so many further writes.
    pub(super) fn kill_after(&self, writes: usize) {
        *self.dies_after.lock().unwrap() = Some(self.writes() + writes);
    }

    pub(super) fn revive(&self) {
        *self.dies_after.lock().unwrap() = None;
    }

    /// How often this was asked.
    pub(crate) fn asked(&self, request: Request, name: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        let asked = |(one, of): &&(Request, String)| *one == request && of == name;
        requests.iter().filter(asked).count()
    }

    /// What goes wrong with each request: this alone from now on.
    pub(crate) fn fail(
        &self,
        rule: impl Fn(Request, &str) -> Option<Fault> + Send + Sync + 'static,
    ) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// What somebody else does, or a test looks at, when a request has come and before it is answered.
    pub(crate) fn on_request(&self, hook: impl Fn(Request, &str) + Send + Sync + 'static) {
        self.hooks.lock().unwrap().push(Box::new(hook));
    }

    /// Whether listings show what was written a moment ago.
    pub(crate) fn lists(&self, listings: Listings) {
        *self.listings.lock().unwrap() = listings;
    }

    /// Listings tell the CRC-32C of what they show from now on.
    pub(crate) fn tell_digests(&self) {
        self.tells.store(true, Ordering::SeqCst);
    }

    pub(super) fn tells(&self) -> Option<Form> {
        self.tells.load(Ordering::SeqCst).then_some(Form::Crc32c)
    }

    pub(super) fn listings(&self) -> Listings {
        *self.listings.lock().unwrap()
    }

    /// What is made of a request to put an object where none is.
    pub(crate) fn conditions(&self, conditions: Conditions) {
        *self.conditions.lock().unwrap() = conditions;
    }

    /// Somebody begins to write something, and does not finish.
    pub(crate) fn begin(&self, begun: Begun) {
        self.begun.lock().unwrap().push(begun);
    }

    /// The names of what was begun and is there still.
    pub(crate) fn begun_names(&self) -> Vec<String> {
        let begun = self.begun.lock().unwrap();
        begun.iter().map(|one| one.key.clone()).collect()
    }

    /// Listings lack these names.
    pub(crate) fn hide(&self, names: impl Fn(&str) -> bool + Send + Sync + 'static) {
        *self.hidden.lock().unwrap() = Box::new(names);
    }

    fn dated(&self, meta: ObjectMeta) -> ObjectMeta {
        ObjectMeta {
            last_modified: meta.last_modified + self.ahead,
            ..meta
        }
    }

    pub(super) fn ask(&self, request: Request, path: &str) -> object_store::Result<Option<Fault>> {
        if !is_probe(path) {
            let mut requests = self.requests.lock().unwrap();
            requests.push((request, path.to_owned()));
        }
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
        if is_probe(path) {
            return Ok(None);
        }
        for hook in self.hooks.lock().unwrap().iter() {
            hook(request, path);
        }
        let fault = (self.rule.lock().unwrap())(request, path);
        match fault {
            Some(Fault::Transient) => Err(object_store::Error::Generic {
                store: "scripted",
                source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            }),
            Some(Fault::Refused) => Err(refused(path)),
            Some(Fault::Denied) => Err(object_store::Error::NotFound {
                path: path.to_owned(),
                source: "denied by the test".into(),
            }),
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

impl thanos_bucket::bucket::Store for Scripted {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn unfinished(&self) -> Result<&dyn Unfinished, &'static str> {
        Ok(self)
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        self.kept.is_on().then(|| self.me.upgrade().unwrap() as _)
    }

    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, object_store::Result<Entry>> {
        let listed = match after {
            Some(after) => self.list_with_offset(below, &Path::parse(after).unwrap()),
            None => self.list(below),
        };
        let inner = self.tells().map(|_| Arc::clone(&self.inner));
        let told = move |meta: ObjectMeta| Entry {
            digests: inner.as_ref().map_or(Fingerprint::UNKNOWN, |inner| {
                let read = async { inner.get(&meta.location).await?.bytes().await };
                let checksum = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, &at_once(read));
                Fingerprint::crc32c(checksum.try_into().unwrap())
            }),
            ..Entry::from(meta.clone())
        };
        listed.map_ok(told).boxed()
    }
}

#[async_trait::async_trait]
impl Unfinished for Scripted {
    async fn begun(&self, _: Option<&Path>) -> object_store::Result<Vec<Begun>> {
        Ok(self.begun.lock().unwrap().clone())
    }

    async fn look_at(&self, begun: &Begun) -> object_store::Result<Option<Begun>> {
        self.ask(Request::List, &begun.key)?;
        let there = self.begun.lock().unwrap();
        Ok(there.iter().find(|one| one.id == begun.id).cloned())
    }

    async fn end(&self, begun: &Begun) -> object_store::Result<()> {
        if self.ask(Request::Delete, &begun.key)? != Some(Fault::Lost) {
            self.begun.lock().unwrap().retain(|one| one.id != begun.id);
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl ObjectStore for Scripted {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> object_store::Result<PutResult> {
        match self.ask(Request::Put, location.as_ref())? {
            Some(Fault::Lost) => {
                return Ok(PutResult {
                    e_tag: None,
                    version: None,
                    extensions: object_store::Extensions::default(),
                });
            }
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Garbled) => {
                let mut bytes: Vec<u8> = payload.iter().flatten().copied().collect();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                return self.inner.put_opts(location, bytes.into(), options).await;
            }
            _ => {}
        }
        let conditions = *self.conditions.lock().unwrap();
        match (&options.mode, conditions) {
            (PutMode::Create, Conditions::Ignored) => options.mode = PutMode::Overwrite,
            (PutMode::Create, Conditions::Lacking) => {
                return Err(object_store::Error::NotImplemented {
                    operation: "create".to_owned(),
                    implementer: "scripted".to_owned(),
                });
            }
            _ => {}
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
        if let Some(Fault::Slow(time)) = self.ask(Request::Get, location.as_ref())? {
            tokio::time::sleep(time).await;
        }
        let mut got = self.inner.get_opts(location, options).await?;
        got.meta = self.dated(got.meta);
        Ok(got)
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
                    .map(|path| Ok((self.ask(Request::Delete, path.as_ref())?, path)))
                    .collect();
                let (lost, asked): (Vec<_>, Vec<_>) = asked
                    .into_iter()
                    .partition(|asked| matches!(asked, Ok((Some(Fault::Lost), _))));
                for (_, path) in asked.iter().flatten() {
                    self.kept.keep(&self.inner, path);
                }
                let path = |asked: object_store::Result<(_, Path)>| Ok(asked?.1);
                let lost = futures::stream::iter(lost.into_iter().map(path));
                let asked = futures::stream::iter(asked.into_iter().map(path));
                lost.chain(self.inner.delete_stream(asked.boxed())).boxed()
            }
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let asked = self.ask(Request::List, prefix.map_or("", |prefix| prefix.as_ref()));
        let slow = match asked {
            Err(err) => return futures::stream::iter([Err(err)]).boxed(),
            Ok(Some(Fault::Slow(time))) => time,
            Ok(_) => Duration::ZERO,
        };
        let listed = futures::executor::block_on(self.inner.list(prefix).collect::<Vec<_>>());
        let hidden = self.hidden.lock().unwrap();
        let is_shown = |meta: &object_store::Result<ObjectMeta>| {
            meta.as_ref()
                .map_or(true, |meta| !hidden(meta.location.as_ref()))
        };
        let shown = listed.into_iter().filter(is_shown);
        let shown: Vec<_> = shown.map(|meta| Ok(self.dated(meta?))).collect();
        let late = async move {
            tokio::time::sleep(slow).await;
            futures::stream::iter(shown)
        };
        futures::stream::once(late).flatten().boxed()
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

impl Contents for Scripted {
    fn tree(&self) -> Tree {
        let listed: Vec<ObjectMeta> = at_once(self.inner.list(None).try_collect());
        listed
            .into_iter()
            .map(|meta| meta.location)
            .filter(|location| !is_probe(location.as_ref()))
            .map(|location| {
                let read = async { self.inner.get(&location).await?.bytes().await };
                (location.to_string(), at_once(read).to_vec())
            })
            .collect()
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        at_once(self.inner.put(&Path::from(name), content.into()));
    }

    fn remove(&self, name: &str) {
        self.kept.keep(&self.inner, &Path::from(name));
        at_once(self.inner.delete(&Path::from(name)));
    }
}

/// Memory answers at once.
pub(super) fn at_once<T>(answer: impl Future<Output = object_store::Result<T>>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

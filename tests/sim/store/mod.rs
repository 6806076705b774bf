//! A bucket as one run sees it: requests take time, fail, act and fail, and stop for good when the process is killed.

mod copier;
mod faults;
mod listing;
mod unfinished;
mod upload;

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

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

use crate::blocks::is_data;
use crate::nature::{Conditions, Copies};
use crate::world::{Object, Side, Who, World};
pub(crate) use faults::Verb;
use faults::{Fate, missing, passing};

/// One run's view of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) side: Side,
    /// The number of the run.
    pub(crate) run: usize,
}

impl Store {
    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap())
    }

    fn put(&self, path: &Path, bytes: Bytes, mode: &PutMode) -> Result<PutResult> {
        self.with(|world| {
            let path = path.as_ref();
            let there = world.storage.get(self.side, path).is_some();
            if *mode == PutMode::Create {
                match world.nature.conditions {
                    Conditions::Honoured if there => {
                        return Err(Error::AlreadyExists {
                            path: path.to_owned(),
                            source: "there already".into(),
                        });
                    }
                    Conditions::Unknown => {
                        return Err(Error::NotImplemented {
                            operation: "put on condition".to_owned(),
                            implementer: "simulated".to_owned(),
                        });
                    }
                    Conditions::Honoured | Conditions::Ignored => {}
                }
            }
            world.put(Who::Run(self.run), self.side, path, bytes, 0);
            Ok(put_result())
        })
    }

    /// Counts what passes through here.
    fn sends(&self, path: &str, bytes: usize) {
        if is_payload(path) {
            self.with(|world| world.runs[self.run].sent_bytes += bytes as u64);
        }
    }

    fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult> {
        let body = self.body(path, options)?;
        let found = self.with(|world| world.storage.get(self.side, path.as_ref()).cloned());
        let object = found.ok_or_else(|| missing(path))?;
        let meta = meta(path.as_ref(), &object);
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(|_| passing())?,
            None => 0..meta.size,
        };
        let bytes = slice(&object.bytes, &range);
        if !options.head && self.side == Side::Source && !is_payload(path.as_ref()) {
            self.with(|world| {
                if !world.runs[self.run].circumstances.migrates() {
                    world.note_read(self.run, path.as_ref());
                }
            });
        }
        if !options.head && is_payload(path.as_ref()) {
            self.with(|world| world.runs[self.run].read_bytes += bytes.len() as u64);
        }
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter(body.of(&bytes)).boxed()),
            meta,
            range,
            attributes: object_store::Attributes::default(),
            extensions: Extensions::default(),
        })
    }
}

/// Whether it is an object that makes a block large.
fn is_payload(path: &str) -> bool {
    path.split_once('/').is_some_and(|(_, name)| is_data(name))
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    let at = |at: u64| usize::try_from(at).unwrap();
    bytes.slice(at(range.start)..at(range.end))
}

fn put_result() -> PutResult {
    PutResult {
        e_tag: None,
        version: None,
        extensions: Extensions::default(),
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

#[async_trait::async_trait]
impl thanos_bucket::bucket::Store for Store {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn pager(&self) -> Option<&dyn thanos_bucket::bucket::Pager> {
        let has_pages = self.with(|world| world.nature.pages_may_be_asked_for);
        has_pages.then_some(self)
    }

    fn unfinished(
        &self,
    ) -> std::result::Result<&dyn thanos_bucket::bucket::Unfinished, &'static str> {
        let tells = self.with(|world| world.nature.uploads_are_told);
        if tells {
            Ok(self)
        } else {
            Err("this service does not tell")
        }
    }

    fn copier(
        &self,
        source: &dyn thanos_bucket::bucket::Store,
    ) -> Option<Arc<dyn thanos_bucket::bucket::Copier>> {
        let source = source.as_any().downcast_ref::<Self>()?;
        let copies = self.with(|world| world.nature.copies);
        (copies != Copies::Nothing).then(|| copier::of(source, self))
    }

    async fn part_sizes(&self, key: &Path, size_bytes: u64, _: u32) -> Option<Vec<u64>> {
        let fate = self.request(Verb::Head, key.as_ref()).await.ok()?;
        let object = self.with(|world| {
            let told = world
                .nature
                .parts_are_told
                .then(|| world.storage.get(self.side, key.as_ref()));
            told.flatten().cloned()
        });
        let object = self.answer(fate, Ok(object)).await.ok()??;
        let part = object.part_bytes.max(1);
        let parts =
            (0..size_bytes.div_ceil(part)).map(|number| part.min(size_bytes - number * part));
        Some(parts.collect())
    }
}

#[async_trait::async_trait]
impl ObjectStore for Store {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let fate = self.request(Verb::Put, path.as_ref()).await?;
        self.sends(path.as_ref(), payload.content_length());
        let answer = self.put(path, payload.into(), &options.mode);
        self.answer(fate, answer).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let fate = self.request(Verb::Begin, path.as_ref()).await?;
        let is_answer_lost = matches!(fate, Fate::AnswerLost);
        let upload = upload::begin(self, path.as_ref(), is_answer_lost);
        let upload: Box<dyn MultipartUpload> = Box::new(upload);
        self.answer(fate, Ok(upload)).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let verb = if options.head { Verb::Head } else { Verb::Get };
        let fate = self.request(verb, path.as_ref()).await?;
        let answer = self.get(path, &options);
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
                    let fate = store.request(Verb::Delete, path.as_ref()).await?;
                    let who = Who::Run(store.run);
                    store.with(|world| world.delete(who, store.side, path.as_ref()));
                    store.answer(fate, Ok(path)).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, "")
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, offset.as_ref())
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        assert!(prefix.is_none(), "only the root is listed so");
        self.directories().await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented {
            operation: "copy".to_owned(),
            implementer: "simulated".to_owned(),
        })
    }
}

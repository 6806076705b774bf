//! Objects that are put in parts: nobody sees them before they are completed, and what is neither completed nor aborted is left over.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::faults::{Verb, invalid_part, missing};
use super::{Store, put_result};
use crate::world::{Upload, Who};

/// An upload in parts.
#[derive(Debug)]
pub(super) struct InParts {
    store: Store,
    number: u64,
    pub(super) path: String,
    parts: usize,
}

/// The answer that names the upload may still be lost: then it is left over, and nobody knows of it.
pub(super) fn begin(store: &Store, path: &str, is_answer_lost: bool) -> InParts {
    let upload = Upload {
        run: store.run,
        path: path.to_owned(),
        parts: BTreeMap::new(),
        is_unknown: is_answer_lost,
        touched_ms: store.with(|world| world.now_ms()),
    };
    let number = store.with(|world| world.storage.begin(upload));
    InParts {
        store: store.clone(),
        number,
        path: path.to_owned(),
        parts: 0,
    }
}

impl InParts {
    /// What was put, or copied, as the part of that number.
    pub(super) fn keep(&self, number: usize, bytes: Bytes) -> Result<()> {
        keep(&self.store, self.number, &self.path, number, bytes)
    }

    /// What was put in these parts becomes the object, unless one of them is missing.
    fn complete_now(&self, numbers: &[usize]) -> Result<PutResult> {
        self.store.with(|world| {
            // A server forgets a part at times.
            let refuses =
                world.runs[self.store.run].circumstances.one_fails_in > 0 && world.rng.once_in(8);
            let Some(upload) = world.storage.uploads.get(&self.number) else {
                return Err(missing(&self.path.as_str().into()));
            };
            let parts = numbers.iter().map(|number| upload.parts.get(number));
            let parts: Option<Vec<&Bytes>> = parts.collect();
            let Some(parts) = parts.filter(|_| !refuses) else {
                return Err(invalid_part());
            };
            let mut bytes = BytesMut::new();
            let mut size = 0;
            for part in parts {
                size = size.max(part.len() as u64);
                bytes.extend_from_slice(part);
            }
            world.storage.uploads.remove(&self.number);
            let who = Who::Run(self.store.run);
            world.put(
                who,
                self.store.side,
                &self.path,
                bytes.freeze(),
                size.max(1),
            );
            Ok(put_result())
        })
    }

    /// The object appears, of these parts.
    pub(super) async fn complete_with(&self, parts: Vec<usize>) -> Result<PutResult> {
        let fate = self.store.request(Verb::Complete, &self.path).await?;
        let answer = self.complete_now(&parts);
        self.store.answer(fate, answer).await
    }

    /// Nothing of it stays.
    pub(super) async fn give_up(&self) -> Result<()> {
        self.store.with(|world| {
            let run = &mut world.runs[self.store.run];
            run.aborted_uploads.insert(self.number);
        });
        let fate = self.store.request(Verb::Abort, &self.path).await?;
        self.store
            .with(|world| world.storage.uploads.remove(&self.number));
        self.store.answer(fate, Ok(())).await
    }
}

fn keep(store: &Store, upload: u64, path: &str, number: usize, bytes: Bytes) -> Result<()> {
    store.with(|world| {
        let now_ms = world.now_ms();
        let upload = world.storage.uploads.get_mut(&upload);
        let upload = upload.ok_or_else(|| missing(&path.into()))?;
        upload.touched_ms = now_ms;
        upload.parts.insert(number, bytes);
        Ok(())
    })
}

#[async_trait::async_trait]
impl MultipartUpload for InParts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.parts;
        self.parts += 1;
        let (store, upload, path) = (self.store.clone(), self.number, self.path.clone());
        Box::pin(async move {
            let fate = store.request(Verb::Part, &path).await?;
            store.sends(&path, data.content_length());
            let put = keep(&store, upload, &path, number, data.into());
            store.answer(fate, put).await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.complete_with((0..self.parts).collect()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.give_up().await
    }
}

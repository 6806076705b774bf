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
    path: String,
    parts: usize,
}

/// The answer that names the upload may still be lost: then it is left over, and nobody knows of it.
pub(super) fn begin(store: &Store, path: &str, is_answer_lost: bool) -> InParts {
    let upload = Upload {
        run: store.run,
        path: path.to_owned(),
        parts: BTreeMap::new(),
        is_unknown: is_answer_lost,
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
    /// What was put in its parts becomes the object, unless one of them is missing.
    fn complete_now(&self) -> Result<PutResult> {
        self.store.with(|world| {
            // A server forgets a part at times.
            let refuses =
                world.runs[self.store.run].circumstances.one_fails_in > 0 && world.rng.once_in(8);
            let Some(upload) = world.storage.uploads.get(&self.number) else {
                return Err(missing(&self.path.as_str().into()));
            };
            if refuses || upload.parts.len() < self.parts {
                return Err(invalid_part());
            }
            let mut bytes = BytesMut::new();
            let mut size = 0;
            for part in upload.parts.values() {
                size = size.max(part.len() as u64);
                bytes.extend_from_slice(part);
            }
            world.storage.uploads.remove(&self.number);
            let who = Who::Migrator(self.store.run);
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
}

#[async_trait::async_trait]
impl MultipartUpload for InParts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.parts;
        self.parts += 1;
        let (store, upload, path) = (self.store.clone(), self.number, self.path.clone());
        Box::pin(async move {
            let fate = store.request(Verb::Part, &path).await?;
            let bytes: Bytes = data.into();
            let put = store.with(|world| {
                let upload = world.storage.uploads.get_mut(&upload);
                let upload = upload.ok_or_else(|| missing(&path.as_str().into()))?;
                upload.parts.insert(number, bytes);
                Ok(())
            });
            store.answer(fate, put).await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fate = self.store.request(Verb::Complete, &self.path).await?;
        let answer = self.complete_now();
        self.store.answer(fate, answer).await
    }

    async fn abort(&mut self) -> Result<()> {
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

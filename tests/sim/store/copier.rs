//! Copies that the service of both buckets makes by itself: whole ones, and parts of what is put together.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, Result};
use thanos_bucket::bucket::{self, Original};

use super::faults::{Fate, Verb, failed_late, missing};
use super::upload::{self, InParts};
use super::{Store, slice};
use crate::nature::{Conditions, Copies};
use crate::world::{Object, Who};

/// From one bucket into the other, as one run asks for it.
#[derive(Debug, Clone)]
struct Copier {
    source: Store,
    target: Store,
}

pub(super) fn of(source: &Store, target: &Store) -> Arc<dyn bucket::Copier> {
    Arc::new(Copier {
        source: source.clone(),
        target: target.clone(),
    })
}

impl Copier {
    /// What lies under the original's name by now, unless it is not to be had; what goes wrong here goes wrong before anything is copied.
    fn find(&self, original: &Original) -> Result<Object> {
        let key = &original.key;
        if self.target.with(|world| world.nature.copies) == Copies::Refused {
            return Err(Error::PermissionDenied {
                path: key.to_string(),
                source: "no copies here".into(),
            });
        }
        self.source.may_read(key, false)?;
        self.source.with(|world| {
            let rate = world.runs[self.source.run].circumstances.one_fails_in;
            if rate > 0 && world.rng.once_in(8) {
                return Err(failed_late());
            }
            let found = world.storage.get(self.source.side, key.as_ref());
            let found = found.cloned().ok_or_else(|| missing(key))?;
            let is_other = ![found.tag.as_str(), "*"].contains(&original.etag.as_str());
            match world.nature.conditions {
                Conditions::Unknown => Err(Error::NotImplemented {
                    operation: "copy on condition".to_owned(),
                    implementer: "simulated".to_owned(),
                }),
                Conditions::Honoured if is_other => Err(Error::Precondition {
                    path: key.to_string(),
                    source: format!("{} became {}", original.etag, found.tag).into(),
                }),
                Conditions::Honoured | Conditions::Ignored => Ok(found),
            }
        })
    }

    fn copy_now(&self, original: &Original, to: &Path) -> Result<()> {
        let found = self.find(original)?;
        let Store { side, run, .. } = self.target;
        self.target.with(|world| {
            world.judge_copy(run, original.key.as_ref(), &found, to.as_ref());
            if found.bytes.len() as u64 > world.nature.copies.largest_bytes() {
                world.violated(format!("{to} is too large to be copied at once"));
            }
            world.put(Who::Run(run), side, to.as_ref(), found.bytes, 0);
        });
        Ok(())
    }
}

#[async_trait::async_trait]
impl bucket::Copier for Copier {
    fn largest_bytes(&self) -> u64 {
        self.target
            .with(|world| world.nature.copies)
            .largest_bytes()
    }

    async fn copy(&self, original: &Original, to: &Path) -> Result<()> {
        let fate = self.target.request(Verb::Copy, to.as_ref()).await?;
        let answer = self.copy_now(original, to);
        self.target.answer(fate, answer).await
    }

    async fn assemble(&self, to: &Path) -> Result<Box<dyn bucket::Assembly>> {
        let fate = self.target.request(Verb::Begin, to.as_ref()).await?;
        let is_answer_lost = matches!(fate, Fate::AnswerLost);
        let begun: Box<dyn bucket::Assembly> = Box::new(Assembly {
            copier: self.clone(),
            upload: upload::begin(&self.target, to.as_ref(), is_answer_lost),
        });
        self.target.answer(fate, Ok(begun)).await
    }
}

/// An object that is put together of what the service copies.
#[derive(Debug)]
struct Assembly {
    copier: Copier,
    upload: InParts,
}

impl Assembly {
    fn copy_now(&self, number: usize, original: &Original, range: &Range<u64>) -> Result<String> {
        let found = self.copier.find(original)?;
        let Store { run, .. } = self.copier.target;
        self.copier.target.with(|world| {
            world.judge_copy(run, original.key.as_ref(), &found, &self.upload.path);
        });
        let part: Bytes = slice(&found.bytes, range);
        self.upload.keep(number, part)?;
        Ok(number.to_string())
    }
}

#[async_trait::async_trait]
impl bucket::Assembly for Assembly {
    async fn copy_part(
        &self,
        number: usize,
        original: &Original,
        range: Range<u64>,
    ) -> Result<String> {
        let target = &self.copier.target;
        let fate = target.request(Verb::CopyPart, &self.upload.path).await?;
        let answer = self.copy_now(number, original, &range);
        target.answer(fate, answer).await
    }

    async fn complete(&self, parts: Vec<String>) -> Result<()> {
        let parts = parts.iter().map(|part| part.parse().unwrap()).collect();
        self.upload.complete_with(parts).await.map(drop)
    }

    async fn abort(&self) -> Result<()> {
        self.upload.give_up().await
    }
}

//! Proves that the target holds a published block, as thoroughly as was asked for.
//!
//! Listings prove names, sizes and, where entity tags agree, content. Tags that differ may mean another content or another encryption, and only
//! reading tells: a single object may be encrypted whatever the others are. Where tags are no digests at all, the first reading shows that, and is
//! remembered; where both buckets agree on others of the block, they are, and each exception is read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::at_once::OBJECTS_AT_ONCE;
use crate::block::{
    Difference, Inventory, Likeness, Match, Object, ReadBack, Strength, agreement, is_put_at_once,
    pairs, tags_are_digests, tags_differ,
};
use crate::bucket::{BucketReader, Budget, Comparison, same_content};
use crate::error::Error;
use crate::stored::Stored;

/// Proves blocks of one source in one target.
#[derive(Debug)]
pub struct Prover {
    thoroughness: Strength,
    target: BucketReader,
    /// The memory that readings may take.
    budget: Budget,
    /// Ends readings early.
    cancel: CancellationToken,
    /// Whether tags of objects put in one request were seen to differ where the content is the same.
    single_tags_tell_nothing: AtomicBool,
    /// The same of objects put in parts.
    part_tags_tell_nothing: AtomicBool,
    /// How often in a row the buckets were asked for checksums and told none.
    asked_in_vain: AtomicU32,
}

/// Buckets that were asked so often for a checksum and told none are not asked again.
const QUESTIONS: u32 = 8;

/// What two listings say of a block, and what was read of it.
#[derive(Debug)]
pub enum Verdict {
    /// The target holds it.
    Held(Match),
    /// The target lacks some of it, or has something else: the differences, at least one.
    Lacking(Vec<Difference>),
}

impl From<Result<Match, Vec<Difference>>> for Verdict {
    fn from(compared: Result<Match, Vec<Difference>>) -> Self {
        match compared {
            Ok(held) => Verdict::Held(held),
            Err(differences) => Verdict::Lacking(differences),
        }
    }
}

impl Prover {
    /// With [`Strength::Size`] entity tags that differ are left alone; with [`Strength::Content`] every object is read in both buckets. What is read
    /// takes its memory from `budget`, until `cancel` ends it.
    #[must_use]
    pub fn new(
        thoroughness: Strength,
        target: BucketReader,
        budget: Budget,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            thoroughness,
            target,
            budget,
            cancel,
            single_tags_tell_nothing: AtomicBool::new(false),
            part_tags_tell_nothing: AtomicBool::new(false),
            asked_in_vain: AtomicU32::new(0),
        }
    }

    /// Whether proofs take as long as reading every object does.
    #[must_use]
    pub fn reads_everything(&self) -> bool {
        self.thoroughness == Strength::Content
    }

    /// The target in which it proves.
    #[must_use]
    pub fn target(&self) -> &BucketReader {
        &self.target
    }

    /// Proves that the target holds the block, whose objects `in_source` lists, or tells what it lacks. What was `read` before and is the same
    /// version still is not read again.
    ///
    /// Errors: [`Kind::Changed`](crate::Kind::Changed) and [`Kind::NotFound`](crate::Kind::NotFound) where one of the objects has changed since it
    /// was listed, or is gone.
    pub async fn prove(
        &self,
        stored: &Stored,
        in_source: &Inventory,
        read: &ReadBack,
    ) -> Result<Verdict, Error> {
        let id = stored.id();
        let in_target = self.target.list_block(id).await?;
        let listed = Match::of(id, in_source, &in_target, &ReadBack::default());
        if listed.is_err() {
            return Ok(listed.into());
        }
        let read = self.read_back(stored, in_source, &in_target, read).await?;
        Ok(Match::of(id, in_source, &in_target, &read).into())
    }

    /// Reads what no listing proves well enough, but for what was `before`: objects with other bytes are not to be published.
    ///
    /// Errors: as [`Prover::prove`].
    pub async fn read_back(
        &self,
        stored: &Stored,
        in_source: &Inventory,
        in_target: &Inventory,
        before: &ReadBack,
    ) -> Result<ReadBack, Error> {
        let id = stored.id();
        let mut read = ReadBack::default();
        let mut pairs: Vec<(&Object, &Object)> = pairs(in_source, in_target).collect();
        // The smallest tells as much about tags as the largest.
        pairs.sort_by_key(|(object, _)| object.size_bytes);
        let tags_are_digests = tags_are_digests(in_source, in_target);
        let asked = pairs.iter().filter(|(one, other)| {
            self.thoroughness == Strength::Checksum
                && before.of(one, other).is_none()
                && agreement(one, other) == Some(Strength::Size)
        });
        let told: HashMap<&str, Likeness> = stream::iter(asked)
            .map(async |(one, other)| (&*one.name, self.ask(stored, one, other).await))
            .buffered(OBJECTS_AT_ONCE)
            .collect()
            .await;
        for (one, other) in pairs {
            let is_exception = tags_are_digests && is_put_at_once(one);
            if before.of(one, other).is_some() {
                read.keep(before, one);
                continue;
            }
            let told = told.get(&*one.name).copied();
            if told == Some(Likeness::Same) {
                read.note_told(one, other, Strength::Checksum);
                continue;
            }
            let is_suspicious = told == Some(Likeness::Differing)
                || self.thoroughness > Strength::Size
                    && tags_differ(one, other)
                    && (is_exception || !self.tells_nothing(one).load(Ordering::Relaxed));
            if self.thoroughness < Strength::Content && !is_suspicious {
                if told.is_some() {
                    // It need not be asked for again.
                    read.note_told(one, other, Strength::Size);
                }
                continue;
            }
            if is_exception && is_suspicious && self.thoroughness < Strength::Content {
                // What is corrupted on its way is so each time: reading would show the same wrong byte twice.
                warn!(block = %id, object = %one.name, "object of the target has another checksum than the source's");
                read.note(one, other, false);
                continue;
            }
            let path = id.object(&one.name);
            let equal = same_content(Comparison {
                path: &path,
                in_source: one,
                in_target: other,
                source: stored.bucket(),
                target: &self.target,
                budget: &self.budget,
                cancel: &self.cancel,
            });
            let equal = match equal.await {
                // One that differs says enough, whatever the others would have said.
                Err(_) if read.differing().next().is_some() => return Ok(read),
                equal => equal?,
            };
            if !equal {
                warn!(block = %id, object = %one.name, "object of the target has other bytes than the source's");
            } else if tags_differ(one, other) && !is_exception {
                self.learn(stored, one);
            }
            read.note(one, other, equal);
        }
        Ok(read)
    }

    /// What the checksums tell that both buckets keep of the object beside what they list, when they are asked for them. They are not asked any more
    /// once they had nothing to tell several times in a row.
    async fn ask(&self, stored: &Stored, one: &Object, other: &Object) -> Likeness {
        if self.asked_in_vain.load(Ordering::Relaxed) >= QUESTIONS {
            return Likeness::Untold;
        }
        let path = stored.id().object(&one.name);
        let in_source = stored.bucket().digests(&path, one).await;
        let in_target = if in_source.is_unknown() {
            in_source
        } else {
            self.target.digests(&path, other).await
        };
        let likeness = in_source.likeness(in_target);
        if likeness == Likeness::Untold {
            self.asked_in_vain.fetch_add(1, Ordering::Relaxed);
        } else {
            self.asked_in_vain.store(0, Ordering::Relaxed);
        }
        likeness
    }

    fn learn(&self, stored: &Stored, object: &Object) {
        if !self.tells_nothing(object).swap(true, Ordering::Relaxed) {
            let (block, source) = (stored.id(), stored.bucket().location());
            info!(%block, object = %object.name, %source, target = %self.target.location(), "entity tags differ where the content is the same, so they are no proof here");
        }
    }

    fn tells_nothing(&self, object: &Object) -> &AtomicBool {
        if is_in_parts(object) {
            &self.part_tags_tell_nothing
        } else {
            &self.single_tags_tell_nothing
        }
    }
}

fn is_in_parts(object: &Object) -> bool {
    object.fingerprint.parts().is_some()
}

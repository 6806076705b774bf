//! Proves that the target holds a published block, as thoroughly as was asked for.
//!
//! Listings prove names, sizes and, where entity tags agree, content. Tags that differ may mean another content or another encryption: only
//! reading tells, so one such object is read, and what it shows is remembered.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{info, warn};

use crate::block::{
    Difference, Inventory, META_JSON, Match, Object, ReadBack, Strength, agreement,
};
use crate::bucket::{BucketReader, Comparison, same_content};
use crate::copy::Means;
use crate::error::Error;
use crate::plan::Selected;

/// Proves blocks of one source in one target.
#[derive(Debug)]
pub struct Prover {
    thoroughness: Strength,
    /// Whether tags of objects put in one request were seen to differ where the content is the same.
    single_tags_tell_nothing: AtomicBool,
    /// The same of objects put in parts.
    part_tags_tell_nothing: AtomicBool,
}

impl Prover {
    /// With [`Strength::Size`] entity tags that differ are left alone; with [`Strength::Content`] every object is read in both buckets.
    #[must_use]
    pub fn new(thoroughness: Strength) -> Self {
        Self {
            thoroughness,
            single_tags_tell_nothing: AtomicBool::new(false),
            part_tags_tell_nothing: AtomicBool::new(false),
        }
    }

    /// Proves that the target holds the block whose objects `ours` lists, or tells what it lacks.
    ///
    /// Errors: [`Kind::Changed`](crate::Kind::Changed) and [`Kind::NotFound`](crate::Kind::NotFound) where one of the objects is another one
    /// than was listed by now, or none.
    pub async fn prove(
        &self,
        selected: &Selected,
        ours: &Inventory,
        source: &BucketReader,
        target: &BucketReader,
        means: &Means,
    ) -> Result<Result<Match, Vec<Difference>>, Error> {
        let id = selected.block.id;
        let theirs = target.list_block(id).await?;
        let mut read = ReadBack::default();
        let listed = Match::of(id, ours, &theirs, &read);
        if listed.is_err() || self.thoroughness == Strength::Size {
            return Ok(listed);
        }
        let mut pairs: Vec<(&Object, &Object)> = ours
            .data()
            .chain(ours.meta())
            .filter_map(|object| Some((object, theirs.get(&object.name)?)))
            .collect();
        // The smallest tells as much about tags as the largest.
        pairs.sort_by_key(|(object, _)| object.size_bytes);
        for (one, other) in pairs {
            if !self.is_to_be_read(one, other) {
                continue;
            }
            let path = id.object(&one.name);
            let equal = same_content(Comparison {
                path: &path,
                ours: one,
                theirs: other,
                source,
                target,
                budget: &means.budget,
                cancel: &means.cancel,
            });
            let equal = equal.await?;
            if !equal {
                warn!(block = %id, object = %one.name, "object of the target has other bytes than the source's");
            } else if agreement(one, other).is_none() {
                self.learn(one);
            }
            read.note(&one.name, equal);
        }
        Ok(Match::of(id, ours, &theirs, &read))
    }

    fn is_to_be_read(&self, one: &Object, other: &Object) -> bool {
        if self.thoroughness == Strength::Content {
            return true;
        }
        // meta.json was compared by its bytes before.
        &*one.name != META_JSON
            && agreement(one, other).is_none()
            && !self.tells_nothing(one).load(Ordering::Relaxed)
    }

    fn learn(&self, object: &Object) {
        if !self.tells_nothing(object).swap(true, Ordering::Relaxed) {
            info!(object = %object.name, "entity tags differ where the content is the same, so they are no proof here");
        }
    }

    fn tells_nothing(&self, object: &Object) -> &AtomicBool {
        let checksum = object.checksum.as_ref();
        if checksum.is_some_and(|checksum| checksum.parts().is_some()) {
            &self.part_tags_tell_nothing
        } else {
            &self.single_tags_tell_nothing
        }
    }
}

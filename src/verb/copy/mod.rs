//! Brings a block's objects into the target, all but `meta.json`: afterwards the target holds the block, and nobody sees it yet.

mod tally;

pub use tally::{Doubt, Sent, Tally};

use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use futures::{FutureExt, StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::there::{There, delete_meta, lacks_meta_for_no_reason, missing, there};
use crate::at_once::OBJECTS_AT_ONCE;
use crate::block::{Inventory, OVERWRITE_MARKER, Object, Tags};
use crate::bucket::{Bucket, BucketReader, Budget, Reading, ServerSide, Transfer, transfer};
use crate::engine::Breaker;
use crate::error::{Error, Kind};
use crate::plan::{Existing, Halt, Put, objects_to_put};
use crate::stored::{Stored, listed_again};
use crate::trace::{step, within};

/// What all transfers of a run share.
#[derive(Debug, Clone)]
pub struct Means {
    /// What copies objects without their coming here.
    pub server_side: ServerSide,
    /// The memory that they may take together.
    pub budget: Budget,
    /// Ends transfers in hand; their multipart uploads are aborted.
    pub cancel: CancellationToken,
    /// Tracks what is waited for even once transfers are cancelled: aborting an upload, taking a `meta.json` back.
    pub last_acts: TaskTracker,
    /// Told whenever the target has taken something.
    pub breaker: Arc<Breaker>,
}

/// How much is put, and what becomes of another block that is published under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Which objects are put.
    pub put: Put,
    /// Whether another block gives way to this one. Then everything is put.
    pub existing: Existing,
    /// Whether the target had a `meta.json` when it was surveyed, so that a single listing without one is not believed.
    pub was_published: bool,
}

/// A block whose objects the target holds.
#[derive(Debug)]
pub struct Copied {
    /// Its objects in the source, as listed when its copy began, with the digests that were found out on their way.
    pub source: Inventory,
    /// Its `meta.json` in the target, as listed, where it lies there already.
    pub published: Option<Object>,
    /// Whether another block that appears under its id is to give way.
    pub existing: Existing,
}

/// A block in both buckets, as listed right before its copy.
#[derive(Debug)]
pub struct Seen {
    source: Inventory,
    target: Inventory,
}

/// Looks at both buckets for a copy.
///
/// Errors: as [`Stored::look_again`].
pub async fn look(stored: &Stored, target: &BucketReader, manner: Manner) -> Result<Seen, Halt> {
    let in_target = async { Ok(target.list_block(stored.id()).await?) };
    let (in_source, mut in_target) = futures::try_join!(stored.look_again(), in_target)?;
    if manner.was_published && lacks_meta_for_no_reason(&in_target) {
        in_target = listed_again(target, stored.id()).await?;
    }
    Ok(Seen {
        source: in_source,
        target: in_target,
    })
}

/// Copies what the target does not hold yet, by what was `seen` a moment ago. May be repeated: what is there and right is not copied again. Whether
/// all of it arrived is for the next listing of the target to say.
pub async fn copy(
    stored: &Stored,
    seen: Seen,
    target: &Bucket,
    manner: Manner,
    means: &Means,
    tally: &Tally,
) -> Result<Copied, Halt> {
    let Seen {
        source: in_source,
        target: in_target,
    } = seen;
    let mut overwriting = in_target.is_being_overwritten();
    let published = match there(stored, target.reader(), &in_target, manner.existing).await? {
        There::Nothing => None,
        There::Itself => in_target.meta().cloned(),
        There::ToBeReplaced => {
            begin_overwrite(stored, target).await?;
            tally.doubt.arises();
            overwriting = true;
            None
        }
    };
    let put = if overwriting {
        Put::All
    } else if published.is_some() && !manner.was_published {
        // Somebody has published it since: what is read now is no better than what lies there, and readers have it open.
        tally.doubt.widen(Put::Differing)
    } else {
        tally.doubt.widen(manner.put)
    };
    let mut objects = objects_to_put(&in_source, &in_target, put);
    let tags = Tags::of(&in_source, &in_target);
    objects.retain(|object| {
        let in_target = in_target.get(&object.name);
        let agreement = in_target.and_then(|in_target| tags.agreement(object, in_target));
        let is_there = agreement.is_some();
        !(is_there && tally.doubt.is_settled(&object.name))
    });
    let resumed = !in_target.is_empty()
        && in_target.meta().is_none()
        && !is_young(&in_target, target.reader().time_told());
    if resumed {
        restart_the_cleaners_clock(&mut objects, &in_source);
    }
    let sizes = objects.iter().map(|object| object.size_bytes);
    tally.begins(sizes.fold(0, u64::saturating_add));

    let copying = Copying {
        stored,
        target,
        // What ends one object's transfer ends those beside it, and no other block's.
        cancel: means.cancel.child_token(),
        means,
        tally,
    };
    let mut sends = objects
        .iter()
        .map(|object| copying.send(object).boxed())
        .collect::<Vec<_>>()
        .into_iter();
    if resumed && let Some(first) = sends.next() {
        first.await?;
    }
    copying.drive(sends).await?;
    remove_surplus(stored, &in_source, &in_target, put, target).await?;
    if overwriting {
        end_overwrite(stored, &in_source, target).await?;
    }
    Ok(Copied {
        source: tally.learnt.of(in_source),
        published,
        existing: manner.existing,
    })
}

/// Makes sure that a crash from here on leaves a partial block that is known to be half overwritten.
async fn begin_overwrite(stored: &Stored, target: &Bucket) -> Result<(), Halt> {
    let id = stored.id();
    let why = Bytes::from_static(br#"{"version":1,"by":"thanos-bucket"}"#);
    target.put(&id.object(OVERWRITE_MARKER), why).await?;
    delete_meta(id, target).await?;
    Ok(())
}

/// The overwrite file goes once nothing of the old block can be taken for the new one.
async fn end_overwrite(
    stored: &Stored,
    in_source: &Inventory,
    target: &Bucket,
) -> Result<(), Error> {
    let id = stored.id();
    let in_target = target.reader().list_block(id).await?;
    if let Some(what) = missing(in_source, &in_target) {
        let location = target.reader().location();
        let attempt = format!("find what was put into {id} in {location}");
        return Err(Error::new(Kind::Transient, attempt).because(what));
    }
    target.delete(&id.object(OVERWRITE_MARKER)).await
}

/// A partial block whose newest object is younger than this is far from being deleted.
const YOUNG: TimeDelta = TimeDelta::hours(12);

/// Whether something arrived there lately, by the target's own clock, which tells both times. Where it tells no time, nobody knows.
fn is_young(in_target: &Inventory, told: Option<Reading>) -> bool {
    let written = in_target.iter().filter_map(|(_, object)| object.modified);
    let (Some(newest), Some(told)) = (written.max(), told) else {
        return false;
    };
    let since = TimeDelta::from_std(told.answered.elapsed()).unwrap_or(TimeDelta::MAX);
    let age = told.time.signed_duration_since(newest);
    age.checked_add(&since).is_some_and(|age| age < YOUNG)
}

/// Thanos deletes a partial block when its newest object is 48 hours old, so a resumed copy begins by putting one object anew.
fn restart_the_cleaners_clock<'a>(objects: &mut Vec<&'a Object>, in_source: &'a Inventory) {
    if objects.is_empty() {
        objects.extend(in_source.data().min_by_key(|object| object.size_bytes));
    }
    objects.sort_by_key(|object| object.size_bytes);
}

/// Segments that the source lacks would be read as part of the block; an overwritten block keeps nothing else either.
async fn remove_surplus(
    stored: &Stored,
    in_source: &Inventory,
    in_target: &Inventory,
    put: Put,
    target: &Bucket,
) -> Result<(), Error> {
    for object in in_target
        .data()
        .filter(|object| in_source.get(&object.name).is_none())
    {
        if put == Put::All || object.name.starts_with("chunks/") {
            target.delete(&stored.id().object(&object.name)).await?;
        }
    }
    Ok(())
}

/// The objects of one block on their way.
struct Copying<'a> {
    stored: &'a Stored,
    target: &'a Bucket,
    means: &'a Means,
    cancel: CancellationToken,
    tally: &'a Tally,
}

impl Copying<'_> {
    /// Drives all transfers, a few at once. The first error cancels the others and is told once they have ended: to drop them instead would
    /// leave multipart uploads behind.
    async fn drive(
        &self,
        sends: impl Iterator<Item = impl Future<Output = Result<(), Error>>>,
    ) -> Result<(), Error> {
        let mut sends = stream::iter(sends).buffer_unordered(OBJECTS_AT_ONCE);
        let mut ended = Ok(());
        while let Some(sent) = sends.next().await {
            if sent.is_err() {
                self.cancel.cancel();
            }
            ended = ended.and(sent);
        }
        ended
    }

    async fn send(&self, object: &Object) -> Result<(), Error> {
        let id = self.stored.id();
        let files = self.stored.meta().block.files();
        let sha256 = files
            .iter()
            .find(|file| *file.path == *object.name)
            .and_then(|file| file.sha256.as_deref());
        let count = |bytes: u64| {
            self.tally.sent.add_bytes(bytes);
            self.means.breaker.accepted();
        };
        let path = id.object(&object.name);
        let sending = transfer(Transfer {
            path: &path,
            object,
            sha256,
            source: self.stored.bucket(),
            target: self.target,
            server_side: &self.means.server_side,
            budget: &self.means.budget,
            cancel: &self.cancel,
            last_acts: &self.means.last_acts,
            moved: &count,
            progress: &self.tally.progress,
        });
        let span = step!("object", object = %object.name, bytes = object.size_bytes);
        let learnt = within(span, sending).await?;
        self.tally.learnt.note(object, learnt);
        self.tally.sent.add_object();
        self.tally.doubt.settle(&object.name);
        debug!(block = %id, object = %object.name, bytes = object.size_bytes, "object copied");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use tokio::time::{Instant, advance};

    use super::*;
    use crate::block::Fingerprint;

    fn written_at(hours: &[i64]) -> Inventory {
        let objects = hours.iter().map(|hours| Object {
            name: format!("chunks/{hours:06}").into(),
            size_bytes: 1,
            modified: Some(DateTime::UNIX_EPOCH + TimeDelta::hours(*hours)),
            version: None,
            fingerprint: Fingerprint::UNKNOWN,
            archived: false,
            file: None,
            left_out: None,
        });
        objects.collect()
    }

    /// S-5.14
    #[tokio::test(start_paused = true)]
    async fn a_block_is_young_by_its_newest_object_and_the_targets_own_clock() {
        let told = |hours| {
            let now = Instant::now();
            Some(Reading {
                time: DateTime::UNIX_EPOCH + TimeDelta::hours(hours),
                asked: now,
                answered: now,
            })
        };
        for (written, now, expected) in [
            (vec![0, 100], told(101), true),
            (vec![0, 100], told(111), true),
            (vec![0, 100], told(112), false),
            (vec![0, 100], told(99), true),
            (vec![], told(101), false),
            (vec![100], None, false),
        ] {
            assert_eq!(is_young(&written_at(&written), now), expected, "{now:?}");
        }
        // What was told a while ago is not the time now.
        let told = told(101);
        advance(Duration::from_hours(10)).await;
        assert!(is_young(&written_at(&[100]), told));
        advance(Duration::from_hours(1)).await;
        assert!(!is_young(&written_at(&[100]), told));
    }
}

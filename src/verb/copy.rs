//! Brings a block's objects into the target, all but `meta.json`: afterwards the target holds the block, and nobody sees it yet.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::block::{
    BlockId, Difference, Inventory, META_JSON, OVERWRITE_MARKER, Object, Tags, compare,
};
use crate::bucket::{Bucket, BucketReader, Budget, Transfer, transfer};
use crate::error::{Error, Kind};
use crate::plan::{Action, Conflict, Halt, Put, Selected, Standing, objects_to_put, standing};
use crate::progress::BlockProgress;
use crate::stored::{listed_again, read_meta, with_marks_read};
use crate::trace::{step, within};

/// What every copy of a run shares.
#[derive(Debug, Clone)]
pub struct Means {
    /// The memory that all transfers share.
    pub budget: Budget,
    /// Ends transfers in hand; their multipart uploads are aborted.
    pub cancel: CancellationToken,
    /// What is waited for all the same: an upload is aborted, a `meta.json` taken back.
    pub last_acts: TaskTracker,
}

/// What the tries at one block have done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Objects put into the target.
    pub objects_put: AtomicU64,
    /// Bytes sent, repeats included.
    pub bytes_sent: AtomicU64,
    /// Bytes that the latest try still had to send when it began.
    pub remaining_bytes: AtomicU64,
    /// For those who watch.
    progress: Arc<BlockProgress>,
    /// When the block left the queue.
    working_since: OnceLock<Instant>,
    /// Names of the objects that were put.
    names: Mutex<HashSet<Box<str>>>,
    /// Bytes turned out to differ that no listing tells apart.
    distrusted: AtomicBool,
}

impl Tally {
    /// Nothing was done yet; whoever watches `progress` is told of what will be.
    #[must_use]
    pub fn new(progress: BlockProgress) -> Self {
        Self {
            progress: Arc::new(progress),
            ..Self::default()
        }
    }

    /// The block waits for its turn no longer: its time counts from here.
    pub fn work_begins(&self) {
        self.working_since.get_or_init(Instant::now);
    }

    /// How long it has been at work.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let since = self.working_since.get();
        since.map_or(Duration::ZERO, Instant::elapsed)
    }

    /// One more object was put.
    pub fn count(&self, bytes: u64) {
        self.objects_put.fetch_add(1, Ordering::Relaxed);
        self.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes turned out to differ that no listing tells apart, or may do so: everything is put again that no listing proves.
    pub fn distrust(&self) {
        self.names().clear();
        self.distrusted.store(true, Ordering::Relaxed);
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashSet<Box<str>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A block whose objects the target holds.
#[derive(Debug)]
pub struct Copied {
    /// Its objects in the source, as listed when its copy began.
    pub source: Inventory,
    /// Its `meta.json` in the target, as listed, where it lies there already.
    pub published: Option<Object>,
}

/// Objects of one block in transfer at once.
const OBJECTS_AT_ONCE: usize = 4;

/// Copies what the target does not hold yet. May be repeated: what is there and right is not copied again. Whether all of it arrived is for
/// the next listing of the target to say. `accepted` is called whenever the target has taken something.
pub async fn copy(
    selected: &Selected,
    source: &BucketReader,
    target: &Bucket,
    mut put: Put,
    means: &Means,
    tally: &Tally,
    accepted: &(dyn Fn() + Sync),
) -> Result<Copied, Halt> {
    let id = selected.block.id;
    let in_target = async { Ok(target.reader().list_block(id).await?) };
    let (in_source, mut in_target) = futures::try_join!(look_again(selected, source), in_target)?;
    if in_target.meta().is_none() && was_published(selected, &in_target) {
        in_target = listed_again(target.reader(), id).await?;
    }
    let mut overwriting = in_target.is_being_overwritten();
    let published = match published(selected, target.reader(), &in_target).await? {
        Published::Nothing => None,
        Published::It => in_target.meta().cloned(),
        Published::ToBeReplaced => {
            begin_overwrite(selected, target).await?;
            tally.distrust();
            overwriting = true;
            None
        }
    };
    if overwriting {
        put = Put::All;
    } else if put == Put::Differing && tally.distrusted.load(Ordering::Relaxed) {
        put = Put::Unproven;
    }
    let mut objects = objects_to_put(&in_source, &in_target, put);
    let tags = Tags::of(&in_source, &in_target);
    objects.retain(|object| {
        let in_target = in_target.get(&object.name);
        let agreement = in_target.and_then(|in_target| tags.agreement(object, in_target));
        let is_there = agreement.is_some();
        !(is_there && tally.names().contains(&object.name))
    });
    let resumed = !in_target.is_empty() && in_target.meta().is_none();
    if resumed {
        restart_the_cleaners_clock(&mut objects, &in_source);
    }
    let sizes = objects.iter().map(|object| object.size_bytes);
    let bytes = sizes.fold(0, u64::saturating_add);
    tally.remaining_bytes.store(bytes, Ordering::Relaxed);
    tally.progress.to_move(bytes);

    // What ends one object's transfer ends those beside it, and no other block's.
    let means = Means {
        budget: means.budget.clone(),
        cancel: means.cancel.child_token(),
        last_acts: means.last_acts.clone(),
    };
    let mut sends = objects
        .iter()
        .map(|object| send(selected, object, source, target, &means, tally, accepted).boxed())
        .collect::<Vec<_>>()
        .into_iter();
    if resumed && let Some(first) = sends.next() {
        first.await?;
    }
    send_all(sends, &means.cancel).await?;
    remove_surplus(selected, &in_source, &in_target, put, target).await?;
    if overwriting {
        end_overwrite(selected, &in_source, target).await?;
    }
    Ok(Copied {
        source: in_source,
        published,
    })
}

/// Drives all transfers, a few at once. The first error cancels the others and is told once they have ended: one that were dropped instead
/// would leave a multipart upload behind.
async fn send_all(
    sends: impl Iterator<Item = impl Future<Output = Result<(), Error>>>,
    cancel: &CancellationToken,
) -> Result<(), Error> {
    let mut sends = stream::iter(sends).buffer_unordered(OBJECTS_AT_ONCE);
    let mut ended = Ok(());
    while let Some(sent) = sends.next().await {
        if sent.is_err() {
            cancel.cancel();
        }
        ended = ended.and(sent);
    }
    ended
}

/// Lists the source block anew: it must be the block that was surveyed, whole, and not marked since.
pub async fn look_again(selected: &Selected, source: &BucketReader) -> Result<Inventory, Halt> {
    let now = source.list_block(selected.block.id).await?;
    as_surveyed(selected, source, now).await
}

/// The same, of a listing that was just made.
pub async fn as_surveyed(
    selected: &Selected,
    source: &BucketReader,
    mut now: Inventory,
) -> Result<Inventory, Halt> {
    let id = selected.block.id;
    let mut stands = standing(&selected.block, &now);
    if stands == Standing::Vanished {
        let again = listed_again(source, id).await?;
        if again.is_marked() && !now.is_marked() {
            // Whoever asked has concluded from the first listing that there is no mark.
            let attempt = format!("list {id} in {}", source.location());
            let why = "a moment ago neither meta.json nor the mark was listed, and now they are";
            return Err(Error::new(Kind::Changed, attempt).because(why).into());
        }
        now = again;
        stands = standing(&selected.block, &now);
    }
    match stands {
        Standing::Unchanged => {}
        Standing::Vanished => return Err(Halt::Vanished),
        Standing::Marked => {
            return Err(Halt::Superseded(
                "it was marked for deletion meanwhile".into(),
            ));
        }
        Standing::MetaTouched => match read_meta(source, id, now.meta()).await? {
            None => return Err(Halt::Vanished),
            Some((meta, _)) if meta.digest == selected.meta.digest => {}
            Some(_) => {
                return Err(Halt::Superseded(
                    "its meta.json was rewritten meanwhile".into(),
                ));
            }
        },
    }
    now = with_marks_read(source, id, now).await?;
    if let crate::block::Completeness::Lacks(what) = now.completeness(&selected.meta.block) {
        let attempt = format!("find every object of {id} in {}", source.location());
        return Err(Error::new(Kind::Corrupt, attempt).because(what).into());
    }
    Ok(now)
}

/// Whether the target had a `meta.json` when it was surveyed, and nothing that is listed now says why it is gone.
fn was_published(selected: &Selected, in_target: &Inventory) -> bool {
    matches!(
        selected.action,
        Action::AlreadyThere(_) | Action::Repair(_) | Action::Overwrite(_)
    ) && !in_target.is_being_overwritten()
        && in_target.meta_left_out().is_none()
}

/// What the target has published under the block's id.
pub(crate) enum Published {
    Nothing,
    /// The block itself.
    It,
    /// Another one, which the plan is to overwrite.
    ToBeReplaced,
}

/// Another `meta.json` is a conflict, unless the plan is to overwrite it.
pub(crate) async fn published(
    selected: &Selected,
    target: &BucketReader,
    in_target: &Inventory,
) -> Result<Published, Halt> {
    if in_target.may_be_marked() {
        return Err(Halt::Conflict(Conflict::Marked));
    }
    if let Some(why) = in_target.meta_left_out() {
        let why = format!("it is left out: {why}");
        return Err(Halt::Conflict(Conflict::CorruptedMeta(why)));
    }
    let Some(listed) = in_target.meta() else {
        return Ok(Published::Nothing);
    };
    let id = selected.block.id;
    let same = match read_meta(target, id, Some(listed)).await {
        Ok(Some((meta, _))) => meta.digest == selected.meta.digest,
        Ok(None) => return Err(gone(id, target).into()),
        Err(err) if err.kind() == Kind::Corrupt => false,
        Err(err) => return Err(err.into()),
    };
    if same {
        Ok(Published::It)
    } else if matches!(selected.action, Action::Overwrite(_)) {
        Ok(Published::ToBeReplaced)
    } else {
        Err(Halt::Conflict(Conflict::OtherMeta))
    }
}

/// The block's `meta.json` was there a moment ago: what else lies there has to be looked at again.
pub(crate) fn gone(id: BlockId, bucket: &BucketReader) -> Error {
    let path = id.object(META_JSON);
    let attempt = format!("read {path} in {}", bucket.location());
    Error::new(Kind::Changed, attempt).because("it was there, and is gone")
}

/// From here on a crash leaves a partial block that says what it is.
async fn begin_overwrite(selected: &Selected, target: &Bucket) -> Result<(), Halt> {
    let id = selected.block.id;
    let why = Bytes::from_static(br#"{"version":1,"by":"thanos-bucket"}"#);
    target.put(&id.object(OVERWRITE_MARKER), why).await?;
    delete_meta(id, target).await?;
    Ok(())
}

/// Deletes a block's `meta.json` in the target, and looks whether it is gone: nothing may be changed below one that stays.
///
/// Errors: [`Kind::Other`] where the target says that it is deleted, and shows it still.
pub(crate) async fn delete_meta(id: BlockId, target: &Bucket) -> Result<(), Error> {
    let path = id.object(META_JSON);
    target.delete(&path).await?;
    if target.reader().list_block(id).await?.meta().is_none() {
        return Ok(());
    }
    let attempt = format!("delete {path} in {}", target.reader().location());
    let why = "it is said to be deleted, and it is still there";
    Err(Error::new(Kind::Other, attempt).because(why))
}

async fn end_overwrite(
    selected: &Selected,
    in_source: &Inventory,
    target: &Bucket,
) -> Result<(), Error> {
    let id = selected.block.id;
    let in_target = target.reader().list_block(id).await?;
    if let Some(what) = missing(in_source, &in_target) {
        let location = target.reader().location();
        let attempt = format!("find what was put into {id} in {location}");
        return Err(Error::new(Kind::Transient, attempt).because(what));
    }
    target.delete(&id.object(OVERWRITE_MARKER)).await
}

/// Thanos deletes a partial block when its newest object is 48 hours old, so a resumed copy begins by putting one object anew.
fn restart_the_cleaners_clock<'a>(objects: &mut Vec<&'a Object>, in_source: &'a Inventory) {
    if objects.is_empty() {
        objects.extend(in_source.data().min_by_key(|object| object.size_bytes));
    }
    objects.sort_by_key(|object| object.size_bytes);
}

async fn send(
    selected: &Selected,
    object: &Object,
    source: &BucketReader,
    target: &Bucket,
    means: &Means,
    tally: &Tally,
    accepted: &(dyn Fn() + Sync),
) -> Result<(), Error> {
    let id = selected.block.id;
    let files = &selected.meta.block.files;
    let sha256 = files
        .iter()
        .find(|file| *file.path == *object.name)
        .and_then(|file| file.sha256.as_deref());
    let count = |bytes: u64| {
        tally.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
        accepted();
    };
    let path = id.object(&object.name);
    let sending = transfer(Transfer {
        path: &path,
        object,
        sha256,
        source,
        target,
        budget: &means.budget,
        cancel: &means.cancel,
        last_acts: &means.last_acts,
        moved: &count,
        progress: &tally.progress,
    });
    let span = step!("object", object = %object.name, bytes = object.size_bytes);
    within(span, sending).await?;
    tally.objects_put.fetch_add(1, Ordering::Relaxed);
    tally.names().insert(object.name.clone());
    debug!(block = %id, object = %object.name, bytes = object.size_bytes, "object copied");
    Ok(())
}

/// Segments that the source lacks would be read as part of the block; an overwritten block keeps nothing else either.
async fn remove_surplus(
    selected: &Selected,
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
            target
                .delete(&selected.block.id.object(&object.name))
                .await?;
        }
    }
    Ok(())
}

/// What the target lacks of the block's data, in words; checksums of what we put ourselves may differ where the sizes agree.
pub(crate) fn missing(in_source: &Inventory, in_target: &Inventory) -> Option<String> {
    let differences: Vec<String> = compare(in_source, in_target)
        .iter()
        .filter(|difference| !matches!(difference, Difference::Content(_)))
        .map(ToString::to_string)
        .collect();
    (!differences.is_empty()).then(|| differences.join(", "))
}

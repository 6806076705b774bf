//! Removes what runs of this tool left behind, one thing at a time. Right before each request that deletes something both buckets are looked at again,
//! and whatever is no longer known to be left behind stays.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::probe;
use super::survey::survey_block;
use crate::block::{
    BlockId, Inventory, OVERWRITE_MARKER, Object, ObjectPath, Strength, agreement, compare, pairs,
};
use crate::bucket::{Begun, BegunForm, Bucket, BucketReader, Budget, Comparison, same_content};
use crate::error::{Error, Kind, Result};
use crate::plan::{
    Fate, Halt, Stays, fate_of_copy, fate_of_overwrite, fate_of_upload, too_young, wholly_held,
};
use crate::stored::{Stored, read_small};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It is removed.
    Removed,
    /// It was gone already.
    Gone,
    /// A run has gone on with the block and published it whole.
    TakenUp,
    /// The block was published while some of it was being removed, and lacks this.
    Torn(String),
    /// It stays after all, and why.
    Stays(Stays, String),
}

impl Removal {
    fn of(fate: Fate) -> Self {
        match fate {
            Fate::Nothing | Fate::Goes(_) => Removal::Gone,
            Fate::Stays(stays, why) => Removal::Stays(stays, why),
        }
    }
}

/// So many bytes of both buckets are in memory while one object is compared.
const READ_AT_ONCE: usize = 32 << 20;

/// So often one object is deleted that is still there afterwards.
const TRIES: u32 = 3;

/// Removes what lies in the target of a block that is `stored` whole in the source, object by object. Whatever is left by a kill is a smaller copy.
pub async fn remove_copy(
    stored: &Stored,
    target: &Bucket,
    before: DateTime<Utc>,
) -> Result<Removal> {
    let mut tries: HashMap<Box<str>, u32> = HashMap::new();
    // Whatever came of a request: its answer may have been lost.
    let has_begun = AtomicBool::new(false);
    loop {
        let id = stored.id();
        let attempt = format!(
            "remove what was copied of {id} to {}",
            target.reader().location()
        );
        // The looks repeat their own requests.
        let step = target.reader().retrying(&attempt, || async {
            let was_begun = has_begun.load(Ordering::Relaxed);
            let next = match next_of_copy(stored, target.reader(), before, was_begun).await {
                Ok(Ok(next)) => next,
                Ok(Err(over)) => return Ok(Ok(Err(over))),
                Err(err) => return Ok(Err(err)),
            };
            has_begun.store(true, Ordering::Relaxed);
            target.delete_once(&id.object(&next)).await?;
            debug!(block = %id, object = %next, "object of an unfinished copy deleted");
            Ok(Ok(Ok(next)))
        });
        let deleted = match step.await?? {
            Ok(deleted) => deleted,
            Err(over) => return Ok(over),
        };
        let so_often = tries.entry(deleted.clone()).or_default();
        *so_often += 1;
        if *so_often > TRIES {
            let why = format!("{deleted} is said to be deleted, and it is still there");
            return Err(Error::new(Kind::Other, attempt).because(why));
        }
    }
}

/// What becomes of a copy by the bytes of what no checksum shows to be the same, as in folders, where a bucket encrypts, or where the parts of two
/// uploads differ: those objects are read in both buckets, the smallest first. `None` where there is none, or all have the same bytes.
///
/// Errors: [`Kind::Changed`] and [`Kind::NotFound`] where it is another one by now.
pub async fn read_where_in_doubt(
    stored: &Stored,
    in_source: &Inventory,
    in_target: &Inventory,
    target: &BucketReader,
) -> Result<Option<Fate>> {
    let is_unproven =
        |(one, other): &(&Object, &Object)| agreement(one, other) != Some(Strength::Checksum);
    let mut unproven: Vec<_> = pairs(in_source, in_target).filter(is_unproven).collect();
    unproven.sort_by_key(|(one, _)| one.size_bytes);
    let (budget, cancel) = (Budget::new(READ_AT_ONCE), CancellationToken::new());
    for (one, other) in unproven {
        let path = stored.id().object(&one.name);
        let compared = || {
            same_content(Comparison {
                path: &path,
                in_source: one,
                in_target: other,
                source: stored.bucket(),
                target,
                budget: &budget,
                cancel: &cancel,
            })
        };
        // What arrives wrong once need not be wrong.
        if !compared().await? && !compared().await? {
            let why = format!("{} has other bytes", one.name);
            return Ok(Some(Fate::Stays(Stays::Different, why)));
        }
    }
    Ok(None)
}

/// The next object that may go; or that there is none, and why.
async fn next_of_copy(
    stored: &Stored,
    target: &BucketReader,
    before: DateTime<Utc>,
    has_begun: bool,
) -> Result<Result<Box<str>, Removal>> {
    let in_target = async { Ok(target.list_block(stored.id()).await?) };
    let looked = futures::try_join!(stored.look_again(), in_target);
    let (in_source, in_target) = match looked {
        Ok(looked) => looked,
        Err(halt) => return halted(halt).map(Err),
    };
    Ok(match fate_of_copy(&in_source, &in_target, before) {
        Fate::Goes(names) => names.into_iter().next().ok_or(Removal::Removed),
        Fate::Nothing if in_target.meta().is_some() => {
            Err(published(&in_source, &in_target, has_begun))
        }
        Fate::Nothing if has_begun => Err(Removal::Removed),
        fate => Err(Removal::of(fate)),
    })
}

/// Somebody has published the block meanwhile.
fn published(in_source: &Inventory, in_target: &Inventory, has_begun: bool) -> Removal {
    match compare(in_source, in_target).first() {
        Some(difference) if has_begun => Removal::Torn(difference.to_string()),
        _ => Removal::TakenUp,
    }
}

/// The source's block is no longer what it was.
fn halted(halt: Halt) -> Result<Removal> {
    match halt {
        Halt::Vanished => {
            let why = "the source's block went meanwhile".to_owned();
            Ok(Removal::Stays(Stays::NotInSource, why))
        }
        Halt::Superseded(why) => Ok(Removal::Stays(Stays::SourceMarked, why)),
        // None comes of a look at a source.
        Halt::Conflict(_) => Ok(Removal::Gone),
        Halt::Failed(err) if err.kind() == Kind::Corrupt => {
            Ok(Removal::Stays(Stays::SourceNotWhole, format!("{err:#}")))
        }
        Halt::Failed(err) => Err(err),
    }
}

/// Removes the file that says that a published block was to be overwritten. Where an overwrite begins at that moment, it is put back.
pub async fn remove_overwrite(
    id: BlockId,
    target: &Bucket,
    before: DateTime<Utc>,
) -> Result<Removal> {
    let path = id.object(OVERWRITE_MARKER);
    let attempt = format!("delete {path} in {}", target.reader().location());
    // What it held, once it was asked to go; the answer may have been lost.
    let held = OnceLock::new();
    let removed = target.reader().retrying(&attempt, || async {
        let block = match survey_block(target.reader(), id).await {
            Ok(block) => block,
            Err(err) => return Ok(Err(err)),
        };
        let content = match read_small(target.reader(), id, OVERWRITE_MARKER).await {
            Ok(content) => content,
            Err(err) => return Ok(Err(err)),
        };
        let fate = fate_of_overwrite(&block, before);
        match (fate, content) {
            (Fate::Goes(_), Some(content)) => {
                held.get_or_init(|| content);
                target.delete_once(&path).await?;
                Ok(Ok(Removal::Removed))
            }
            (_, None) if held.get().is_some() => Ok(Ok(Removal::Removed)),
            (fate, _) => Ok(Ok(Removal::of(fate))),
        }
    });
    let removal = removed.await??;
    if let Some(content) = held.into_inner()
        && removal == Removal::Removed
        && target.reader().list_block(id).await?.meta().is_none()
    {
        target.put(&path, content).await?;
        let why = "a run overwrites it now".to_owned();
        return Ok(Removal::Stays(Stays::TooYoung, why));
    }
    Ok(removal)
}

/// Removes a probe, or what was put beside one, if it holds what was put there.
pub async fn remove_probe(
    path: &ObjectPath,
    target: &Bucket,
    before: DateTime<Utc>,
) -> Result<Removal> {
    let attempt = format!("delete {path} in {}", target.reader().location());
    let has_begun = AtomicBool::new(false);
    let removed = target.reader().retrying(&attempt, || async {
        match fate_of_probe(path, target, before).await {
            Ok(Fate::Goes(_)) => {}
            Ok(Fate::Nothing) if has_begun.load(Ordering::Relaxed) => {
                return Ok(Ok(Removal::Removed));
            }
            Ok(fate) => return Ok(Ok(Removal::of(fate))),
            Err(err) => return Ok(Err(err)),
        }
        has_begun.store(true, Ordering::Relaxed);
        target.delete_once(path).await?;
        Ok(Ok(Removal::Removed))
    });
    removed.await?
}

async fn fate_of_probe(path: &ObjectPath, target: &Bucket, before: DateTime<Utc>) -> Result<Fate> {
    let written = match target.modified(path).await {
        Err(err) if err.kind() == Kind::NotFound => return Ok(Fate::Nothing),
        written => written?,
    };
    if let Some(young) = too_young(written, before) {
        return Ok(young);
    }
    look_at_probe(path, target.reader()).await
}

/// What becomes of an old object with a probe's name, by what it holds.
pub async fn look_at_probe(path: &ObjectPath, target: &BucketReader) -> Result<Fate> {
    Ok(match probe::is_left(target, path).await? {
        Some(true) => Fate::Goes(Vec::new()),
        Some(false) => {
            let why = "its name is a probe's, and what it holds is not".to_owned();
            Fate::Stays(Stays::NotOurs, why)
        }
        None => Fate::Nothing,
    })
}

/// What becomes of what was begun and not finished, under that name below the bucket's prefix. `in_source` is what the source wholly holds of the block
/// in which it lies, or why that does not tell.
#[must_use]
pub fn fate_of_begun(
    name: &ObjectPath,
    begun: &Begun,
    in_source: Result<&Inventory, Fate>,
    before: DateTime<Utc>,
) -> Fate {
    let by_age = || too_young(begun.touched, before).unwrap_or_else(|| Fate::Goes(Vec::new()));
    match (begun.form, of_block(name)) {
        (BegunForm::StagedFile, _) => by_age(),
        (BegunForm::Upload, Some((_, object))) => match in_source {
            Ok(in_source) => fate_of_upload(in_source, object, begun.touched, before),
            Err(fate) => fate,
        },
        (BegunForm::Upload, None) if probe::is_name(name) => by_age(),
        (BegunForm::Upload, None) => {
            let why = "its name lies in no block and is no probe's".to_owned();
            Fate::Stays(Stays::NotOurs, why)
        }
    }
}

/// The block in whose directory a name lies, and the rest of the name.
#[must_use]
pub fn of_block(name: &ObjectPath) -> Option<(BlockId, &str)> {
    let (directory, rest) = name.as_str().split_once('/')?;
    Some((directory.parse().ok()?, rest))
}

/// Looks at it once more: with the time at which something of it was written last. `None` where it is gone.
pub async fn look_at_begun(
    name: &ObjectPath,
    begun: &Begun,
    source: Option<&BucketReader>,
    target: &BucketReader,
    before: DateTime<Utc>,
) -> Result<Option<(Begun, Fate)>> {
    let block = of_block(name).filter(|_| begun.form == BegunForm::Upload);
    let in_source = match (block, source) {
        (Some((id, _)), Some(source)) => wholly_held(Some(&survey_block(source, id).await?)),
        _ => wholly_held(None),
    };
    let Some(now) = target.look_at(begun).await? else {
        return Ok(None);
    };
    let fate = fate_of_begun(name, &now, in_source.as_ref().map_err(Clone::clone), before);
    Ok(Some((now, fate)))
}

/// Removes what was begun and not finished.
pub async fn remove_begun(
    name: &ObjectPath,
    begun: &Begun,
    source: Option<&BucketReader>,
    target: &Bucket,
    before: DateTime<Utc>,
) -> Result<Removal> {
    let reader = target.reader();
    let attempt = format!("remove what was begun of {name} in {}", reader.location());
    let has_begun = AtomicBool::new(false);
    let removed = reader.retrying(&attempt, || async {
        match look_at_begun(name, begun, source, reader, before).await {
            Ok(Some((_, Fate::Goes(_)))) => {}
            Ok(Some((_, fate))) => return Ok(Ok(Removal::of(fate))),
            Ok(None) if has_begun.load(Ordering::Relaxed) => return Ok(Ok(Removal::Removed)),
            Ok(None) => return Ok(Ok(Removal::Gone)),
            Err(err) => return Ok(Err(err)),
        }
        has_begun.store(true, Ordering::Relaxed);
        target.end(begun).await?;
        // A part that came at the same moment may have outlived it.
        match reader.look_at(begun).await {
            Ok(None) => Ok(Ok(Removal::Removed)),
            Ok(Some(_)) => {
                let why = "it is said to be gone, and it is still there";
                Err(Error::new(Kind::Transient, attempt.clone()).because(why))
            }
            Err(err) => Ok(Err(err)),
        }
    });
    removed.await?
}

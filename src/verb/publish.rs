//! Makes a copied block visible in the target, or takes that back.

use bytes::Bytes;

use super::copy::{Copied, Doubt};
use super::mark::is_ours;
use super::prove::Prover;
use super::there::{There, gone, is_gone, missing, there};
use crate::block::{Difference, Inventory, META_JSON, Object, Provenance, ReadBack, compare};
use crate::bucket::{Bucket, BucketReader};
use crate::error::{Error, Kind};
use crate::plan::{Conflict, Halt};
use crate::stored::{Stored, read_meta};

/// A block that may be published now: both buckets were looked at again, and the target lacks nothing but `meta.json`.
#[derive(Debug)]
pub struct Ready {
    meta_json: Bytes,
    source: Inventory,
    read: ReadBack,
    published: bool,
}

impl Ready {
    /// Whether the target has its `meta.json` already.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// Size of `meta.json` in bytes.
    #[must_use]
    pub fn meta_bytes(&self) -> u64 {
        self.meta_json.len() as u64
    }

    /// What was read of the block in both buckets.
    #[must_use]
    pub fn read(&self) -> &ReadBack {
        &self.read
    }

    /// The source's objects, as listed last, and what was read of the block in both buckets.
    #[must_use]
    pub fn into_parts(self) -> (Inventory, ReadBack) {
        (self.source, self.read)
    }
}

/// Who wrote the `meta.json` that lies in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// This run, which may take it back.
    ThisRun,
    /// Somebody before it, or another run that was faster.
    Another,
}

/// Looks at both buckets once more: the source in which the block is `stored`, and the target of the `prover`. What was `read` before and is the same
/// version still is not read again.
///
/// An error of the kind [`Kind::Transient`] means that the target lost what was copied, or has other bytes, which raises `doubt`: the caller must
/// copy again.
pub async fn prepare(
    stored: &Stored,
    copied: &Copied,
    prover: &Prover,
    read: &ReadBack,
    doubt: &Doubt,
) -> Result<Ready, Halt> {
    let id = stored.id();
    let target = prover.target();
    let in_target = async { Ok(target.list_block(id).await?) };
    let meta = async {
        if stored.kept_meta_json(copied.source.meta()).is_some() {
            return Ok(None);
        }
        Ok(Some(read_again(stored, copied.source.meta()).await?))
    };
    let (in_source, in_target, meta) = futures::try_join!(stored.look_again(), in_target, meta)?;
    let in_source = in_source.knowing(&copied.source);
    let meta_json = match (meta, stored.kept_meta_json(in_source.meta())) {
        (Some(meta_json), _) => meta_json,
        (None, Some(kept)) => kept,
        (None, None) => read_again(stored, in_source.meta()).await?,
    };
    let is_published = in_target.meta().is_some();
    // One that kept its size, entity tag and last-modified is the one that was read.
    let is_known = copied.published.as_ref() == in_target.meta();
    if in_target.may_be_marked() {
        return Err(Halt::Conflict(Conflict::Marked));
    }
    if is_published
        && !is_known
        && there(stored, target, &in_target, copied.existing).await? == There::ToBeReplaced
    {
        let attempt = format!("publish {id} in {}", target.location());
        let why = "another meta.json appeared there";
        return Err(Error::new(Kind::Changed, attempt).because(why).into());
    }
    if let Some(what) = missing(&in_source, &in_target) {
        let attempt = format!("find what was copied of {id} in {}", target.location());
        return Err(Error::new(Kind::Transient, attempt).because(what).into());
    }
    let read = prover
        .read_back(stored, &in_source, &in_target, read)
        .await?;
    if let Some(name) = read.differing().next() {
        doubt.arises();
        let attempt = format!("find what was copied of {id} in {}", target.location());
        let what = format!("{name} has other bytes");
        return Err(Error::new(Kind::Transient, attempt).because(what).into());
    }
    Ok(Ready {
        meta_json,
        source: in_source,
        read,
        published: is_published,
    })
}

/// Reads `meta.json` once more: it must have the bytes that it had when the block was surveyed.
async fn read_again(stored: &Stored, listed: Option<&Object>) -> Result<Bytes, Halt> {
    let (id, source) = (stored.id(), stored.bucket());
    let Some((meta, meta_json)) = read_meta(source, id, listed).await? else {
        return Err(Halt::Vanished);
    };
    if meta.digest != stored.meta().digest {
        // The listing of a moment ago shows the version that was surveyed.
        let attempt = format!("read meta.json of {id} in {}", source.location());
        let what = "it has other bytes than before, and the bucket says that nobody wrote it";
        return Err(Error::new(Kind::Transient, attempt).because(what).into());
    }
    Ok(meta_json)
}

/// Writes `meta.json`, byte for byte as the source has it, unless it lies there already: another run may have been faster.
///
/// Readers take a block for complete once `meta.json` is there, so it goes last.
pub async fn publish(stored: &Stored, ready: &Ready, target: &Bucket) -> Result<Publisher, Halt> {
    if ready.published {
        return Ok(Publisher::Another);
    }
    let id = stored.id();
    match target
        .create(&id.object(META_JSON), ready.meta_json.clone())
        .await
    {
        Ok(()) => Ok(Publisher::ThisRun),
        Err(err) if err.kind() == Kind::AlreadyExists => {
            let target = target.reader();
            match read_meta(target, id, None).await {
                Ok(Some((meta, _))) if meta.digest == stored.meta().digest => {
                    Ok(Publisher::Another)
                }
                Ok(None) => Err(gone(id, target).into()),
                Err(err) if err.kind() != Kind::Corrupt => Err(err.into()),
                _ => Err(Halt::Conflict(Conflict::OtherMeta)),
            }
        }
        Err(err) => Err(err.into()),
    }
}

/// Takes back a `meta.json` that this run wrote, where the block lacks what it `lost` and cannot be completed. Where the source is gone, or bears a
/// mark that another run wrote on its own proof, what lies in the target may soon be all that there is, and stays; so does what another run has
/// completed meanwhile. All of that is looked at before each attempt to delete it.
pub async fn unpublish(
    stored: &Stored,
    lost: &[Difference],
    provenance: &Provenance,
    target: &Bucket,
) -> Result<(), Error> {
    let path = stored.id().object(META_JSON);
    let attempt = format!("take back {path} in {}", target.reader().location());
    let taken_back = target.reader().retrying(&attempt, || async {
        match may_be_taken_back(stored, lost, provenance, target.reader()).await {
            Ok(true) => target.delete_once(&path).await.map(|()| Ok(true)),
            // These looks retry by themselves.
            looked => Ok(looked),
        }
    });
    if taken_back.await?? {
        is_gone(stored.id(), target.reader()).await?;
    }
    Ok(())
}

/// Whether the block still lacks some of what it `lost`, and no other run relies on what lies in the target.
async fn may_be_taken_back(
    stored: &Stored,
    lost: &[Difference],
    provenance: &Provenance,
    target: &BucketReader,
) -> Result<bool, Error> {
    let id = stored.id();
    let (in_source, in_target) = futures::try_join!(stored.list(), target.list_block(id))?;
    if in_source.meta().is_none() || in_target.meta().is_none() {
        return Ok(false);
    }
    if in_source.is_marked() && is_ours(id, provenance, stored.bucket()).await? {
        return Ok(false);
    }
    let now = compare(&in_source, &in_target);
    let still = |one: &Difference| match one {
        // Listings need not tell whether bytes were put again.
        Difference::Content(_) => true,
        Difference::BeingOverwritten => in_target.is_being_overwritten(),
        _ => now.contains(one),
    };
    Ok(lost.iter().any(still))
}

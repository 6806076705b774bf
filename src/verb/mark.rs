//! Writes marks into the source: the only module that writes there, and it writes nothing else.

use bytes::Bytes;

use crate::block::{
    BlockId, DELETION_MARK, DeletionMark, NO_COMPACT_MARK, NoCompactMark, ObjectPath, Proof,
    Provenance,
};
use crate::bucket::{Bucket, BucketReader};
use crate::error::{Error, Kind};
use crate::stored::read_small;
use crate::verb::clocks::AgreedTime;

/// Whose deletion mark lies on a block after an attempt to write one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marked {
    /// The mark was written.
    Written,
    /// A mark of this tool for the same target is there already, and stays.
    AlreadyOurs,
    /// A mark of somebody else is there already, and stays; its details.
    AlreadyTheirs(String),
}

/// Tells the hot compactor to leave alone the block that is proven to be held: one that is marked for deletion can still be compacted until half
/// the delete delay has passed. An existing mark stays.
pub async fn mark_no_compact(
    proof: &Proof,
    provenance: &Provenance,
    now: AgreedTime,
    source: &Bucket,
) -> Result<(), Error> {
    let block = proof.block();
    let mark = NoCompactMark::new(block, details(proof, provenance), now.time()).encode();
    create(source, &block.object(NO_COMPACT_MARK), mark.into())
        .await
        .map(drop)
}

/// Marks for deletion the block that is proven to be held. An existing mark is never overwritten, not even a corrupt one.
pub async fn mark(
    proof: &Proof,
    provenance: &Provenance,
    now: AgreedTime,
    source: &Bucket,
) -> Result<Marked, Error> {
    let block = proof.block();
    let mark = DeletionMark::new(block, details(proof, provenance), now.time()).encode();
    match create(source, &block.object(DELETION_MARK), mark.into()).await? {
        Created::Now => Ok(Marked::Written),
        Created::Before => whose(proof, provenance, source).await,
    }
}

fn details(proof: &Proof, provenance: &Provenance) -> String {
    match proof {
        Proof::Match(held) => {
            format!("{provenance}, proven by {}", held.strength().as_str())
        }
        Proof::Cover(cover) => format!("{provenance}, covered by {}", cover.by()),
    }
}

/// Whose mark lies on the block, where one was just seen. Errors: of the kind [`Kind::Changed`] where it is gone again.
pub async fn whose(
    proof: &Proof,
    provenance: &Provenance,
    source: &Bucket,
) -> Result<Marked, Error> {
    let block = proof.block();
    let mark = match read_small(source.reader(), block, DELETION_MARK).await {
        Ok(Some(bytes)) => DeletionMark::parse(block, &bytes).ok(),
        Ok(None) => {
            let path = block.object(DELETION_MARK);
            let attempt = format!("read {path} in {}", source.reader().location());
            return Err(Error::new(Kind::Changed, attempt).because("it was there, and is gone"));
        }
        Err(err) if err.kind() == Kind::Corrupt => None,
        Err(err) => return Err(err),
    };
    Ok(match mark {
        // The answer to an earlier attempt was lost.
        Some(mark) if is_of_this_run(&mark, provenance) => Marked::Written,
        Some(mark) if names(&mark, provenance) => Marked::AlreadyOurs,
        Some(mark) => Marked::AlreadyTheirs(mark.details().to_owned()),
        None => Marked::AlreadyTheirs("a mark that cannot be read".to_owned()),
    })
}

/// Whether the mark on the block, if any, says that the same target holds it.
pub async fn is_ours(
    block: BlockId,
    provenance: &Provenance,
    source: &BucketReader,
) -> Result<bool, Error> {
    let bytes = read_small(source, block, DELETION_MARK).await?;
    let mark = bytes.and_then(|bytes| DeletionMark::parse(block, &bytes).ok());
    Ok(mark.is_some_and(|mark| names(&mark, provenance)))
}

fn is_of_this_run(mark: &DeletionMark, provenance: &Provenance) -> bool {
    mark.provenance()
        .is_some_and(|written| written.run == provenance.run)
}

fn names(mark: &DeletionMark, provenance: &Provenance) -> bool {
    mark.provenance()
        .is_some_and(|theirs| theirs.leads_to(&provenance.target))
}

/// When an object came to be there.
enum Created {
    /// It was written now.
    Now,
    /// It was there before, or another object under its name was.
    Before,
}

async fn create(source: &Bucket, path: &ObjectPath, bytes: Bytes) -> Result<Created, Error> {
    match source.create(path, bytes).await {
        Ok(()) => Ok(Created::Now),
        Err(err) if err.kind() == Kind::AlreadyExists => Ok(Created::Before),
        Err(err) => Err(err),
    }
}

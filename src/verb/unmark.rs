//! Takes back marks that this tool wrote: the only module that deletes objects in the source, and it deletes no others.

use crate::block::{
    BlockId, DELETION_MARK, DeletionMark, NO_COMPACT_MARK, NoCompactMark, Provenance, RunId,
};
use crate::bucket::Bucket;
use crate::error::{Error, Kind, Result};
use crate::stored::read_small;

/// Takes the marks of that run from the block: a no-compact mark first, so that a block from which one was left behind still bears the deletion mark
/// by which it is found again. A no-compact mark of another run of this tool goes too: that run was killed before it came to the deletion mark, and
/// without one the block would never be compacted again, and nobody would know why. Each mark is read right before it is deleted, and one that is gone already is as good as taken back.
///
/// Errors: of the kind [`Kind::Changed`] where another deletion mark lies there by now, which stays.
pub async fn unmark(block: BlockId, run: &RunId, source: &Bucket) -> Result<()> {
    take_away(source, block, NO_COMPACT_MARK, |bytes| {
        let mark = NoCompactMark::parse(bytes).ok();
        match mark.and_then(|mark| mark.provenance()) {
            Some(_) => Whose::Ours,
            None => Whose::Another,
        }
    })
    .await?;
    let whose = take_away(source, block, DELETION_MARK, |bytes| {
        let mark = DeletionMark::parse(block, bytes).ok();
        Whose::of(mark.and_then(|mark| mark.provenance()), run)
    })
    .await?;
    match whose {
        Whose::Ours => Ok(()),
        Whose::Another => {
            let path = block.object(DELETION_MARK);
            let attempt = format!("take back {path} in {}", source.reader().location());
            Err(Error::new(Kind::Changed, attempt).because("it is another mark by now"))
        }
    }
}

/// Whose mark lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Another,
}

impl Whose {
    fn of(provenance: Option<Provenance>, run: &RunId) -> Self {
        match provenance {
            Some(provenance) if provenance.run == *run => Whose::Ours,
            _ => Whose::Another,
        }
    }
}

/// Deletes the mark where it is of the run, or is not there; tells whose it is.
async fn take_away(
    source: &Bucket,
    block: BlockId,
    name: &str,
    whose: impl Fn(&[u8]) -> Whose,
) -> Result<Whose> {
    let path = block.object(name);
    let attempt = format!("take back {path} in {}", source.reader().location());
    let take = || async {
        let Some(bytes) = read_small(source.reader(), block, name).await? else {
            return Ok(Whose::Ours);
        };
        let whose = whose(&bytes);
        if whose == Whose::Ours {
            source.delete_once(&path).await?;
        }
        Ok(whose)
    };
    source.reader().retrying(&attempt, take).await
}

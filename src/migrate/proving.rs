//! Whether the target holds a published block: it is proven, mended where it lost objects, or taken back.

use tracing::warn;

use super::another_try::{NotYet, before_another_try};
use super::at_work::{BlockAtWork, Mending};
use super::copying::{FIRST, copy_in_slot};
use super::covering::covered_meanwhile;
use super::held::{Held, Published};
use super::look::Look;
use super::publishing::{look_right_before, try_to_publish};
use super::stopped::Stopped;
use crate::audit::Event;
use crate::block::{Difference, Inventory, Proof, ReadBack};
use crate::bucket::Listings;
use crate::error::{Error, Kind};
use crate::plan::{Conflict, Halt};
use crate::retry::Backoff;
use crate::trace::{step, within};
use crate::verb::prove::Verdict;
use crate::verb::publish::{Publisher, unpublish};

/// How often a block that changes or loses objects after it was published is proven anew, or mended before it is taken back.
const MENDS: usize = 3;

/// Proves that the target holds the published block, or a block made of it; mends what it lost meanwhile, or takes back what this run
/// published.
///
/// What comes later in the order of publishing waits while it is mended, and is held back where that fails.
pub(super) async fn until_held(
    block: &BlockAtWork<'_>,
    published: Published,
) -> Result<Held, Stopped> {
    let mut mending = None;
    let held = prove_or_mend(block, published, &mut mending).await;
    block.unit.note_gap(&block.selected, held.as_ref().err());
    held
}

async fn prove_or_mend<'a>(
    block: &BlockAtWork<'a>,
    mut published: Published,
    mending: &mut Option<Mending<'a>>,
) -> Result<Held, Stopped> {
    let selected = &block.selected;
    let mut lost = Vec::new();
    let mut torn_by = Vec::new();
    let mut stopped = None;
    for mends_left in (0..=MENDS).rev() {
        let proving = within(step!("prove"), prove(block, &published));
        let proven = Look::now(proving).await?;
        let proven = published.source.dating(proven);
        let differences = match &proven.shown {
            Verdict::Held(held) => {
                let proof = Proof::Match(held.clone());
                // Where nobody could be told, the run has ended, and nothing is marked.
                let _ = block
                    .shared()
                    .tell(&Event::Proven(selected.block.id, &proof));
                return Ok(Held {
                    proof: proven.map(|_| proof),
                    read: published.read,
                    publisher: published.publisher,
                });
            }
            Verdict::Lacking(differences) => differences,
        };
        let is_going = |one: &Difference| matches!(one, Difference::Marked | Difference::NoMeta);
        if differences.iter().any(is_going)
            && let Some(cover) = covered_meanwhile(block).await?
        {
            return Ok(Held::by(cover.map(Proof::Cover)));
        }
        nobody_else_is_at(differences)?;
        lost.clone_from(differences);
        torn_by = what_tears(block, &published, differences);
        // What could not be mended is looked at once more: another run may have mended it.
        if mends_left == 0 || stopped.is_some() {
            break;
        }
        mending.get_or_insert_with(|| block.unit.mend());
        let bytes_differ = |one: &Difference| matches!(one, Difference::Content(_));
        if differences.iter().any(bytes_differ) {
            block.tally.doubt.arises();
        }
        warn!(block = %selected.block.id, err = in_words(&lost), "published block lost objects; they are put again");
        match mend(block, &mut published.publisher).await {
            Ok(mended) => published = mended,
            Err(err) => stopped = Some(err),
        }
    }
    if published.publisher == Publisher::ThisRun {
        take_back(block, &torn_by).await?;
    }
    Err(stopped.unwrap_or_else(|| {
        let location = block.shared().sides.target.reader().location();
        let attempt = format!("prove that {location} holds {}", selected.block.id);
        Stopped::Halt(Halt::Failed(
            Error::new(Kind::Corrupt, attempt).because(in_words(&lost)),
        ))
    }))
}

/// Takes back a block that this run may have published and now gives up, where it lacks objects. Nothing is done where somebody else has marked or
/// replaced it meanwhile.
pub(super) async fn take_back_if_torn(
    block: &BlockAtWork<'_>,
    published: &Published,
) -> Result<(), Stopped> {
    let tearing = async || match within(step!("prove"), prove(block, published)).await? {
        Verdict::Lacking(differences) if nobody_else_is_at(&differences).is_ok() => {
            Ok(what_tears(block, published, &differences))
        }
        Verdict::Held(_) | Verdict::Lacking(_) => Ok::<_, Stopped>(Vec::new()),
    };
    let mut torn_by = tearing().await?;
    if !torn_by.is_empty() {
        // A byte may have been read wrong, and need not be again.
        let again = tearing().await?;
        torn_by.retain(|one| again.contains(one));
    }
    take_back(block, &torn_by).await
}

async fn take_back(block: &BlockAtWork<'_>, torn_by: &[Difference]) -> Result<(), Stopped> {
    if torn_by.is_empty() {
        return Ok(());
    }
    let sides = &block.shared().sides;
    let provenance = &block.shared().provenance;
    let _last_act = sides.means.last_acts.token();
    let taken_back = unpublish(&block.stored, torn_by, provenance, &sides.target).await;
    taken_back.map_err(|err| left_torn(block, torn_by, &err))?;
    let why = in_words(torn_by);
    let told = Event::Unpublished(block.selected.block.id, &why);
    // It is done, whether anybody could be told or not.
    let _ = block.shared().tell(&told);
    Ok(())
}

/// Proves, and tries again while somebody is at work on the block in one of the buckets. Where that is the source and the block is gone,
/// the published copy may be all that is left of it, and stays.
async fn prove(block: &BlockAtWork<'_>, published: &Published) -> Result<Verdict, Stopped> {
    let (shared, stored) = (block.shared(), &block.stored);
    let mut tries = 1..MENDS;
    let mut lag = Backoff::new(&shared.settings.retry);
    loop {
        let (source, read) = (&published.source.shown, &published.read);
        match shared.sides.prover.prove(stored, source, read).await {
            Err(err) if err.kind().wants_a_fresh_look() && tries.next().is_some() => {
                stored.look_again().await?;
            }
            Ok(Verdict::Lacking(differences)) if may_be_lag(block, &differences) => {
                // Even a run that ends says what it finds now, and acts on it.
                let Some(delay) = lag.next_delay() else {
                    return Ok(Verdict::Lacking(differences));
                };
                if shared.course.pause(delay).await.is_err() {
                    return Ok(Verdict::Lacking(differences));
                }
            }
            proven => return Ok(proven?),
        }
    }
}

/// Whether the objects may be there although the target's listing does not show them yet. Never where `meta.json` or a mark differs, which are asked
/// for by name.
fn may_be_lag(block: &BlockAtWork<'_>, differences: &[Difference]) -> bool {
    let by_name = |one: &Difference| {
        matches!(
            one,
            Difference::Marked
                | Difference::NoMeta
                | Difference::OtherMeta
                | Difference::BeingOverwritten
        )
    };
    block.shared().sides.target.reader().listings() == Listings::Lagging
        && !differences.iter().any(by_name)
}

/// Puts again what the target lost, `meta.json` included. This run is its `publisher` as soon as one attempt to put it may have come through.
async fn mend(block: &BlockAtWork<'_>, publisher: &mut Publisher) -> Result<Published, Stopped> {
    // Even a run that starts nothing new must not leave behind a published block that lacks objects.
    let may = || block.shared().course.may_go_on();
    let copied = copy_in_slot(block, FIRST, may).await?;
    let mut backoff = Backoff::new(&block.shared().settings.retry);
    let mut tried = false;
    loop {
        let ready = look_right_before(block, &copied, ReadBack::default()).await?;
        match try_to_publish(block, &ready.shown, tried).await {
            Ok(now) => {
                if now == Publisher::ThisRun {
                    *publisher = now;
                }
                return Ok(Published::of(ready, *publisher));
            }
            Err(stopped) => {
                if stopped.leaves_open_what_was_done() {
                    tried = true;
                    *publisher = Publisher::ThisRun;
                }
                let err = stopped.passing()?;
                before_another_try(block, NotYet::Published, err, &mut backoff).await?;
            }
        }
    }
}

/// Those differences that readers of the target notice.
fn what_tears(
    block: &BlockAtWork<'_>,
    published: &Published,
    differences: &[Difference],
) -> Vec<Difference> {
    let meta = Some(&block.selected.meta.block);
    let read_by_thanos = published.source.shown.what_thanos_reads(meta);
    let tears = |one: &&Difference| tears(one, &read_by_thanos);
    differences.iter().filter(tears).cloned().collect()
}

/// Whether readers of the target notice it: an object that Thanos never reads, such as a mark that appeared in the source, may be missing.
fn tears(difference: &Difference, read_by_thanos: &Inventory) -> bool {
    match difference {
        Difference::Missing(name) | Difference::Content(name) | Difference::Size { name, .. } => {
            read_by_thanos.get(name).is_some()
        }
        _ => true,
    }
}

/// Errors: a conflict where somebody else has marked or replaced the block in the target.
fn nobody_else_is_at(differences: &[Difference]) -> Result<(), Stopped> {
    for difference in differences {
        let conflict = match difference {
            Difference::Marked => Conflict::Marked,
            Difference::OtherMeta => Conflict::OtherMeta,
            _ => continue,
        };
        return Err(Stopped::Halt(Halt::Conflict(conflict)));
    }
    Ok(())
}

/// The error for a block that stays published although it lacks objects.
fn left_torn(block: &BlockAtWork<'_>, torn_by: &[Difference], err: &Error) -> Error {
    let location = block.shared().sides.target.reader().location();
    let id = block.selected.block.id;
    let attempt = format!("take back meta.json of {id}, which {location} holds published and torn");
    let why = format!("{err:#}; {}", in_words(torn_by));
    Error::new(err.kind(), attempt).because(why)
}

fn in_words(differences: &[Difference]) -> String {
    let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
    words.join(", ")
}

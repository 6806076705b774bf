//! How a block stands in two buckets.

use super::state::{State, Verified};
use crate::block::{BlockId, Completeness, Difference, MetaFile, ReadBack, Strength};
use crate::plan::decide::differing;
use crate::plan::facts::{Mark, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta};
use crate::plan::look_back::{Compared, Lacking, compared, cover_of};

/// One block in both buckets.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// Its id.
    pub id: BlockId,
    /// What the source has of it.
    pub source: Option<&'a SourceBlock>,
    /// What the target has of it.
    pub target: Option<&'a TargetBlock>,
    /// All blocks of the target, which may have been made of it, or name it.
    pub others: &'a TargetIndex,
    /// How marks name the target.
    pub target_name: &'a str,
}

/// Judges a block by both listings, and by what was `read` of it.
#[must_use]
pub fn judge(pair: &Pair<'_>, read: &ReadBack) -> Verified {
    let nothing = TargetBlock::nothing(pair.id);
    let there = pair.target.unwrap_or(&nothing);
    let Some(block) = pair.source.filter(|block| !block.objects().is_empty()) else {
        return without_source(there);
    };
    let is_ours = block.is_marked_for(pair.target_name);
    let why = match &block.meta {
        SourceMeta::Read(meta) => return of_both(block, meta, there, pair, read),
        SourceMeta::Absent if !is_ours => return without_source(there),
        SourceMeta::Absent => None,
        SourceMeta::Unreadable(why) | SourceMeta::Corrupted(why) => {
            Some(format!("meta.json in the source: {why}"))
        }
    };
    let unknown = |why: String| Verified::because(State::Unreadable, why);
    if is_ours {
        // Its deletion may have begun, and then nobody but the target can have it soon.
        match compared(block, there, pair.others, read) {
            Compared::Lacking(_) if let TargetMeta::Unreadable(why) = &there.meta => {
                return unknown(format!("meta.json in the target: {why}"));
            }
            Compared::Lacking(lacking) => {
                let mut verified = not_held(block, &lacking, pair);
                if let (State::MarkedNotHeld, Some(why)) = (verified.state, why) {
                    let lacking = lacking.in_words();
                    verified.why = Some(format!("{lacking}; {why}"));
                }
                return verified;
            }
            Compared::Held(_) | Compared::NothingLeft => {}
        }
    }
    match why {
        Some(why) => unknown(why),
        None => match without_source(there) {
            Verified {
                state: State::TargetOnly,
                ..
            } => Verified::because(State::Held, "the source's is being deleted"),
            other => other,
        },
    }
}

/// A block that bears this tool's mark, and which the target does not have under its own id.
fn not_held(block: &SourceBlock, lacking: &Lacking, pair: &Pair<'_>) -> Verified {
    match cover_of(block, pair.others) {
        Some(by) => Verified::because(State::Covered, format!("by {by}")),
        None => Verified::because(State::MarkedNotHeld, lacking.in_words()),
    }
}

/// A block that the source has published.
fn of_both(
    block: &SourceBlock,
    meta: &MetaFile,
    there: &TargetBlock,
    pair: &Pair<'_>,
    read: &ReadBack,
) -> Verified {
    if let TargetMeta::Unreadable(why) = &there.meta {
        return Verified::because(State::Unreadable, format!("meta.json in the target: {why}"));
    }
    let other_meta = other_meta(meta, there);
    let lacking = match (compared(block, there, pair.others, read), &other_meta) {
        (Compared::Lacking(lacking), _) => Some(lacking),
        (Compared::Held(proof), None) => return held(block, proof),
        // A block with a meta.json has something left.
        (Compared::Held(_) | Compared::NothingLeft, _) => None,
    };
    let torn = lacking.as_ref().filter(|_| other_meta.is_none());
    let is_torn = torn.is_some_and(is_torn);
    let cover = cover_of(block, pair.others);
    // Readers see what is published and torn, whatever covers it.
    if let Some(by) = cover.filter(|_| !is_torn || there.meta().is_none()) {
        let unmarked = match block.mark {
            Mark::Absent => ", and not marked in the source",
            _ => "",
        };
        return Verified::because(State::Covered, format!("by {by}{unmarked}"));
    }
    let in_words = || {
        let words = lacking.as_ref().map(Lacking::in_words);
        other_meta.clone().or(words).unwrap_or_default()
    };
    if let Mark::Unreadable(why) = &block.mark {
        let in_target = in_words();
        let why = format!("its deletion mark in the source: {why}; in the target: {in_target}");
        return Verified::because(State::Unreadable, why);
    }
    if cover.is_none() && block.is_marked_for(pair.target_name) {
        return Verified::because(State::MarkedNotHeld, in_words());
    }
    if there.objects().is_empty() {
        return only_in_source(block, meta, pair);
    }
    let state = if is_torn {
        State::TornTarget
    } else {
        State::Different
    };
    let is_partial = is_torn && there.objects().meta().is_none();
    let unpublished = if is_partial { "not published, " } else { "" };
    Verified::because(state, format!("{unpublished}{}", in_words()))
}

/// In what the target's `meta.json` is another one than the source's; `None` where it is the same or is not there.
fn other_meta(meta: &MetaFile, there: &TargetBlock) -> Option<String> {
    match &there.meta {
        TargetMeta::Read(other) if other.digest != meta.digest => Some(format!(
            "its meta.json is another one: {}",
            differing::in_words(&meta.block, &other.block)
        )),
        TargetMeta::Corrupted(why) => Some(format!("its meta.json is corrupted: {why}")),
        TargetMeta::Unread => Some("its meta.json was not read".to_owned()),
        TargetMeta::Read(_) | TargetMeta::Absent | TargetMeta::Unreadable(_) => None,
    }
}

fn held(block: &SourceBlock, proof: Option<Strength>) -> Verified {
    let (state, why) = match &block.mark {
        Mark::Present(_) => (State::Held, None),
        Mark::Absent => (State::HeldUnmarked, None),
        Mark::Corrupted(err) => (
            State::HeldUnmarked,
            Some(format!("its deletion mark in the source is none: {err}")),
        ),
        Mark::Unreadable(why) => (
            State::Unreadable,
            Some(format!("its deletion mark in the source: {why}")),
        ),
    };
    Verified { state, why, proof }
}

/// A block of which the target has nothing.
fn only_in_source(block: &SourceBlock, meta: &MetaFile, pair: &Pair<'_>) -> Verified {
    if let Mark::Present(mark) = &block.mark {
        let why = match mark.details() {
            "" => "it is marked for deletion, not by a migration into this target".to_owned(),
            details => format!("it is marked for deletion: {details}"),
        };
        // Where a migration into another bucket has left it is not to be seen here: the other may be this one under another name.
        let state = match mark.provenance() {
            Some(_) => State::SourceOnly,
            None => State::LeftOut,
        };
        return Verified::because(state, why);
    }
    if meta.block.group.labels.is_empty() {
        let why = "it has no external labels, so that it is no block of Thanos";
        return Verified::because(State::LeftOut, why);
    }
    if let Some(what) = block.objects().lacks(&meta.block) {
        let why = format!("and damaged there: {what}");
        return Verified::because(State::SourceOnly, why);
    }
    let mut made = pair.others.covers(&meta.block);
    match made.find_map(|(by, judged)| Some((by, judged.err()?))) {
        Some((by, why)) => {
            let why = format!("{by} of the target was made of it, and {why}");
            Verified::because(State::SourceOnly, why)
        }
        None => Verified::plainly(State::SourceOnly),
    }
}

/// Whether something is missing there, or cut short, rather than another one.
fn is_torn(lacking: &Lacking) -> bool {
    lacking.differences.iter().any(|one| match one {
        Difference::Missing(_) | Difference::NoMeta | Difference::BeingOverwritten => true,
        Difference::Size { source, target, .. } => target < source,
        Difference::Content(_)
        | Difference::Surplus(_)
        | Difference::OtherMeta
        | Difference::Marked => false,
    })
}

/// A block of which the source has published nothing: what the target has is judged by its own `meta.json`.
fn without_source(there: &TargetBlock) -> Verified {
    let gone = "and the source has it no more";
    let meta = match &there.meta {
        TargetMeta::Read(meta) => meta,
        TargetMeta::Absent => return Verified::plainly(State::Partial),
        TargetMeta::Unread => {
            let why = "meta.json in the target: it was not read";
            return Verified::because(State::Unreadable, why);
        }
        TargetMeta::Unreadable(why) => {
            let why = format!("meta.json in the target: {why}");
            return Verified::because(State::Unreadable, why);
        }
        TargetMeta::Corrupted(why) => {
            let why = format!("its meta.json is corrupted: {why}, {gone}");
            return Verified::because(State::TornTarget, why);
        }
    };
    let objects = there.objects();
    if objects.is_being_overwritten() {
        let why = format!("an overwrite of it is not finished, {gone}");
        return Verified::because(State::TornTarget, why);
    }
    match objects.completeness(&meta.block) {
        Completeness::Lacks(what) => {
            Verified::because(State::TornTarget, format!("{what}, {gone}"))
        }
        Completeness::Whole | Completeness::Weak if objects.may_be_marked() => {
            Verified::because(State::TargetOnly, "marked for deletion there")
        }
        Completeness::Whole | Completeness::Weak => Verified::plainly(State::TargetOnly),
    }
}

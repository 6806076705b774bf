//! Which deleted blocks may be brought back: those that were asked for, of which all is there or kept, and that bear no mark by which they would go
//! again.

mod beside;
mod not_back;
#[cfg(test)]
mod tests;

use super::facts::{Mark, SourceMeta};
use crate::block::{
    BlockId, BlockMeta, File, Inventory, META_JSON, NO_COMPACT_MARK, NO_DOWNSAMPLE_MARK, Object,
    Provenance, RunId,
};
use crate::bucket::Gone;
use crate::select::Filter;
pub use beside::{Among, Beside, Candidate};
pub use not_back::NotBack;

/// Which blocks are to be brought back.
#[derive(Debug, Clone)]
pub struct BringBack {
    /// Which ones, by what their `meta.json` says, be it there or kept.
    pub filter: Filter,
    /// Only those that this run marked.
    pub run: Option<RunId>,
}

/// A block's directory, as it is and as it was.
#[derive(Debug, Clone)]
pub struct PastBlock {
    /// The directory's name.
    pub id: BlockId,
    /// What lies there.
    pub now: Inventory,
    /// What lay there and is kept, by its name in the directory; without what this tool wrote for itself.
    pub gone: Vec<Gone>,
    /// The names of what lay there and is not kept, where the bucket still tells.
    pub lost: Vec<Box<str>>,
    /// The `meta.json`, or its newest version where it was deleted.
    pub meta: SourceMeta,
    /// The deletion mark that lies there.
    pub mark: Mark,
    /// Who wrote the deletion mark that lay there last, where it was this tool and the mark was deleted.
    pub marked_by: Option<Provenance>,
}

/// What is to be done about a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recall {
    /// Nothing: it was not asked for.
    NotMeant,
    /// Nothing: it was asked for, and lies there whole.
    IsThere,
    /// It is brought back.
    BringBack(Box<Missing>),
    /// It was asked for, and stays as it is.
    Refuse(NotBack, String),
}

/// What is missing of a block, and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Everything but `meta.json`, by name.
    pub data: Vec<Gone>,
    /// The `meta.json`, where that is missing too.
    pub meta: Option<Gone>,
    /// The run whose mark lies there, and has to go first.
    pub mark: Option<RunId>,
}

impl Missing {
    /// How many objects come back.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.all().count() as u64
    }

    /// How many bytes they have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.all().map(|gone| gone.object.size_bytes);
        sizes.fold(0, u64::saturating_add)
    }

    fn all(&self) -> impl Iterator<Item = &Gone> {
        self.data.iter().chain(&self.meta)
    }
}

impl PastBlock {
    /// The run of this tool whose mark lies there, or lay there last.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        let there = match &self.mark {
            Mark::Present(mark) => mark.provenance(),
            Mark::Absent => self.marked_by.clone(),
            Mark::Unreadable(_) | Mark::Corrupted(_) => None,
        };
        there.map(|provenance| provenance.run)
    }

    /// Its `meta.json`, there or kept, if it can be read.
    #[must_use]
    pub fn meta(&self) -> Option<&BlockMeta> {
        match &self.meta {
            SourceMeta::Read(meta) => Some(&meta.block),
            SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => None,
        }
    }

    /// Whether all of it lies there by its own `meta.json`, which lies there too. Where that lists no segments, one that was deleted is none of what
    /// lies there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let lacks_nothing = |meta: &BlockMeta| {
            let files = meta.files();
            let mut deleted = self.gone.iter().map(|gone| &*gone.object.name);
            let mut lost = self.lost.iter().map(|name| &**name);
            let is_part = |name: &str| is_of_the_block(name, &files) == Some(true);
            self.now.lacks(meta).is_none() && !deleted.any(is_part) && !lost.any(is_part)
        };
        self.now.meta().is_some() && self.meta().is_some_and(lacks_nothing)
    }
}

impl BringBack {
    /// What is to be done about a block, whatever else lies in the bucket.
    #[must_use]
    pub fn recall(&self, block: &PastBlock) -> Recall {
        let is_named = self.filter.ids.contains(&block.id);
        // Of a block that nobody named nothing is said that is no matter of this run's.
        let refuse_named = |why: NotBack, detail: String| {
            if is_named {
                Recall::Refuse(why, detail)
            } else {
                Recall::NotMeant
            }
        };
        if let Some(run) = &self.run {
            match block.run() {
                Some(of) if of == *run => {}
                Some(of) => {
                    let detail = format!("run {of} marked it, and not {run}");
                    return refuse_named(NotBack::NotOurs, detail);
                }
                None => {
                    let detail = "no mark of this tool is kept of it".to_owned();
                    return refuse_named(NotBack::NotOurs, detail);
                }
            }
        }
        let was_deleted = block.now.meta().is_none() && !block.gone.is_empty();
        let is_pointed_at = is_named || self.run.is_some();
        let meta = match &block.meta {
            SourceMeta::Read(meta) => &meta.block,
            SourceMeta::Absent if is_pointed_at => {
                let detail = "no meta.json lies there, and none is kept".to_owned();
                return Recall::Refuse(NotBack::NoMetaJson, detail);
            }
            // A block of which nobody can tell whether it is meant.
            SourceMeta::Unreadable(why) if is_pointed_at || (self.is_open() && was_deleted) => {
                return Recall::Refuse(NotBack::Unreadable, format!("meta.json: {why}"));
            }
            SourceMeta::Corrupted(why) if is_pointed_at => {
                return Recall::Refuse(NotBack::CorruptedMetaJson, why.to_string());
            }
            SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => {
                return Recall::NotMeant;
            }
        };
        if !self.filter.takes(meta) {
            let detail = "another filter leaves it out".to_owned();
            return refuse_named(NotBack::Excluded, detail);
        }
        if block.is_whole() {
            return match &block.mark {
                _ if !is_pointed_at => Recall::NotMeant,
                Mark::Absent => Recall::IsThere,
                _ => Recall::Refuse(
                    NotBack::Marked,
                    "it is whole, and marked for deletion: unmark takes marks back".to_owned(),
                ),
            };
        }
        let missing = missing(block, meta);
        if missing.objects() == 0 && !is_pointed_at {
            return Recall::NotMeant;
        }
        judge(block, meta, missing)
    }

    /// Whether blocks are asked for by anything but their ids.
    fn is_open(&self) -> bool {
        self.filter.ids.is_empty()
    }
}

/// What of a block's own is missing, and kept.
fn missing(block: &PastBlock, meta: &BlockMeta) -> Missing {
    let files = meta.files();
    let is_meta = |gone: &&Gone| &*gone.object.name == META_JSON;
    let meta_json = block.gone.iter().find(is_meta);
    let its_end = meta_json.and_then(|gone| gone.deleted);
    let is_part = |gone: &&Gone| {
        let object = &gone.object;
        if is_meta(gone) || object.left_out.is_some() {
            return false;
        }
        match is_of_the_block(&object.name, &files) {
            Some(is_part) => is_part,
            // What was deleted before the block was, or beside one that was not, is no part of it any more.
            None if meta_json.is_none() => false,
            None => match (gone.deleted, its_end) {
                (Some(gone), Some(end)) => gone >= end,
                _ => matches!(&*object.name, NO_COMPACT_MARK | NO_DOWNSAMPLE_MARK),
            },
        }
    };
    Missing {
        data: block.gone.iter().filter(is_part).cloned().collect(),
        meta: meta_json.cloned(),
        mark: match &block.mark {
            Mark::Present(_) => block.run(),
            _ => None,
        },
    }
}

/// Whether a file of that name makes up the block; `None` where its `meta.json` does not tell.
fn is_of_the_block(name: &str, files: &[File]) -> Option<bool> {
    if name == "index" || files.iter().any(|file| file.path == name) {
        return Some(true);
    }
    // A stand-in for a directory is no file.
    if name.is_empty() || name == "chunks" || name.ends_with('/') {
        return Some(false);
    }
    let lists_segments = files.iter().any(|file| file.path.starts_with(SEGMENTS));
    name.starts_with(SEGMENTS).then_some(!lists_segments)
}

const SEGMENTS: &str = "chunks/";

/// Judges the block as it will be.
fn judge(block: &PastBlock, meta: &BlockMeta, missing: Missing) -> Recall {
    let there = block.now.iter().map(|(_, object)| object);
    let there = there.chain(block.now.left_out());
    let all: Inventory = there
        .chain(missing.all().map(|gone| &gone.object))
        .cloned()
        .collect();
    let unread = block.gone.iter().map(|gone| &gone.object);
    let closed = |object: &&Object| {
        object.left_out.is_some() && is_of_the_block(&object.name, &meta.files()) == Some(true)
    };
    if let Some(object) = unread.into_iter().find(closed) {
        let why = object.left_out.as_ref().map(ToString::to_string);
        let detail = format!("{}: {}", object.name, why.unwrap_or_default());
        return Recall::Refuse(NotBack::NotWhole, detail);
    }
    if let Some(what) = all.lacks(meta) {
        return Recall::Refuse(NotBack::NotWhole, what);
    }
    // Without a list of files nothing else tells that there was a last segment.
    let files = meta.files();
    let mut lost = block.lost.iter().map(|name| &**name);
    if let Some(name) = lost.find(|name| is_of_the_block(name, &files) == Some(true)) {
        let detail = format!("{name} was deleted, and no version of it is kept");
        return Recall::Refuse(NotBack::NotWhole, detail);
    }
    if let Some(object) = all.archived() {
        let detail = format!("{} is archived, and has to be restored first", object.name);
        return Recall::Refuse(NotBack::Archived, detail);
    }
    let stays = |why: &str| {
        let detail = format!("its deletion mark lies there, and stays: {why}");
        Recall::Refuse(NotBack::Marked, detail)
    };
    match &block.mark {
        Mark::Absent => Recall::BringBack(Box::new(missing)),
        Mark::Present(_) if missing.mark.is_some() => Recall::BringBack(Box::new(missing)),
        Mark::Present(mark) => match mark.details() {
            "" => stays("it does not say who wrote it"),
            details => stays(&format!("it says {details:?}")),
        },
        Mark::Unreadable(why) => stays(why),
        Mark::Corrupted(err) => stays(&err.to_string()),
    }
}

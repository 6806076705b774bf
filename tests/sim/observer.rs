//! The observer, who knows the truth: what may be put, deleted and read, and where every sample must be.

use std::collections::BTreeSet;

use bytes::Bytes;
use thanos_bucket::block::{BlockId, DeletionMark};
use thanos_bucket::plan::PublishOrder;

use crate::blocks::{Block, Objects, Sample};
use crate::world::{Side, World};

impl World {
    /// What a migrator may put: into the source marks alone, each on a block that the target holds; `meta.json` as it is.
    pub(crate) fn judge_put(&mut self, side: Side, path: &str, bytes: &Bytes) {
        let Some((id, name)) = path.split_once('/') else {
            self.violated(format!("{path} was put into {side:?}"));
            return;
        };
        match (side, name) {
            (Side::Source, "deletion-mark.json" | "no-compact-mark.json") => {
                if self.has(side, id, name) {
                    self.violated(format!("{name} of {id} was overwritten"));
                }
                let held = self.holds(Side::Target, id) || self.keeps_samples(Side::Target, id);
                if !held && !self.mistaken.contains(id) {
                    self.violated(format!("{id} is marked, and the target does not hold it"));
                }
                if name == "deletion-mark.json" {
                    let block = id.parse::<BlockId>().unwrap();
                    let mark = DeletionMark::parse(block, bytes);
                    if !mark.is_ok_and(|mark| mark.provenance().is_some()) {
                        self.violated(format!("the mark on {id} is not one of ours"));
                    }
                }
            }
            (Side::Source, _) => self.violated(format!("{path} was put into the source")),
            (Side::Target, "deletion-mark.json") => {
                self.violated(format!("{path} was put into the target"));
            }
            (Side::Target, "meta.json") => {
                let versions = &self.versions[id];
                // Who rewrites it may do so a moment before it is published.
                let old_enough = if self.late.contains(id) {
                    0
                } else {
                    versions.len() - 1
                };
                let same = versions[old_enough..]
                    .iter()
                    .any(|objects| objects["meta.json"] == *bytes);
                if !same {
                    self.violated(format!("meta.json of {id} is another one"));
                }
                if self.damaged.contains(id) {
                    self.violated(format!("{id} is damaged, and published"));
                }
            }
            (Side::Target, _) => {}
        }
    }

    /// A migrator deletes nothing in the source, and in the target no block that it does not put again.
    pub(crate) fn judge_migrators_deletion(&mut self, side: Side, path: &str) {
        if side == Side::Source {
            self.violated(format!("the source's {path} was deleted"));
        }
        let published = path.split_once('/').filter(|(id, name)| {
            *name == "meta.json" && self.is_marked_by_us(id) && self.holds(side, id)
        });
        if let Some((id, _)) = published {
            self.violated(format!("{id} is marked in the source, and was taken back"));
        }
    }

    /// Whoever reads the target now: a block with a `meta.json` must be whole, and a compactor must not have to halt.
    pub(crate) fn judge_target(&mut self) {
        let torn = self
            .known
            .keys()
            .find(|id| !self.may_be_torn(id) && self.is_torn(id));
        if let Some(id) = torn.cloned() {
            self.violated(format!("{id} is published, and torn"));
        }
        if self.nature.order == PublishOrder::None {
            return;
        }
        let live = self.live(Side::Target);
        let clash = live.iter().enumerate().find_map(|(position, one)| {
            let foreseen = |block: &Block| {
                !self.late.contains(&block.id) && !self.rewritten.contains(block.group.0)
            };
            let other = live[position + 1..]
                .iter()
                .find(|other| one.clashes_with(other) && foreseen(one) && foreseen(other))?;
            Some(format!("{} and {} overlap in the target", one.id, other.id))
        });
        if let Some(clash) = clash {
            self.violated(clash);
        }
    }

    /// Somebody else is at work on it.
    pub(crate) fn may_be_torn(&self, id: &str) -> bool {
        self.is_doomed(Side::Target, id) || self.cleaned.contains(id)
    }

    /// It has a `meta.json`, and not everything that belongs to it.
    fn is_torn(&self, id: &str) -> bool {
        let path = format!("{id}/meta.json");
        let Some(meta) = self.bucket(Side::Target).get(&path) else {
            return false;
        };
        let versions = &self.versions[id];
        !versions
            .iter()
            .filter(|objects| objects["meta.json"] == meta.bytes)
            .any(|objects| {
                self.holds_version(Side::Target, id, objects) && self.has_no_more(id, objects)
            })
    }

    /// Segments are numbered by listing.
    fn has_no_more(&self, id: &str, objects: &Objects) -> bool {
        let below = format!("{id}/");
        self.bucket(Side::Target)
            .range(below.clone()..)
            .map_while(|(path, _)| path.strip_prefix(&below))
            .filter(|name| name.starts_with("chunks/"))
            .all(|name| objects.contains_key(name))
    }

    /// The block's samples are in live blocks of that bucket.
    fn keeps_samples(&self, side: Side, id: &str) -> bool {
        let block = &self.known[id];
        let kept: BTreeSet<Sample> = self
            .live(side)
            .iter()
            .filter(|live| live.group == block.group)
            .flat_map(|live| live.samples.clone())
            .collect();
        block.samples.is_subset(&kept)
    }

    /// A compactor is about to delete a block of the source: its samples must be elsewhere.
    pub(crate) fn judge_deletion(&mut self, id: &str) {
        let elsewhere: BTreeSet<Sample> = [Side::Source, Side::Target]
            .into_iter()
            .flat_map(|side| self.live(side))
            .flat_map(|block| block.samples.clone())
            .collect();
        let lost = self.known[id]
            .samples
            .iter()
            .find(|sample| self.wanted.contains(*sample) && !elsewhere.contains(*sample));
        if let Some(lost) = lost {
            self.violated(format!(
                "{id} is deleted, and sample {lost:?} is nowhere else"
            ));
        }
    }

    /// A compactor is about to downsample a raw block: nobody else has done so, unless something unforeseen happened.
    pub(crate) fn judge_downsampling(&mut self, side: Side, raw: &Block) {
        // Whoever believes a stale listing takes back what others were published after.
        let unforeseen = self.late.contains(&raw.id)
            || self.rewritten.contains(raw.group.0)
            || self.nature.stale;
        if !self.first.contains(&raw.id) || unforeseen {
            return;
        }
        let anew = self.coarser(raw).find(|coarse| {
            let id = &coarse.id;
            let foreseen = !self.late.contains(id)
                && !self.namesakes.contains(id)
                && !self.is_doomed(Side::Source, id)
                && !self.cleaned.contains(id);
            foreseen
                && match side {
                    // Nobody else marks downsampled blocks while their raw ones live.
                    Side::Source => self.is_marked_by_us(id),
                    Side::Target => {
                        self.holds(Side::Source, id)
                            && !self.is_marked(Side::Source, id)
                            && !self.is_marked(Side::Target, id)
                            && !self.is_doomed(Side::Target, id)
                    }
                }
        });
        if let Some(coarse) = anew.map(|coarse| coarse.id.clone()) {
            let raw = &raw.id;
            self.violated(format!(
                "{raw} is downsampled in {side:?}, though {coarse} was made of it"
            ));
        }
    }

    pub(crate) fn is_marked_by_us(&self, id: &str) -> bool {
        let path = format!("{id}/deletion-mark.json");
        self.bucket(Side::Source).get(&path).is_some_and(|mark| {
            let block = id.parse::<BlockId>().unwrap();
            let mark = DeletionMark::parse(block, &mark.bytes);
            mark.is_ok_and(|mark| mark.provenance().is_some())
        })
    }

    /// Blocks that bear a mark of ours, and which the target neither holds nor has the samples of.
    pub(crate) fn marked_and_not_held(&self) -> BTreeSet<String> {
        let not_held = |id: &&String| {
            self.has(Side::Source, id, "meta.json")
                && self.is_marked_by_us(id)
                && !self.keeps_samples(Side::Target, id)
                && !self.has(Side::Target, id, "meta.json")
        };
        self.known.keys().filter(not_held).cloned().collect()
    }

    /// Pages of one listing of each bucket, and one read of each `meta.json` and mark; nothing else for a block.
    pub(crate) fn fewest_requests(&self) -> u64 {
        let pages = |side| self.bucket(side).len() / self.nature.page + 1;
        let small = |side| {
            let paths = self.bucket(side).keys();
            paths
                .filter(|path| path.ends_with("meta.json") || path.ends_with("-mark.json"))
                .count()
        };
        let both = [Side::Source, Side::Target].map(|side| pages(side) + small(side));
        // The page after the last shows that it was the last.
        both.iter().sum::<usize>() as u64 + 2
    }

    /// Once everything is over: nothing is torn for good, and nothing is lost.
    pub(crate) fn judge_the_end(&mut self) {
        self.cleaned.clear();
        self.judge_target();
        let held = |id: &&String| self.holds(Side::Source, id) || self.holds(Side::Target, id);
        let kept: BTreeSet<Sample> = self
            .known
            .keys()
            .filter(held)
            .flat_map(|id| self.known[id].samples.clone())
            .collect();
        if let Some(lost) = self.wanted.iter().find(|sample| !kept.contains(*sample)) {
            self.violated(format!("sample {lost:?} is lost"));
        }
        if !self.must_move_all() {
            return;
        }
        let left = self
            .known
            .keys()
            .find(|id| !self.holds(Side::Target, id) || !self.is_marked(Side::Source, id));
        if let Some(left) = left.cloned() {
            self.violated(format!("{left} has not moved"));
        }
        let ours = |path: &&String| path.contains("thanos-bucket-");
        if let Some(path) = self.bucket(Side::Target).keys().find(ours).cloned() {
            self.violated(format!("{path} stays in the target"));
        }
    }
}

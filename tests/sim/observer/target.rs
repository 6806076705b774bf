//! What whoever works on the target finds there: whole blocks, none of which overlap, and nothing that has to be downsampled anew.

use thanos_bucket::plan::PublishOrder;

use crate::blocks::{Block, is_data};
use crate::world::{MOMENT_MS, Side, World};

impl World {
    /// It has a `meta.json`, and not everything that readers want of it, or more: segments are numbered by listing.
    pub(crate) fn is_torn(&self, id: &str) -> bool {
        let there = self.storage.directory(Side::Target, id);
        let Some(meta) = there.get("meta.json") else {
            return false;
        };
        let Some(versions) = self.versions.get(id) else {
            return false;
        };
        let is_whole = versions
            .iter()
            .filter(|objects| objects["meta.json"] == meta.bytes)
            .any(|objects| {
                let wanted = objects.iter().filter(|(name, _)| is_data(name));
                let mut segments = there.keys().filter(|name| name.starts_with("chunks/"));
                wanted.into_iter().all(|(name, bytes)| {
                    let object = there.get(*name);
                    object.is_some_and(|object| object.bytes == *bytes)
                }) && segments.all(|name| objects.contains_key(name.as_str()))
            });
        !is_whole
    }

    /// Nobody who published one of them can have seen the other.
    fn were_published_in_one_moment(&self, one: &str, other: &str) -> bool {
        let published_ms = |id: &str| {
            let meta = self.storage.get(Side::Target, &format!("{id}/meta.json"));
            meta.map_or(0, |meta| meta.modified_ms)
        };
        (published_ms(one) - published_ms(other)).abs() < MOMENT_MS
    }

    /// A compactor of the target halts at two live blocks that overlap.
    pub(crate) fn judge_overlaps(&mut self) {
        if self.nature.order == PublishOrder::None {
            return;
        }
        let live = self.live(Side::Target);
        let foreseen = |block: &Block| {
            !self.late.contains(&block.id) && !self.rewritten.contains(block.group.0)
        };
        let clash = live.iter().enumerate().find_map(|(position, one)| {
            let mut others = live[position + 1..].iter();
            let other = others.find(|other| {
                one.clashes_with(other)
                    && foreseen(one)
                    && foreseen(other)
                    && !self.were_published_in_one_moment(&one.id, &other.id)
            })?;
            Some(format!("{} and {} overlap in the target", one.id, other.id))
        });
        if let Some(clash) = clash {
            self.violated(clash);
        }
    }

    /// A compactor is about to downsample a raw block: nobody else has done so, unless something unforeseen happened.
    pub(crate) fn judge_downsampling(&mut self, side: Side, raw: &Block) {
        // Whoever believes a listing that lags takes back what others were published after.
        let unforeseen = self.late.contains(&raw.id)
            || side == Side::Source && self.history.was_unmarked(&raw.id)
            || self.rewritten.contains(raw.group.0)
            || self.nature.lag_ms > 0;
        if !self.first.contains(&raw.id) || unforeseen {
            return;
        }
        let anew = self.coarser(raw).find(|coarse| {
            let id = &coarse.id;
            let foreseen = !self.late.contains(id)
                && !self.namesakes.contains(id)
                && !self.is_doomed(Side::Source, id)
                && !self.history.was_robbed(id)
                // What is superseded leaves no gap: the block that holds all of it comes later.
                && !self.is_a_duplicate(id);
            foreseen
                && match side {
                    // Nobody else marks downsampled blocks while their raw ones live.
                    Side::Source => self.is_marked_by_a_run(id),
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
}

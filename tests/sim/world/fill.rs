//! What lies in the buckets from the beginning.

use std::collections::BTreeSet;

use super::{Side, World};
use crate::blocks::{Block, FileList, HOUR_MS, WINDOW_MS, is_data};
use crate::nature::{Buckets, Leftovers, Oddity};

impl World {
    /// Some hours of one or two clusters, some of it downsampled; perhaps across the border of two windows.
    pub(super) fn fill(&mut self) {
        let clusters: &[&'static str] = if self.rng.once_in(2) {
            &["eu"]
        } else {
            &["eu", "us"]
        };
        // A block that begins an hour before the border straddles it.
        let begins = [0, 0, -4 * HOUR_MS, -3 * HOUR_MS];
        for cluster in clusters {
            let mut raw = Vec::new();
            let mut begin = WINDOW_MS + begins[self.rng.index(4)];
            let level = 1 + u32::from(self.rng.once_in(2));
            for number in 0..2 + self.rng.below(4) {
                let id = self.new_id();
                let end = begin + 2 * HOUR_MS;
                let first = u32::try_from(number * 3).unwrap();
                let mut block = Block::fresh(id, cluster, (begin, end), first);
                block.level = level;
                block.files = match self.rng.below(8) {
                    _ if self.nature.hashes => FileList::SizesAndHashes,
                    0 => FileList::Nothing,
                    _ => FileList::Sizes,
                };
                begin = end;
                raw.push(block);
            }
            // Old as they are, either all of them are downsampled or none.
            let mut coarse = Vec::new();
            if self.rng.once_in(2) {
                for block in &raw {
                    let id = self.new_id();
                    // Blocks of old have no lists, whoever made them.
                    coarse.push(Block {
                        files: block.files,
                        ..Block::downsampled(id, block)
                    });
                }
            }
            let mut blocks: Vec<Block> = raw.into_iter().chain(coarse).collect();
            self.make_odd(&mut blocks);
            for mut block in blocks {
                block.no_compact = self.rng.once_in(12);
                self.add(block);
            }
        }
        self.damage_one();
        if self.nature.slow {
            let ids: Vec<String> = self.known.keys().cloned().collect();
            self.slow = self.rng.pick(&ids).cloned();
        }
    }

    /// What lies beside the blocks of one cluster that should not.
    fn make_odd(&mut self, blocks: &mut Vec<Block>) {
        match self.nature.oddity {
            Oddity::Compacted => {
                // A compactor was killed before it marked what it had compacted.
                let made = Block::compacted(self.new_id(), &[&blocks[0], &blocks[1]]);
                blocks.push(made);
            }
            Oddity::Twin => {
                let id = self.new_id();
                let twin = self.rng.index(blocks.len());
                // Without a list of its files neither would be a proof for the other.
                if blocks[twin].files == FileList::Nothing {
                    blocks[twin].files = FileList::Sizes;
                }
                blocks.push(Block {
                    id,
                    ..blocks[twin].clone()
                });
            }
            Oddity::Overlap if self.foreign.is_empty() => {
                let of = &blocks[self.rng.index(blocks.len())];
                let (begin, end) = of.range_ms;
                let group = of.group;
                let id = self.new_id();
                let mut foreign = Block::fresh(id, group.0, (begin + HOUR_MS, end), 900);
                foreign.samples = BTreeSet::from([(group.0, group.1, 900)]);
                foreign.group = group;
                self.wanted.extend(&foreign.samples);
                self.foreign.insert(foreign.id.clone());
                let id = foreign.id.clone();
                for (name, bytes) in self.introduce(foreign) {
                    self.lay(Side::Target, &format!("{id}/{name}"), bytes);
                }
            }
            _ => {}
        }
    }

    /// Puts a block into the source, and what others have left of it into the target.
    fn add(&mut self, block: Block) {
        self.wanted.extend(&block.samples);
        let id = block.id.clone();
        self.first.insert(id.clone());
        let namesake = self.nature.oddity == Oddity::Namesake
            && self.namesakes.is_empty()
            && self.rng.once_in(4);
        if namesake {
            let objects = block.namesake();
            self.namesakes.insert(id.clone());
            self.versions.insert(id.clone(), vec![objects.clone()]);
            for (name, bytes) in objects {
                self.lay(Side::Target, &format!("{id}/{name}"), bytes);
            }
        }
        let left_behind = !namesake
            && self.nature.buckets == Buckets::Two
            && self.rng.once_in(self.nature.one_left_behind_in);
        for (name, bytes) in self.introduce(block) {
            // What a copier that was interrupted leaves has no meta.json.
            if left_behind && name != "meta.json" {
                let left = match (self.rng.below(4), self.nature.leftovers) {
                    (0, _) => None,
                    (1, Leftovers::Flipped) => Some(bytes.iter().map(|byte| byte ^ 1).collect()),
                    (1, Leftovers::Cut) => Some(bytes.slice(..bytes.len() / 2)),
                    _ => Some(bytes.clone()),
                };
                if let Some(left) = left {
                    self.lay(Side::Target, &format!("{id}/{name}"), left);
                }
            }
            self.lay(Side::Source, &format!("{id}/{name}"), bytes);
        }
    }

    /// Nobody who matters puts this: it is there from the beginning.
    fn lay(&mut self, side: Side, path: &str, bytes: bytes::Bytes) {
        let parts = match side {
            Side::Source => self.nature.source_parts,
            Side::Target => self.nature.target_parts,
        };
        let is_data = path.split_once('/').is_some_and(|(_, name)| is_data(name));
        let in_parts = is_data && bytes.len() as u64 > parts;
        let parts = if in_parts { parts } else { 0 };
        // No two objects are of the same time.
        let later = 1 + self.rng.below(3000);
        self.skip_ms(i64::try_from(later).unwrap());
        let now_ms = self.now_ms();
        self.storage.put(side, path, bytes, parts, now_ms);
    }

    fn damage_one(&mut self) {
        let listed: Vec<String> = self
            .known
            .values()
            .filter(|block| block.files != FileList::Nothing)
            .map(|block| block.id.clone())
            .collect();
        let picked = self.rng.pick(&listed).cloned();
        let Some(id) = picked.filter(|_| self.nature.oddity == Oddity::Damaged) else {
            return;
        };
        let name = ["chunks/000001", "chunks/000002", "index"][self.rng.index(3)];
        let now_ms = self.now_ms();
        self.storage
            .delete(Side::Source, &format!("{id}/{name}"), now_ms);
        self.forget(&id);
        self.damaged.insert(id);
    }
}

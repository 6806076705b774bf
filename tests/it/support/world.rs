//! A source and a target, whatever they are made of, and what must hold between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::block::Block;

/// Names of objects, and what is there.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// A bucket as it is seen from behind a run's back: nothing of this is counted, refused or delayed.
pub trait Contents {
    /// Every object.
    fn tree(&self) -> Tree;

    /// Puts an object, whatever is there.
    fn put(&self, name: &str, content: Vec<u8>);

    /// Removes an object.
    fn remove(&self, name: &str);

    /// Removes every object of a block.
    fn remove_block(&self, id: &str) {
        for name in self.tree().into_keys() {
            if name
                .strip_prefix(id)
                .is_some_and(|rest| rest.starts_with('/'))
            {
                self.remove(&name);
            }
        }
    }

    /// Whether there is an object of that name.
    fn has(&self, name: &str) -> bool {
        self.tree().contains_key(name)
    }

    /// The ids of the blocks that have a `meta.json`.
    fn published(&self) -> Vec<String> {
        blocks_with(&self.tree(), "meta.json")
    }

    /// The ids of the blocks that are marked for deletion.
    fn marked(&self) -> Vec<String> {
        blocks_with(&self.tree(), "deletion-mark.json")
    }
}

impl<B: Contents> Contents for Arc<B> {
    fn tree(&self) -> Tree {
        (**self).tree()
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        (**self).put(name, content);
    }

    fn remove(&self, name: &str) {
        (**self).remove(name);
    }
}

/// A source and a target of one kind.
pub struct World<B, Task = ()> {
    pub source: B,
    pub target: B,
    /// What the source held at first.
    pub before: Tree,
    /// How runs are told what to do.
    pub task: Task,
}

impl<B: Contents, Task> World<B, Task> {
    /// Two empty buckets, of which the source gets these blocks.
    pub fn filled(source: B, target: B, task: Task, blocks: &[Block]) -> Self {
        let before: Tree = blocks.iter().flat_map(Block::objects).collect();
        for (name, content) in &before {
            source.put(name, content.clone());
        }
        Self {
            source,
            target,
            before,
            task,
        }
    }

    /// What the target holds, but for the probe that a killed run may leave.
    pub fn moved(&self) -> Tree {
        let mut moved = self.target.tree();
        moved.retain(|name, _| !name.starts_with("thanos-bucket-probe-"));
        moved
    }

    /// Everything has moved: the target holds what the source held, and every block is marked.
    #[track_caller]
    pub fn assert_moved(&self) {
        let source = self.source.tree();
        assert_same(&self.moved(), &self.before);
        assert_same(&without_marks(&source), &self.before);
        assert_eq!(
            blocks_with(&source, "deletion-mark.json"),
            blocks_with(&self.before, "meta.json")
        );
    }

    /// What must hold at every moment: nothing is torn. What is published is whole, and what is marked is published.
    #[track_caller]
    pub fn assert_sound(&self) {
        self.assert_sound_after("");
    }

    /// The same, said with what has happened.
    #[track_caller]
    pub fn assert_sound_after(&self, what: &str) {
        let target = self.target.tree();
        let published = blocks_with(&target, "meta.json");
        for (name, content) in &self.before {
            let id = name.split('/').next().unwrap();
            if published.iter().any(|published| published == id) {
                assert!(
                    target.get(name) == Some(content),
                    "{name} is missing or different {what}"
                );
            }
        }
        for id in self.source.marked() {
            assert!(
                published.contains(&id),
                "{id} is marked and not published {what}"
            );
        }
    }

    /// Makes both as they were.
    pub fn reset(&self) {
        for name in self.target.tree().keys() {
            self.target.remove(name);
        }
        for name in self.source.tree().keys() {
            if !self.before.contains_key(name) {
                self.source.remove(name);
            }
        }
    }
}

/// Two trees are the same, to the byte.
#[track_caller]
pub fn assert_same(found: &Tree, expected: &Tree) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (name, content) in expected {
        assert!(found[name] == *content, "{name} differs");
    }
}

/// The part of a tree that is no deletion mark.
pub fn without_marks(tree: &Tree) -> Tree {
    tree.iter()
        .filter(|(name, _)| !name.ends_with("/deletion-mark.json"))
        .map(|(name, content)| (name.clone(), content.clone()))
        .collect()
}

/// Ids of the blocks in a tree that have an object of that name.
pub fn blocks_with(tree: &Tree, object: &str) -> Vec<String> {
    tree.keys()
        .filter_map(|name| name.strip_suffix(object)?.strip_suffix('/'))
        .map(str::to_owned)
        .collect()
}

/// Three blocks, one of them with two segments.
pub fn three() -> [Block; 3] {
    [
        Block::new(1),
        Block::new(2).chunk_bytes(&[1000, 2000]),
        Block::new(3),
    ]
}

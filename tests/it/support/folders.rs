//! A source and a target that are folders, between which the binary runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::block::Block;
use super::run::{Ran, migrate, repository};
use super::world::{self, Contents, Tree};

/// Two folders; runs are told of them by a configuration file each, which lie beside them in a folder that is gone with the test.
pub type World = world::World<PathBuf, TempDir>;

impl World {
    /// A source with these blocks, and a target that is not there yet.
    pub fn new(blocks: &[Block]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [source, target] = ["source", "target"].map(|name| folder.path().join(name));
        fs::create_dir(&source).unwrap();
        let world = Self::filled(source, target, folder, blocks);
        world.configure("source", &world.source, "");
        world.configure("target", &world.target, "");
        world
    }

    /// A source with the real blocks of `examples/blocks`.
    pub fn of_examples() -> Self {
        let mut world = Self::new(&[]);
        copy_tree(&repository("examples/blocks"), &world.source);
        world.before = world.source.tree();
        world
    }

    /// Lets `source` or `target` be that folder, and a prefix in it.
    pub fn configure(&self, bucket: &str, directory: &Path, prefix: &str) {
        let directory = directory.display();
        let prefix = match prefix {
            "" => String::new(),
            prefix => format!("prefix: '{prefix}'\n"),
        };
        let text = format!("type: FILESYSTEM\nconfig:\n  directory: '{directory}'\n{prefix}");
        fs::write(self.path(&format!("{bucket}.yaml")), text).unwrap();
    }

    /// The source's configuration file.
    pub fn source_config(&self) -> PathBuf {
        self.path("source.yaml")
    }

    /// The target's configuration file.
    pub fn target_config(&self) -> PathBuf {
        self.path("target.yaml")
    }

    /// A path beside the two buckets.
    pub fn path(&self, name: &str) -> PathBuf {
        self.task.path().join(name)
    }

    /// Runs `migrate` from source to target, with further arguments.
    pub fn migrate(&self, arguments: &[&str]) -> Ran {
        Ran::of(migrate(
            &self.source_config(),
            &self.target_config(),
            arguments,
        ))
    }
}

impl Contents for PathBuf {
    fn tree(&self) -> Tree {
        tree(self)
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.join(name)).unwrap();
    }
}

/// Every file below a folder; nothing when the folder is not there.
pub fn tree(folder: &Path) -> Tree {
    fn walk(folder: &Path, prefix: &str, found: &mut Tree) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = Tree::new();
    walk(folder, "", &mut found);
    found
}

/// Copies every file below one folder to the same place below another.
pub fn copy_tree(from: &Path, to: &Path) {
    let to = to.to_path_buf();
    for (name, content) in tree(from) {
        to.put(&name, content);
    }
}

/// Changes the `meta.json` of a block in a folder.
pub fn change_meta(folder: &Path, block: &Block, change: impl FnOnce(&mut Value)) {
    let path = folder.join(block.id()).join("meta.json");
    let mut meta: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut meta);
    fs::write(path, serde_json::to_vec(&meta).unwrap()).unwrap();
}

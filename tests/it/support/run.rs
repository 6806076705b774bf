//! The real binary, run on real buckets, and what it leaves behind.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::blocks::Block;

/// Paths with `/` below a folder or a bucket, and what is there.
pub type Tree = BTreeMap<String, Vec<u8>>;

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

/// The binary, with an environment of its own in which nothing is set.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thanos-bucket"));
    command
        .env_clear()
        .env("HOME", "/nowhere")
        .stdin(Stdio::null());
    command
}

/// `migrate` between two buckets, with further arguments.
pub fn migrate(source: &Path, target: &Path, arguments: &[&str]) -> Command {
    let mut command = binary();
    command
        .arg("migrate")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .args(arguments);
    command
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        Running::start(&mut command).wait()
    }

    /// This run, whose exit code must be that.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let Self {
            status,
            stdout,
            stderr,
            ..
        } = &self;
        assert_eq!(status.code(), Some(code), "{status}\n{stdout}\n{stderr}");
        self
    }

    /// This run, which came to an end of its own: done, given up, or with something for a person.
    #[track_caller]
    pub fn expect_an_end(self) -> Self {
        let code = self.status.code();
        assert!(
            code.is_some_and(|code| [0, 1, 3].contains(&code)),
            "{self:?}"
        );
        self
    }

    /// The document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| panic!("{err}: {}", self.stdout))
    }
}

/// A run that goes on; killed when dropped.
pub struct Running {
    child: Child,
    began: Instant,
    stdout: Option<thread::JoinHandle<String>>,
    stderr: Option<thread::JoinHandle<String>>,
}

impl Running {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                pipe.read_to_end(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            })
        }
        let began = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        Self {
            child,
            began,
            stdout,
            stderr,
        }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ran {
        let status = self.child.wait().unwrap();
        let elapsed = self.began.elapsed();
        let join = |pipe: Option<thread::JoinHandle<String>>| pipe.unwrap().join().unwrap();
        Ran {
            status,
            elapsed,
            stdout: join(self.stdout.take()),
            stderr: join(self.stderr.take()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal, such as `TERM`, to a process.
pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Two folder buckets and their configurations, gone with the test.
pub struct World {
    folder: TempDir,
}

impl World {
    /// A source with these blocks, and a target that is not there yet.
    pub fn new(blocks: &[Block]) -> Self {
        let world = Self::empty();
        for block in blocks {
            block.write_to(&world.source());
        }
        world
    }

    /// A source with the real blocks of `examples/blocks`.
    pub fn of_examples() -> Self {
        let world = Self::empty();
        copy_tree(&repository("examples/blocks"), &world.source());
        world
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        for bucket in ["source", "target"] {
            world.configure(bucket, &world.path(bucket), "");
        }
        fs::create_dir(world.source()).unwrap();
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

    /// The folder that is the source.
    pub fn source(&self) -> PathBuf {
        self.path("source")
    }

    /// The folder that is the target.
    pub fn target(&self) -> PathBuf {
        self.path("target")
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
        self.folder.path().join(name)
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

/// A path in this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Copies every file below one folder to the same place below another.
pub fn copy_tree(from: &Path, to: &Path) {
    for (name, content) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

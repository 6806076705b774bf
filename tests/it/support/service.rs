//! A process that goes on until it is told to end, what it says meanwhile, and the policy that it follows.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::run::{binary, signal};

/// A process that goes on; killed when dropped.
pub struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
    listening: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let listening = thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        Self {
            child,
            said,
            listening: Some(listening),
        }
    }

    /// Follows the policy in this file, with further arguments.
    pub fn follow(policy: &Path, arguments: &[&str]) -> Self {
        Self::start(&mut run(policy, arguments))
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has logged so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// How many lines with that text it has logged so far.
    pub fn count(&self, text: &str) -> usize {
        self.said()
            .lines()
            .filter(|line| line.contains(text))
            .count()
    }

    /// Waits until something holds that will.
    #[track_caller]
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            let said = self.said();
            assert!(began.elapsed() < Duration::from_mins(2), "{what}: {said}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until so many more lines with that text are logged than there are now.
    #[track_caller]
    pub fn until_it_says(&self, text: &str, more: usize) {
        let before = self.count(text);
        self.until(text, || self.count(text) >= before + more);
    }

    /// Waits until a cycle that begins from now on has ended.
    #[track_caller]
    pub fn until_a_cycle_has_ended(&self) {
        self.until_it_says("msg=\"cycle begins\"", 1);
        self.until_it_says("msg=\"cycle ends\"", 1);
    }

    /// Sends a signal, and waits for the end: its exit code, and everything that it has logged.
    pub fn end(mut self, name: &str) -> (Option<i32>, String) {
        signal(name, self.id());
        let status = self.child.wait().unwrap();
        self.listening.take().unwrap().join().unwrap();
        (status.code(), self.said())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `run` by the policy in this file, with further arguments.
pub fn run(policy: &Path, arguments: &[&str]) -> Command {
    let mut command = binary();
    command
        .arg("run")
        // Many of these run at once.
        .arg("--http-address=127.0.0.1:0")
        .arg(format!("--policy-file={}", policy.display()))
        .args(arguments);
    command
}

/// Writes a policy with these rules into the folder, in one step; each has a name, the paths of its buckets' files, and further members, one a line.
/// It is repeated each second, and tries again at once.
pub fn write_policy(path: &Path, rules: &[(&str, &(PathBuf, PathBuf), &str)]) {
    let rules = rules.iter().map(|(name, (source, target), more)| {
        let more: String = more.lines().flat_map(|line| ["    ", line, "\n"]).collect();
        let (source, target) = (source.display(), target.display());
        format!(
            "  - name: {name}\n    source: '{source}'\n    target: '{target}'\n    older_than: 30d\n    \
             retry_initial_backoff: 1ms\n    retry_max_backoff: 10ms\n{more}"
        )
    });
    let rules: String = rules.collect();
    replace(path, &format!("interval: 1s\njitter: 0%\nrules:\n{rules}"));
}

/// Writes a file in one step: whoever reads it meanwhile finds all of the old one or of the new one.
pub fn replace(path: &Path, text: &str) {
    let draft = path.with_extension("new");
    fs::write(&draft, text).unwrap();
    fs::rename(&draft, path).unwrap();
}

//! What only the operating system gives: a run that is held in its middle, disks that are mounted for one test, fewer rights, another umask.

use std::env;
use std::fs::{self, DirEntry};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::run::{Ran, Running, signal};

/// Starts the command, and once the folder holds so many objects of that name and not yet all of them, stands it still, acts, and lets it go
/// on.
pub fn in_mid_run(
    command: &mut Command,
    folder: &Path,
    object: &str,
    at_least: usize,
    act: impl FnOnce(),
) -> Ran {
    let running = Running::start(command);
    let began = Instant::now();
    while files_named(object, folder) < at_least {
        assert!(began.elapsed() < Duration::from_mins(1), "it never began");
        thread::yield_now();
    }
    stand_still(running.id());
    act();
    signal("CONT", running.id());
    running.wait()
}

/// Stops a process, and returns once none of its threads does anything any more: the signal alone does not wait for a call that is in the system's
/// hands.
fn stand_still(process: u32) {
    signal("STOP", process);
    let began = Instant::now();
    while !every_thread_is_stopped(process) {
        assert!(began.elapsed() < Duration::from_mins(1), "it goes on");
        thread::yield_now();
    }
}

/// Whether each thread of a process is stopped, as the system tells; a process that ended has none that is not.
fn every_thread_is_stopped(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    threads.into_iter().flatten().flatten().all(|thread| {
        let Ok(stat) = fs::read_to_string(thread.path().join("stat")) else {
            return true;
        };
        // The state stands behind the name, which is in brackets and may hold any letter.
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        matches!(state, Some('T' | 'Z' | 'X'))
    })
}

/// How many files of that name lie below a folder. Nothing is read, for the run does not wait meanwhile.
fn files_named(name: &str, folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |entry: DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_named(name, &entry.path()),
        _ => usize::from(entry.file_name() == name),
    };
    entries.map(count).sum()
}

/// The command with another umask.
pub fn with_umask(umask: &str, command: &Command) -> Command {
    let script = format!("umask {umask}; exec \"$@\"");
    wrapped(&["sh", "-c", &script, "sh"], command)
}

/// The command without root's right to read, write and give away what belongs to others; somebody else has none anyway.
pub fn without_privilege(command: &Command) -> Command {
    if !is_root() {
        return wrapped(&["env"], command);
    }
    let drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    wrapped(&drop, command)
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

fn wrapped(before: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(before[0]);
    wrapped
        .args(&before[1..])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap())
        .env("HOME", "/nowhere")
        .stdin(Stdio::null());
    wrapped
}

/// Whether this is the inside, where disks can be mounted that are gone when the test ends. Outside, the test of that name is run inside first,
/// and nothing is left to do.
pub fn can_mount(test: &str) -> bool {
    const INSIDE: &str = "THANOS_BUCKET_TEST_CAN_MOUNT";
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut inside = Command::new("unshare");
    if !is_root() {
        inside.arg("--map-root-user");
    }
    // What is mounted inside cannot be removed there.
    let folder = tempfile::tempdir().unwrap();
    let ran = inside
        .env("TMPDIR", folder.path())
        .args(["--mount", "--propagation=private", "--"])
        .arg(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success() && told.contains("1 passed"),
        "{test} in a mount namespace of its own (as root, or where ordinary users may have one): {told}"
    );
    false
}

/// Mounts an empty disk of its own.
pub fn mount(at: &Path) {
    do_as_told(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(at));
}

/// Mounts one folder over another.
pub fn bind(folder: &Path, at: &Path) {
    do_as_told(Command::new("mount").arg("--bind").arg(folder).arg(at));
}

/// Forbids to write what is mounted there; what is mounted below it may be written as before.
pub fn read_only(mounted_at: &Path) {
    let mut again = Command::new("mount");
    do_as_told(again.args(["-o", "remount,ro,bind"]).arg(mounted_at));
}

/// Takes a disk away, whoever has files of it open.
pub fn take_away(mounted_at: &Path) {
    do_as_told(Command::new("umount").arg("--lazy").arg(mounted_at));
}

fn do_as_told(command: &mut Command) {
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{command:?}: {ran:?}");
}

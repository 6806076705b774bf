//! Where and with what a run was made.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use chrono::Utc;

use crate::rounds::Bench;

/// The day, the machine, where data lay, and the versions of everything, a line each.
pub fn description(bench: &Bench) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = value_of("model name", &info);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo");
    let memory = value_of("MemTotal", &memory);
    let memory_kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load: Vec<_> = load.split(' ').take(3).collect();
    let programs = &bench.programs;
    let lines = [
        ("date", Utc::now().format("%Y-%m-%d %H:%M UTC").to_string()),
        ("cores", format!("{cores}, {model}")),
        ("memory", format!("{} MiB", memory_kib >> 10)),
        ("kernel", kernel.trim().to_owned()),
        ("load at the end", load.join(" ")),
        ("MinIO's data", file_system(&bench.data)),
        ("folders", file_system(&bench.scratch)),
        ("commit", commit()),
        (
            "thanos-bucket",
            said_by(Command::new(&programs.product).arg("--version")),
        ),
        ("thanos", module_of(&programs.thanos)),
        ("MinIO", module_of(&bench.minio)),
        (
            "rclone",
            said_by(Command::new(&programs.rclone).arg("version")),
        ),
        (
            "s5cmd",
            said_by(Command::new(&programs.s5cmd).arg("version")),
        ),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        let _ = writeln!(text, "* {name}: {value}");
    }
    text
}

fn value_of<'a>(name: &str, text: &'a str) -> &'a str {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or("", |(_, value)| value.trim())
}

/// The type of the file system that a folder lies in.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let at = Path::new(words.next()?);
        folder.starts_with(at).then_some((at, words.next()?))
    });
    let inmost = mounts.max_by_key(|(at, _)| at.components().count());
    inmost.map_or("unknown", |(_, kind)| kind).to_owned()
}

fn commit() -> String {
    let commit = said_by(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]));
    let changed = said_by(Command::new("git").args(["status", "--porcelain"]));
    match changed.as_str() {
        "" => commit,
        _ => commit + ", and changes to it",
    }
}

/// The version of the module that a program of Go is built of.
fn module_of(program: &Path) -> String {
    let mut go = Command::new("go");
    go.args(["version", "-m"]).arg(program);
    let modules = output_of(&mut go);
    let package = modules
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("path\t"));
    let version = modules.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let module = words.next()?;
        package?.starts_with(module).then(|| words.next()).flatten()
    });
    version.map_or_else(
        || said_by(Command::new(program).arg("--version")),
        str::to_owned,
    )
}

/// The first line that a program prints.
fn said_by(command: &mut Command) -> String {
    let output = output_of(command);
    output.lines().next().unwrap_or_default().to_owned()
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default()).into_owned()
}

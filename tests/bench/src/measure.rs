//! What one run of a program costs the machine that it runs on.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// The costs of one run.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// From its start to its end.
    pub wall: Duration,
    /// Of the program and of those that it started and waited for, as user and in the system, in steps of 10 ms.
    pub cpu: Duration,
    /// The most memory that was resident at once, in the program itself; what grows in the last millisecond of its life may be missed.
    pub peak_kib: u32,
    /// Requests that reached the server, where there is one.
    pub requests: Option<u32>,
}

/// One of [`Costs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// In seconds.
    Wall,
    /// In seconds.
    Cpu,
    /// In MiB.
    Peak,
    /// Their number.
    Requests,
}

impl Costs {
    /// The value of a figure, in its unit.
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::Wall => Some(self.wall.as_secs_f64()),
            Figure::Cpu => Some(self.cpu.as_secs_f64()),
            Figure::Peak => Some(f64::from(self.peak_kib) / 1024.0),
            Figure::Requests => self.requests.map(f64::from),
        }
    }
}

/// How long the system's unit of CPU time is that /proc counts in: `USER_HZ` is 100 wherever Linux runs today.
const TICK: Duration = Duration::from_millis(10);

/// Runs a program to its end, which must be a success, and returns what it cost and what it printed on stdout. Its output goes to files in `folder`
/// meanwhile.
pub fn measure(command: &mut Command, folder: &Path) -> Result<(Costs, String)> {
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| folder.join(name));
    command
        .stdin(Stdio::null())
        .stdout(fs::File::create(&stdout)?)
        .stderr(fs::File::create(&stderr)?);
    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("could not start {}", command.get_program().display()))?;
    let process = Pid::from_child(&child);
    let ended = AtomicBool::new(false);
    let (wall, peak_kib) = thread::scope(|scope| {
        let watch = scope.spawn(|| highest_memory(process, &ended));
        // The process stays behind as a zombie, whose CPU time can still be read.
        let waited = waitid(
            WaitId::Pid(process),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        );
        let wall = began.elapsed();
        ended.store(true, Ordering::Relaxed);
        waited.map(|_| (wall, watch.join().unwrap_or_default()))
    })?;
    let cpu = cpu_time(process).context("could not read a process's CPU time from /proc")?;
    let status = child.wait()?;
    let said = fs::read_to_string(&stdout)?;
    ensure!(
        status.success(),
        "{command:?} ended with {status}: {}",
        last_of(&said) + &last_of(&fs::read_to_string(&stderr)?)
    );
    let costs = Costs {
        wall,
        cpu,
        peak_kib,
        requests: None,
    };
    Ok((costs, said))
}

fn highest_memory(process: Pid, ended: &AtomicBool) -> u32 {
    let path = format!("/proc/{}/status", process.as_raw_nonzero());
    let mut highest = 0;
    while !ended.load(Ordering::Relaxed) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        highest = highest.max(kib.unwrap_or(0));
        thread::sleep(Duration::from_millis(1));
    }
    highest
}

/// The CPU time of a process and of the children that it waited for.
fn cpu_time(process: Pid) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The name in brackets may hold any letter; behind it the state is the third field, and the times are the 14th to the 17th.
    let (_, fields) = stat.rsplit_once(") ")?;
    let times = fields.split(' ').skip(11).take(4);
    let ticks: u32 = times.map(|ticks| ticks.parse::<u32>().unwrap_or(0)).sum();
    Some(TICK * ticks)
}

fn last_of(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let skipped = lines.len().saturating_sub(10);
    lines
        .into_iter()
        .skip(skipped)
        .collect::<Vec<_>>()
        .join("\n")
}

//! Programs that the AWS SDK starts for credentials, and leaves running when nobody waits for them any more. They are ended here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// Child processes. When dropped, they are killed together with their descendants, unless [`have_done`](Self::have_done) was called.
#[derive(Debug)]
pub(super) struct Children {
    before: BTreeSet<i32>,
    have_done: bool,
}

impl Children {
    /// Those that are started from now on.
    pub(super) fn from_now_on() -> Self {
        Self {
            before: children_of(own(), &parents()).into_iter().collect(),
            have_done: false,
        }
    }

    /// The programs have finished: dropping this kills nothing.
    pub(super) fn have_done(mut self) {
        self.have_done = true;
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        if self.have_done {
            return;
        }
        let parents = parents();
        let mut ending = children_of(own(), &parents);
        ending.retain(|child| !self.before.contains(child));
        let mut next = 0;
        while let Some(parent) = ending.get(next) {
            ending.extend(children_of(*parent, &parents));
            next += 1;
        }
        for process in ending.into_iter().filter_map(Pid::from_raw) {
            // Whoever has ended meanwhile needs no signal.
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

fn own() -> i32 {
    getpid().as_raw_nonzero().get()
}

fn children_of(parent: i32, parents: &BTreeMap<i32, i32>) -> Vec<i32> {
    let children = parents.iter().filter(|(_, of)| **of == parent);
    children.map(|(child, _)| *child).collect()
}

/// Every process by its parent. Where there is no such folder, nothing is known of any.
fn parents() -> BTreeMap<i32, i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let child = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read(format!("/proc/{child}/stat")).ok()?;
            let stat = String::from_utf8_lossy(&stat);
            // The program's name stands in brackets, and may hold anything: `12 (a b) S 1 …`.
            let (_, after) = stat.rsplit_once(')')?;
            let parent = after.split_whitespace().nth(1)?.parse().ok()?;
            Some((child, parent))
        })
        .collect()
}

//! Runs that are killed at one of their requests.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use super::proxy::{Fault, Line, Proxy};
use super::run::{Ran, Running, signal};

/// Runs what `command` asks for through this line, and kills it at the request of that number, before the server acts on it or after.
pub fn at(
    line: Line,
    number: usize,
    after_the_server_has_acted: bool,
    command: impl FnOnce(&Proxy) -> Command,
) -> Ran {
    let process = Arc::new(AtomicU32::new(0));
    let victim = Arc::clone(&process);
    let kill = move || {
        while victim.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        signal("KILL", victim.load(Ordering::SeqCst));
    };
    let line = if after_the_server_has_acted {
        line.answered(move |request| {
            if request.number == number {
                kill();
            }
        })
    } else {
        line.fault(move |request| {
            if request.number == number {
                kill();
                return Fault::Reset;
            }
            Fault::None
        })
    };
    let proxy = line.open();
    let running = Running::start(&mut command(&proxy));
    process.store(running.id(), Ordering::SeqCst);
    running.wait()
}

/// Whether it was; one that was not came to a good end before.
pub fn was_killed(ran: Ran) -> bool {
    let was_killed = ran.status.code().is_none();
    if !was_killed {
        ran.expect(0);
    }
    was_killed
}

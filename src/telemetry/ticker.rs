//! A thread that does something again and again until it is told to end, beside the asynchronous runtime, which may be busy.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

/// The thread, which goes on until [`end`](Self::end).
#[derive(Debug)]
pub(super) struct Ticker {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Ticker {
    /// Starts it: it returns once what it is given is disconnected. `None` where there is no thread to spare.
    pub(super) fn start(tick: impl FnOnce(Receiver<()>) + Send + 'static) -> Option<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || tick(stopped))
            .ok()?;
        Some(Self { stop, thread })
    }

    /// Returns once it has ended.
    pub(super) fn end(self) {
        drop(self.stop);
        let _ = self.thread.join(); // a display that broke is not worth a word
    }
}

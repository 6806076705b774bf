//! Standard error, shared by log lines and the live display so that neither tears the other.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

/// Where lines and the live display go.
pub(super) struct Screen {
    display: MultiProgress,
    lines: Mutex<Box<dyn Write + Send>>,
}

impl Screen {
    /// Standard error. It shows no display unless it is a terminal.
    pub(super) fn stderr() -> Self {
        Self::new(ProgressDrawTarget::stderr(), Box::new(io::stderr()))
    }

    /// A screen whose display is drawn on `display` and whose lines go to `lines`.
    pub(super) fn new(display: ProgressDrawTarget, lines: Box<dyn Write + Send>) -> Self {
        Self {
            display: MultiProgress::with_draw_target(display),
            lines: Mutex::new(lines),
        }
    }

    /// Writes one whole line; `line` brings its own line feed. The display makes way for it.
    pub(super) fn write_line(&self, line: &str) {
        self.display.suspend(|| {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            // A log that nobody reads any more (a closed pipe) must not end the run.
            let _ = lines
                .write_all(line.as_bytes())
                .and_then(|()| lines.flush());
        });
    }

    /// Whether a display would be seen by somebody.
    pub(super) fn can_show(&self) -> bool {
        !self.display.is_hidden()
    }

    /// Shows `bar` below the lines.
    pub(super) fn attach(&self, bar: ProgressBar) -> ProgressBar {
        self.display.add(bar)
    }

    /// Wipes all displays off, until the next frame.
    pub(super) fn wipe(&self) {
        let _ = self.display.clear(); // a terminal that went away shows nothing
    }

    /// Wipes `bar` off.
    pub(super) fn detach(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.display.remove(bar);
    }
}

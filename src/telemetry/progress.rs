//! The live display: one line at the bottom of the terminal that tells how far a run is.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::screen::Screen;
use crate::engine::{Progress, Snapshot};

const PERIOD: Duration = Duration::from_millis(200);
const TEMPLATE: &str =
    "{msg}  {wide_bar}  {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";

/// A display that is on for as long as this value lives; then it is wiped off the terminal.
///
/// On a standard error that is no terminal it stands for no display at all.
#[must_use = "the display ends with this value"]
#[derive(Debug)]
pub struct ProgressGuard(Option<Ticker>);

#[derive(Debug)]
struct Ticker {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// Shows `progress` on `screen`, if anybody can see it.
pub(super) fn show(screen: &Arc<Screen>, progress: Arc<Progress>) -> ProgressGuard {
    if !screen.can_show() {
        return ProgressGuard(None);
    }
    let (stop, stopped) = mpsc::channel::<()>();
    let screen = Arc::clone(screen);
    let thread = thread::Builder::new()
        .name("progress".to_owned())
        .spawn(move || {
            let bar = screen.attach(ProgressBar::new(0).with_style(style()));
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(PERIOD) {
                draw(&bar, progress.snapshot());
            }
            screen.detach(&bar);
        });
    // A machine that has no thread to spare gets no display, but its blocks are moved.
    ProgressGuard(thread.ok().map(|thread| Ticker { stop, thread }))
}

impl Drop for ProgressGuard {
    fn drop(&mut self) {
        if let Some(Ticker { stop, thread }) = self.0.take() {
            drop(stop);
            let _ = thread.join(); // a display that broke is not worth a word
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(TEMPLATE)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

fn draw(bar: &ProgressBar, now: Snapshot) {
    if now.blocks_total == 0 {
        return; // nothing is planned yet
    }
    bar.set_length(now.bytes_total);
    bar.set_position(now.bytes_done);
    bar.set_message(format!("{}/{} blocks", now.blocks_done, now.blocks_total));
    bar.tick();
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::io;
    use std::sync::Mutex;
    use std::time::Instant;

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;

    /// A terminal of one line: what it shows now, and whatever it showed.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<(String, String)>>);

    impl Terminal {
        fn shows(&self) -> String {
            self.0.lock().unwrap().0.clone()
        }

        fn showed(&self) -> String {
            self.0.lock().unwrap().1.clone()
        }
    }

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            100
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            let mut terminal = self.0.lock().unwrap();
            terminal.0.push_str(text);
            terminal.1.push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().0.clear();
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn half_way() -> Arc<Progress> {
        let progress = Progress::default();
        progress.start(8, 4 << 20);
        progress.block_done();
        progress.bytes_moved(1 << 20);
        Arc::new(progress)
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "it never came true");
            thread::yield_now();
        }
    }

    #[test]
    fn a_terminal_sees_blocks_bytes_rate_and_time_left_and_is_clean_afterwards() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let screen = Arc::new(Screen::new(target, Box::new(io::sink())));
        let shown = show(&screen, half_way());
        wait_until(|| terminal.shows().contains("1/8 blocks"));
        let text = terminal.showed();
        assert!(text.contains("1.00 MiB/4.00 MiB"), "{text}");
        assert!(text.contains("/s  ") && text.contains(" left"), "{text}");
        drop(shown);
        assert_eq!(terminal.shows().trim(), "");
    }

    #[test]
    fn a_log_line_finds_the_display_out_of_its_way() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let shown_while_writing = Arc::new(Mutex::new(None));
        let lines = Lines(terminal.clone(), Arc::clone(&shown_while_writing));
        let screen = Arc::new(Screen::new(target, Box::new(lines)));
        let _shown = show(&screen, half_way());
        wait_until(|| terminal.shows().contains("1/8 blocks"));
        screen.write_line("level=info\n");
        let shown_then = shown_while_writing.lock().unwrap().take().unwrap();
        assert_eq!(shown_then.trim(), "");
        wait_until(|| terminal.shows().contains("1/8 blocks"));
    }

    struct Lines(Terminal, Arc<Mutex<Option<String>>>);

    impl io::Write for Lines {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            *self.1.lock().unwrap() = Some(self.0.shows());
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_is_shown_where_nobody_looks() {
        let screen = Arc::new(Screen::new(
            ProgressDrawTarget::hidden(),
            Box::new(io::sink()),
        ));
        let shown = show(&screen, half_way());
        assert!(shown.0.is_none(), "no thread, so nothing can be written");
    }

    #[test]
    fn the_template_is_one_that_indicatif_takes() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}

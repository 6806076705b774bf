//! The live display: one line at the bottom of the terminal that tells how far a run is.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::pulse;
use super::screen::Screen;
use super::ticker::Ticker;
use crate::progress::{Progress, Snapshot};

const PERIOD: Duration = Duration::from_millis(200);
/// Where there are bytes to move.
const BYTES: &str =
    "{blocks}  {wide_bar}  {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
/// Where blocks are only looked at and marked.
const BLOCKS: &str = "{blocks}";

/// A display that is on for as long as this value lives; then it is wiped off the terminal.
///
/// On a standard error that is no terminal a line of the log tells it now and then.
#[must_use = "the display ends with this value"]
#[derive(Debug)]
pub struct ProgressGuard(Option<Ticker>);

/// Shows `progress` on `screen` if anybody can see it, and else in the log.
pub(super) fn show(screen: &Arc<Screen>, progress: Arc<Progress>) -> ProgressGuard {
    // A machine that has no thread to spare shows nothing, but its blocks are moved.
    ProgressGuard(if screen.can_show() {
        draw_on(screen, progress)
    } else {
        pulse::start(progress, pulse::EVERY)
    })
}

fn draw_on(screen: &Arc<Screen>, progress: Arc<Progress>) -> Option<Ticker> {
    let screen = Arc::clone(screen);
    Ticker::start(move |stopped| {
        let bar = ProgressBar::new(0).with_style(style(BLOCKS, &progress));
        let bar = screen.attach(bar);
        let mut shown = Shown::Blocks;
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(PERIOD) {
            let now = progress.snapshot();
            let wanted = Shown::of(now);
            if wanted != shown {
                shown = wanted;
                bar.set_style(style(shown.template(), &progress));
            }
            draw(&bar, now);
        }
        screen.detach(&bar);
    })
}

impl Drop for ProgressGuard {
    fn drop(&mut self) {
        if let Some(ticker) = self.0.take() {
            ticker.end();
        }
    }
}

/// Which of the two displays is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Blocks,
    Bytes,
}

impl Shown {
    fn of(now: Snapshot) -> Self {
        if now.bytes_total == 0 {
            Self::Blocks
        } else {
            Self::Bytes
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Blocks => BLOCKS,
            Self::Bytes => BYTES,
        }
    }
}

fn style(template: &str, progress: &Arc<Progress>) -> ProgressStyle {
    let progress = Arc::clone(progress);
    let blocks = move |_: &ProgressState, out: &mut dyn Write| {
        let now = progress.snapshot();
        let stopping = if now.stopping { "stopping: " } else { "" };
        let (done, total) = (now.blocks_done, now.blocks_total);
        if total == 0 && !now.is_looked_at {
            return; // between two runs
        }
        if total == 0 {
            let _ = write!(out, "{} block directories looked at", now.blocks_seen); // as below
            return;
        }
        let (unit, read) = (now.unit(), now.read());
        let _ = write!(out, "{stopping}{done}/{total} {unit}s{read}"); // a display that broke is not worth a word
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("blocks", blocks)
        .progress_chars("=> ")
}

/// One frame, of everything at once.
fn draw(bar: &ProgressBar, now: Snapshot) {
    if now.blocks_total == 0 && now.blocks_seen == 0 {
        return; // nothing is known yet
    }
    bar.update(|state| {
        state.set_len(now.bytes_total);
        state.set_pos(now.bytes_done);
    });
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::io;
    use std::sync::Mutex;
    use std::thread;
    use std::time::Instant;

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;
    use crate::progress::Piece;

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
        let progress = Arc::new(Progress::default());
        progress.start(8, 4 << 20, None);
        let block = Arc::new(progress.block(1 << 20));
        Piece::new(&block, 1 << 20).arrived();
        progress
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
    fn a_tick_draws_one_frame() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let screen = Screen::new(target, Box::new(io::sink()));
        let progress = half_way();
        let bar = screen.attach(ProgressBar::new(0).with_style(style(BYTES, &progress)));
        for _ in 0..3 {
            draw(&bar, progress.snapshot());
        }
        assert_eq!(terminal.showed().matches("blocks").count(), 3);
    }

    #[test]
    fn a_run_that_is_to_end_says_so() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let screen = Arc::new(Screen::new(target, Box::new(io::sink())));
        let progress = half_way();
        progress.stopping();
        let _shown = show(&screen, progress);
        wait_until(|| terminal.shows().contains("stopping: 1/8 blocks"));
    }

    #[test]
    fn where_nothing_is_to_be_copied_blocks_are_counted() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let screen = Arc::new(Screen::new(target, Box::new(io::sink())));
        let progress = Arc::new(Progress::default());
        progress.start(8, 0, None);
        drop(progress.block(0));
        let _shown = show(&screen, progress);
        wait_until(|| terminal.shows().contains("1/8 blocks"));
        assert!(!terminal.showed().contains(" left"));
    }

    /// S-2.5
    #[tokio::test]
    async fn before_there_is_a_plan_blocks_are_counted_as_they_are_looked_at() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let screen = Arc::new(Screen::new(target, Box::new(io::sink())));
        let progress = Arc::new(Progress::default());
        let _shown = show(&screen, Arc::clone(&progress));
        progress.surveyed_by(async { Progress::sees() }).await;
        wait_until(|| terminal.shows().contains("1 block directories looked at"));
        progress.start(8, 0, None);
        wait_until(|| terminal.shows().contains("0/8 blocks"));
    }

    #[test]
    fn the_templates_are_ones_that_indicatif_takes() {
        for template in [BYTES, BLOCKS] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}

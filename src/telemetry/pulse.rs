//! How far a run is, where nobody sees the live display: one line of the log now and then, with numbers that an operator may plan by.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use tracing::info;

use super::ticker::Ticker;
use crate::human;
use crate::progress::{Progress, Snapshot};

/// So long after its beginning a run tells for the first time how far it is, and then again and again.
pub(super) const EVERY: Duration = Duration::from_secs(30);

/// How often the run is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A rate is that of so long a time: blocks differ in size, and servers have their moods.
const WINDOW: Duration = Duration::from_mins(2);

/// A rate of less time than this is none.
const SHORTEST: Duration = Duration::from_secs(5);

/// Tells of `progress` every so often, until the ticker ends. `None` where there is no thread to spare.
pub(super) fn start(progress: Arc<Progress>, every: Duration) -> Option<Ticker> {
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    Ticker::start(move |stopped| {
        let begun = Instant::now();
        let mut pace = Pace::default();
        let mut due = every;
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK.min(every)) {
            let at = begun.elapsed();
            pace.note(at, progress.snapshot());
            if at < due {
                continue;
            }
            // A machine that slept has missed some.
            while due <= at {
                due += every;
            }
            if let Some(told) = pace.told() {
                tracing::dispatcher::with_default(&dispatch, || told.log(at));
            }
        }
    })
}

/// What was seen of a run lately.
#[derive(Debug, Default)]
struct Pace(VecDeque<(Duration, Snapshot)>);

/// What there is to tell.
#[derive(Debug)]
struct Told {
    now: Snapshot,
    objects: Option<Rate>,
    bytes: Option<Rate>,
    blocks: Option<Rate>,
    left: Option<Duration>,
}

impl Pace {
    fn note(&mut self, at: Duration, now: Snapshot) {
        let (of_before, totals) = (self.0.back(), |it: &Snapshot| it.blocks_total == 0);
        if of_before.is_some_and(|(_, before)| totals(before) != totals(&now)) {
            self.0.clear(); // looking at buckets is not the work
        }
        self.0.push_back((at, now));
        // The sample before the window's beginning is its first.
        while self
            .0
            .get(1)
            .is_some_and(|(then, _)| at.saturating_sub(*then) >= WINDOW)
        {
            self.0.pop_front();
        }
    }

    /// `None` while nothing is done yet.
    fn told(&self) -> Option<Told> {
        let (_, now) = *self.0.back()?;
        let is_looking = now.blocks_total == 0;
        if is_looking && !now.is_looked_at {
            return None;
        }
        let blocks_left = now.blocks_total - now.blocks_done;
        let bytes_left = now.bytes_total - now.bytes_done;
        let (bytes, blocks) = (
            self.rate(|it| it.bytes_done),
            self.rate(|it| it.blocks_done),
        );
        Some(Told {
            now,
            objects: self.rate(|it| it.objects_listed),
            bytes: bytes.filter(|_| now.bytes_total > 0),
            blocks,
            left: match (is_looking, bytes_left) {
                (true, _) => None,
                // Blocks wait for their turn, or are only looked at and marked.
                (false, 0) => blocks.and_then(|rate| rate.time_for(blocks_left)),
                (false, _) => bytes.and_then(|rate| rate.time_for(bytes_left)),
            },
        })
    }

    fn rate(&self, of: impl Fn(&Snapshot) -> u64) -> Option<Rate> {
        let ((from, then), (to, now)) = (self.0.front()?, self.0.back()?);
        let took = to.saturating_sub(*from);
        (took >= SHORTEST).then(|| Rate {
            // A try that begins anew takes back what it has to do again.
            many: of(now).saturating_sub(of(then)),
            took,
        })
    }
}

/// So many in so long a time, which is not nothing.
#[derive(Debug, Clone, Copy)]
struct Rate {
    many: u64,
    took: Duration,
}

impl Rate {
    fn per(self, time: Duration) -> u64 {
        let exact = (u128::from(self.many) * time.as_millis()).checked_div(self.took.as_millis());
        u64::try_from(exact.unwrap_or_default()).unwrap_or(u64::MAX)
    }

    fn per_second(self) -> u64 {
        self.per(Duration::from_secs(1))
    }

    fn per_minute(self) -> u64 {
        self.per(Duration::from_mins(1))
    }

    /// How long so many take, in whole seconds; `None` where nothing moves.
    fn time_for(self, many: u64) -> Option<Duration> {
        let ms = (u128::from(many) * self.took.as_millis()).checked_div(u128::from(self.many))?;
        u64::try_from(ms / 1000).ok().map(Duration::from_secs)
    }
}

impl Told {
    fn log(&self, elapsed: Duration) {
        let Self { now, .. } = *self;
        let elapsed = Duration::from_secs(elapsed.as_secs());
        let text = self.text();
        if now.blocks_total == 0 {
            info!(
                objects_listed = now.objects_listed,
                objects_per_second = self.objects.map(Rate::per_second),
                blocks_seen = now.blocks_seen,
                ?elapsed,
                "{text}"
            );
            return;
        }
        let of_bytes = |many: u64| (now.bytes_total > 0).then_some(many);
        info!(
            blocks_done = now.blocks_done,
            blocks_total = now.blocks_total,
            blocks_at_work = now.blocks_at_work,
            blocks_per_minute = self.blocks.map(Rate::per_minute),
            bytes_done = of_bytes(now.bytes_done),
            bytes_total = of_bytes(now.bytes_total),
            bytes_per_second = self.bytes.map(Rate::per_second),
            samples_read = (now.samples_read > 0).then_some(now.samples_read),
            left_seconds = self.left.map(|left| left.as_secs()),
            ?elapsed,
            "{text}"
        );
    }

    fn text(&self) -> String {
        let Self { now, .. } = self;
        let with = |rate: Option<String>| rate.map(|rate| format!(", {rate}")).unwrap_or_default();
        if now.blocks_total == 0 {
            let rate = self.objects.map(Rate::per_second);
            return format!(
                "looking: {} listed{}, {} looked at",
                human::count(now.objects_listed, "object"),
                with(rate.map(|rate| format!("{}/s", human::number(rate)))),
                directories(now.blocks_seen)
            );
        }
        let stopping = if now.stopping { "stopping: " } else { "" };
        let blocks = format!(
            "{stopping}{} of {} done, {} at work{}",
            human::number(now.blocks_done),
            human::count(now.blocks_total, now.unit()),
            human::number(now.blocks_at_work),
            now.read(),
        );
        let moved = if now.bytes_total > 0 {
            let rate = self.bytes.map(Rate::per_second);
            format!(
                ", {} of {}{}",
                human::size(now.bytes_done),
                human::size(now.bytes_total),
                with(rate.map(|rate| format!("{}/s", human::size(rate))))
            )
        } else {
            let rate = self.blocks.map(Rate::per_minute);
            with(rate.map(|rate| format!("{} a minute", human::count(rate, now.unit()))))
        };
        if now.blocks_done == now.blocks_total {
            return format!("{blocks}{moved}, the run ends");
        }
        let left = self.left.map(human::duration);
        let left = left.as_deref().unwrap_or("unknown time");
        format!("{blocks}{moved}, {left} left")
    }
}

fn directories(many: u64) -> String {
    match many {
        1 => "1 block directory".to_owned(),
        many => format!("{} block directories", human::number(many)),
    }
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

    use indicatif::ProgressDrawTarget;
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::log::{self, Traces};
    use super::super::options::{Format, Level};
    use super::super::screen::Screen;
    use super::*;

    fn at_work(blocks: (u64, u64, u64), bytes: (u64, u64)) -> Snapshot {
        Snapshot {
            is_looked_at: true,
            objects_listed: 9000,
            blocks_seen: 3000,
            blocks_done: blocks.0,
            blocks_at_work: blocks.1,
            blocks_total: blocks.2,
            bytes_done: bytes.0,
            bytes_total: bytes.1,
            stopping: false,
            is_of_windows: false,
            samples_read: 0,
        }
    }

    fn looking(objects: u64, blocks: u64) -> Snapshot {
        Snapshot {
            objects_listed: objects,
            blocks_seen: blocks,
            ..at_work((0, 0, 0), (0, 0))
        }
    }

    const MIB: u64 = 1 << 20;

    /// What was seen at which second.
    type Seen<'a> = &'a [(u64, Snapshot)];

    /// S-7.10
    #[test]
    fn a_rate_is_that_of_the_last_two_minutes_and_time_left_is_told_once_it_is_known() {
        let idle = Snapshot {
            is_looked_at: false,
            ..looking(0, 0)
        };
        let windows = Snapshot {
            is_of_windows: true,
            samples_read: 12_345,
            ..at_work((1, 2, 8), (0, 0))
        };
        let table: [(Seen<'_>, Option<&str>); 13] = [
            (
                &[(30, windows)],
                Some("1 of 8 windows done, 2 at work, 12,345 samples read, unknown time left"),
            ),
            (&[(1, idle)], None),
            (
                &[(1, looking(0, 0)), (30, looking(0, 0))],
                Some("looking: 0 objects listed, 0/s, 0 block directories looked at"),
            ),
            (
                &[(1, looking(0, 0)), (30, looking(58_000, 1))],
                Some("looking: 58,000 objects listed, 2,000/s, 1 block directory looked at"),
            ),
            // Looking took long, and work has only just begun.
            (
                &[
                    (1, looking(5, 5)),
                    (28, looking(9, 9)),
                    (30, at_work((0, 2, 8), (MIB, 9 * MIB))),
                ],
                Some("0 of 8 blocks done, 2 at work, 1.0 MiB of 9.0 MiB, unknown time left"),
            ),
            (
                &[
                    (20, at_work((0, 2, 8), (0, 90 * MIB))),
                    (30, at_work((1, 2, 8), (10 * MIB, 90 * MIB))),
                ],
                Some("1 of 8 blocks done, 2 at work, 10.0 MiB of 90.0 MiB, 1.0 MiB/s, 1m 20s left"),
            ),
            // It was fast, and is slow now.
            (
                &[
                    (0, at_work((0, 2, 8), (0, 1000 * MIB))),
                    (100, at_work((1, 2, 8), (500 * MIB, 1000 * MIB))),
                    (160, at_work((1, 2, 8), (530 * MIB, 1000 * MIB))),
                    (220, at_work((2, 2, 8), (560 * MIB, 1000 * MIB))),
                ],
                Some("2 of 8 blocks done, 2 at work, 560 MiB of 1000 MiB, 512 KiB/s, 14m 40s left"),
            ),
            // Nothing moves, or what was moved has to be moved again.
            (
                &[
                    (0, at_work((1, 2, 8), (30, 90))),
                    (30, at_work((1, 2, 8), (20, 90))),
                ],
                Some("1 of 8 blocks done, 2 at work, 20 B of 90 B, 0 B/s, unknown time left"),
            ),
            // All is copied, and blocks wait for their turn to be marked.
            (
                &[
                    (0, at_work((1, 7, 9), (90, 90))),
                    (30, at_work((2, 7, 9), (90, 90))),
                ],
                Some("2 of 9 blocks done, 7 at work, 90 B of 90 B, 0 B/s, 3m 30s left"),
            ),
            (
                &[
                    (0, at_work((1, 7, 9), (90, 90))),
                    (30, at_work((1, 7, 9), (90, 90))),
                ],
                Some("1 of 9 blocks done, 7 at work, 90 B of 90 B, 0 B/s, unknown time left"),
            ),
            // Nothing is to be moved.
            (
                &[
                    (0, at_work((0, 7, 2000), (0, 0))),
                    (30, at_work((1000, 7, 2000), (0, 0))),
                ],
                Some("1,000 of 2,000 blocks done, 7 at work, 2,000 blocks a minute, 30s left"),
            ),
            (
                &[
                    (0, at_work((0, 1, 1), (0, 1))),
                    (30, at_work((1, 0, 1), (1, 1))),
                ],
                Some("1 of 1 block done, 0 at work, 1 B of 1 B, 0 B/s, the run ends"),
            ),
            (
                &[
                    (0, at_work((0, 1, 2), (0, u64::MAX))),
                    (30, at_work((0, 1, 2), (1, u64::MAX))),
                ],
                Some("0 of 2 blocks done, 1 at work, 1 B of 16.0 EiB, 0 B/s, unknown time left"),
            ),
        ];
        for (seen, expected) in table {
            let mut pace = Pace::default();
            for (at, snapshot) in seen {
                pace.note(Duration::from_secs(*at), *snapshot);
            }
            let text = pace.told().map(|told| told.text());
            assert_eq!(text.as_deref(), expected, "{seen:?}");
        }
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(buf)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(told: &Told, format: Format) -> String {
        let lines = Lines::default();
        let hidden = ProgressDrawTarget::hidden();
        let screen = Arc::new(Screen::new(hidden, Box::new(lines.clone())));
        let layer = log::layer(Level::Info, format, Traces::Off, screen);
        let told_there = || told.log(Duration::from_secs(90));
        tracing::subscriber::with_default(Registry::default().with(layer), told_there);
        let written = lines.0.lock().unwrap().clone();
        let line = String::from_utf8(written).unwrap();
        let (_, from) = line
            .split_once("level=")
            .or(line.split_once("\"level\":"))
            .unwrap();
        from.trim_end().to_owned()
    }

    /// S-7.10
    #[test]
    fn a_line_has_numbers_for_programs_in_either_form() {
        let mut pace = Pace::default();
        pace.note(Duration::from_secs(20), at_work((0, 2, 8), (0, 90 * MIB)));
        pace.note(
            Duration::from_secs(30),
            at_work((1, 2, 8), (10 * MIB, 90 * MIB)),
        );
        let told = pace.told().unwrap();
        let text = told.text();
        assert_eq!(
            logged(&told, Format::Logfmt),
            format!(
                "info msg=\"{text}\" blocks_done=1 blocks_total=8 blocks_at_work=2 blocks_per_minute=6 bytes_done=10485760 \
                 bytes_total=94371840 bytes_per_second=1048576 left_seconds=80 elapsed=90s"
            )
        );
        let json = logged(&told, Format::Json);
        assert!(
            json.contains("\"left_seconds\":80") || json.ends_with('}'),
            "{json}"
        );
        let looking = Told {
            now: looking(3, 1),
            objects: None,
            bytes: None,
            blocks: None,
            left: None,
        };
        assert_eq!(
            logged(&looking, Format::Logfmt),
            "info msg=\"looking: 3 objects listed, 1 block directory looked at\" objects_listed=3 blocks_seen=1 elapsed=90s"
        );
    }

    /// S-7.10
    #[test]
    fn a_run_of_less_than_one_period_tells_nothing_and_a_longer_one_again_and_again() {
        let told = |every: Duration, enough: usize| {
            let lines = Lines::default();
            let hidden = ProgressDrawTarget::hidden();
            let screen = Arc::new(Screen::new(hidden, Box::new(lines.clone())));
            let layer = log::layer(Level::Info, Format::Logfmt, Traces::Off, screen);
            let progress = Arc::new(Progress::default());
            progress.start(8, 0, None);
            let ticker = tracing::subscriber::with_default(Registry::default().with(layer), || {
                start(Arc::clone(&progress), every).unwrap()
            });
            let deadline = Instant::now() + Duration::from_secs(20);
            let many = || {
                String::from_utf8(lines.0.lock().unwrap().clone())
                    .unwrap()
                    .lines()
                    .count()
            };
            while many() < enough {
                assert!(Instant::now() < deadline, "it tells nothing");
                thread::yield_now();
            }
            ticker.end();
            many()
        };
        assert!(told(Duration::from_millis(1), 3) >= 3);
        assert_eq!(told(EVERY, 0), 0);
    }
}

//! Runs one parser on inputs, one at a time, and tells which of them made it panic, hang or take too much.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::mutator::Mutator;

/// A parser with what is known of its inputs. `check` panics where a promise is broken.
pub struct Parser {
    pub name: &'static str,
    pub corpus: Vec<Vec<u8>>,
    pub tokens: &'static [&'static str],
    /// What one input may take of a processor, in a build without optimisation; each MiB of it that is full may take as much again.
    pub slowest: Duration,
    pub check: fn(&[u8]),
}

/// After so long without an end it counts as a hang, however busy the machine is.
const HANG: Duration = Duration::from_mins(2);
/// What the whole process, which runs several parsers at once, may take.
const MOST_BYTES: usize = 1 << 30;

/// The input in hand, for the one who watches.
type InHand = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

impl Parser {
    /// Replays the corpus, then mutates it for the time that is set.
    pub fn run(self) {
        let name = self.name;
        let seed = seed();
        tell(&format!("fuzz {name}: THANOS_BUCKET_FUZZ_SEED={seed}\n"));
        let in_hand = InHand::default();
        let (sender, receiver) = channel();
        let shared = Arc::clone(&in_hand);
        let worker = thread::spawn(move || {
            let cases = self.all(seed, &shared);
            let _ = sender.send(cases); // nobody listens after a hang
        });
        let cases = loop {
            match receiver.recv_timeout(Duration::from_millis(200)) {
                Ok(cases) => break cases,
                Err(RecvTimeoutError::Disconnected) => {
                    std::panic::resume_unwind(worker.join().unwrap_err())
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let in_hand = in_hand.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((since, input)) = &*in_hand
                && since.elapsed() > HANG
            {
                panic!("{name} hangs on {}", keep(name, input));
            }
        };
        assert_memory_is_bounded();
        tell(&format!("fuzz {name}: {cases} inputs\n"));
    }

    fn all(&self, seed: u64, in_hand: &InHand) -> u64 {
        for input in &self.corpus {
            self.one(input, in_hand);
        }
        let end = Instant::now() + seconds();
        let mut cases = self.corpus.len() as u64;
        let own = self.name.bytes().fold(seed, |mixed, byte| {
            mixed.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let mut mutator = Mutator::new(own, self.tokens);
        while Instant::now() < end {
            self.one(&mutator.mutate(&self.corpus), in_hand);
            cases += 1;
        }
        cases
    }

    fn one(&self, input: &[u8], in_hand: &InHand) {
        let allowed = self.slowest * (1 + u32::try_from(input.len() >> 20).unwrap());
        let began = Instant::now();
        *in_hand.lock().unwrap() = Some((began, input.to_vec()));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.check)(input))) {
            tell(&format!(
                "{} breaks a promise on {}\n",
                self.name,
                keep(self.name, input)
            ));
            std::panic::resume_unwind(panic);
        }
        if began.elapsed() > allowed {
            // The machine may have been busy: only the processor's time counts.
            let taken = processor_time(|| (self.check)(input));
            let name = self.name;
            assert!(
                taken < allowed,
                "{name} takes {taken:?} for {}",
                keep(name, input)
            );
        }
        *in_hand.lock().unwrap() = None;
    }
}

/// How long this thread was on a processor meanwhile, as Linux counts it.
pub fn processor_time(work: impl FnOnce()) -> Duration {
    let on_processor = || {
        let counts = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        let nanoseconds = counts.split(' ').next().unwrap();
        Duration::from_nanos(nanoseconds.parse().unwrap())
    };
    let before = on_processor();
    work();
    on_processor().saturating_sub(before)
}

/// The most memory that this process had at once, as Linux counts it, with all that runs beside this test.
pub fn assert_memory_is_bounded() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib = line.split_whitespace().nth(1).unwrap();
    let peak = kib.parse::<usize>().unwrap() << 10;
    assert!(peak < MOST_BYTES, "the process took {peak} bytes");
}

fn seconds() -> Duration {
    let set = std::env::var("THANOS_BUCKET_FUZZ_SECONDS").ok();
    Duration::from_secs(set.map_or(2, |seconds| seconds.parse().unwrap()))
}

fn seed() -> u64 {
    match std::env::var("THANOS_BUCKET_FUZZ_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from(SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos()),
    }
}

/// Straight to stderr: a stack overflow would lose what the test harness holds back.
fn tell(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Where the input was written to.
fn keep(name: &str, input: &[u8]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
    fs::write(&path, input).unwrap();
    path.display().to_string()
}

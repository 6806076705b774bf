//! How long a run waits for the file system that its trail lies on: a line is written on a thread of its own, and one that is not written in time counts as
//! not written, so that a network file system that hangs ends a run in order and does not hold it up for ever.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use super::sink::Sink;

/// How long anybody waits for one line.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Nearly every line is written in less time; who waits longer makes room for others.
const A_MOMENT: Duration = Duration::from_millis(20);

/// A sink that takes its time on a thread of its own.
pub struct Patient {
    jobs: Sender<Job>,
    done: Receiver<io::Result<()>>,
    /// How many jobs nobody waits for any more.
    owed: usize,
    patience: Duration,
}

enum Job {
    Append(Vec<u8>),
    Sync,
}

impl Patient {
    /// Has `sink` do its work elsewhere, and waits for no more than `patience`.
    ///
    /// Errors: there is no thread to spare.
    pub fn new(mut sink: impl Sink + 'static, patience: Duration) -> io::Result<Self> {
        let (jobs, to_do) = mpsc::channel();
        let (tell, done) = mpsc::channel();
        // It ends once nobody has jobs for it, or with the process: a write that hangs cannot be ended.
        thread::Builder::new()
            .name("report-file".to_owned())
            .spawn(move || {
                for job in to_do {
                    let ended = match job {
                        Job::Append(line) => sink.append(&line),
                        Job::Sync => sink.sync(),
                    };
                    if tell.send(ended).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            jobs,
            done,
            owed: 0,
            patience,
        })
    }

    fn ask(&mut self, job: Job) -> io::Result<()> {
        while self.owed > 0 {
            match self.done.try_recv() {
                // It was told not to be written, and what hung on it was not done.
                Ok(_) => self.owed -= 1,
                Err(TryRecvError::Empty) => return Err(self.hangs()),
                Err(TryRecvError::Disconnected) => return Err(gone()),
            }
        }
        self.jobs.send(job).map_err(|_| gone())?;
        let soon = self.done.recv_timeout(A_MOMENT.min(self.patience));
        let ended = match soon {
            Err(RecvTimeoutError::Timeout) => making_room(|| {
                self.done
                    .recv_timeout(self.patience.saturating_sub(A_MOMENT))
            }),
            ended => ended,
        };
        match ended {
            Ok(ended) => ended,
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
            Err(RecvTimeoutError::Timeout) => {
                self.owed += 1;
                Err(self.hangs())
            }
        }
    }

    fn hangs(&self) -> io::Error {
        let patience = humantime::format_duration(self.patience);
        let why = format!("the file system has not answered for {patience}");
        io::Error::new(ErrorKind::TimedOut, why)
    }
}

impl Sink for Patient {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.ask(Job::Append(line.to_vec()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.ask(Job::Sync)
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that writes it has ended")
}

/// Does what may take a while; other tasks of this thread, such as the one that heeds signals, go on elsewhere.
pub(super) fn making_room<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            block_in_place(work)
        }
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::sync::{Arc, Mutex};

    use super::*;

    /// Takes a line once it is let.
    struct Hanging {
        lets: Receiver<()>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Sink for Hanging {
        fn append(&mut self, line: &[u8]) -> io::Result<()> {
            self.lets.recv().map_err(io::Error::other)?;
            self.taken.lock().unwrap().extend_from_slice(line);
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            Err(io::Error::other("no"))
        }
    }

    fn hanging(patience: Duration) -> (Patient, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (lets, let_in) = mpsc::channel();
        let taken = Arc::<Mutex<Vec<u8>>>::default();
        let sink = Hanging {
            lets: let_in,
            taken: Arc::clone(&taken),
        };
        (Patient::new(sink, patience).unwrap(), lets, taken)
    }

    /// S-20.10
    #[test]
    fn a_file_system_that_hangs_is_waited_for_once_and_what_comes_late_does_no_harm() {
        let (mut patient, lets, taken) = hanging(Duration::from_millis(30));
        lets.send(()).unwrap();
        patient.append(b"a").unwrap();
        assert_eq!(patient.sync().unwrap_err().to_string(), "no");
        for _ in 0..3 {
            let err = patient.append(b"b").unwrap_err().to_string();
            assert_eq!(err, "the file system has not answered for 30ms");
        }
        // Of those that were not waited for, the first one alone was begun.
        lets.send(()).unwrap();
        lets.send(()).unwrap();
        while taken.lock().unwrap().len() < 2 {
            thread::yield_now();
        }
        while patient.append(b"c").is_err() {
            thread::yield_now();
        }
        assert_eq!(*taken.lock().unwrap(), b"abc");
    }

    /// S-20.10
    #[test]
    fn while_one_waits_others_go_on() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let (mut patient, lets, _) = hanging(PATIENCE);
        runtime.block_on(async {
            // There is one worker: it waits for the line, and the other task lets that in.
            let waits = tokio::spawn(async move { patient.append(b"a") });
            let other = tokio::spawn(async move { lets.send(()).unwrap() });
            other.await.unwrap();
            waits.await.unwrap().unwrap();
        });
    }
}

//! The process: clock, environment, arguments, signals and standard output come in here, and only here an exit code goes out.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::Utc;
use mimalloc::MiMalloc;
use thanos_bucket::bucket::Environment;
use thanos_bucket::cli::{self, Command, Invocation};
use thanos_bucket::command;
use thanos_bucket::engine::{Signal, Stop};
use thanos_bucket::progress::Progress;
use thanos_bucket::telemetry::{self, Telemetry};
use thanos_bucket::{Error, Kind, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, warn};

// Buffers of parts come and go by the megabyte; glibc's arenas keep them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The run could not be done.
const FAILED: u8 = 1;
/// The command line or a configuration is wrong.
const USAGE: u8 = 2;

/// Threads that wait for the file system. Each may hold a buffer of megabytes; more of them are no faster.
const FILE_THREADS: usize = 16;

fn main() -> ExitCode {
    no_core_dumps();
    let environment = Environment::of_process();
    let run = match cli::parse(std::env::args_os(), &environment, Utc::now()) {
        Ok(Invocation::Run(run)) => *run,
        Ok(Invocation::Show(text)) => return show(&text),
        Ok(Invocation::Nothing(help)) => {
            complain(&help);
            return USAGE.into();
        }
        Err(err) => return refuse(&err).into(),
    };
    let telemetry = match telemetry::start(run.telemetry) {
        Ok(telemetry) => telemetry,
        Err(err) if err.kind() == Kind::Usage => return refuse(&err).into(),
        Err(err) => {
            complain(&format!("thanos-bucket: {err:#}\n"));
            return FAILED.into();
        }
    };
    for warning in run.warnings {
        warn!("{warning}");
    }
    // Telemetry ends with this function, which sends the last spans.
    carry_out(run.command, &telemetry).into()
}

/// Memory holds secrets. Where the kernel does not know of this, nothing is lost but this.
fn no_core_dumps() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Does what was asked, and tells the exit code.
fn carry_out(command: Command, telemetry: &Telemetry) -> u8 {
    let stop = Stop::new();
    let runtime = match Builder::new_multi_thread()
        .max_blocking_threads(FILE_THREADS)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(err) => {
            error!(%err, "no threads to work with");
            return FAILED;
        }
    };
    let ended = run(&runtime, command, telemetry, &stop);
    // What was dropped in mid-flight may sit in a system call; the process does not wait for it.
    runtime.shutdown_background();
    match ended {
        Ok(exit_code) => exit_code,
        Err(err) => match (err.kind(), stop.asked()) {
            (Kind::Usage, _) => refuse(&err),
            (Kind::Cancelled, Some(signal)) => {
                warn!(err = format!("{err:#}"), "run stopped");
                signal.exit_code()
            }
            _ => {
                error!(err = format!("{err:#}"), "run failed");
                FAILED
            }
        },
    }
}

fn run(runtime: &Runtime, command: Command, telemetry: &Telemetry, stop: &Stop) -> Result<u8> {
    let _signals = heed_signals(runtime, stop.clone())?;
    let progress = Arc::new(Progress::default());
    let shown = telemetry.show(Arc::clone(&progress));
    let mut stdout = BufWriter::new(AfterProgress {
        stdout: Stdout(io::stdout()),
        shown: Some(shown),
    });
    let clock = Arc::new(Utc::now);
    let ending = match command {
        Command::Migrate(request) => {
            let run = command::migrate::run(request, progress, clock, stop, &mut stdout);
            runtime.block_on(Box::pin(run))?
        }
    };
    stdout
        .flush()
        .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err))?;
    Ok(ending.exit_code())
}

/// SIGXFSZ, on all that this is built for but MIPS, where it is a signal that does no harm.
const FILE_SIZE_EXCEEDED: SignalKind = SignalKind::from_raw(25);

/// The first SIGINT or SIGTERM asks the run to stop; the second ends the process at once.
fn heed_signals(runtime: &Runtime, stop: Stop) -> Result<AbortOnDropHandle<()>> {
    let _inside = runtime.enter();
    let listen = |kind| {
        signal(kind).map_err(|err| Error::new(Kind::Other, "listen for signals").because(err))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    // Once somebody has listened to it, it kills no more, and the write that exceeds the limit says why it fails.
    drop(listen(FILE_SIZE_EXCEEDED)?);
    let heed = async move {
        loop {
            let signal = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
            };
            if stop.asked().is_some() {
                end_at_once(signal);
            }
            stop.ask(signal);
        }
    };
    Ok(AbortOnDropHandle::new(runtime.spawn(heed)))
}

#[expect(clippy::exit, reason = "the second signal asks for just that")]
fn end_at_once(signal: Signal) -> ! {
    std::process::exit(signal.exit_code().into())
}

/// Help and the version are results, and go to stdout.
fn show(text: &str) -> ExitCode {
    let mut stdout = Stdout(io::stdout());
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            complain(&format!("thanos-bucket: write to stdout: {err}\n"));
            FAILED.into()
        }
    }
}

/// Wrong usage is told in one plain line.
fn refuse(err: &Error) -> u8 {
    complain(&format!("thanos-bucket: {err:#}\n"));
    USAGE
}

/// Where stderr is closed there is nobody to tell.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The report comes when progress is no longer drawn over it.
struct AfterProgress<P> {
    stdout: Stdout,
    shown: Option<P>,
}

impl<P> Write for AfterProgress<P> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.shown = None;
        self.stdout.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// Standard output. A reader that went away has seen what it wanted, and does not change how the run ended.
struct Stdout(io::Stdout);

impl Write for Stdout {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.0.write(buf) {
            Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(buf.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

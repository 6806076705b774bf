//! The process: clock, environment, arguments, signals and standard output come in here, and only here an exit code goes out.

use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use mimalloc::MiMalloc;
use thanos_bucket::audit::Blank;
use thanos_bucket::bucket::Environment;
use thanos_bucket::cli::{self, Asked, Invocation};
use thanos_bucket::command::Command;
use thanos_bucket::engine::Stop;
use thanos_bucket::exit::{Exit, Signal};
use thanos_bucket::progress::Progress;
use thanos_bucket::report::{self, Output};
use thanos_bucket::telemetry::{self, Telemetry};
use thanos_bucket::verb::clocks::Clock;
use thanos_bucket::{Error, Kind, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

// Buffers of parts come and go by the megabyte; glibc's arenas keep them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Threads that wait for the file system. Each may hold a buffer of megabytes; more of them are no faster.
const FILE_THREADS: usize = 16;

fn main() -> ExitCode {
    no_core_dumps();
    many_files();
    begin().into()
}

/// Reads what is asked for, and does it.
fn begin() -> Exit {
    let environment = Environment::of_process();
    let arguments: Vec<_> = std::env::args_os().collect();
    let sheet = Sheet::new(cli::output(&arguments, &environment));
    let run = match cli::parse(arguments, &environment, Utc::now()) {
        Ok(Invocation::Run(run)) => *run,
        Ok(Invocation::Show(text)) => return show(&text),
        Ok(Invocation::Nothing(help)) => {
            complain(&help);
            let err = Error::usage("no subcommand was given");
            return sheet.end_with(&err, Exit::Misused);
        }
        Err(err) => return refuse(&err, &sheet),
    };
    let trail = match run.trail.map_or_else(|| Ok(Blank::default()), Asked::open) {
        Ok(trail) => trail,
        Err(err) => return not_begun(run.command, &err, &sheet),
    };
    let telemetry = match telemetry::start(run.telemetry) {
        Ok(telemetry) => telemetry,
        Err(err) => return not_begun(run.command, &err, &sheet),
    };
    for warning in run.warnings {
        warn!("{warning}");
    }
    // Telemetry ends with this function, which sends the last spans.
    carry_out(run.command, trail, &telemetry, &sheet)
}

/// Keeps memory, which holds secrets, out of core dumps. A failure is ignored.
fn no_core_dumps() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Raises the limit on open files to the hard limit: the soft one is low for programs that use `select(2)`. A failure is ignored.
fn many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Does what was asked, and tells how it ended.
fn carry_out(command: Command, trail: Blank, telemetry: &Telemetry, sheet: &Sheet) -> Exit {
    let stop = Stop::new();
    let runtime = Builder::new_multi_thread()
        .max_blocking_threads(FILE_THREADS)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(err) => {
            let err = Error::new(Kind::Other, "start threads to work with").because(err);
            error!(err = format!("{err:#}"), "run failed");
            return sheet.end_with(&err, Exit::Aborted);
        }
    };
    let running = || run(&runtime, (command, trail), telemetry, &stop, sheet);
    let ended = catch_unwind(AssertUnwindSafe(running)).unwrap_or_else(|_| {
        let attempt = "go on after a fault of this program, which is told above: please report it";
        Err(Error::new(Kind::Other, attempt))
    });
    // What was dropped in mid-flight may sit in a system call; the process does not wait for it.
    runtime.shutdown_background();
    let err = match ended {
        Ok(exit) => return exit,
        Err(err) => err,
    };
    let exit = Exit::of_error(&err, stop.asked());
    match exit {
        Exit::Misused => complain_of(&err),
        Exit::Stopped(_) => warn!(err = format!("{err:#}"), "run stopped"),
        _ => error!(err = format!("{err:#}"), "run failed"),
    }
    sheet.end_with(&err, exit)
}

fn run(
    runtime: &Runtime,
    (command, trail): (Command, Blank),
    telemetry: &Telemetry,
    stop: &Stop,
    sheet: &Sheet,
) -> Result<Exit> {
    let _signals = heed_signals(runtime, stop.clone(), telemetry.wiper(), sheet.clone())?;
    let _hangups = command
        .reload()
        .map(|reload| heed_hangups(runtime, reload))
        .transpose()?;
    let progress = Arc::new(Progress::default());
    let shown = telemetry.show(Arc::clone(&progress));
    let mut stdout = BufWriter::new(AfterProgress {
        stdout: Stdout(io::stdout()),
        sheet: sheet.clone(),
        shown: Some(shown),
    });
    let clock = Arc::new(Utc::now);
    let doing = command.run(progress, trail, clock, stop, &mut stdout);
    let ended = runtime.block_on(Box::pin(doing));
    let flushed = stdout
        .flush()
        .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err));
    ended.and_then(|exit| flushed.map(|()| exit))
}

/// SIGXFSZ on every platform that this is built for but MIPS, where signal 25 does no harm.
const FILE_SIZE_EXCEEDED: SignalKind = SignalKind::from_raw(25);

/// What comes so soon after its like is the same one: `timeout` sends it to the process, and then to all of its group.
const ONE_SIGNAL: Duration = Duration::from_millis(100);

/// The first SIGINT or SIGTERM asks the run to stop; the second ends the process at once. Both are logged.
fn heed_signals(
    runtime: &Runtime,
    stop: Stop,
    wipe_display: impl Fn() + Send + 'static,
    sheet: Sheet,
) -> Result<AbortOnDropHandle<()>> {
    let _inside = runtime.enter();
    let listen = |kind| {
        signal(kind).map_err(|err| Error::new(Kind::Other, "listen for signals").because(err))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    // Once it is handled, the signal no longer kills the process, and the write that exceeds the limit fails with an error of its own.
    drop(listen(FILE_SIZE_EXCEEDED)?);
    let heed = async move {
        let mut first: Option<(Signal, Instant)> = None;
        loop {
            let signal = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
            };
            let name = signal.as_str();
            if first.is_some_and(|(of, at)| of == signal && at.elapsed() < ONE_SIGNAL) {
                continue;
            }
            first.get_or_insert_with(|| (signal, Instant::now()));
            if stop.asked().is_some() {
                warn!(
                    signal = name,
                    "second signal: the process ends at once; the next run heals what is left half done"
                );
                wipe_display();
                end_at_once(signal, &sheet);
            }
            warn!(
                signal = name,
                "stopping: a second signal ends the process at once"
            );
            stop.ask(signal);
        }
    };
    Ok(AbortOnDropHandle::new(runtime.spawn(heed)))
}

/// SIGHUP asks for configurations to be read again.
fn heed_hangups(runtime: &Runtime, reload: Arc<Notify>) -> Result<AbortOnDropHandle<()>> {
    let _inside = runtime.enter();
    let mut hangups = signal(SignalKind::hangup())
        .map_err(|err| Error::new(Kind::Other, "listen for signals").because(err))?;
    let heed = async move {
        while hangups.recv().await.is_some() {
            info!(
                signal = "SIGHUP",
                "the policy is read again now, or once the cycle in hand has ended"
            );
            reload.notify_one();
        }
    };
    Ok(AbortOnDropHandle::new(runtime.spawn(heed)))
}

#[expect(clippy::exit, reason = "the second signal asks for just that")]
fn end_at_once(signal: Signal, sheet: &Sheet) -> ! {
    let attempt = format!("go on after a second signal, {}", signal.as_str());
    let err = Error::new(Kind::Cancelled, attempt);
    let exit = sheet.end_with(&err, Exit::Stopped(signal));
    std::process::exit(exit.code().into())
}

/// Standard output as the place of one document: the report, or what stands in its place. Whoever comes first writes it.
#[derive(Clone)]
struct Sheet {
    output: Output,
    begun: Arc<AtomicBool>,
}

impl Sheet {
    fn new(output: Output) -> Self {
        Self {
            output,
            begun: Arc::default(),
        }
    }

    /// Marks the document as begun; `true` where it was not begun before.
    fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst)
    }

    /// Writes the document of a run that could not begin, unless one was begun already, and returns `exit`.
    fn end_with(&self, err: &Error, exit: Exit) -> Exit {
        if self.begin() {
            let why = format!("{err:#}");
            let mut stdout = Stdout(io::stdout());
            // Where stdout cannot be written there is nobody to tell.
            let _ = report::write_error(self.output, None, &why, exit, &mut stdout);
        }
        exit
    }
}

/// Help and the version are results, and go to stdout.
fn show(text: &str) -> Exit {
    let mut stdout = Stdout(io::stdout());
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Exit::Done,
        Err(err) => {
            complain(&format!(
                "thanos-bucket: could not write to stdout: {err}\n"
            ));
            Exit::Aborted
        }
    }
}

/// What keeps a run from its first step is told in one plain line.
fn refuse(err: &Error, sheet: &Sheet) -> Exit {
    complain_of(err);
    sheet.end_with(err, Exit::of_error(err, None))
}

/// The same of a command that is known.
fn not_begun(command: Command, err: &Error, sheet: &Sheet) -> Exit {
    let clock: Clock = Arc::new(Utc::now);
    command.could_not_begin(err, &clock);
    refuse(err, sheet)
}

/// A line for each thing that is wrong.
fn complain_of(err: &Error) {
    for one in err.each() {
        complain(&format!("thanos-bucket: {one:#}\n"));
    }
}

/// Where stderr is closed there is nobody to tell.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Takes the progress display away before the first byte of the report is written.
struct AfterProgress<P> {
    stdout: Stdout,
    sheet: Sheet,
    shown: Option<P>,
}

impl<P> Write for AfterProgress<P> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.shown = None;
        self.sheet.begin();
        self.stdout.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// Standard output. A reader that closes the pipe early is no error.
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

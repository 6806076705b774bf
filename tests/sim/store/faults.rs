//! What can go wrong with a request: how long it takes, how it ends, what it is refused for, and what becomes of a body on its way.

use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, GetOptions, Result};

use super::Store;
use crate::blocks::is_data;
use crate::world::Side;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    List,
    Head,
    Get,
    Put,
    Delete,
    Begin,
    Part,
    Complete,
    Abort,
    Copy,
    CopyPart,
}

/// How a request ends that has come through.
pub(super) enum Fate {
    Answered,
    /// It takes effect, and the answer is lost.
    AnswerLost,
    /// It takes effect, and the process is killed.
    KilledAfter,
}

/// What becomes of a body on its way.
pub(super) enum Body {
    Whole,
    /// It ends too early.
    Cut,
    /// It ends too early, and with an error.
    Broken,
    /// One byte arrives as another one: a different one each time, as in objects that are larger than those here.
    Flipped(usize),
}

impl Body {
    pub(super) fn of(&self, bytes: &Bytes) -> Vec<Result<Bytes>> {
        let half = || Ok(bytes.slice(..bytes.len() / 2));
        match self {
            Body::Whole => vec![Ok(bytes.clone())],
            Body::Cut => vec![half()],
            Body::Broken => vec![half(), Err(passing())],
            Body::Flipped(number) => {
                let mut bytes = bytes.to_vec();
                let place = number % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1;
                }
                vec![Ok(bytes.into())]
            }
        }
    }
}

/// How often a request is tried before whoever asks gives up: see the policy of the runs.
const TRIES: u32 = 5;

impl Store {
    /// The way to the bucket; whatever happens before the request takes effect.
    pub(super) async fn request(&self, verb: Verb, path: &str) -> Result<Fate> {
        let (delay, fails, lost, after) = self.with(|world| {
            let reads = match verb {
                Verb::Get => self.side == Side::Source,
                Verb::Copy | Verb::CopyPart => true,
                _ => false,
            };
            let slow = reads && world.slow.as_deref().is_some_and(|id| is_data_of(id, path));
            let run = &mut world.runs[self.run];
            if run.has_ended {
                let violation = format!("a run that has ended goes on asking: {verb:?} {path}");
                world.violated(violation);
                return (1, false, false, false);
            }
            run.requests += 1;
            let rate = run.circumstances.one_fails_in;
            let delay = if slow {
                20_000 + world.rng.below(30_000)
            } else {
                1 + world.rng.below(20)
            };
            let fails = rate > 0 && world.rng.once_in(rate);
            (delay, fails, world.rng.once_in(2), world.rng.once_in(2))
        });
        self.while_alive().await;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        self.while_alive().await;
        let dies = self.with(|world| {
            world.tick();
            let run = &mut world.runs[self.run];
            run.left = run.left.saturating_sub(1);
            let failures = run.failures.entry((verb, path.to_owned())).or_default();
            *failures = if fails { *failures + 1 } else { 0 };
            if *failures >= TRIES {
                run.given_up
                    .insert(path.split('/').next().unwrap_or_default().to_owned());
            }
            run.left == 0
        });
        if dies {
            if after {
                return Ok(Fate::KilledAfter);
            }
            self.die().await;
        }
        match (fails, lost) {
            (false, _) => Ok(Fate::Answered),
            (true, true) => Ok(Fate::AnswerLost),
            (true, false) => Err(passing()),
        }
    }

    /// The way back.
    pub(super) async fn answer<T>(&self, fate: Fate, answer: Result<T>) -> Result<T> {
        match fate {
            Fate::Answered => answer,
            Fate::AnswerLost => Err(passing()),
            Fate::KilledAfter => {
                self.die().await;
                answer
            }
        }
    }

    async fn die(&self) {
        self.with(|world| {
            let run = &mut world.runs[self.run];
            run.is_alive = false;
            run.killed.notify_one();
        });
        std::future::pending::<()>().await;
    }

    async fn while_alive(&self) {
        if !self.with(|world| world.runs[self.run].is_alive) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether an object may be read here or by the service, or is denied.
    pub(super) fn may_read(&self, path: &Path, is_head: bool) -> Result<()> {
        self.with(|world| {
            let name = path.as_ref();
            let run = &world.runs[self.run];
            let is_calm = run.circumstances.is_calm;
            let forbidden = run.requests >= run.circumstances.forbidden_from
                && run
                    .circumstances
                    .forbidden
                    .as_deref()
                    .is_some_and(|id| is_data_of(id, name));
            let archived =
                self.side == Side::Source && world.archived.iter().any(|id| is_data_of(id, name));
            if forbidden || archived {
                return Err(Error::PermissionDenied {
                    path: path.to_string(),
                    source: "forbidden".into(),
                });
            }
            let denies = world.nature.denies && !is_calm && !is_head && world.rng.once_in(25);
            // Whoever looks once more is told the truth.
            if denies && world.runs[self.run].denied.insert(name.to_owned()) {
                world.tell(|_| format!("{name} is denied"));
                return Err(missing(path));
            }
            Ok(())
        })
    }

    /// How the body of an object comes, unless the object may not be read, or is denied.
    pub(super) fn body(&self, path: &Path, options: &GetOptions) -> Result<Body> {
        self.may_read(path, options.head)?;
        Ok(self.with(|world| {
            let name = path.as_ref();
            let id = name.split('/').next().unwrap_or_default();
            let run = &world.runs[self.run];
            let rate = run.circumstances.one_fails_in;
            let is_calm = run.circumstances.is_calm;
            // What a plan is made of is not told wrong: nobody could notice. And it strikes a block once: what is repeated comes right.
            let may_flip = match name.split_once('/') {
                Some((_, "meta.json")) => world.runs[self.run].writes > 0,
                Some((_, name)) => is_data(name),
                None => false,
            };
            // What another run publishes meanwhile could be overwritten with it.
            let is_alone = world.runs[self.run].is_alone;
            let flips = world.nature.flips
                && !is_calm
                && is_alone
                && self.side == Side::Source
                && may_flip
                && world.rng.once_in(25)
                && world.runs[self.run].flipped.insert(id.to_owned());
            if flips {
                world.tell(|_| format!("{name} arrives with another byte"));
                world.flips += 1;
                Body::Flipped(world.flips)
            } else if rate > 0 && world.rng.once_in(rate) {
                if world.rng.once_in(2) {
                    Body::Cut
                } else {
                    Body::Broken
                }
            } else {
                Body::Whole
            }
        }))
    }
}

/// Whether the path is one of the block's objects other than `meta.json` and marks.
fn is_data_of(block: &str, path: &str) -> bool {
    let inside = path.strip_prefix(block);
    let name = inside.and_then(|inside| inside.strip_prefix('/'));
    name.is_some_and(is_data)
}

pub(super) fn passing() -> Error {
    Error::Generic {
        store: "simulated",
        source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    }
}

pub(super) fn missing(path: &Path) -> Error {
    Error::NotFound {
        path: path.to_string(),
        source: "no such object".into(),
    }
}

/// A service that found out what went wrong after it had said that all is well.
pub(super) fn failed_late() -> Error {
    Error::Generic {
        store: "simulated",
        source: "status code: 200 OK: <Error><Code>InternalError</Code><Message>try again</Message></Error>".into(),
    }
}

/// A server that does not find the parts that it took.
pub(super) fn invalid_part() -> Error {
    Error::Generic {
        store: "simulated",
        source: "status code: 400 Bad Request: <Error><Code>InvalidPart</Code><Message>one part is not there</Message></Error>".into(),
    }
}

//! Who tells what happens, and to whom.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::event::{Beginning, Closing, Event};
use super::line::{Line, VERSION};
use super::patience::making_room;
use super::sink::Sink;
use crate::block::RunId;
use crate::error::{Error, Kind, Result};
use crate::human;
use crate::printable::PrintableJson;
use crate::verb::clocks::Clock;

/// Somebody else who is told what happens: in which run, when, and what. Called by those who work, so that it must not wait.
pub type Hearer = Arc<dyn Fn(&str, DateTime<Utc>, &Event<'_>) + Send + Sync>;

/// Takes every line, and keeps none.
struct Nowhere;

impl Sink for Nowhere {
    fn append(&mut self, _line: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A trail that no run has begun yet; the default one leads nowhere.
#[derive(Default)]
pub struct Blank(Option<Page>);

struct Page {
    sink: Box<dyn Sink>,
    name: String,
    verb: String,
    arguments: BTreeMap<String, Vec<String>>,
    hearer: Option<Hearer>,
}

impl fmt::Debug for Blank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_ref().map(|page| &page.name);
        f.debug_tuple("Blank").field(&name).finish()
    }
}

impl Blank {
    /// A trail that leads into `sink`, which errors call by that name; the run is of the subcommand `verb`, with these flags.
    #[must_use]
    pub fn new(
        sink: Box<dyn Sink>,
        name: String,
        verb: &str,
        arguments: BTreeMap<String, Vec<String>>,
    ) -> Self {
        Self(Some(Page {
            sink,
            name,
            verb: verb.to_owned(),
            arguments,
            hearer: None,
        }))
    }

    /// The same, and `hearer` is told everything that the trail has taken.
    #[must_use]
    pub fn heard_by(self, hearer: Hearer) -> Self {
        let page = self.0.unwrap_or_else(|| Page {
            sink: Box::new(Nowhere),
            name: String::new(),
            verb: String::new(),
            arguments: BTreeMap::new(),
            hearer: None,
        });
        Self(Some(Page {
            hearer: Some(hearer),
            ..page
        }))
    }

    /// The trail of that run, which has begun.
    ///
    /// Errors: that cannot be written.
    pub fn begin(self, run: &RunId, clock: Clock, beginning: &Beginning) -> Result<Trail> {
        let Some(page) = self.0 else {
            return Ok(Trail::default());
        };
        let trail = Trail(Some(Arc::new(Shared {
            run: run.to_string(),
            clock,
            name: page.name,
            hearer: page.hearer,
            book: Mutex::new(Book {
                sink: page.sink,
                broken: None,
                endings: BTreeMap::new(),
            }),
        })));
        let line = Line {
            verb: Some(page.verb),
            arguments: Some(page.arguments),
            ..beginning.line()
        };
        trail.write(line, Some(beginning.started))?;
        trail.sync()?;
        Ok(trail)
    }
}

/// The trail of one run; cheap to clone. The default one leads nowhere, and takes everything.
#[derive(Clone, Default)]
pub struct Trail(Option<Arc<Shared>>);

struct Shared {
    run: String,
    clock: Clock,
    name: String,
    hearer: Option<Hearer>,
    book: Mutex<Book>,
}

struct Book {
    sink: Box<dyn Sink>,
    /// Why nothing more is written.
    broken: Option<String>,
    /// How many blocks came to each ending.
    endings: BTreeMap<String, u64>,
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_ref().map(|shared| &shared.name);
        f.debug_tuple("Trail").field(&name).finish()
    }
}

impl Trail {
    /// Whether nobody is told anything.
    #[must_use]
    pub fn leads_nowhere(&self) -> bool {
        self.0.is_none()
    }

    /// Writes what happened.
    ///
    /// Errors: it cannot be written, or something before it could not be. Whoever is told so does nothing that would have to be written.
    pub fn tell(&self, event: &Event<'_>) -> Result<()> {
        let Some(shared) = &self.0 else {
            return Ok(());
        };
        self.write(event.line(), None)?;
        if let Some(hearer) = &shared.hearer {
            hearer(&shared.run, (shared.clock)(), event);
        }
        Ok(())
    }

    /// Makes sure that what was told outlasts a loss of power.
    ///
    /// Errors: that is not sure.
    pub fn sync(&self) -> Result<()> {
        let Some(shared) = &self.0 else {
            return Ok(());
        };
        let mut book = shared.book();
        let synced = book.sink.sync();
        shared.noting(&mut book, synced)
    }

    /// Writes how the run ends, also where something before it could not be written: there may be room again.
    ///
    /// Errors: the trail is not whole.
    pub fn end(&self, closing: &Closing<'_>) -> Result<()> {
        let Some(shared) = &self.0 else {
            return Ok(());
        };
        let broken = shared.book().broken.take();
        let endings = shared.book().endings.clone();
        let written = self
            .write(closing.line(endings), None)
            .and_then(|()| self.sync());
        match broken {
            Some(why) => Err(shared.error(&why)),
            None => written,
        }
    }

    fn write(&self, line: Line, at: Option<DateTime<Utc>>) -> Result<()> {
        let Some(shared) = &self.0 else {
            return Ok(());
        };
        let mut book = shared.book();
        if let Some(why) = &book.broken {
            return Err(shared.error(why));
        }
        if let Some(ending) = &line.ending {
            *book.endings.entry(ending.clone()).or_default() += 1;
        }
        // The time is taken under the lock, so that lines are in the order of their times.
        let line = Line {
            v: VERSION,
            at: human::rfc3339(at.unwrap_or_else(|| (shared.clock)())),
            run: shared.run.clone(),
            ..line
        };
        let written = spelled(&line).and_then(|bytes| book.sink.append(&bytes));
        shared.noting(&mut book, written)
    }
}

fn spelled(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    line.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes,
        PrintableJson,
    ))?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl Shared {
    /// Nobody panics while holding the lock; if somebody did, the file would still be whole.
    fn book(&self) -> MutexGuard<'_, Book> {
        match self.book.try_lock() {
            Ok(book) => book,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                making_room(|| self.book.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    fn noting(&self, book: &mut Book, done: io::Result<()>) -> Result<()> {
        done.map_err(|err| {
            let why = err.to_string();
            let err = self.error(&why);
            book.broken = Some(why);
            err
        })
    }

    fn error(&self, why: &str) -> Error {
        let attempt = format!("write to the report file {}", self.name);
        Error::new(Kind::Other, attempt).because(why.to_owned())
    }
}

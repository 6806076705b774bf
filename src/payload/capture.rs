//! Capture manifests: a JSON array of what a system sent, payload by payload.
//!
//! ```json
//! [{"path": "first.txt", "received_at_ms": 1700000000000, "query_params": {"db": "telegraf"}}, {"body": "cpu,host=a usage=1 1700000001000000000"}]
//! ```

mod entry;
mod opened;
#[cfg(test)]
mod tests;

pub use opened::{Body, open};

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::{fmt, io};

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use super::received::Payload;
use crate::error::{Error, Kind, Result};
use entry::Entry;

/// A payload of a manifest, opened.
pub struct Captured {
    body: Body,
    received_at_ms: Option<i64>,
    query_params: BTreeMap<String, String>,
    place: String,
}

impl Captured {
    /// What readers take. A body is read once.
    pub fn payload(&mut self) -> Payload<'_> {
        Payload {
            body: &mut self.body,
            received_at_ms: self.received_at_ms,
            query_params: &self.query_params,
            place: &self.place,
        }
    }
}

/// Gives the payloads of a manifest in the order of the file, whatever their times are, one at a time: neither the manifest nor a file that it names is
/// ever held whole. Compressed ones are inflated. Paths in it are relative to `folder`; `name` is what messages call the manifest.
///
/// Errors are those of `each`, or name the entry, counted from 1, and the member.
pub fn each_payload(
    manifest: impl Read,
    name: &str,
    folder: &Path,
    each: &mut dyn FnMut(Captured) -> Result<()>,
) -> Result<()> {
    let open = |path: &str, place: &str| open(&folder.join(path), place);
    each_payload_with(manifest, name, &open, each)
}

/// The same, with whatever opens the files that the manifest names: it is given a path, and what messages call the file.
pub fn each_payload_with(
    manifest: impl Read,
    name: &str,
    open: &dyn Fn(&str, &str) -> Result<Body>,
    each: &mut dyn FnMut(Captured) -> Result<()>,
) -> Result<()> {
    walk(manifest, name, &mut |found| {
        each(captured(name, found.number, found.entry, open)?)
    })
}

/// The same in the order in which payloads were received, or, where one of them does not say when that was, of the first times that `first_time` finds in
/// them: captures that were put together do not lie so. Those of one time stay in the order of the file, and what has none stays behind what is before it.
pub fn each_payload_by_time(
    manifest: &mut (impl Read + Seek),
    name: &str,
    folder: &Path,
    first_time: &dyn Fn(&mut Payload) -> Option<u64>,
    each: &mut dyn FnMut(Captured) -> Result<()>,
) -> Result<()> {
    // What can be read but once is taken as it lies.
    if manifest.rewind().is_err() {
        return each_payload(manifest, name, folder, each);
    }
    let open = |path: &str, place: &str| open(&folder.join(path), place);
    let mut entries = Vec::new();
    walk(&mut *manifest, name, &mut |found| {
        let received = found.entry.as_ref().ok().and_then(|it| it.received_at_ms);
        entries.push((received.map(i128::from), found.number, found.place));
        Ok(())
    })?;
    let unread = |err| Error::new(Kind::Other, format!("read {name}")).because(err);
    manifest.rewind().map_err(unread)?;
    if entries.iter().any(|(received, ..)| received.is_none()) {
        let mut times = entries.iter_mut();
        let mut latest = None;
        each_payload(&mut *manifest, name, folder, &mut |mut captured| {
            latest = first_time(&mut captured.payload()).map_or(latest, |time| Some(time.into()));
            if let Some((time, ..)) = times.next() {
                *time = latest;
            }
            Ok(())
        })?;
        manifest.rewind().map_err(unread)?;
    }
    if entries.is_sorted_by_key(|(time, ..)| *time) {
        return each_payload(manifest, name, folder, each);
    }
    entries.sort_by_key(|(time, ..)| *time);
    for (_, number, place) in entries {
        manifest.seek(SeekFrom::Start(place)).map_err(unread)?;
        let mut json = serde_json::Deserializer::from_reader(BufReader::new(&mut *manifest));
        let entry = entry::Seed.deserialize(&mut json);
        let entry = entry.map_err(|err| Error::usage(format!("{name}: entry {number}: {err}")))?;
        each(captured(name, number, entry, &open)?)?;
    }
    Ok(())
}

/// An entry of a manifest, be it right or not.
struct Found {
    /// Counted from 1.
    number: u64,
    /// Where it begins in the file.
    place: u64,
    entry: Result<Entry, String>,
}

fn captured(
    name: &str,
    number: u64,
    entry: Result<Entry, String>,
    open: &dyn Fn(&str, &str) -> Result<Body>,
) -> Result<Captured> {
    let place = format!("{name}: entry {number}");
    let entry = entry.map_err(|why| Error::usage(format!("{place}: {why}")))?;
    let (body, place) = entry.body.open(open, place)?;
    Ok(Captured {
        body,
        received_at_ms: entry.received_at_ms,
        query_params: entry.query_params,
        place,
    })
}

/// Reads a manifest entry by entry.
fn walk(manifest: impl Read, name: &str, each: &mut dyn FnMut(Found) -> Result<()>) -> Result<()> {
    let unreadable = |err| Error::usage(format!("{name}: {err}"));
    let (manifest, mark) = opened::behind_mark(BufReader::new(manifest)).map_err(unreadable)?;
    let read = Cell::new(mark);
    let mut walk = Walk {
        each,
        read: &read,
        number: 0,
        ended: None,
    };
    // Each byte is asked for when it is wanted, so that it is known where an entry begins.
    let manifest = Counted {
        inner: manifest,
        read: &read,
    };
    let mut json = serde_json::Deserializer::from_reader(manifest);
    let read = (&mut walk).deserialize(&mut json);
    let read = read.and_then(|()| json.end());
    match (walk.ended, read) {
        (Some(err), _) => Err(err),
        (None, Ok(())) => Ok(()),
        (None, Err(err)) if walk.number == 0 => Err(Error::usage(format!("{name}: {err}"))),
        (None, Err(err)) => {
            let number = walk.number;
            Err(Error::usage(format!("{name}: entry {number}: {err}")))
        }
    }
}

/// Counts what is read.
struct Counted<'a, R> {
    inner: R,
    read: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// Where the reading of a manifest is.
struct Walk<'a> {
    each: &'a mut dyn FnMut(Found) -> Result<()>,
    /// How much was read.
    read: &'a Cell<u64>,
    /// The entry in hand; 0 outside of all.
    number: u64,
    /// Why it goes no further, where that is not for the JSON.
    ended: Option<Error>,
}

/// An entry, and where it begins.
struct Placed<'a>(&'a Cell<u64>);

impl<'de> DeserializeSeed<'de> for Placed<'_> {
    type Value = (u64, Result<Entry, String>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // Its first byte was looked at to see that there is one.
        let place = self.0.get().saturating_sub(1);
        Ok((place, entry::Seed.deserialize(deserializer)?))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of payloads")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        loop {
            self.number += 1;
            let Some((place, entry)) = entries.next_element_seed(Placed(self.read))? else {
                self.number = 0;
                return Ok(());
            };
            let number = self.number;
            let found = Found {
                number,
                place,
                entry,
            };
            if let Err(err) = (self.each)(found) {
                self.ended = Some(err);
                return Err(A::Error::custom("it goes no further"));
            }
        }
    }
}

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

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use super::received::Payload;
use crate::error::{Error, Result};
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
    let mut walk = Walk {
        name,
        open,
        each,
        number: 0,
        ended: None,
    };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(manifest));
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

/// Where the reading of a manifest is.
struct Walk<'a> {
    name: &'a str,
    open: &'a dyn Fn(&str, &str) -> Result<Body>,
    each: &'a mut dyn FnMut(Captured) -> Result<()>,
    /// The entry in hand; 0 outside of all.
    number: u64,
    /// Why it goes no further, where that is not for the JSON.
    ended: Option<Error>,
}

impl Walk<'_> {
    fn take(&mut self, entry: Result<Entry, String>) -> Result<()> {
        let place = format!("{}: entry {}", self.name, self.number);
        let entry = entry.map_err(|why| Error::usage(format!("{place}: {why}")))?;
        let (body, place) = entry.body.open(self.open, place)?;
        (self.each)(Captured {
            body,
            received_at_ms: entry.received_at_ms,
            query_params: entry.query_params,
            place,
        })
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
            let Some(entry) = entries.next_element_seed(entry::Seed)? else {
                self.number = 0;
                return Ok(());
            };
            if let Err(err) = self.take(entry) {
                self.ended = Some(err);
                return Err(A::Error::custom("it goes no further"));
            }
        }
    }
}

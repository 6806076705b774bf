//! What a system sent at once, and who takes what is found in it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Read};

use crate::error::{Error, Kind, Result};
use crate::samples::Item;

/// Takes what a reader finds. Its errors end the reading, and come out of it as they are.
pub type Sink<'a> = dyn FnMut(Item) -> Result<()> + 'a;

/// What a system sent at once.
pub struct Payload<'a> {
    /// What it sent, without any compression: a slice of bytes, or a file that need not fit into memory.
    pub body: &'a mut dyn BufRead,
    /// When it was received, in milliseconds since the epoch; for what tells no time of its own.
    pub received_at_ms: Option<i64>,
    /// What the request's address said beside.
    pub query_params: &'a BTreeMap<String, String>,
    /// What messages call it, such as `capture.json: entry 3`.
    pub place: &'a str,
}

impl Payload<'_> {
    /// The whole body, for formats that cannot be read piece by piece. One of more than `most` bytes is an error.
    pub fn whole(&mut self, most: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One byte more than is allowed at most, so that too long a body shows.
        let limited = (&mut *self.body).take(most.saturating_add(1));
        let read = { limited }.read_to_end(&mut bytes);
        read.map_err(|err| self.malformed(None, err))?;
        if bytes.len() as u64 > most {
            return Err(self.malformed(None, format_args!("it has more than {most} bytes")));
        }
        Ok(bytes)
    }

    /// The error for what is wrong with it, and where; lines are counted from 1.
    pub fn malformed(&self, line: Option<u64>, why: impl fmt::Display) -> Error {
        malformed(self.place, line, why)
    }
}

/// `read capture.json: entry 3: line 7: no value`. It ends the run: whoever leaves a line out says less than was sent.
pub(super) fn malformed(place: &str, line: Option<u64>, why: impl fmt::Display) -> Error {
    let attempt = match line {
        Some(line) => format!("read {place}: line {line}"),
        None => format!("read {place}"),
    };
    Error::new(Kind::Corrupt, attempt).because(why.to_string())
}

//! One JSON object on one line, written member by member: what it is made of is never in memory at once.

use std::fmt::Display;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

pub(super) use crate::human::{rfc3339, seconds};
use crate::printable::PrintableJson;

/// An object that has been begun.
pub(super) struct Members<'a> {
    out: &'a mut dyn Write,
    is_empty: bool,
}

impl<'a> Members<'a> {
    pub(super) fn begin(out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self {
            out,
            is_empty: true,
        })
    }

    /// Writes one member. Its name must be one that JSON need not escape.
    pub(super) fn put(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let comma = if self.is_empty { "" } else { "," };
        self.is_empty = false;
        write!(self.out, "{comma}\"{name}\":")?;
        let mut serializer = serde_json::Serializer::with_formatter(&mut *self.out, PrintableJson);
        value.serialize(&mut serializer)?;
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}\n")
    }
}

/// A list whose entries are made as they are written.
pub(super) struct Each<'a, T, E>(pub(super) &'a [T], pub(super) fn(&'a T) -> E);

impl<T, E: Serialize> Serialize for Each<'_, T, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

pub(super) fn display<T: Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

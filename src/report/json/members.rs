//! One JSON object on one line, written member by member: what it is made of is never in memory at once.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use crate::report::human;

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
        let mut serializer = serde_json::Serializer::with_formatter(&mut *self.out, Printable);
        value.serialize(&mut serializer)?;
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}\n")
    }
}

/// Compact JSON in which characters that drive a terminal are escaped, also where JSON allows them.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(human::is_unprintable) {
            let plain = piece.trim_end_matches(human::is_unprintable);
            writer.write_all(plain.as_bytes())?;
            let rest = piece.strip_prefix(plain).unwrap_or_default();
            for unit in rest.encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
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

pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Seconds, to the millisecond.
pub(super) fn seconds(duration: Duration) -> f64 {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(milliseconds).as_secs_f64()
}

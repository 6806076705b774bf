//! What servers answer over HTTP, as far as it is nobody's in particular: documents and times, read as widely as they are written.

pub(super) mod date;
pub(super) mod xml;

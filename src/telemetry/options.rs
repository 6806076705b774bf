//! Which lines are written, and in which shape.

/// The target of our own events and spans starts with this.
pub(super) const OUR_CRATE: &str = env!("CARGO_CRATE_NAME");

/// How urgent a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For those who look for a fault: per object.
    Debug,
    /// A few lines for each block.
    Info,
    /// Something odd, and what we did about it.
    Warn,
    /// Something that needs a person.
    Error,
}

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object.
    Json,
}

//! Where lines of a trail go, whatever it is.

use std::io;

/// Where lines go.
pub trait Sink: Send {
    /// Takes one line, which ends with a line feed, whole and at once.
    fn append(&mut self, line: &[u8]) -> io::Result<()>;

    /// Makes sure that what it took outlasts a loss of power.
    fn sync(&mut self) -> io::Result<()>;
}

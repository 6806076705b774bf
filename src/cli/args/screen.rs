//! How wide a line on stdout may be.

use std::io::{self, IsTerminal};

use crate::bucket::Environment;

/// Of a terminal that does not tell its width.
const USUAL: usize = 80;

/// As `COLUMNS` says, or the terminal; a file and a pipe have no width.
pub(super) fn columns(environment: &Environment) -> Option<usize> {
    let told = environment
        .get("COLUMNS")
        .and_then(|text| text.parse().ok());
    if let Some(columns) = told.filter(|columns| *columns > 0) {
        return Some(columns);
    }
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok();
    let columns = size.map(|size| usize::from(size.ws_col));
    Some(columns.filter(|columns| *columns > 0).unwrap_or(USUAL))
}

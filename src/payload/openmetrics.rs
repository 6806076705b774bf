//! OpenMetrics text.

use super::{Payload, Sink};
use crate::error::Result;

/// Reads lines.
#[derive(Debug, Default)]
pub struct Reader(());

impl Reader {
    /// Reads a payload.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let _ = (payload, sink);
        Ok(())
    }
}

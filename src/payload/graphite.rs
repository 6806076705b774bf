//! Graphite's plaintext protocol.

use super::{Payload, Sink};
use crate::error::Result;
use crate::yaml::Node;

/// Which metrics become which series: a mapping file of graphite_exporter's.
#[derive(Debug, Clone)]
pub struct Mapping(());

impl Mapping {
    /// Reads a mapping file's text. Errors name the line.
    pub fn parse(text: &str) -> Result<Self> {
        let _: Option<Node> = crate::yaml::parse(text)?;
        Ok(Self(()))
    }
}

/// Reads lines.
#[derive(Debug)]
pub struct Reader {
    mapping: Option<Mapping>,
}

impl Reader {
    /// With a mapping, or without.
    #[must_use]
    pub fn new(mapping: Option<Mapping>) -> Self {
        Self { mapping }
    }

    /// Reads a payload.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let _ = (payload, sink, &self.mapping);
        Ok(())
    }
}

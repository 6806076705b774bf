//! The labels of series, as hashes.

use std::collections::HashMap;

use super::compare::{Pair, hash};
use super::series::Entry;
use super::source::BlockFiles;
use super::symbols::{Known, Symbols};

/// Hashes of label names that are not among the symbols in memory. There are few names.
#[derive(Default)]
pub(crate) struct Labels {
    names: HashMap<u32, Option<u32>>,
}

impl Labels {
    /// Calls `each` for every label whose value is among the symbols in memory; a reference to a symbol that does not exist, if there is one.
    pub(crate) fn each<S: BlockFiles>(
        &mut self,
        source: &S,
        symbols: &Symbols,
        entry: &Entry,
        mut each: impl FnMut(Pair),
    ) -> Result<Option<u32>, S::Error> {
        let mut nowhere = None;
        for (name, value) in &entry.labels {
            let Known::Hash(value) = symbols.known(*value) else {
                if symbols.known(*value) == Known::Nowhere {
                    nowhere = Some(*value);
                }
                continue;
            };
            let hash = match symbols.known(*name) {
                Known::Hash(hash) => Some(hash),
                Known::Elsewhere => self.far(source, symbols, *name)?,
                Known::Nowhere => None,
            };
            match hash {
                Some(name) => each(Pair::new(name, value)),
                None => nowhere = Some(*name),
            }
        }
        Ok(nowhere)
    }

    fn far<S: BlockFiles>(
        &mut self,
        source: &S,
        symbols: &Symbols,
        name: u32,
    ) -> Result<Option<u32>, S::Error> {
        const MOST: usize = 64 << 10;
        if let Some(known) = self.names.get(&name) {
            return Ok(*known);
        }
        let found = symbols.read_hash(source, name)?;
        if self.names.len() < MOST {
            self.names.insert(name, found);
        }
        Ok(found)
    }
}

/// The label of a series that has a hash, as references to its name and value.
pub(crate) fn find<S: BlockFiles>(
    source: &S,
    symbols: &Symbols,
    entry: &Entry,
    pair: Pair,
) -> Result<Option<(String, String)>, S::Error> {
    for (name, value) in &entry.labels {
        let name = symbols.text(source, *name)?.unwrap_or_default();
        let value = symbols.text(source, *value)?.unwrap_or_default();
        if Pair::new(hash(name.as_bytes()), hash(value.as_bytes())) == pair {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

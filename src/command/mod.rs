//! Subcommands: which verbs each puts together, and nothing else.

pub mod migrate;

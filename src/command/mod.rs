//! Subcommands: what each opens, which flow it runs, and what it writes.

pub mod migrate;

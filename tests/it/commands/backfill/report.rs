//! The report that `backfill` prints.

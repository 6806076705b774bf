//! Tests from outside: whole runs on buckets in memory, the binary on folders, and real servers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]
#![expect(unreachable_pub, reason = "nothing lies outside a crate of tests")]

mod any_faults;
mod changed_bytes;
mod clocks;
mod dialects;
mod disks;
mod documents;
mod duplicates;
mod endings;
mod engine;
mod examples;
mod faults;
mod folders;
mod gone;
mod hostile;
mod house;
mod listings;
mod look_back;
mod looked_at_again;
mod meant;
mod moving;
mod names;
mod not_s3;
mod odd_entries;
mod odd_marks;
mod opening;
mod output;
mod parts;
mod permissions;
mod power_cut;
mod proofs;
mod requests;
mod rights;
mod s3;
mod same_bucket;
mod secrets;
mod side_by_side;
mod support;
mod surroundings;
mod thanos;
mod tls;
mod tracing;
mod usage;
mod values;
mod waits;
mod wrong_answers;

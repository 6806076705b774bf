//! No sample is lost, and nothing is marked that the target does not hold: whatever others do meanwhile, whatever the buckets hold, and wherever a run is killed.

mod absence;
mod agreed_plans;
mod audit_trail;
mod between_attempts;
mod changes_in_a_group;
mod changes_while_copying;
mod changes_while_waiting;
mod clocks;
mod concurrent_runs;
mod content_proofs;
mod digests;
mod duplicates;
mod empty_files;
mod failures;
mod foreign_marks;
mod hostile_buckets;
mod look_back;
mod order_and_kills;
mod same_bucket;
mod secrets;

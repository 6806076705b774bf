//! Moves old Thanos blocks from a hot bucket (the *source*) to a cold one (the *target*).
//!
//! # The house
//!
//! Modules stand on floors; each uses those below it, never those above. A test reads the `use` lines and holds the floors.
//!
//! | floor | modules | what it hides |
//! |---|---|---|
//! | door | `main`, `cli`, `telemetry` | arguments, environment, terminal, exit codes |
//! | commands | [`command`], [`serve`] | what a subcommand opens and what it writes to standard output |
//! | flows | [`migrate`], [`check`], [`cleanup`], [`compare`], [`reconcile`], [`status`], [`undelete`], [`unmark`], [`verify`], [`backfill`] | how verbs are put together: what happens to one block in which order, and what must hold before the first is touched |
//! | verbs | [`verb`], [`feed`], [`report`], [`manifest`], [`audit`], [`board`], [`exposition`], [`chronicle`] | one step each on real buckets, and what is written about them |
//! | engine | [`engine`] | jobs with a bound: how many at once, in which order, until when; it knows no verb |
//! | stored | [`stored`] | how one block of one bucket is read, when an answer is believed, and whether a block is still what it was |
//! | rules | [`payload`], [`plan`], [`policy`], [`select`], [`map`], [`outcome`], [`cutover`], [`reconciled`], [`history`] | every decision, pure: values in, values out |
//! | means | [`bucket`], [`promql`], [`remote`], `http`, [`retry`], [`progress`], [`spool`] | providers, configuration, transfer; what query APIs answer; what live servers hold and are sent; how servers are spoken to; when to try again; how far a run is; how samples are sorted in bounded memory |
//! | ground | [`at_once`], [`block`], [`causes`], [`draft`], [`yaml`], [`go`], `hexadecimal`, `html`, `human`, [`duration`], [`environment`], [`error`], [`exit`], [`nearest`], [`printable`], `run_folder`, [`samples`], [`small_file`], [`trace`], [`tsdb`] | what a block, a mark, a proof is |
//!
//! # Where to add what
//!
//! Each addition has files of its own in `src/`, and a row, an arm or a line in the files of the last column, which the compiler asks for.
//!
//! | what | files of its own | files that learn of it |
//! |---|---|---|
//! | a provider | `bucket/provider/NAME/` | `bucket/provider/mod.rs` |
//! | a route of transfer, such as `on_server` for what a service copies by itself | `bucket/transfer/NAME.rs` | `bucket/transfer/mod.rs`, `bucket/transfer/route.rs` |
//! | a subcommand, such as `check` | `cli/NAME.rs`, of groups in `cli/args/`; `command/NAME.rs`; its flow | `cli/mod.rs`, `command/mod.rs`, `report/document.rs` |
//! | a form of manifests, for another bulk copier | none: its arms in the files beside | `manifest/format.rs`, `cli/plan.rs` |
//! | a section of a document | `report/text/NAME.rs`, `report/json/NAME.rs` | `report/document.rs`, `report/text/mod.rs`, `report/json/mod.rs` |
//! | a form of documents, such as HTML | `report/html/` | `report/form.rs`, `report/mod.rs`, `cli/args/output.rs` |
//!
//! What happens to a block that the target has already, and how a block stands in both buckets, is decided in [`plan`]; what needs a person, and
//! what to do about it, in [`outcome`];
//! how a process ends, in [`exit`]; what is tried again, in [`retry`].
//!
//! # What holds always
//!
//! Each is a clause of SPECIFICATION.md, and has a test that bites; `tests/clauses` prints all others.
//!
//! 1. A block is never published that the target does not wholly hold: [`verb::publish`] wants a comparison, not a hope
//!    (S-5.4 `a_lost_write_is_never_relied_upon`).
//! 2. No mark without a [`block::Proof`], which only a comparison of two listings makes (S-5.6 `a_proof_that_has_waited_is_made_anew`), and a
//!    [`verb::clocks::AgreedTime`], which only a comparison of clocks makes
//!    (S-6.13 `clocks_that_differ_by_more_than_minutes_end_the_run_before_any_mark`).
//! 3. The source is written by [`verb::mark`] alone, and it writes marks alone (S-7.4 `blocks_move_between_two_buckets_and_only_once`); what
//!    [`verb::unmark`] takes away there are marks of this tool alone (S-16.1 `marks_of_a_run_are_taken_back_and_nothing_else`), and what
//!    [`verb::undelete`] brings back lay there before (S-19.1 `blocks_of_a_run_that_thanos_has_deleted_come_back_byte_for_byte`).
//! 4. What [`verb::cleanup`] removes is nothing but what this tool alone names so, or a part of what the source wholly holds right before each removal
//!    (S-18.2 `only_a_part_of_what_the_source_holds_goes`).
//! 5. A dry run is given [`bucket::BucketReader`]s, which cannot write (S-7.3 `a_dry_run_leaves_no_trace`), and so is a run that only copies for its source
//!    (S-14.1 `blocks_are_copied_and_the_source_is_not_written`).
//! 6. `meta.json` travels as bytes (S-5.4 `blocks_move_whole_and_once`).
//! 7. The order of writes, not clean-up code, keeps the buckets sound when the process is killed
//!    (S-6.6 `a_kill_at_any_write_is_healed_by_the_next_run`).
//! 8. Nothing is written on the strength of what was true before a block waited: the flow looks again in the block's turn
//!    (S-5.5 `a_block_that_others_have_to_do_with_is_not_published`).
//! 9. No mark of a run is missing on its audit trail: [`audit::Trail`] is told before it is put, and a trail that breaks ends the run
//!    (S-20.4 `a_trail_that_breaks_at_any_line_ends_the_run_before_the_next_mark`).

pub mod at_once;
pub mod audit;
pub mod backfill;
pub mod block;
pub mod board;
pub mod bucket;
pub mod causes;
pub mod check;
pub mod chronicle;
pub mod cleanup;
pub mod cli;
pub mod command;
pub mod compare;
pub mod cutover;
pub mod draft;
pub mod duration;
pub mod engine;
pub mod environment;
pub mod error;
pub mod exit;
pub mod exposition;
pub mod feed;
pub mod go;
mod hexadecimal;
pub mod history;
mod html;
mod http;
mod human;
pub mod manifest;
pub mod map;
pub mod migrate;
pub mod nearest;
pub mod outcome;
pub mod payload;
pub mod plan;
pub mod policy;
pub mod printable;
pub mod progress;
pub mod promql;
pub mod reconcile;
pub mod reconciled;
pub mod remote;
pub mod report;
pub mod retry;
mod run_folder;
pub mod samples;
pub mod select;
pub mod serve;
pub mod small_file;
pub mod spool;
pub mod status;
pub mod stored;
pub mod telemetry;
pub mod trace;
pub mod tsdb;
pub mod undelete;
pub mod unmark;
pub mod verb;
pub mod verify;
pub mod yaml;

pub use error::{Error, Kind, Result};

//! The groups of flags that subcommands flatten, and what each adds up to. A new subcommand takes those that it needs.

mod agreement;
mod artifacts;
mod audited;
mod buckets;
mod copying;
mod effort;
mod folder;
mod history;
mod output;
mod screen;
mod selection;
mod served;
mod telemetry;
mod textfile;
mod thanos;
mod waivers;

pub(super) use agreement::{Agreement, agreed_rules};
pub(super) use artifacts::Artifacts;
pub(super) use audited::Audited;
pub(super) use buckets::{Buckets, Landing, Receiver, Source};
pub(super) use copying::Copying;
pub(super) use effort::{AtOnce, Cache, Effort, Repetition, Room};
pub(super) use folder::staging;
pub(super) use history::History;
pub(super) use output::{Meanings, Printed, PrintedGroups, exit_codes, exit_codes_of_a_move};
pub(super) use selection::{Filters, LEVELS, Selection, Sharing};
pub(super) use served::Served;
pub(super) use telemetry::Telemetry;
pub(super) use textfile::Figures;
pub(super) use thanos::{GoRuntime, Thanos};
pub(super) use waivers::Waivers;

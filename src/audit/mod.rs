//! The audit trail: what a run does to each block, one line of JSON for each event, appended to a file as it happens.
//!
//! This module hides how lines are spelled and how they get to the disk; whoever acts says what happened by an [`Event`], and never in words. How far a run
//! is, in bytes that move by the thousand, is [`Progress`](crate::progress::Progress): numbers for who watches, of which nothing stays.
//!
//! A run goes no further than its trail: where an event cannot be written, whoever tells it gets the error, starts no further block and writes no
//! further mark. What comes before a deletion mark is therefore told before it, not after.

mod event;
mod file;
mod groups;
mod line;
mod patience;
mod plan;
mod reading;
mod sink;
mod trail;

pub use event::{Beginning, Closing, Ended, Event, Subject};
pub use file::Appended;
pub use line::{Held, Line, VERSION};
pub use patience::{PATIENCE, Patient};
pub use plan::tell_plan;
pub use reading::{Item, Problem, read};
pub use sink::Sink;
pub use trail::{Blank, Hearer, Trail};

//! What a process that goes on for long knows of itself: its policy, its cycles, how each rule's last run ended, what needs a person, and what happened
//! last to a block. It hides how that is gathered; who shows it asks for [`Known`], and who works on it says what happens, in order.
//!
//! Orders of others come in here too, and wait for the one worker. Nothing here waits for a bucket, and no HTTP is known.

mod blocks;
mod figures;
mod known;
mod orders;
mod shared;

pub use blocks::BlockKnown;
pub use figures::{Attention, Figures, Pending, Seen};
pub use known::{
    Counters, CyclesKnown, Ended, Hot, Known, PolicyKnown, RuleKnown, RuleOutline, Running,
};
pub use orders::{Deed, Order, OrderKnown, OrderState, Refusal};
pub use shared::{Board, Run};

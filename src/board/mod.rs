//! What a process that goes on for long knows of itself: its policy, its cycles, how each rule's last run ended, what needs a person, and what happened
//! last to a block. It hides how that is gathered; who shows it asks for [`Known`], and who works on it says what happens, in order.
//!
//! Orders of others come in here too, and wait for the one worker. Nothing here waits for a bucket, and no HTTP is known.

mod attention;
mod blocks;
mod deed;
mod figures;
mod known;
mod orders;
mod outline;
mod shared;
mod state;

pub use attention::Attention;
pub use blocks::BlockKnown;
pub use deed::Deed;
pub use figures::{Figures, Pending, Seen, Stood};
pub use known::{Counters, CyclesKnown, Ended, Hot, Known, PolicyKnown, RuleKnown, Running};
pub use orders::{Order, OrderEnd, OrderKnown, OrderState, Refusal};
pub use outline::RuleOutline;
pub use shared::Board;
pub use state::Run;

//! Jobs that run at once, with a bound: how many, in which order, and until when. It knows no verb.

mod breaker;
mod course;
mod deadline;
mod error_rate;
mod gate;
mod group_size;
mod ledger;
mod limits;
mod slots;
mod stop;

pub use breaker::{Breaker, Concern};
pub use course::{Closing, Course, Ended};
pub use deadline::Deadline;
pub use error_rate::{ErrorRate, NoShare};
pub use gate::{Gate, Group, Order, Turn};
pub use ledger::Ledger;
pub use limits::{Claim, Limits};
pub use slots::{Near, Rivalry, Slot, Slots};
pub use stop::Stop;

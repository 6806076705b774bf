//! When the rules of a policy are followed: how often, and in which hours. Pure: what time it is and what chance decides is given.
//!
//! What a rule says of the migration itself are the flags of `migrate`, which the door reads.

mod hours;
mod pace;

pub use hours::Hours;
pub use pace::{Jitter, Pace};

//! Jobs that run at once, with a bound: how many, in which order, and until when. It knows no verb.

mod gate;
mod slots;
mod stop;

pub use gate::{Gate, Order, Turn};
pub use slots::{Slot, Slots};
pub use stop::Stop;

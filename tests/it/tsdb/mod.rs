//! Blocks of Prometheus and Thanos are read to their last byte: nothing is found in good ones, and every damage in others.

mod block;
mod chunks;
mod compacted;
mod damage;
mod flips;
mod index;
pub mod random;
mod real;
mod source;
mod written;

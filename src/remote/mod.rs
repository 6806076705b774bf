//! Samples, exemplars and metadata of live servers: Prometheus' remote read and remote write, and `VictoriaMetrics`' export.
//!
//! Hidden here: messages and how they are packed, which form of answer a server gives, how often it is asked and for how much at once, and when its
//! answer is believed. Whoever reads gets [`Item`](crate::samples::Item)s as they come; an answer that broke off is asked anew, and what came of it before is not handed
//! on twice.

mod about;
mod delivered;
mod export;
mod exported;
mod foreign;
mod frames;
mod histogram;
mod lines;
mod pace;
mod part;
mod proto;
mod read;
mod server;
mod sink;
mod taking;
#[cfg(test)]
mod tests;
mod trouble;
mod write;
mod written;

pub use about::{exemplars, metadata};
pub use delivered::Brought;
pub use export::ExportClient;
pub use foreign::{read_frame, read_frames, read_line, read_message};
pub use part::Series;
pub use read::ReadClient;
pub use server::Limits;
pub use sink::Sink;
pub use write::{Batch, Refuses, Then, WriteClient};
pub use written::{Refusal, Refused, Written};

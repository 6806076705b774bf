//! How figures are spelled for Prometheus, whether it comes for them or finds them in a file of node_exporter's. Only this module names `prometheus`.
//!
//! Names are in Thanos' style. Labels are names of rules, of which a policy has a few, and words of which there is a fixed number: never a block.

mod cycles;
mod family;
mod rules;
mod text;
mod textfile;

pub use text::{CONTENT_TYPE, of_process};
pub use textfile::{Textfile, warning};

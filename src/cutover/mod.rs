//! Whether two query APIs answer alike, and what follows from it: values in, values out.

mod finding;
pub mod parity;
mod words;

pub use finding::{Example, Finding, Findings, Shown, Side, Weight};
pub use words::beside;

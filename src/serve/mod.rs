//! What is known of the process, over HTTP: for Prometheus, for Kubernetes' probes, for programs and for people. It hides the protocol; what there
//! is to tell is [`crate::board`]'s. Only this module names `hyper`.
//!
//! Neither TLS nor names of users are offered: the address is one of loopback unless somebody says otherwise, and a mesh or a proxy stands in front of
//! any other.

mod address;
mod answer;
mod api;
mod connections;
mod orders;
mod page;
mod refusals;
mod route;
mod status;
mod token;

pub use address::Address;
pub use connections::{Server, Settings};
pub use token::Token;

//! What a process that goes on for long shows over HTTP, and what it takes.

pub mod client;
mod http;
mod orders;
mod process;
mod shown;
mod textfile;

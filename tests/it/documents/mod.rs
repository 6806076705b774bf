//! What is written for readers: README and examples, reports, and traces.

mod differences;
mod estimates;
mod examples;
mod pages;
mod reports;
mod session;
mod streams;
mod traces;

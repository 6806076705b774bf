//! What is written for readers: README and examples, reports, and traces.

mod examples;
mod reports;
mod streams;
mod traces;

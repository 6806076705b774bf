//! Payloads of other systems, beside those who read them otherwise.

mod promtool;

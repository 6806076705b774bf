//! Requests in JSON, as OTLP has it: that of protobuf, but for ids, which are hexadecimal.
//!
//! Whatever senders do is read: names in camel case and in snake case, 64-bit numbers as numbers and as texts, enumerations by number and by
//! name, `null` for what is not given, and members that nobody knows, which are passed over.

mod messages;
mod read;
mod scalars;

pub(super) use messages::Request;

//! Prometheus' HTTP API, as Prometheus, Thanos, Mimir and `VictoriaMetrics` serve it.
//!
//! Hidden here: how JSON spells samples, which requests go out as forms, how often a question is repeated, how much of an answer is read, and what
//! only Thanos is told. What a server says is read widely; what makes no sense is an error, and never an empty answer.

mod access;
mod answer;
mod asking;
mod body;
mod client;
mod credentials;
mod envelope;
pub(crate) mod exchange;
mod http_config;
mod lists;
mod merge;
pub(crate) mod number;
mod selector;
mod server;
mod times;
mod value;

pub use access::Access;
pub use answer::{Answered, read_data, read_labels, read_names};
pub(crate) use asking::seconds;
pub use client::{Client, Limits, OfThanos, Span};
pub use lists::{Exemplar, Exemplars, Metadata};
pub use selector::{Matcher, Operator, Selector};
pub use server::{Product, Server, Store};
pub use value::{Bounds, Bucket, Data, Histogram, Point, Sample, Series};

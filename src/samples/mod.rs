//! What Prometheus holds: series, which are labels, and their samples, which are numbers or native histograms at a time; beside them exemplars and
//! metadata.
//!
//! Hidden here: how labels are kept and ordered, and which numbers a histogram is made of. Whoever brings samples brings [`Item`]s; whoever keeps
//! them takes those.

mod chunk;
mod histogram;
mod item;
mod labels;
mod sample;

pub use chunk::{Chunk, Encoding};
pub use histogram::{Buckets, CUSTOM_BUCKETS, Histogram, ResetHint, Span};
pub use item::{Exemplar, Item, LeftOut, Metadata, Piece, Told};
pub use labels::{Builder, Labels, METRIC_NAME, Twice};
pub use sample::{STALE, Sample, Value, is_stale};

//! Buckets: everything that is known about providers, and the only module that names `object_store`.
//!
//! A [`BucketReader`] cannot write; a [`Bucket`] can. Both repeat what fails in passing, so that an error they return has outlasted its
//! retries.
//!
//! | to add | where |
//! |---|---|
//! | a provider | a folder in `provider/`, and a row in its table |
//! | a route from bucket to bucket | a file in `transfer/`, and a line where the route is chosen |
//!
//! Files here import one another by name, never through this one, and in no circle: a test reads the `use` lines.

mod access;
mod backend;
mod bandwidth;
mod block_listing;
mod cache;
mod classify;
mod clock;
mod config;
mod copier;
mod differences;
mod entry;
mod fetch;
mod heard;
mod history;
mod keeping;
mod listing;
mod location;
mod nearness;
mod opened;
mod pages;
mod past;
mod prefix;
mod provider;
mod ranged;
mod reader;
mod rights;
mod sharing;
mod sizes;
mod storage_class;
mod store;
mod sweep;
mod together;
mod traced;
mod transfer;
mod unfinished;
mod values;
mod writer;

pub use crate::environment::{Environment, Secret};
pub use access::{Access, MissingRoot};
pub use backend::{Backend, EtagMeaning, Listings, Multipart};
pub use bandwidth::Bandwidth;
pub use cache::Cache;
pub use classify::Meaning;
pub use clock::{Reading, ServerClock};
pub use config::BucketConfig;
pub use copier::{Assembly, Copier, Original};
pub use differences::{
    Classes, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
pub use entry::Entry;
pub use history::{History, HistoryPage, Lost, Next, Row, Way, What};
pub use keeping::{Act, Keeping, Lock, LockedOn, Rule, Told, Versions};
pub use location::Location;
pub use nearness::Names;
pub use opened::Common;
pub use past::{Gone, Past};
pub use prefix::Prefix;
pub use provider::differences;
pub use ranged::Ranged;
pub use reader::BucketReader;
pub use rights::{Policy, Role};
pub use sizes::Sizes;
pub use storage_class::{PUT_AS_SEGMENT, Readable, StorageClasses};
pub use store::{Page, Pager, Store};
pub use sweep::Swept;
pub use transfer::{
    Budget, Comparison, CopiedBy, ServerSide, TIME_TO_END, Transfer, Transferred, same_content,
    sha256, transfer, transferred,
};
pub use unfinished::{Begun, Form as BegunForm, Unfinished};
pub use writer::Bucket;

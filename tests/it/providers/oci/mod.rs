//! Buckets of Oracle's Object Storage, on a server of our own that plays it.

mod check;
mod machine;
mod migrate;
mod refused;
mod s3_interface;
mod thanos;
mod tiers;

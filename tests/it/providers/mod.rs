//! What each kind of bucket does to a run.

mod azure;
mod chain;
mod conformance;
mod folder;
mod gcs;
mod object_names;
mod oci;
mod s3;
mod swift;
mod vendors;

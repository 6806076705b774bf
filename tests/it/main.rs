//! Tests from outside: whole runs on buckets in memory, the binary on folders, and real servers.
//!
//! | where | what is promised there |
//! |---|---|
//! | `commands` | what one asks for on the command line, and what is done and said then |
//! | `documents` | README, examples, reports and traces say what is so |
//! | `safety` | no sample is lost, whatever others do, whatever a bucket holds, and wherever a run is killed |
//! | `served` | what a process that goes on for long shows over HTTP, and what others may ask of it |
//! | `otlp` | payloads of OpenTelemetry are read as a real Prometheus reads them |
//! | `payloads` | what other systems sent is read as those read it who know it |
//! | `providers` | what each kind of bucket, and what lies between it and the tool, does to a run |
//! | `remote` | samples come from real servers as they are there, and real servers take what they are sent |
//! | `shipping` | the image and the releases are what they are said to be |
//! | `thanos` | what real Thanos makes of both buckets |
//! | `tsdb` | real blocks, whole ones and damaged ones, are told apart |
//! | `house` | how the source is built |
//! | `support` | what tests are made of |
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]
#![expect(unreachable_pub, reason = "nothing lies outside a crate of tests")]

mod commands;
mod documents;
mod house;
mod otlp;
mod payloads;
mod providers;
mod remote;
mod safety;
mod served;
mod shipping;
mod support;
mod thanos;
mod tsdb;

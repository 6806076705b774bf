//! S3, as a real MinIO speaks it and as other servers, proxies and networks do.

mod bulk_copies;
mod cache;
mod checksums;
mod configuration;
mod corrupted_bytes;
mod credentials;
mod dialects;
mod faults;
mod foreign_answers;
mod listings;
mod many_machines;
mod migrate;
mod multipart;
mod random_faults;
mod replication;
mod request_counts;
mod requests;
mod rights;
mod server_side;
mod server_side_refusals;
mod servers;
mod signatures;
mod storage_classes;
mod tls;
mod versions;
mod wrong_answers;

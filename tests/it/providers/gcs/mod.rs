//! Google Cloud Storage, as fake-gcs-server plays it, and as servers of ours do where that one is too lenient.

mod check;
mod credentials;
mod federation;
mod foreign_answers;
mod migrate;
mod one_bucket;
mod server_side;
mod undelete;

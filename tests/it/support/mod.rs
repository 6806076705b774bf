//! What tests are made of.

pub mod answering;
pub mod azurite;
pub mod block;
pub mod collector;
pub mod complaint;
pub mod credential_service;
pub mod fake_gcs;
pub mod folders;
pub mod http;
pub mod killed;
pub mod memory;
pub mod message;
pub mod minio;
pub mod moto;
pub mod on_minio;
pub mod proxy;
pub mod run;
pub mod s3_request;
pub mod s3_server;
pub mod scripted;
pub mod servers;
pub mod system;
mod tests;
pub mod thanos;
pub mod times;
pub mod tls_front;
pub mod world;

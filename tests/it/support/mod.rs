//! What tests are made of.

pub mod blocks;
pub mod collector;
pub mod complaint;
pub mod http;
pub mod memory;
pub mod message;
pub mod minio;
pub mod pair;
pub mod proxy;
pub mod run;
pub mod scripted;
pub mod servers;
pub mod system;
mod tests;
pub mod thanos;
pub mod times;

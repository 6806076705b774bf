//! Buckets of Thanos' type BOS: Baidu's, spoken to through its S3 interface, which has hosts of its own.

mod config;
mod dialect;
mod policy;

use super::configured::Provider;
use dialect::DIFFERENCES;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "BOS",
    secrets: &["secret_key"],
    differences: DIFFERENCES,
    parse: |section| Ok(Box::new(config::parse(section)?)),
};

//! Buckets of Thanos' type COS: Tencent's, spoken to through its S3 interface, which its own hosts answer too.

mod config;
mod dialect;
mod policy;

use super::configured::Provider;
use dialect::DIFFERENCES;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "COS",
    secrets: &["secret_key"],
    differences: DIFFERENCES,
    parse: |section| Ok(Box::new(config::parse(section)?)),
};

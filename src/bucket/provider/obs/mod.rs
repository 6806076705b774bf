//! Buckets of Thanos' type OBS: Huawei's, spoken to through its S3 interface, which the same hosts answer.

mod config;
mod dialect;
mod policy;

use super::configured::Provider;
use dialect::DIFFERENCES;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "OBS",
    secrets: &["secret_key"],
    differences: DIFFERENCES,
    parse: |section| Ok(Box::new(config::parse(section)?)),
};

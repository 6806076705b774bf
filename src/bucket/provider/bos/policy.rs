//! The least rights for a migration, as a custom policy of Baidu's IAM, which is what a bucket's own access list is, too, but for who it is for.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::Rights;
use crate::bucket::rights::{Policy, Role};

pub(super) const RIGHTS: Rights = Rights { policy, resource };

/// What lies below a prefix, as policies name it.
fn resource(config: &Config, prefix: &Prefix) -> String {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    format!("{}/{}{slash}*", bucket(config), prefix.as_str())
}

fn bucket(config: &Config) -> &str {
    config.name().unwrap_or("<bucket>")
}

fn policy(config: &Config, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
    let allow = |permission: &[&str], resource: String| {
        json!({
            "service": "bce:bos",
            "region": config.region().unwrap_or("*"),
            "effect": "Allow",
            "resource": [resource],
            "permission": permission,
        })
    };
    let inside = || resource(config, prefix);
    // Where the region is not told by the endpoint, it is asked for, which is reading.
    let about = match config.region() {
        Some(_) => &["LIST"][..],
        None => &["LIST", "READ"],
    };
    let mut list = vec![allow(about, bucket(config).to_owned())];
    let mut language = "IAM policy of Baidu AI Cloud".to_owned();
    match role {
        Role::Source => {
            // Its patterns are told to end with a star, and not that one may stand before a mark's name.
            list.push(allow(&["READ", "PutObject"], inside()));
            language.push_str(
                "; wider than needed: no pattern is known for marks alone, so that any object may be put, though none deleted",
            );
        }
        Role::Target => {
            // The right to write is that to put in parts and to delete, too.
            list.push(allow(&["READ", "WRITE"], inside()));
            list.extend(copied_from.map(|source| allow(&["READ"], source.to_owned())));
        }
    }
    Policy::of_json(language, &json!({"accessControlList": list}))
}

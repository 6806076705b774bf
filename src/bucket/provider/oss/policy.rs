//! The least rights for a migration, as a policy of Alibaba's RAM.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::Rights;
use crate::bucket::rights::{Policy, Role};

pub(super) const RIGHTS: Rights = Rights {
    policy,
    resource: |config, prefix| resource(config, prefix, "*"),
};

/// What lies below that name, as policies name it: `acs:oss:*:*:<bucket>/…`.
fn resource(config: &Config, prefix: &Prefix, below: &str) -> String {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    format!("{}/{}{slash}{below}", bucket(config), prefix.as_str())
}

fn bucket(config: &Config) -> String {
    format!("acs:oss:*:*:{}", config.name().unwrap_or("<bucket>"))
}

fn policy(config: &Config, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
    let allow = |actions: &[&str], resources: Vec<String>| {
        let named: Vec<String> = actions.iter().map(|it| format!("oss:{it}")).collect();
        json!({"Effect": "Allow", "Action": named, "Resource": resources})
    };
    let inside = |below| resource(config, prefix, below);
    let mut of_bucket = vec!["ListObjects"];
    if config.region().is_none() {
        of_bucket.push("GetBucketLocation");
    }
    let mut statement = vec![allow(&of_bucket, vec![bucket(config)])];
    match role {
        Role::Source => {
            let marks = ["*/deletion-mark.json", "*/no-compact-mark.json"].map(inside);
            statement.push(allow(&["GetObject"], vec![inside("*")]));
            statement.push(allow(&["PutObject"], marks.to_vec()));
        }
        Role::Target => {
            // Parts are put with the right to put objects.
            let all = [
                "GetObject",
                "PutObject",
                "DeleteObject",
                "AbortMultipartUpload",
            ];
            statement.push(allow(&all, vec![inside("*")]));
            let source = copied_from.map(|source| allow(&["GetObject"], vec![source.to_owned()]));
            statement.extend(source);
        }
    }
    let document = json!({"Version": "1", "Statement": statement});
    Policy::of_json("RAM policy", &document)
}

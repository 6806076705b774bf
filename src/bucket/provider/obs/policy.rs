//! The least rights for a migration, as a custom policy of Huawei's IAM.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::Rights;
use crate::bucket::rights::{Policy, Role};

pub(super) const RIGHTS: Rights = Rights {
    policy,
    resource: |config, prefix| resource(config, prefix, "*"),
};

/// What lies below that name, as policies name it.
fn resource(config: &Config, prefix: &Prefix, below: &str) -> String {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    let bucket = bucket(config);
    format!("OBS:*:*:object:{bucket}/{}{slash}{below}", prefix.as_str())
}

fn bucket(config: &Config) -> &str {
    config.name().unwrap_or("<bucket>")
}

fn policy(config: &Config, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
    let allow = |actions: &[&str], resources: Vec<String>| {
        let named: Vec<String> = actions.iter().map(|it| format!("obs:{it}")).collect();
        json!({"Effect": "Allow", "Action": named, "Resource": resources})
    };
    let inside = |below| resource(config, prefix, below);
    let mut about = vec!["bucket:ListBucket"];
    if config.region().is_none() {
        about.push("bucket:GetBucketLocation");
    }
    let itself = format!("OBS:*:*:bucket:{}", bucket(config));
    let mut statement = vec![allow(&about, vec![itself])];
    let read = ["object:GetObject"];
    match role {
        Role::Source => {
            let marks = ["*/deletion-mark.json", "*/no-compact-mark.json"].map(inside);
            statement.push(allow(&read, vec![inside("*")]));
            statement.push(allow(&["object:PutObject"], marks.to_vec()));
        }
        Role::Target => {
            // The right to put is that to put in parts, too.
            let all = [
                "object:GetObject",
                "object:PutObject",
                "object:DeleteObject",
                "object:AbortMultipartUpload",
            ];
            statement.push(allow(&all, vec![inside("*")]));
            let source = copied_from.map(|source| allow(&read, vec![source.to_owned()]));
            statement.extend(source);
        }
    }
    let document = json!({"Version": "1.1", "Statement": statement});
    let wider = if prefix.as_str().contains(['*', '?']) {
        "; wider than needed, for the prefix has letters that stand for others there"
    } else {
        ""
    };
    Policy::of_json(format!("IAM policy of Huawei Cloud{wider}"), &document)
}

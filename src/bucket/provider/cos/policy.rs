//! The least rights for a migration, as a policy of Tencent's CAM.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::Rights;
use crate::bucket::rights::{Policy, Role};

pub(super) const RIGHTS: Rights = Rights {
    policy,
    resource: |config, prefix| resource(config, prefix, "*"),
};

/// What lies below that name, as policies name it: `qcs::cos:<region>:uid/<account>:<bucket>-<account>/…`.
fn resource(config: &Config, prefix: &Prefix, below: &str) -> String {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    format!("{}/{}{slash}{below}", bucket(config), prefix.as_str())
}

fn bucket(config: &Config) -> String {
    let region = config.region().unwrap_or("<region>");
    let name = config.name().unwrap_or("<bucket>-<app_id>");
    let account = name.rsplit_once('-').map_or("<app_id>", |(_, id)| id);
    format!("qcs::cos:{region}:uid/{account}:{name}")
}

fn policy(config: &Config, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
    let allow = |actions: &[&str], resources: Vec<String>| {
        let named: Vec<String> = actions.iter().map(|it| format!("name/cos:{it}")).collect();
        json!({"effect": "allow", "action": named, "resource": resources})
    };
    let read = ["GetObject", "HeadObject"];
    let inside = |below| resource(config, prefix, below);
    let mut of_bucket = vec!["GetBucket"];
    if config.region().is_none() {
        of_bucket.push("GetBucketLocation");
    }
    let everything = format!("{}/*", bucket(config));
    let mut statement = vec![allow(&of_bucket, vec![everything])];
    match role {
        Role::Source => {
            let marks = ["*/deletion-mark.json", "*/no-compact-mark.json"].map(inside);
            statement.push(allow(&read, vec![inside("*")]));
            statement.push(allow(&["PutObject"], marks.to_vec()));
        }
        Role::Target => {
            let written = [
                "PutObject",
                "DeleteObject",
                "InitiateMultipartUpload",
                "UploadPart",
                "UploadPartCopy",
                "CompleteMultipartUpload",
                "AbortMultipartUpload",
            ];
            let all = [&read[..], &written].concat();
            statement.push(allow(&all, vec![inside("*")]));
            let source = copied_from.map(|source| allow(&read, vec![source.to_owned()]));
            statement.extend(source);
        }
    }
    let document = json!({"version": "2.0", "statement": statement});
    Policy::of_json("CAM policy", &document)
}

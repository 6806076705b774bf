//! The least rights for a migration, as a policy of IAM's, which other servers of S3 read too.

use serde::Serialize;

use super::config::{Config, Encryption};
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

/// The objects below that name, as policies name them.
pub(super) fn objects(config: &Config, prefix: &Prefix, below: &str) -> String {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    format!("{}/{}{slash}{below}", bucket(config), prefix.as_str())
}

/// The partition, as resources are named there; elsewhere they are named as in Amazon's own.
fn partition(config: &Config) -> &'static str {
    match config.endpoint.amazons_partition() {
        Some(".amazonaws.com.cn") => "aws-cn",
        Some("us-gov") => "aws-us-gov",
        _ => "aws",
    }
}

fn bucket(config: &Config) -> String {
    let partition = partition(config);
    format!("arn:{partition}:s3:::{}", config.bucket)
}

/// The policy for whoever works on that bucket, and has the service copy from another.
pub(super) fn policy(
    config: &Config,
    prefix: &Prefix,
    role: Role,
    copied_from: Option<&str>,
) -> Policy {
    let allow = |sid, action: &[&'static str], resource| Statement {
        sid,
        effect: "Allow",
        action: action.to_vec(),
        resource,
    };
    let inside = |below| objects(config, prefix, below);
    let mut list = allow("List", &["s3:ListBucket"], vec![bucket(config)]);
    if config.region.is_none() && config.endpoint.region().is_none() {
        list.action.push("s3:GetBucketLocation");
    }
    let mut statement = vec![list];
    match role {
        Role::Source => {
            let marks = ["*/deletion-mark.json", "*/no-compact-mark.json"].map(inside);
            statement.push(allow("Read", &["s3:GetObject"], vec![inside("*")]));
            statement.push(allow("Mark", &["s3:PutObject"], marks.to_vec()));
        }
        Role::Target => {
            let rights = [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
            ];
            statement.push(allow("ReadAndWrite", &rights, vec![inside("*")]));
            let source = copied_from.map(str::to_owned).into_iter();
            statement.extend(
                source.map(|source| allow("CopyFromSource", &["s3:GetObject"], vec![source])),
            );
        }
    }
    if let Some(Encryption::KeyService(_)) = config.encryption {
        // The key's own name tells where it is.
        let keys = format!("arn:{}:kms:*:*:key/*", partition(config));
        let rights = ["kms:Decrypt", "kms:GenerateDataKey"];
        statement.push(allow("UseTheKey", &rights, vec![keys]));
    }
    let document = Document {
        version: "2012-10-17",
        statement,
    };
    Policy::of_json("IAM policy", &document)
}

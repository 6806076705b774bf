//! The least rights for a migration, as a policy of IAM's, which other servers of S3 read too.

use serde_json::{Value, json};

use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

/// The policy for whoever works on that bucket.
pub(super) fn policy(bucket: &str, prefix: &Prefix, role: Role) -> Policy {
    let inside = |rest: &str| {
        let prefix = prefix.as_str();
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("arn:aws:s3:::{bucket}/{prefix}{slash}{rest}")
    };
    let allow = |id: &str, actions: &[&str], resources: Value| json!({"Sid": id, "Effect": "Allow", "Action": actions, "Resource": resources});
    let list = allow(
        "List",
        &["s3:ListBucket"],
        json!([format!("arn:aws:s3:::{bucket}")]),
    );
    let statements = match role {
        Role::Source => vec![
            list,
            allow("Read", &["s3:GetObject"], json!([inside("*")])),
            allow(
                "Mark",
                &["s3:PutObject"],
                json!([
                    inside("*/deletion-mark.json"),
                    inside("*/no-compact-mark.json")
                ]),
            ),
        ],
        Role::Target => vec![
            list,
            allow(
                "ReadAndWrite",
                &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                ],
                json!([inside("*")]),
            ),
        ],
    };
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Policy {
        language: "IAM policy",
        // A value like this one is always written.
        text: serde_json::to_string_pretty(&policy).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_source_may_be_read_and_marked_and_a_target_be_written() {
        let prefix = Prefix::new("a/b").unwrap();
        let source = policy("hot", &prefix, Role::Source).text;
        let document: Value = serde_json::from_str(&source).unwrap();
        let resource = document.pointer("/Statement/2/Resource/0").unwrap();
        assert_eq!(resource, "arn:aws:s3:::hot/a/b/*/deletion-mark.json");
        assert!(!source.contains("DeleteObject"), "{source}");
        let target = policy("cold", &Prefix::default(), Role::Target).text;
        assert!(target.contains("arn:aws:s3:::cold/*"), "{target}");
        assert!(target.contains("s3:DeleteObject"), "{target}");
    }
}

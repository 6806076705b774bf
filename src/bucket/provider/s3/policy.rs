//! The least rights for a migration, as a policy of IAM's, which other servers of S3 read too.

use serde::Serialize;

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
    action: &'static [&'static str],
    resource: Vec<String>,
}

/// The policy for whoever works on that bucket.
pub(super) fn policy(bucket: &str, prefix: &Prefix, role: Role) -> Policy {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    let inside = |rest: &str| format!("arn:aws:s3:::{bucket}/{}{slash}{rest}", prefix.as_str());
    let allow = |sid, action, resource| Statement {
        sid,
        effect: "Allow",
        action,
        resource,
    };
    let list = allow(
        "List",
        &["s3:ListBucket"],
        vec![format!("arn:aws:s3:::{bucket}")],
    );
    let statement = match role {
        Role::Source => vec![
            list,
            allow("Read", &["s3:GetObject"], vec![inside("*")]),
            allow(
                "Mark",
                &["s3:PutObject"],
                vec![
                    inside("*/deletion-mark.json"),
                    inside("*/no-compact-mark.json"),
                ],
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
                vec![inside("*")],
            ),
        ],
    };
    let document = Document {
        version: "2012-10-17",
        statement,
    };
    Policy {
        language: "IAM policy",
        // A value like this one can always be written.
        text: serde_json::to_string_pretty(&document).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use serde_json::Value;

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

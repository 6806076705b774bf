//! The least rights for a migration, as a policy of Alibaba's RAM.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::{Rights, language};
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
    Policy::of_json(language("RAM policy", prefix), &document)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use serde_json::Value;

    use super::super::config;
    use super::*;
    use crate::bucket::provider::configured::{Configured as _, Section};
    use crate::environment::Environment;
    use crate::yaml;

    fn printed(endpoint: &str, prefix: &str, role: Role) -> Value {
        let text = format!(
            "{{bucket: cold, endpoint: '{endpoint}', access_key_id: k, access_key_secret: s}}"
        );
        let node = yaml::parse(&text).unwrap().unwrap();
        let bucket = config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        let source = Some("acs:oss:*:*:hot/*");
        let policy = bucket
            .unwrap()
            .policy(&Prefix::new(prefix).unwrap(), role, source);
        assert_eq!(policy.language, "RAM policy");
        serde_json::from_str(&policy.text).unwrap()
    }

    /// S-3.57
    #[test]
    fn a_policy_names_the_bucket_as_ram_does() {
        let target = printed("oss-cn-hangzhou.aliyuncs.com", "a/b", Role::Target);
        assert_eq!(target["Version"], "1");
        let statements = target["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 3);
        assert_eq!(statements[0]["Action"], json!(["oss:ListObjects"]));
        assert_eq!(statements[0]["Resource"], json!(["acs:oss:*:*:cold"]));
        assert_eq!(statements[1]["Resource"], json!(["acs:oss:*:*:cold/a/b/*"]));
        assert_eq!(statements[2]["Resource"], json!(["acs:oss:*:*:hot/*"]));
        let source = printed("https://oss-accelerate.aliyuncs.com", "", Role::Source);
        let statements = source["Statement"].as_array().unwrap();
        assert_eq!(statements[0]["Action"][1], "oss:GetBucketLocation");
        assert_eq!(statements[2]["Action"], json!(["oss:PutObject"]));
        assert_eq!(
            statements[2]["Resource"][0],
            "acs:oss:*:*:cold/*/deletion-mark.json"
        );
    }
}

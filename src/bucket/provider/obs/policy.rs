//! The least rights for a migration, as a custom policy of Huawei's IAM.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::{Rights, language};
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
    Policy::of_json(language("IAM policy of Huawei Cloud", prefix), &document)
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
    use crate::bucket::provider::configured::Section;
    use crate::environment::Environment;
    use crate::yaml;

    fn printed(host: &str, prefix: &str, role: Role, from: Option<&str>) -> (String, Value) {
        let text = format!("{{bucket: cold, endpoint: {host}, access_key: k, secret_key: s}}");
        let node = yaml::parse(&text).unwrap().unwrap();
        let parsed = config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        let prefix = Prefix::new(prefix).unwrap();
        let Policy { language, text } = policy(&parsed.unwrap().s3, &prefix, role, from);
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["Version"], "1.1");
        (language, document["Statement"].clone())
    }

    /// S-3.64
    #[test]
    fn a_policy_allows_what_a_migration_needs_and_no_more() {
        let here = "obs.cn-north-4.myhuaweicloud.com";
        let list = json!({"Effect": "Allow", "Action": ["obs:bucket:ListBucket"], "Resource": ["OBS:*:*:bucket:cold"]});
        let (language, source) = printed(here, "a/b", Role::Source, None);
        assert_eq!(language, "IAM policy of Huawei Cloud");
        let marks = ["deletion", "no-compact"]
            .map(|mark| format!("OBS:*:*:object:cold/a/b/*/{mark}-mark.json"));
        assert_eq!(
            source,
            json!([
                list,
                {"Effect": "Allow", "Action": ["obs:object:GetObject"], "Resource": ["OBS:*:*:object:cold/a/b/*"]},
                {"Effect": "Allow", "Action": ["obs:object:PutObject"], "Resource": marks},
            ])
        );
        let from = "OBS:*:*:object:hot/*";
        let (_, target) = printed(here, "", Role::Target, Some(from));
        let rights = [
            "GetObject",
            "PutObject",
            "DeleteObject",
            "AbortMultipartUpload",
        ]
        .map(|right| format!("obs:object:{right}"));
        assert_eq!(
            target,
            json!([
                list,
                {"Effect": "Allow", "Action": rights, "Resource": ["OBS:*:*:object:cold/*"]},
                {"Effect": "Allow", "Action": ["obs:object:GetObject"], "Resource": [from]},
            ])
        );
        let (_, elsewhere) = printed("obs.myhuaweicloud.com", "", Role::Source, None);
        let actions = ["obs:bucket:ListBucket", "obs:bucket:GetBucketLocation"];
        assert_eq!(elsewhere[0]["Action"], json!(actions));
        let (language, _) = printed(here, "a*", Role::Source, None);
        assert!(language.contains("wider than the prefix"), "{language}");
    }
}

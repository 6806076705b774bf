//! The least rights for a migration, as a policy of Tencent's CAM.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::{Rights, language};
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
    Policy::of_json(language("CAM policy", prefix), &document)
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

    fn printed(section: &str, prefix: &str, role: Role) -> Value {
        let text = format!("{{{section}, secret_id: k, secret_key: s}}");
        let node = yaml::parse(&text).unwrap().unwrap();
        let bucket = config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        let source = Some("qcs::cos:ap-beijing:uid/1:hot-1/*");
        let policy = bucket
            .unwrap()
            .policy(&Prefix::new(prefix).unwrap(), role, source);
        assert_eq!(policy.language, "CAM policy");
        serde_json::from_str(&policy.text).unwrap()
    }

    /// S-3.57
    #[test]
    fn a_policy_names_the_bucket_as_cam_does() {
        let cold = "bucket: cold, app_id: 1, region: ap-beijing";
        let target = printed(cold, "a/b", Role::Target);
        let statements = target["statement"].as_array().unwrap();
        assert_eq!(target["version"], "2.0");
        assert_eq!(statements.len(), 3);
        assert_eq!(statements[0]["action"], json!(["name/cos:GetBucket"]));
        let resources = |at: usize| statements[at]["resource"].clone();
        assert_eq!(resources(0), json!(["qcs::cos:ap-beijing:uid/1:cold-1/*"]));
        let below = "qcs::cos:ap-beijing:uid/1:cold-1/a/b/*";
        assert_eq!(resources(1), json!([below]));
        assert_eq!(resources(2), json!(["qcs::cos:ap-beijing:uid/1:hot-1/*"]));
        let actions = statements[1]["action"].as_array().unwrap();
        assert!(actions.contains(&json!("name/cos:DeleteObject")));
        let source = printed(cold, "", Role::Source);
        let statements = source["statement"].as_array().unwrap();
        assert_eq!(statements[2]["action"], json!(["name/cos:PutObject"]));
        assert_eq!(
            statements[2]["resource"][0],
            "qcs::cos:ap-beijing:uid/1:cold-1/*/deletion-mark.json"
        );
        // What nobody says is the operator's to fill in.
        let own = printed("endpoint: 'https://a.example.com'", "", Role::Source);
        let statement = &own["statement"][0];
        assert_eq!(
            statement["resource"][0],
            "qcs::cos:<region>:uid/<app_id>:<bucket>-<app_id>/*"
        );
        assert_eq!(statement["action"][1], "name/cos:GetBucketLocation");
    }
}

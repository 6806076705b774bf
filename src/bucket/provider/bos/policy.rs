//! The least rights for a migration, as a custom policy of Baidu's IAM, which is what a bucket's own access list is, too, but for who it is for.

use serde_json::json;

use crate::bucket::prefix::Prefix;
use crate::bucket::provider::s3::Config;
use crate::bucket::provider::vendor::{Rights, language};
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
    let mut written_in = language("IAM policy of Baidu AI Cloud", prefix);
    match role {
        Role::Source => {
            // Its patterns are told to end with a star, and not that one may stand before a mark's name.
            list.push(allow(&["READ", "PutObject"], inside()));
            written_in.push_str(
                "; wider than needed: no pattern is known for marks alone, so that any object may be put, though none deleted",
            );
        }
        Role::Target => {
            // The right to write is that to put in parts and to delete, too.
            list.push(allow(&["READ", "WRITE"], inside()));
            list.extend(copied_from.map(|source| allow(&["READ"], source.to_owned())));
        }
    }
    Policy::of_json(written_in, &json!({"accessControlList": list}))
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
        let text = format!("{{bucket: cold, endpoint: '{host}', access_key: k, secret_key: s}}");
        let node = yaml::parse(&text).unwrap().unwrap();
        let parsed = config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        let prefix = Prefix::new(prefix).unwrap();
        let Policy { language, text } = policy(&parsed.unwrap().s3, &prefix, role, from);
        let document: Value = serde_json::from_str(&text).unwrap();
        (language, document["accessControlList"].clone())
    }

    /// S-3.69
    #[test]
    fn a_policy_allows_what_a_migration_needs_and_says_where_it_allows_more() {
        let one = |region: &str, resource: &str, permission: &[&str]| {
            json!({
                "service": "bce:bos",
                "region": region,
                "effect": "Allow",
                "resource": [resource],
                "permission": permission,
            })
        };
        let (language, source) = printed("bj.bcebos.com", "a/b", Role::Source, None);
        assert!(language.contains("wider than needed"), "{language}");
        assert_eq!(
            source,
            json!([
                one("bj", "cold", &["LIST"]),
                one("bj", "cold/a/b/*", &["READ", "PutObject"]),
            ])
        );
        let (language, target) = printed("gz.bcebos.com", "", Role::Target, Some("hot/*"));
        assert_eq!(language, "IAM policy of Baidu AI Cloud");
        assert_eq!(
            target,
            json!([
                one("gz", "cold", &["LIST"]),
                one("gz", "cold/*", &["READ", "WRITE"]),
                one("gz", "hot/*", &["READ"]),
            ])
        );
        let (_, elsewhere) = printed("https://bos.example.com", "", Role::Target, None);
        assert_eq!(elsewhere[0], one("*", "cold", &["LIST", "READ"]));
    }
}

//! The least rights for a migration, as statements of a policy of Oracle's IAM.

use super::config::{Config, Signs};
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

/// The statements for whoever works on that bucket: a machine is in no group.
pub(super) fn policy(config: &Config, prefix: &Prefix, role: Role) -> Policy {
    of(config.identity.signs(), &config.bucket, prefix, role)
}

fn of(signs: Signs, bucket: &str, prefix: &Prefix, role: Role) -> Policy {
    let who = match signs {
        Signs::Key | Signs::Session => "group GROUP",
        Signs::Machine => "dynamic-group GROUP",
    };
    let meant = match signs {
        Signs::Key | Signs::Session => format!("that of the {}'s user", role.as_str()),
        Signs::Machine => "a dynamic group that this machine is in".to_owned(),
    };
    // Objects in parts take the right to overwrite, whatever lies there, and to end such an upload that to delete.
    let permissions: &[&str] = match role {
        Role::Source => &["OBJECT_INSPECT", "OBJECT_READ", "OBJECT_CREATE"],
        Role::Target => &[
            "OBJECT_INSPECT",
            "OBJECT_READ",
            "OBJECT_CREATE",
            "OBJECT_OVERWRITE",
            "OBJECT_DELETE",
        ],
    };
    let any: Vec<String> = permissions
        .iter()
        .map(|name| format!("request.permission='{name}'"))
        .collect();
    let mut lines = vec![
        format!(
            "Allow {who} to read buckets in compartment COMPARTMENT where target.bucket.name='{bucket}'"
        ),
        format!(
            "Allow {who} to manage objects in compartment COMPARTMENT where all {{target.bucket.name='{bucket}', any {{{}}}}}",
            any.join(", ")
        ),
    ];
    if !prefix.as_str().is_empty() {
        lines.push(format!(
            "# Names below {prefix}/ are enough for all but OBJECT_INSPECT: a condition on target.object.name holds it to them."
        ));
    }
    Policy {
        language: format!("policy of Oracle's IAM; GROUP is {meant}, COMPARTMENT the bucket's"),
        text: lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.79
    #[test]
    fn a_source_may_be_read_and_marked_and_a_target_be_written() {
        let source = of(
            Signs::Key,
            "hot",
            &Prefix::new("a/b").unwrap(),
            Role::Source,
        )
        .text;
        assert!(
            source.contains("any {request.permission='OBJECT_INSPECT', "),
            "{source}"
        );
        assert!(source.contains("'OBJECT_CREATE'}}"), "{source}");
        assert!(!source.contains("OBJECT_DELETE"), "{source}");
        assert!(!source.contains("OBJECT_OVERWRITE"), "{source}");
        assert!(source.contains("below a/b/"), "{source}");
        let target = of(Signs::Key, "cold", &Prefix::default(), Role::Target).text;
        assert!(
            target.contains("where all {target.bucket.name='cold', any {"),
            "{target}"
        );
        assert!(target.contains("'OBJECT_DELETE'}}"), "{target}");
        assert_eq!(target.lines().count(), 2);
        let machines = of(Signs::Machine, "hot", &Prefix::default(), Role::Source);
        let lines = machines.text.lines();
        for line in lines {
            assert!(line.starts_with("Allow dynamic-group GROUP to "), "{line}");
        }
        assert!(machines.language.contains("dynamic group"));
    }
}

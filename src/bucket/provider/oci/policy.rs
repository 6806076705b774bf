//! The least rights for a migration, as statements of a policy of Oracle's IAM.

use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

/// The statements for whoever works on that bucket.
pub(super) fn policy(bucket: &str, prefix: &Prefix, role: Role) -> Policy {
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
            "Allow group GROUP to read buckets in compartment COMPARTMENT where target.bucket.name='{bucket}'"
        ),
        format!(
            "Allow group GROUP to manage objects in compartment COMPARTMENT where all {{target.bucket.name='{bucket}', any {{{}}}}}",
            any.join(", ")
        ),
    ];
    if !prefix.as_str().is_empty() {
        lines.push(format!(
            "# Names below {prefix}/ are enough for all but OBJECT_INSPECT: a condition on target.object.name holds it to them."
        ));
    }
    Policy {
        language: format!(
            "policy of Oracle's IAM; GROUP is that of the {}'s user, COMPARTMENT the bucket's",
            role.as_str()
        ),
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
        let source = policy("hot", &Prefix::new("a/b").unwrap(), Role::Source).text;
        assert!(
            source.contains("any {request.permission='OBJECT_INSPECT', "),
            "{source}"
        );
        assert!(source.contains("'OBJECT_CREATE'}}"), "{source}");
        assert!(!source.contains("OBJECT_DELETE"), "{source}");
        assert!(!source.contains("OBJECT_OVERWRITE"), "{source}");
        assert!(source.contains("below a/b/"), "{source}");
        let target = policy("cold", &Prefix::default(), Role::Target).text;
        assert!(
            target.contains("where all {target.bucket.name='cold', any {"),
            "{target}"
        );
        assert!(target.contains("'OBJECT_DELETE'}}"), "{target}");
        assert_eq!(target.lines().count(), 2);
    }
}

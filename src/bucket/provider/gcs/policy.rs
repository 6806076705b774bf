//! The least rights for a migration, as a role of one's own that `gcloud iam roles create` takes from a file.

use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

/// The role for whoever works on that bucket, and has the service copy from another.
pub(super) fn policy(
    bucket: &str,
    prefix: &Prefix,
    role: Role,
    copied_from: Option<&str>,
) -> Policy {
    // Overwriting takes the right to delete.
    let permissions: &[&str] = match role {
        Role::Source => &[
            "storage.objects.list",
            "storage.objects.get",
            "storage.objects.create",
        ],
        Role::Target => &[
            "storage.objects.list",
            "storage.objects.get",
            "storage.objects.create",
            "storage.objects.delete",
        ],
    };
    let mut lines = vec![
        format!("title: thanos-bucket, {}", role.as_str()),
        format!("description: to be granted on the bucket {bucket} alone"),
        "stage: GA".to_owned(),
        "includedPermissions:".to_owned(),
    ];
    lines.extend(permissions.iter().map(|name| format!("- {name}")));
    if !prefix.as_str().is_empty() {
        lines.push(format!(
            "# Names below {prefix}/ are enough for all but storage.objects.list, which is granted for the whole bucket."
        ));
    }
    if let Some(source) = copied_from.filter(|_| role == Role::Target) {
        lines.push(format!(
            "# To have the service copy by itself, storage.objects.get is granted on the bucket {source} too."
        ));
    }
    Policy {
        language: "custom role of Google's IAM".to_owned(),
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

    #[test]
    fn a_source_may_be_read_and_marked_and_a_target_be_written() {
        let source = policy("hot", &Prefix::new("a/b").unwrap(), Role::Source, None).text;
        assert!(source.contains("\n- storage.objects.create"), "{source}");
        assert!(!source.contains("storage.objects.delete"), "{source}");
        assert!(source.contains("below a/b/"), "{source}");
        let target = policy("cold", &Prefix::default(), Role::Target, Some("hot")).text;
        assert!(target.contains("\n- storage.objects.delete"), "{target}");
        assert!(target.contains("on the bucket hot too"), "{target}");
    }
}

//! The least rights for a migration: data actions of Azure's roles on the container.

use serde_json::json;

use crate::bucket::rights::{Policy, Role};

const CONTAINERS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";

/// A container as roles name it.
pub(super) fn resource(account: &str, container: &str) -> String {
    format!(
        "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/{container}"
    )
}

/// A role of one's own for whoever works on that container. What the service copies it reads with the source's own rights, so that the target's
/// need not include them.
pub(super) fn policy(container: &str, role: Role, _: Option<&str>) -> Policy {
    let on_blobs = |verbs: &[&str]| -> Vec<String> {
        let verbs = verbs.iter();
        verbs
            .map(|verb| format!("{CONTAINERS}/blobs/{verb}"))
            .collect()
    };
    let (actions, data) = match role {
        // Marks are written, and nothing is deleted.
        Role::Source => (vec!["read"], on_blobs(&["read", "write"])),
        // A container that is missing is made.
        Role::Target => (
            vec!["read", "write"],
            on_blobs(&["read", "write", "delete"]),
        ),
    };
    let actions = actions.iter().map(|verb| format!("{CONTAINERS}/{verb}"));
    let document = json!({
        "Name": format!("thanos-bucket {}", role.as_str()),
        "IsCustom": true,
        "Actions": actions.collect::<Vec<_>>(),
        "DataActions": data,
        "AssignableScopes": [container],
    });
    Policy::of_json("Azure role", &document)
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
        let container = resource("acc", "hot");
        assert!(container.ends_with("storageAccounts/acc/blobServices/default/containers/hot"));
        let text = |role| policy(&container, role, None).text;
        let source: Value = serde_json::from_str(&text(Role::Source)).unwrap();
        let actions = source.pointer("/DataActions").unwrap().to_string();
        assert!(
            actions.contains("blobs/write") && !actions.contains("delete"),
            "{actions}"
        );
        assert!(text(Role::Source).contains(&container));
        assert!(text(Role::Target).contains("blobs/delete"));
    }
}

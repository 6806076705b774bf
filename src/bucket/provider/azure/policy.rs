//! The least rights for a migration: a role for the container, the letters of a shared access signature, or that an account's key has them all.

use serde_json::json;

use super::config::Identity;
use super::understood::member;
use crate::bucket::rights::{Policy, Role};

const CONTAINERS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";

/// What roles of one's own can be made for: nothing smaller.
const GROUP: &str = "/subscriptions/<subscription>/resourceGroups/<group>";

/// What is asked of Azure, and by whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    pub(super) role: Role,
    /// Whether a target's container is made where it is missing.
    pub(super) makes_container: bool,
}

/// A container as roles name it.
pub(super) fn resource(account: &str, container: &str) -> String {
    format!(
        "{GROUP}/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/{container}"
    )
}

/// What whoever works on that container needs. What the service copies it reads with the source's own rights, so that the target's need not include
/// them.
pub(super) fn policy(container: &str, identity: &Identity, need: Need) -> Policy {
    match identity {
        Identity::Key(_) => Policy {
            language: "account key".to_owned(),
            text: "The account's key has every right in the account: nothing is to be granted."
                .to_owned(),
        },
        Identity::Signature(query) => Policy {
            language: "shared access signature".to_owned(),
            text: of_signature(query.expose(), need).join("\n"),
        },
        Identity::Token(_) | Identity::Chain(_) => of_role(container, need),
    }
}

/// A role of one's own.
fn of_role(container: &str, need: Need) -> Policy {
    let (mut actions, mut data) = (vec!["read"], vec!["read", "write"]);
    let mut place = format!("to be assigned at the container: {container}");
    // In a source marks are written, and nothing is deleted.
    if need.role == Role::Target {
        data.push("delete");
        if need.makes_container {
            actions.push("write");
            place.push_str(" (at its storage account while it is still to be made)");
        }
    }
    let named = |below: &str, verbs: &[&str]| -> Vec<String> {
        let verbs = verbs.iter();
        verbs
            .map(|verb| format!("{CONTAINERS}/{below}{verb}"))
            .collect()
    };
    let document = json!({
        "Name": format!("thanos-bucket {}", need.role.as_str()),
        "Description": place,
        "IsCustom": true,
        "Actions": named("", &actions),
        "DataActions": named("blobs/", &data),
        "AssignableScopes": [GROUP],
    });
    Policy::of_json("Azure role", &document)
}

/// What a signature is to have, and what this one lacks of it.
fn of_signature(query: &str, need: Need) -> Vec<String> {
    let (rights, meant) = match need.role {
        Role::Source => ("rwl", "read, write, list"),
        Role::Target => ("rwdl", "read, write, delete, list"),
    };
    let is_accounts = member(query, "ss").is_some();
    let (kind, others): (_, &[(&str, &str)]) = if is_accounts {
        ("account", &[("ss", "b"), ("srt", "co")])
    } else {
        ("container", &[("sr", "c")])
    };
    let also = others.iter().map(|(name, value)| format!("{name}={value}"));
    let also: Vec<String> = also.collect();
    let mut lines = vec![format!(
        "A shared access signature for the {kind} with sp={rights} ({meant}) and {}.",
        also.join(" and ")
    )];
    let lacks = |name: &str, expected: &str| -> Option<String> {
        let has = member(query, name).unwrap_or_default();
        // Below a directory a signature is one for a container, as far as it goes.
        let is_directory = name == "sr" && has == "d";
        let is_missing = |letter: &char| !has.contains(*letter) && !is_directory;
        let missing: String = expected.chars().filter(is_missing).collect();
        (!missing.is_empty()).then(|| format!("{missing} in {name}"))
    };
    let stored = member(query, "si").filter(|_| member(query, "sp").is_none());
    let of_rights = match &stored {
        Some(_) => None,
        None => lacks("sp", rights),
    };
    let of_others = others.iter().filter_map(|(name, value)| lacks(name, value));
    let lacking: Vec<String> = of_rights.into_iter().chain(of_others).collect();
    if !lacking.is_empty() {
        lines.push(format!("This one lacks {}.", lacking.join(", ")));
    } else if stored.is_none() {
        lines.push("This one has that.".to_owned());
    }
    if let Some(stored) = stored {
        lines.push(format!(
            "What this one may is written in the stored access policy {stored} of the container."
        ));
    }
    if need.role == Role::Target && need.makes_container && !is_accounts {
        lines.push("A container that is missing can only be made with a signature for the account, or with its key.".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use serde_json::Value;

    use super::*;
    use crate::environment::Secret;

    fn need(role: Role, makes_container: bool) -> Need {
        Need {
            role,
            makes_container,
        }
    }

    /// S-12.3
    #[test]
    fn a_source_may_be_read_and_marked_and_a_target_be_written() {
        let container = resource("acc", "hot");
        assert!(container.ends_with("storageAccounts/acc/blobServices/default/containers/hot"));
        for (role, makes, deletes, creates) in [
            (Role::Source, false, false, false),
            (Role::Source, true, false, false),
            (Role::Target, false, true, false),
            (Role::Target, true, true, true),
        ] {
            let text = of_role(&container, need(role, makes)).text;
            let document: Value = serde_json::from_str(&text).unwrap();
            let data = document["DataActions"].to_string();
            assert!(data.contains("containers/blobs/write"), "{data}");
            assert_eq!(data.contains("delete"), deletes, "{data}");
            let actions = document["Actions"].to_string();
            assert_eq!(actions.contains("containers/write"), creates, "{actions}");
            // Azure takes nothing smaller there.
            assert_eq!(document["AssignableScopes"], json!([GROUP]));
            let place = document["Description"].as_str().unwrap();
            assert!(place.contains(&container), "{place}");
        }
    }

    /// S-12.3
    #[test]
    fn what_a_signature_lacks_is_told_and_a_key_lacks_nothing() {
        let (source, target) = (need(Role::Source, true), need(Role::Target, false));
        for (query, need, expected) in [
            ("sr=c&sp=rl&sig=x", source, "This one lacks w in sp."),
            ("sr=c&sp=racwl", source, "This one has that."),
            ("sr=c&sp=racwl", target, "This one lacks d in sp."),
            ("sr=b&sp=rwdl", target, "This one lacks c in sr."),
            ("sr=d&sp=rwdl", target, "This one has that."),
            ("ss=bf&srt=sco&sp=rwdlac", target, "This one has that."),
            (
                "ss=f&srt=o&sp=r",
                target,
                "This one lacks wdl in sp, b in ss, c in srt.",
            ),
            (
                "sr=c&si=reader",
                target,
                "What this one may is written in the stored access policy reader of the container.",
            ),
        ] {
            let lines = of_signature(query, need);
            assert_eq!(lines.get(1..), Some(&[expected.to_owned()][..]), "{query}");
            let is_accounts = lines
                .concat()
                .contains("sp=rwdl (read, write, delete, list) and ss=b and srt=co");
            assert_eq!(is_accounts, query.contains("ss="), "{lines:?}");
        }
        let making = of_signature(
            "sr=c&sp=rwdl",
            Need {
                makes_container: true,
                ..target
            },
        );
        assert!(making.concat().contains("can only be made"), "{making:?}");
        let key = Identity::Key(Secret::new("hunter2".to_owned()));
        let policy = policy("c", &key, target);
        assert_eq!(policy.language, "account key");
        assert!(policy.text.contains("nothing is to be granted"));
    }
}

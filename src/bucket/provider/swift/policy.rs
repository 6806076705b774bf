//! The least rights for a migration: access control lists of containers, for a user of the project who has no role that Swift gives everything to.

use super::config::Config;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

/// What lets a user work on that container, and have the service copy from another.
pub(super) fn policy(
    config: &Config,
    prefix: &Prefix,
    role: Role,
    copied_from: Option<&str>,
) -> Policy {
    let quoted = |name: &str| format!("'{}'", name.replace('\'', r"'\''"));
    let mut lines = vec![
        format!("# thanos-bucket, {}", role.as_str()),
        "# PROJECT_ID:USER_ID is the user, who has a role in the project that is none of Swift's operator_roles;".to_owned(),
        "# in Keystone: openstack role add --project PROJECT_ID --user USER_ID reader".to_owned(),
    ];
    let mut containers = vec![config.container.as_str()];
    if !config.segments_lie_beside() {
        containers.push(&config.segments_container);
    }
    for container in containers {
        let is_only_read = role == Role::Source && container != config.container;
        let write = if is_only_read {
            ""
        } else {
            " --write-acl 'PROJECT_ID:USER_ID'"
        };
        lines.push(format!(
            "swift post {} --read-acl 'PROJECT_ID:USER_ID,.rlistings'{write}",
            quoted(container)
        ));
    }
    lines.push(
        "# The lists replace those that a container has: what is in them already is to be repeated. A write ACL allows to delete, too;".to_owned(),
    );
    lines.push("# Swift has nothing that is less.".to_owned());
    if !prefix.as_str().is_empty() {
        lines.push(format!(
            "# They are for the whole container: Swift cannot limit them to names below {prefix}/."
        ));
    }
    if let Some(source) = copied_from.filter(|_| role == Role::Target) {
        lines.push(format!(
            "# To have the service copy by itself, the same user reads the container {source}."
        ));
    }
    Policy {
        language: "access control lists of OpenStack Swift".to_owned(),
        text: lines.join("\n"),
    }
}

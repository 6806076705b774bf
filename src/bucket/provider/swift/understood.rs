//! What was understood of a container's section, for people. No secret is in it.

use super::config::{Config, Domain, How, Kind, Scope, User, Who};

/// Key by key, as Thanos spells them.
pub(super) fn understood(config: &Config) -> Vec<(&'static str, String)> {
    let version = match &config.auth.how {
        How::V1 { .. } => "1",
        How::V2 { .. } => "2",
        How::V3 { .. } => "3",
    };
    let mut told = vec![
        ("container_name", config.container.clone()),
        ("auth_url", config.auth.url.to_string()),
        ("auth_version", version.to_owned()),
        (
            "credentials",
            format!("{}; secrets hidden", who(&config.auth.how)),
        ),
    ];
    if let Some(project) = project(&config.auth.how) {
        told.push(("project", project));
    }
    told.push((
        "region_name",
        config
            .region
            .clone()
            .unwrap_or_else(|| "the first of the catalogue".to_owned()),
    ));
    let kind = match config.large {
        Kind::Static => "static",
        Kind::Dynamic => "dynamic",
    };
    told.push((
        "large_object_chunk_size",
        format!(
            "objects of {} bytes and more are {kind} large objects, with their segments in {}",
            config.chunk_bytes, config.segments_container
        ),
    ));
    told.push(("retries", config.retries.to_string()));
    told.push((
        "connect_timeout",
        format!("{} s", config.connect_timeout.as_secs()),
    ));
    told.push(("timeout", format!("{} s", config.timeout.as_secs())));
    told
}

fn who(how: &How) -> String {
    match how {
        How::V1 { user, .. } | How::V2 { user, .. } => format!("the password of {user}"),
        How::V3 { who, .. } => match who {
            Who::Password { user, .. } => format!("the password of {}", of_user(user)),
            Who::Credential { id, .. } => format!("the application credential {id}"),
            Who::UsersCredential { name, user, .. } => {
                format!("the application credential {name} of {}", of_user(user))
            }
            Who::Token(_) => "a token that stands in config.password".to_owned(),
        },
    }
}

fn of_user(user: &User) -> String {
    let name = user.name.as_ref().or(user.id.as_ref());
    let name = name.map_or("", String::as_str);
    match &user.domain {
        Some(domain) => format!("{name} in the domain {}", of_domain(domain)),
        None => name.to_owned(),
    }
}

fn of_domain(domain: &Domain) -> &str {
    match domain {
        Domain::Id(text) | Domain::Name(text) => text,
    }
}

fn project(how: &How) -> Option<String> {
    match how {
        How::V1 { .. } => None,
        How::V2 {
            tenant_id,
            tenant_name,
            ..
        } => tenant_id.as_ref().or(tenant_name.as_ref()).cloned(),
        How::V3 { who, scope } => match (scope, who) {
            (Some(Scope::Project(id)), _) => Some(id.clone()),
            (Some(Scope::ProjectOfName(name, domain)), _) => {
                Some(format!("{name} in the domain {}", of_domain(domain)))
            }
            (None, Who::Credential { .. } | Who::UsersCredential { .. }) => {
                Some("that of the application credential".to_owned())
            }
            (None, _) => Some("the user's default".to_owned()),
        },
    }
}

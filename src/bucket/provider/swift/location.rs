//! Which container it is: who gives tokens for it, of which region, which project, and its name.

use std::ffi::OsString;

use super::config::{Auth, Domain, How, Scope, User, Who};
use crate::bucket::location::{Address, Location};

/// The location of a container and a prefix in it.
pub(super) fn location(
    auth: &Auth,
    region: Option<&str>,
    container: &str,
    prefix: &str,
) -> Location {
    let server = auth.url.authority().to_ascii_lowercase();
    let project = project(&auth.how);
    let place = [region, project.as_deref(), Some(container)];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    let name = format!("swift://{server}/{}", place.join("/"));
    let names = prefix.split('/').filter(|name| !name.is_empty());
    let path: Vec<OsString> = [container]
        .into_iter()
        .chain(names)
        .map(Into::into)
        .collect();
    let address = Address {
        server: format!(
            "swift {server} {:?} {:?}",
            region.unwrap_or_default(),
            project.unwrap_or_default()
        ),
        path,
    };
    Location::new(name, prefix, vec![address])
}

/// Whose containers are meant, as far as the configuration says it: the same project, or who is in one only.
fn project(how: &How) -> Option<String> {
    match how {
        // `account:user`
        How::V1 { user, .. } => Some(user.split(':').next().unwrap_or(user).to_owned()),
        How::V2 {
            tenant_id,
            tenant_name,
            user,
            ..
        } => tenant_id
            .as_ref()
            .or(tenant_name.as_ref())
            .or(Some(user))
            .cloned(),
        How::V3 {
            scope: Some(scope), ..
        } => Some(match scope {
            Scope::Project(id) => id.clone(),
            Scope::ProjectOfName(name, domain) => format!("{}:{name}", of_domain(domain)),
        }),
        How::V3 { who, .. } => match who {
            Who::Credential { id, .. } => Some(id.clone()),
            Who::UsersCredential { name, user, .. } => Some(format!("{}:{name}", of_user(user))),
            Who::Password { user, .. } => Some(of_user(user)),
            Who::Token(_) => None,
        },
    }
}

fn of_user(user: &User) -> String {
    let name = user.id.as_ref().or(user.name.as_ref());
    let name = name.map_or("", String::as_str);
    match &user.domain {
        Some(domain) if user.id.is_none() => format!("{}:{name}", of_domain(domain)),
        _ => name.to_owned(),
    }
}

fn of_domain(domain: &Domain) -> &str {
    match domain {
        Domain::Id(text) | Domain::Name(text) => text,
    }
}

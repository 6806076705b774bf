//! Which container it is: who gives tokens for it, of which region, which project, and its name.

use std::ffi::OsString;

use super::config::{Auth, How, Who};
use crate::bucket::location::{Address, Location};

/// The location of a container and a prefix in it. Two projects that the configuration does not name are told apart by who asks, which no name shows:
/// application credentials come and go.
pub(super) fn location(
    auth: &Auth,
    region: Option<&str>,
    container: &str,
    prefix: &str,
) -> Location {
    let server = auth.url.authority().to_ascii_lowercase();
    let project = auth.project.as_deref().or_else(|| account(&auth.how));
    let place = [region, project, Some(container)];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    let name = format!("swift://{server}/{}", place.join("/"));
    let names = prefix.split('/').filter(|name| !name.is_empty());
    let path: Vec<OsString> = [container]
        .into_iter()
        .chain(names)
        .map(Into::into)
        .collect();
    let whose = project.map_or_else(|| asking(&auth.how), str::to_owned);
    let address = Address {
        server: format!("swift {server} {:?} {whose:?}", region.unwrap_or_default()),
        path,
    };
    Location::new(name, prefix, vec![address])
}

/// The account in a name such as `account:user`.
fn account(how: &How) -> Option<&str> {
    match how {
        How::V1 { user, .. } => user.split(':').next(),
        How::V2 { .. } | How::V3 { .. } => None,
    }
}

fn asking(how: &How) -> String {
    match how {
        How::V1 { user, .. } | How::V2 { user, .. } => user.clone(),
        How::V3 { who, .. } => match who {
            Who::Credential { id, .. } => format!("credential {id}"),
            Who::UsersCredential { name, user, .. } => format!("credential {name} of {user:?}"),
            Who::Password { user, .. } => format!("{user:?}"),
            Who::Token(_) => String::new(),
        },
    }
}

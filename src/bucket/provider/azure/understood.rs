//! What was understood of a container's section, for people. No secret is in it.

use super::config::{Config, Identity, Link};

/// Key by key, as Thanos spells them.
pub(super) fn understood(config: &Config) -> Vec<(&'static str, String)> {
    let mut told = vec![
        ("storage_account", config.service.account().to_owned()),
        ("container", config.container.clone()),
        (
            "endpoint",
            config.service.url("").trim_end_matches('/').to_owned(),
        ),
        ("credentials", credentials(&config.identity)),
    ];
    if !config.creates_container {
        told.push((
            "storage_create_container",
            "false: a missing container is an error".to_owned(),
        ));
    }
    told
}

fn credentials(identity: &Identity) -> String {
    match identity {
        Identity::Key(_) => "the account's key, hidden".to_owned(),
        Identity::Signature(query) => {
            let member = |name| member(query.expose(), name);
            let until = member("se").map(|end| format!(", good until {end}"));
            let rights = member("sp").map(|rights| format!(", with the rights {rights}"));
            format!(
                "a shared access signature{}{}; hidden",
                rights.unwrap_or_default(),
                until.unwrap_or_default()
            )
        }
        Identity::Token(link) => link_told(link),
        Identity::Chain(chain) => {
            let links: Vec<String> = chain.links.iter().map(link_told).collect();
            format!(
                "the first of these that gives a token: {}",
                links.join("; ")
            )
        }
    }
}

/// What stands under that name in a signature's query.
pub(super) fn member(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.replace("%3A", ":"))
}

fn link_told(link: &Link) -> String {
    match link {
        Link::Secret { principal, .. } => format!(
            "the secret of the client {} in the tenant {}, hidden",
            principal.client, principal.tenant
        ),
        Link::Certificate { principal, .. } => format!(
            "a certificate of the client {} in the tenant {}",
            principal.client, principal.tenant
        ),
        Link::Federated { principal, .. } => format!(
            "the workload identity of the client {} in the tenant {}",
            principal.client, principal.tenant
        ),
        Link::Managed {
            client: Some(client),
            ..
        } => format!("the managed identity {client}"),
        Link::Managed { client: None, .. } => "the managed identity of this machine".to_owned(),
        Link::CommandLine => "Azure CLI".to_owned(),
    }
}

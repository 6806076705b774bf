//! What was understood of a bucket's section, for people. No secret is in it.

use super::config::{Config, Identity, KeyId, Origin};

/// Key by key, as Thanos spells them.
pub(super) fn understood(config: &Config) -> Vec<(&'static str, String)> {
    let mut told = vec![
        ("bucket", config.bucket.clone()),
        ("region", config.endpoint.region().to_owned()),
        ("endpoint", config.endpoint.base().to_owned()),
        ("credentials", credentials(&config.identity)),
    ];
    if let Some(size) = config.part_size_bytes {
        told.push(("part_size", size.to_string()));
    }
    if let Some(attempts) = config.retries.attempts {
        told.push((
            "max_request_retries",
            format!("each request is tried {attempts} times"),
        ));
    }
    told
}

fn credentials(identity: &Identity) -> String {
    let Identity::User(key, origin) = identity;
    let place = match origin {
        Origin::Configuration => "the configuration",
        Origin::Sdk(place) => place,
    };
    let who = match &key.id {
        KeyId::OfUser { user, fingerprint } => format!("the key {fingerprint} of {user}"),
        KeyId::TokenFile(path) => format!("the session whose token is in {path:?}"),
    };
    format!("{who}, by {place}; secrets hidden")
}

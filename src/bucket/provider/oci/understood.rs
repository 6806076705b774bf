//! What was understood of a bucket's section, for people. No secret is in it.

use super::config::{ApiKey, Config, Identity, KeyId, Origin};

/// Key by key, as Thanos spells them.
pub(super) fn understood(config: &Config) -> Vec<(&'static str, String)> {
    let mut told = vec![("bucket", config.bucket.clone())];
    match &config.identity {
        Identity::User {
            key,
            origin,
            endpoint,
        } => {
            told.push(("region", endpoint.region().to_owned()));
            told.push(("endpoint", endpoint.base().to_owned()));
            told.push(("credentials", credentials(key, origin)));
        }
        Identity::Machine(beside) => {
            told.push(("region", "that of this machine".to_owned()));
            let who = format!(
                "those of this machine, as the metadata service at {} gives them",
                beside.metadata()
            );
            told.push(("credentials", who));
        }
    }
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

fn credentials(key: &ApiKey, origin: &Origin) -> String {
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

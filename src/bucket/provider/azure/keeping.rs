//! What Azure says of how a container keeps its objects, as far as whoever works on its objects may ask: the headers of Get Container Properties.
//! Versioning, soft deletion and lifecycle rules are the account's, and told to those who manage it.

use reqwest::Method;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use super::container::{Container, is_still_empty};
use super::meaning;
use crate::bucket::classify;
use crate::bucket::keeping::{Keeping, Lock, Told};

/// Why something is not told.
const OF_THE_ACCOUNT: &str =
    "it is a setting of the storage account, which only those are told who manage it";

/// Asks for it: one request. `None` where there is no container yet.
pub(super) async fn keeping(container: &Container) -> Option<Keeping> {
    let question = container
        .asker
        .about_container(Asked::About, Method::GET, "?restype=container");
    let locked = match container.ask(&question).await {
        Ok(answer) => Told::Yes(locked(&answer.headers)),
        Err(err) if is_still_empty(&err) => return None,
        Err(err) => {
            let err = classify::error(err, &meaning::meaning, "ask for the container's properties");
            Told::No(format!("{err:#}"))
        }
    };
    Some(Keeping {
        versions: Told::No(OF_THE_ACCOUNT.to_owned()),
        locked,
        rules: Told::No(OF_THE_ACCOUNT.to_owned()),
    })
}

fn locked(headers: &HeaderMap) -> Option<Lock> {
    let says = |name: &str| {
        headers
            .get(name)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    };
    if says("x-ms-has-legal-hold") {
        Some(Lock::on_objects(
            "until a legal hold on the container is lifted",
        ))
    } else if says("x-ms-has-immutability-policy") {
        Some(Lock::on_objects(
            "as long as the container's immutability policy says",
        ))
    } else if says("x-ms-immutable-storage-with-versioning-enabled") {
        Some(Lock::on_versions(
            "as long as policies of single versions say",
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn what_cannot_be_overwritten_is_told() {
        for (name, value, expected) in [
            ("x-ms-has-legal-hold", "true", true),
            ("x-ms-has-legal-hold", "false", false),
            ("x-ms-has-immutability-policy", "true", true),
            (
                "x-ms-immutable-storage-with-versioning-enabled",
                "True",
                true,
            ),
            ("x-ms-lease-state", "true", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            assert_eq!(locked(&headers).is_some(), expected, "{name}: {value}");
        }
    }
}

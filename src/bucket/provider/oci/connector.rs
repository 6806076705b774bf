//! The layers of the client, from the outside in: reading of answers, `Retry-After`, how many requests are under way, the limit on connections,
//! signing, the server's clock, logging of failures, and the network.

use object_store::client::HttpClient;

use super::answers::Answers;
use super::config::{Config, Identity};
use super::signing::{Id, Signer, Signing};
use crate::bucket::http::client::{self, Limited, Scheme};
use crate::bucket::http::clock::{Heard, Listening};
use crate::bucket::http::pace::Paced;
use crate::bucket::http::patience::Patient;
use crate::bucket::http::reach::Reach;
use crate::error::Result;

/// A client for the bucket; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(config: &Config, wire: HttpClient, heard: Heard) -> HttpClient {
    let Identity::User(key, _) = &config.identity;
    let wire = HttpClient::new(Reach::new(wire));
    let client = HttpClient::new(Listening { inner: wire, heard });
    let mut client = HttpClient::new(Signing {
        inner: client,
        signer: Signer {
            key: key.key.clone(),
            id: Id::of(&key.tenancy, &key.id),
        },
    });
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited::new(client, max));
    }
    let client = HttpClient::new(Paced::new(client));
    let client = HttpClient::new(Patient::new(client));
    HttpClient::new(Answers {
        inner: client,
        interval: config.retries.interval,
    })
}

/// The network, as the service is spoken to.
pub(super) fn to_bucket(config: &Config) -> Result<HttpClient> {
    let scheme = if config.endpoint.is_secure() {
        Scheme::Https
    } else {
        Scheme::Any
    };
    client::to_bucket(&config.http, &config.proxies, scheme)
}

//! The layers of the client, from the outside in: reading of answers, `Retry-After`, how many requests are under way, late parts, the limit on
//! connections, signing
//! (so that no signature is older than its request), the server's clock, logging of failures, and the network.

use object_store::client::HttpClient;

use super::answers::Answers;
use super::config::{Config, Encryption};
use super::signing::Signing;
use crate::bucket::heard::{Heard, Listening};
use crate::error::Result;
use crate::http::client::{self, Limited, Scheme};
use crate::http::hedge::Hedged;
use crate::http::pace::Paced;
use crate::http::patience::Patient;
use crate::http::reach::Reach;

/// A client for the bucket; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(
    config: &Config,
    wire: HttpClient,
    heard: Heard,
    sign: impl FnOnce(HttpClient) -> Signing,
) -> HttpClient {
    let wire = HttpClient::new(Reach::new(wire));
    let mut client = HttpClient::new(Listening { inner: wire, heard });
    client = HttpClient::new(sign(client));
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited::new(client, max));
    }
    // The tag of a part that is encrypted by a key of one's own may be another each time.
    if matches!(config.encryption, None | Some(Encryption::Server(_))) {
        client = HttpClient::new(Hedged::new(client));
    }
    client = HttpClient::new(Paced::new(client));
    client = HttpClient::new(Patient::new(client));
    HttpClient::new(Answers {
        inner: client,
        dialect: config.dialect,
        configured: config.secrets(),
    })
}

/// The network, as the bucket's server is spoken to.
pub(super) fn to_bucket(config: &Config) -> Result<HttpClient> {
    let scheme = if config.endpoint.is_secure() {
        Scheme::Https
    } else {
        Scheme::Any
    };
    client::to_server(&config.http, &config.proxies, scheme)
}

/// The network, as services for credentials are spoken to.
pub(super) fn to_services(config: &Config) -> Result<HttpClient> {
    client::to_services(&config.http, &config.proxies)
}

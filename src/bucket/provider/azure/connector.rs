//! The layers of the client, from the outside in: `Retry-After`, how many requests are under way, the limit on connections, signing (so that no
//! signature is older than its request), the limit on a try, the server's clock, logging of failures, and the network.

use object_store::client::HttpClient;

use super::config::Config;
use super::credentials::Credentials;
use super::signing::Signing;
use super::try_timeout::Timed;
use crate::bucket::heard::{Heard, Listening};
use crate::error::Result;
use crate::http::client::{self, Limited, Scheme};
use crate::http::pace::Paced;
use crate::http::patience::Patient;
use crate::http::reach::Reach;

/// A client for the container; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(
    config: &Config,
    wire: HttpClient,
    heard: Heard,
    credentials: Credentials,
) -> HttpClient {
    let inner = HttpClient::new(Reach::new(wire));
    let inner = HttpClient::new(Listening { inner, heard });
    let inner = match config.retries.try_timeout {
        Some(limit) => HttpClient::new(Timed { inner, limit }),
        None => inner,
    };
    let mut client = HttpClient::new(Signing { inner, credentials });
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited::new(client, max));
    }
    client = HttpClient::new(Paced::new(client));
    HttpClient::new(Patient::new(client))
}

/// The network, as the container's server is spoken to.
pub(super) fn to_container(config: &Config) -> Result<HttpClient> {
    let scheme = if config.service.is_secure() {
        Scheme::Https
    } else {
        Scheme::Any
    };
    client::to_server(&config.http, &config.proxies, scheme)
}

/// The network, as services for tokens are spoken to.
pub(super) fn to_services(config: &Config) -> Result<HttpClient> {
    client::to_services(&config.http, &config.proxies)
}

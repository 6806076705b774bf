//! The layers of the client, from the outside in: `Retry-After`, how many requests are under way, the limit on connections, the token, the server's
//! clock, logging of failures, and the network.

use std::sync::Arc;

use object_store::client::HttpClient;

use super::authorizing::Authorizing;
use super::config::Config;
use super::session::Sessions;
use crate::bucket::heard::{Heard, Listening};
use crate::error::Result;
use crate::http::client::{self, Limited, Scheme};
use crate::http::pace::Paced;
use crate::http::patience::Patient;
use crate::http::reach::Reach;

/// A client for the store; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(
    config: &Config,
    wire: HttpClient,
    heard: Heard,
    sessions: Arc<Sessions>,
) -> HttpClient {
    let wire = HttpClient::new(Reach::new(wire));
    let inner = HttpClient::new(Listening { inner: wire, heard });
    let mut client = HttpClient::new(Authorizing { inner, sessions });
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited::new(client, max));
    }
    let client = HttpClient::new(Paced::new(client));
    HttpClient::new(Patient::new(client))
}

/// The network, for whoever gives tokens and for the store, as in Thanos.
pub(super) fn network(config: &Config) -> Result<HttpClient> {
    // Who is to prove another name proves it by TLS.
    let scheme = if config.auth.url.scheme() == "https" && config.http.tls.server_name.is_some() {
        Scheme::Https
    } else {
        Scheme::Any
    };
    client::to_server(&config.http, &config.proxies, scheme)
}

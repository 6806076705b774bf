//! The layers of the client, from the outside in: reading of answers, `Retry-After`, how many requests are under way, the limit on connections, the
//! token, the server's clock, logging of failures, and the network.

use std::sync::Arc;

use object_store::client::HttpClient;
use reqwest::header::HeaderValue;

use super::answers::Answers;
use super::authorizing::Authorizing;
use super::config::Config;
use super::credentials::Tokens;
use crate::bucket::heard::{Heard, Listening};
use crate::error::{Error, Result};
use crate::http::client::{self, Limited, Scheme};
use crate::http::pace::Paced;
use crate::http::patience::Patient;
use crate::http::reach::Reach;

/// A client for the bucket; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(
    config: &Config,
    wire: HttpClient,
    heard: Heard,
    tokens: Tokens,
) -> Result<HttpClient> {
    let quota_project = config.quota_project.as_deref().map(HeaderValue::from_str);
    let quota_project = quota_project
        .transpose()
        .map_err(|_| Error::usage("the quota project fits into no header"))?;
    let wire = HttpClient::new(Reach::new(wire));
    let client = HttpClient::new(Listening { inner: wire, heard });
    let mut client = HttpClient::new(Authorizing {
        inner: client,
        tokens: Arc::new(tokens),
        quota_project,
    });
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited::new(client, max));
    }
    let client = HttpClient::new(Paced::new(client));
    let client = HttpClient::new(Patient::new(client));
    Ok(HttpClient::new(Answers { inner: client }))
}

/// The network, as the service is spoken to.
pub(super) fn to_bucket(config: &Config) -> Result<HttpClient> {
    let scheme = if config.endpoint.is_secure() {
        Scheme::Https
    } else {
        Scheme::Any
    };
    client::to_server(&config.http, &config.proxies, scheme)
}

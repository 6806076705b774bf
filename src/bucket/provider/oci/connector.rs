//! The layers of the client, from the outside in: reading of answers, `Retry-After`, how many requests are under way, the limit on connections,
//! signing, the server's clock, logging of failures, and the network.

use std::sync::Mutex;

use object_store::client::HttpClient;
use tokio::sync::OnceCell;

use super::answers::Answers;
use super::config::{Beside, Config, Identity};
use super::machine::{Machine, Renewal};
use super::signing::{Signer, Signing};
use crate::bucket::heard::{Heard, Listening};
use crate::error::Result;
use crate::http::client::{self, Limited, Scheme};
use crate::http::pace::Paced;
use crate::http::patience::Patient;
use crate::http::proxy::Proxies;
use crate::http::reach::Reach;

/// A client for the bucket; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(
    config: &Config,
    wire: HttpClient,
    heard: Heard,
    signer: Signer,
) -> HttpClient {
    let wire = HttpClient::new(Reach::new(wire));
    let client = HttpClient::new(Listening { inner: wire, heard });
    let mut client = HttpClient::new(Signing {
        inner: client,
        signer,
    });
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited::new(client, max));
    }
    let client = HttpClient::new(Paced::new(client));
    let client = HttpClient::new(Patient::new(client));
    HttpClient::new(Answers {
        inner: client,
        signs: config.identity.signs(),
    })
}

/// The network, as the service is spoken to.
pub(super) fn to_bucket(config: &Config) -> Result<HttpClient> {
    let is_secure = match &config.identity {
        Identity::User { endpoint, .. } => endpoint.is_secure(),
        Identity::Machine(beside) => beside.is_secure(),
    };
    let scheme = if is_secure {
        Scheme::Https
    } else {
        Scheme::Any
    };
    client::to_server(&config.http, &config.proxies, scheme)
}

/// What a machine asks for what it signs with. A `wire` replaces the network.
pub(super) fn machine(
    config: &Config,
    beside: &Beside,
    wire: Option<&HttpClient>,
) -> Result<Machine> {
    let to = |proxies: &Proxies| match wire {
        Some(wire) => Ok(wire.clone()),
        None => client::to_services(&config.http, proxies),
    };
    Ok(Machine {
        beside: to(&Proxies::default())?,
        services: to(&config.proxies)?,
        place: beside.clone(),
        endpoint: OnceCell::default(),
        held: Mutex::default(),
        renewal: Renewal::default(),
    })
}

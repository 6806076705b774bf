//! `tls_config.server_name`: connections go to where addresses say, and whoever answers there proves to be somebody of another name.

use std::collections::HashMap;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HOST, HeaderValue};
use reqwest::{Client, ClientBuilder, Request};

use crate::error::Result;

/// The clients that requests go out by.
pub(crate) enum Clients {
    /// One for all: servers prove to be who their addresses say.
    One(Client),
    /// One for each address, so that no connection is taken for one to another: the client's own idea of the host is the other name.
    Named(Named),
}

/// Clients for servers that prove to be somebody of that name.
pub(crate) struct Named {
    pub(crate) name: String,
    /// Makes another client.
    pub(crate) build: Box<dyn Fn() -> Result<ClientBuilder> + Send + Sync>,
    known: Mutex<HashMap<String, Client>>,
}

impl Named {
    pub(crate) fn new(
        name: String,
        build: impl Fn() -> Result<ClientBuilder> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            build: Box::new(build),
            known: Mutex::default(),
        }
    }

    fn at(&self, host: &str) -> std::result::Result<Client, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.get(host) {
            return Ok(client.clone());
        }
        let builder = (self.build)().map_err(|err| format!("{err:#}"))?;
        let host_alone = host.trim_start_matches('[').trim_end_matches(']');
        let resolver = Arc::new(At(host_alone.to_owned()));
        // A proxy would be told the other name: whoever has one is told so before.
        let client = builder.no_proxy().dns_resolver(resolver).build();
        let client = client.map_err(|err| err.to_string())?;
        known.insert(host.to_owned(), client.clone());
        Ok(client)
    }
}

impl Clients {
    /// The client for a request, which is changed so that it goes to where it was to go. The error says why there is none.
    pub(crate) fn of(&self, request: &mut Request) -> std::result::Result<Client, String> {
        let named = match self {
            Self::One(client) => return Ok(client.clone()),
            Self::Named(named) => named,
        };
        let url = request.url_mut();
        let host = url.host_str().unwrap_or_default().to_owned();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let client = named.at(&host)?;
        url.set_host(Some(&named.name))
            .map_err(|err| err.to_string())?;
        let authority = HeaderValue::from_str(&authority).map_err(|err| err.to_string())?;
        request.headers_mut().entry(HOST).or_insert(authority);
        Ok(client)
    }

    /// Whether servers prove to be somebody else than their addresses say.
    pub(crate) fn are_named(&self) -> bool {
        matches!(self, Self::Named(_))
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(client) => client.fmt(f),
            Self::Named(named) => f.debug_tuple("Named").field(&named.name).finish(),
        }
    }
}

/// Finds that host, whatever name is looked for.
struct At(String);

impl Resolve for At {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.0.clone();
        Box::pin(async move {
            // The port is the address' own.
            let found = tokio::task::spawn_blocking(move || {
                let found = (host.as_str(), 0).to_socket_addrs()?;
                Ok::<Vec<SocketAddr>, std::io::Error>(found.collect())
            });
            Ok(Box::new(found.await??.into_iter()) as Addrs)
        })
    }
}

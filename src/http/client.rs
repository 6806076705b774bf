//! The HTTP client, with what the stock client lacks: a limit on connections, certificates of our own, no redirects, and proxies as Go reads them.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::tls::Version;
use reqwest::{ClientBuilder, redirect};
use tokio::sync::Semaphore;

use super::named::{Clients, Named};
use super::proxy::Proxies;
use super::settings::Http;
use super::tls::Versions;
use super::trust;
use super::wire::Wire;
use crate::causes;
use crate::error::{Error, Kind, Result};

/// What a server is spoken to with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// TLS, and nothing else.
    Https,
    /// Whatever the address says.
    Any,
}

/// A client for a server that is spoken to as its configuration says.
pub(crate) fn to_server(http: &Http, proxies: &Proxies, scheme: Scheme) -> Result<HttpClient> {
    let name = http.tls.server_name.clone();
    let Some(name) = name.filter(|_| scheme == Scheme::Https) else {
        let client = server_builder(http, proxies, scheme)?.build();
        let client = client.map_err(|err| failed(&err))?;
        return Ok(wire(http, proxies, Clients::One(client)));
    };
    let build = {
        let (http, proxies) = (http.clone(), proxies.clone());
        move || server_builder(&http, &proxies, scheme)
    };
    let clients = Clients::Named(Named::new(name, build));
    Ok(wire(http, proxies, clients))
}

fn server_builder(http: &Http, proxies: &Proxies, scheme: Scheme) -> Result<ClientBuilder> {
    let Http { tls, .. } = http;
    let mut builder = builder(http, proxies)
        .https_only(scheme == Scheme::Https)
        .danger_accept_invalid_certs(tls.skip_verification);
    builder = match tls.versions {
        Versions::Both => builder,
        Versions::Only12 => builder.tls_version_max(Version::TLS_1_2),
        Versions::Only13 => builder.tls_version_min(Version::TLS_1_3),
    };
    if let Some(pem) = tls.authorities.as_ref().filter(|_| !tls.skip_verification) {
        let config = trust::config(
            pem,
            tls.identity.as_ref().map(|it| it.0.as_slice()),
            &tls.versions.all(),
        )
        .map_err(|why| {
            Error::new(Kind::Other, "set up TLS").because(format!("{}: {why}", tls.at))
        })?;
        return Ok(builder.tls_backend_preconfigured(config));
    }
    if let Some(identity) = &tls.identity {
        let identity = reqwest::Identity::from_pem(&identity.0);
        builder = builder.identity(identity.map_err(|err| failed(&err))?);
    }
    Ok(builder)
}

/// A client for the services that give credentials. It trusts the system's authorities, whatever is configured for the bucket.
pub(crate) fn to_services(http: &Http, proxies: &Proxies) -> Result<HttpClient> {
    let client = services_builder(http, proxies)?.build();
    let client = client.map_err(|err| failed(&err))?;
    Ok(wire(http, proxies, Clients::One(client)))
}

/// The same, for one who shows those services the certificate in this PEM, which holds its key too.
pub(crate) fn to_services_as(http: &Http, proxies: &Proxies, pem: &[u8]) -> Result<HttpClient> {
    let identity = reqwest::Identity::from_pem(pem).map_err(|err| failed(&err))?;
    let client = services_builder(http, proxies)?.identity(identity).build();
    let client = client.map_err(|err| failed(&err))?;
    Ok(wire(http, proxies, Clients::One(client)))
}

fn services_builder(http: &Http, proxies: &Proxies) -> Result<ClientBuilder> {
    let builder = builder(http, proxies);
    Ok(match &http.tls.authorities {
        Some(pem) => builder.tls_certs_merge(certificates(pem)?),
        None => builder,
    })
}

fn builder(http: &Http, proxies: &Proxies) -> ClientBuilder {
    let proxies = proxies.clone();
    let connect_headers = proxies.connect_headers.clone();
    let proxy = move |url: &reqwest::Url| {
        let proxy = proxies.of_url(url)?;
        proxy.url().ok().map(|url| url.expose().to_owned())
    };
    reqwest::Client::builder()
        .user_agent(concat!("thanos-bucket/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(http.connect_timeout())
        .pool_idle_timeout(http.idle_timeout)
        .pool_max_idle_per_host(http.max_idle_per_host)
        .http1_only()
        // A header that nobody can read says nothing; the answer may be good all the same.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        // A request that is signed for one host is of no use to another.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .proxy(reqwest::Proxy::custom(proxy).headers(connect_headers))
}

fn wire(http: &Http, proxies: &Proxies, clients: Clients) -> HttpClient {
    HttpClient::new(Wire::new(clients, http.silence(), proxies.clone()))
}

fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
    reqwest::Certificate::from_pem_bundle(pem).map_err(|err| failed(&err))
}

fn failed(err: &reqwest::Error) -> Error {
    let all: Vec<String> = causes::chain(err).map(ToString::to_string).collect();
    Error::new(Kind::Other, "set up the HTTP client").because(all.join(": "))
}

/// Gives every caller the same client.
#[derive(Debug)]
pub(crate) struct Connector(pub(crate) HttpClient);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

/// At most so many requests at once; each has a connection to itself.
#[derive(Debug)]
pub(crate) struct Limited {
    inner: HttpClient,
    permits: Arc<Semaphore>,
}

impl Limited {
    /// Lets so many requests through at once.
    pub(crate) fn new(inner: HttpClient, at_once: usize) -> Self {
        let permits = Arc::new(Semaphore::new(at_once));
        Self { inner, permits }
    }
}

#[async_trait]
impl HttpService for Limited {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|err| HttpError::new(HttpErrorKind::Unknown, err))?;
        self.inner.execute(request).await
    }
}

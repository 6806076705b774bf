//! What the stock HTTP client cannot do: patience of two kinds, a limit of connections and of what is read, certificates of our own, no
//! redirects, proxies as Go reads them, answers that are understood before anybody acts on them, signatures that are no older than the request.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::{ClientBuilder, redirect};
use tokio::sync::Semaphore;

use super::answers::Answers;
use super::clock::{Heard, Listening};
use super::config::{Config, Http};
use super::signing::Signing;
use crate::bucket::http::patience::Patient;
use crate::bucket::http::proxy::Proxies;
use crate::bucket::http::reach::Reach;
use crate::bucket::http::wire::Wire;
use crate::error::{Error, Kind, Result};

/// Gives whoever asks the same client.
#[derive(Debug)]
pub(super) struct Connector(pub(super) HttpClient);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

/// A client for the bucket; `wire` is what requests go out by, and `heard` is told what time it is by the server.
pub(super) fn client(
    config: &Config,
    wire: HttpClient,
    heard: Heard,
    sign: impl FnOnce(HttpClient) -> Signing,
) -> HttpClient {
    let wire = HttpClient::new(Reach {
        inner: wire,
        told: Mutex::default(),
    });
    let mut client = HttpClient::new(Listening { inner: wire, heard });
    client = HttpClient::new(sign(client));
    if let Some(max) = config.http.max_per_host {
        client = HttpClient::new(Limited {
            inner: client,
            permits: Arc::new(Semaphore::new(max)),
        });
    }
    client = HttpClient::new(Patient { inner: client });
    HttpClient::new(Answers {
        inner: client,
        configured: config.secrets(),
    })
}

/// The network, as the bucket's server is spoken to.
pub(super) fn to_bucket(config: &Config) -> Result<HttpClient> {
    let Http { tls, .. } = &config.http;
    let mut builder = builder(config)
        .https_only(config.endpoint.is_secure())
        .danger_accept_invalid_certs(tls.skip_verification);
    if let Some(pem) = &tls.authorities {
        builder = builder.tls_certs_only(certificates(pem)?);
    }
    if let Some(identity) = &tls.identity {
        let identity = reqwest::Identity::from_pem(&identity.0);
        builder = builder.identity(identity.map_err(|err| failed(&err))?);
    }
    wire(config, builder)
}

/// The network, as services for credentials are spoken to: the system's authorities are good for them, whatever the bucket's is.
pub(super) fn to_services(config: &Config) -> Result<HttpClient> {
    let mut builder = builder(config);
    if let Some(pem) = &config.http.tls.authorities {
        builder = builder.tls_certs_merge(certificates(pem)?);
    }
    wire(config, builder)
}

fn builder(config: &Config) -> ClientBuilder {
    let proxies = config.proxies.clone();
    let proxy = move |url: &reqwest::Url| {
        let proxy = proxy_of(&proxies, url)?;
        proxy.url().ok().map(|url| url.expose().to_owned())
    };
    reqwest::Client::builder()
        .user_agent(concat!("thanos-bucket/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(config.http.connect_timeout())
        .pool_idle_timeout(config.http.idle_timeout)
        .pool_max_idle_per_host(config.http.max_idle_per_host)
        .http1_only()
        // A header that nobody can read says nothing; the answer may be good all the same.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        // A request that is signed for one host is of no use to another.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .proxy(reqwest::Proxy::custom(proxy))
}

/// The proxy that requests to that address go through.
pub(in crate::bucket) fn proxy_of<'a>(
    proxies: &'a Proxies,
    url: &reqwest::Url,
) -> Option<&'a crate::bucket::http::proxy::Proxy> {
    proxies.of_host(url.scheme(), url.host_str()?, url.port())
}

fn wire(config: &Config, builder: ClientBuilder) -> Result<HttpClient> {
    Ok(HttpClient::new(Wire {
        client: builder.build().map_err(|err| failed(&err))?,
        silence: config.http.silence(),
        proxies: config.proxies.clone(),
    }))
}

fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
    reqwest::Certificate::from_pem_bundle(pem).map_err(|err| failed(&err))
}

fn failed(err: &reqwest::Error) -> Error {
    let mut why = err.to_string();
    let mut next = std::error::Error::source(err);
    while let Some(cause) = next {
        why = format!("{why}: {cause}");
        next = cause.source();
    }
    Error::new(Kind::Other, "set up the HTTP client").because(why)
}

/// At most so many requests at once; each has a connection to itself.
#[derive(Debug)]
struct Limited {
    inner: HttpClient,
    permits: Arc<Semaphore>,
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

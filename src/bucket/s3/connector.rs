//! What the stock HTTP client cannot do: patience of two kinds, a limit of connections and of what is read, certificates of our own, no
//! redirects, answers that are understood before anybody acts on them.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::redirect;
use tokio::sync::Semaphore;

use super::super::Secret;
use super::answers::Answers;
use super::clock::{Heard, Listening};
use super::config::Http;
use super::patience::Patient;
use super::wire::Wire;

/// Makes clients.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) http: Http,
    /// Whether requests may go out without TLS.
    pub(super) insecure: bool,
    /// What is hidden where a server says it.
    pub(super) secrets: Vec<Secret>,
    /// Told what time it is by the server.
    pub(super) heard: Heard,
    /// What requests go to instead of the network.
    pub(super) wire: Option<HttpClient>,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut client = match &self.wire {
            Some(wire) => wire.clone(),
            None => self.network()?,
        };
        client = HttpClient::new(Listening {
            inner: client,
            heard: self.heard.clone(),
        });
        if let Some(max) = self.http.max_per_host {
            client = HttpClient::new(Limited {
                inner: client,
                permits: Arc::new(Semaphore::new(max)),
            });
        }
        client = HttpClient::new(Patient { inner: client });
        Ok(HttpClient::new(Answers {
            inner: client,
            configured: self.secrets.clone(),
        }))
    }
}

/// Gives one client to all who ask, so that what bounds it bounds them together.
#[derive(Debug)]
pub(super) struct Shared(pub(super) HttpClient);

impl HttpConnector for Shared {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

impl Connector {
    fn network(&self) -> object_store::Result<HttpClient> {
        let client = self.client().map_err(|err| object_store::Error::Generic {
            store: "S3",
            source: Box::new(err),
        })?;
        Ok(HttpClient::new(Wire {
            client,
            silence: self.http.silence(),
        }))
    }

    fn client(&self) -> reqwest::Result<reqwest::Client> {
        let Http { tls, .. } = &self.http;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("thanos-bucket/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.http.connect_timeout())
            .pool_idle_timeout(self.http.idle_timeout)
            .pool_max_idle_per_host(self.http.max_idle_per_host)
            .https_only(!self.insecure)
            .http1_only()
            // A header that nobody can read says nothing; the answer may be good all the same.
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            // A request that is signed for one host is of no use to another.
            .redirect(redirect::Policy::none())
            .danger_accept_invalid_certs(tls.skip_verification);
        if let Some(pem) = &tls.authorities {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        if let Some(identity) = &tls.identity {
            builder = builder.identity(reqwest::Identity::from_pem(&identity.0)?);
        }
        builder.build()
    }
}

/// At most so many requests at once; each has a connection to itself.
#[derive(Debug)]
struct Limited {
    inner: HttpClient,
    permits: Arc<Semaphore>,
}

#[async_trait]
impl HttpService for Limited {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|err| HttpError::new(HttpErrorKind::Unknown, err))?;
        self.inner.execute(request).await
    }
}

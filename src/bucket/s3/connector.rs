//! What the stock HTTP client cannot do: a limit of connections, certificates of our own, version 1 of `ListObjects`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use tokio::sync::Semaphore;

use super::list_v1;
use super::tls::{Identity, Tls};

/// Makes clients.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) max_per_host: Option<usize>,
    pub(super) tls: Tls,
    pub(super) list_v1: Option<list_v1::Signer>,
    pub(super) times: Times,
}

/// What a client that we build ourselves must be told once more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) connect: Duration,
    pub(super) idle: Duration,
    pub(super) max_idle_per_host: usize,
    pub(super) request: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut client = match &self.tls.identity {
            None => ReqwestConnector::default().connect(options)?,
            Some(identity) => self.with_identity(identity)?,
        };
        if let Some(signer) = &self.list_v1 {
            client = HttpClient::new(list_v1::Rewrite::new(client, signer.clone()));
        }
        if let Some(max) = self.max_per_host {
            client = HttpClient::new(Limited {
                inner: client,
                permits: Arc::new(Semaphore::new(max)),
            });
        }
        Ok(client)
    }
}

impl Connector {
    fn with_identity(&self, identity: &Identity) -> object_store::Result<HttpClient> {
        let build = || {
            let mut builder = reqwest::Client::builder()
                .connect_timeout(self.times.connect)
                .timeout(self.times.request)
                .pool_idle_timeout(self.times.idle)
                .pool_max_idle_per_host(self.times.max_idle_per_host)
                .identity(reqwest::Identity::from_pem(&identity.0)?)
                .danger_accept_invalid_certs(self.tls.skip_verification);
            if let Some(pem) = &self.tls.authorities {
                builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?);
            }
            builder.build()
        };
        let client = build().map_err(|err: reqwest::Error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(err),
        })?;
        Ok(HttpClient::new(client))
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

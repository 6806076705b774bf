//! How the AWS SDK reaches the services that give credentials: through our own network. Its own client panics where the system has no
//! certificates, which is so in images that hold nothing but this program.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use object_store::client::{self, HttpClient, HttpError, HttpRequestBody};
use reqwest::header::{HeaderName, HeaderValue};
use tokio::time::timeout;

use crate::http::body::whole;

/// What is read of an answer.
const LONGEST: usize = 1 << 20;

/// How long an answer is waited for where the SDK does not say it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The SDK's client, made of ours.
pub(super) fn client(network: HttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, _| {
        let limits = [settings.connect_timeout(), settings.read_timeout()];
        let limit = limits
            .into_iter()
            .flatten()
            .reduce(|one, other| one + other);
        SharedHttpConnector::new(Services {
            network: network.clone(),
            limit: limit.unwrap_or(PATIENCE),
        })
    })
}

#[derive(Debug)]
struct Services {
    network: HttpClient,
    limit: Duration,
}

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (network, limit) = (self.network.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            let request =
                ours(&request).ok_or_else(|| ConnectorError::user("no request".into()))?;
            let answer = async {
                let answer = network.execute(request).await?;
                let (head, body) = answer.into_parts();
                Ok::<_, HttpError>((head, whole(body, LONGEST).await?))
            };
            let answer = timeout(limit, answer).await;
            let answer = answer.map_err(|err| ConnectorError::timeout(err.into()))?;
            let (head, body) = answer.map_err(|err| ConnectorError::io(err.into()))?;
            let status = head.status.as_u16().try_into();
            let status = status.map_err(|_| ConnectorError::user("no status".into()))?;
            let mut answer = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in &head.headers {
                if let Ok(value) = value.to_str() {
                    let (name, value) = (name.as_str().to_owned(), value.to_owned());
                    // What the SDK cannot hold it does not read either.
                    let _ = answer.headers_mut().try_append(name, value);
                }
            }
            Ok(answer)
        })
    }
}

/// The request as our network takes it; `None` where it cannot be one.
fn ours(request: &HttpRequest) -> Option<client::HttpRequest> {
    let body = request.body().bytes()?.to_vec();
    let mut made = client::HttpRequest::new(HttpRequestBody::from(body));
    *made.method_mut() = request.method().parse().ok()?;
    *made.uri_mut() = request.uri().parse().ok()?;
    // A host is what makes it an address.
    made.uri().host()?;
    for (name, value) in request.headers() {
        let name: HeaderName = name.parse().ok()?;
        made.headers_mut()
            .append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(made)
}

//! What the driver itself asks a server of S3.

use anyhow::{Context as _, Result, ensure};
use object_store::ClientOptions;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

/// The region that everybody names, so that nobody has to ask for it.
pub const REGION: &str = "us-east-1";

/// A server, and the right to do everything there. Whatever certificate it presents is taken.
#[derive(Debug)]
pub struct Service {
    endpoint: String,
    credential: AwsCredential,
    client: HttpClient,
}

impl Service {
    /// Contacts nothing yet.
    pub fn new(endpoint: &str, access_key: &str, secret_key: &str) -> Result<Self> {
        let client = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .build()?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            credential: AwsCredential {
                key_id: access_key.to_owned(),
                secret_key: secret_key.to_owned(),
                token: None,
            },
            client: HttpClient::new(client),
        })
    }

    /// A bucket, seen as objects. What is put there is not signed, which spares its digest.
    pub fn bucket(&self, name: &str) -> Result<AmazonS3> {
        let options = ClientOptions::new()
            .with_allow_http(true)
            .with_allow_invalid_certificates(true)
            .with_timeout_disabled();
        Ok(AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_client_options(options)
            .with_region(REGION)
            .with_bucket_name(name)
            .with_access_key_id(&self.credential.key_id)
            .with_secret_access_key(&self.credential.secret_key)
            .with_unsigned_payload(true)
            .build()?)
    }

    /// Makes a bucket that there is not.
    pub async fn make_bucket(&self, name: &str) -> Result<()> {
        self.ask(Method::PUT, &format!("/{name}"), None).await?;
        Ok(())
    }

    /// Removes a bucket of MinIO's with all that lies in it.
    pub async fn remove_bucket(&self, name: &str) -> Result<()> {
        let whole = ("x-minio-force-delete", "true".to_owned());
        self.ask(Method::DELETE, &format!("/{name}"), Some(whole))
            .await?;
        Ok(())
    }

    /// Has the server copy an object of up to 5 GiB to another bucket, under the same name.
    pub async fn copy(&self, source: &str, target: &str, object: &str) -> Result<()> {
        let from = ("x-amz-copy-source", format!("/{source}/{object}"));
        let path = format!("/{target}/{object}");
        let said = self.ask(Method::PUT, &path, Some(from)).await?;
        // A copy that fails once the answer has begun is told in its body.
        ensure!(said.contains("<CopyObjectResult"), "could not copy: {said}");
        Ok(())
    }

    /// The body of an answer, which must be a success.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        header: Option<(&'static str, String)>,
    ) -> Result<String> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let attempt = format!("could not {method} {path}");
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.endpoint).parse()?;
        if let Some((name, value)) = header {
            let name = HeaderName::from_static(name);
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(&value)?);
        }
        AwsAuthorizer::new(&self.credential, "s3", REGION).try_authorize(&mut request, None)?;
        let answer = self
            .client
            .execute(request)
            .await
            .context(attempt.clone())?;
        let status = answer.status();
        let body = answer.into_body().bytes().await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        ensure!(status.is_success(), "{attempt}: {status} {text}");
        Ok(text)
    }
}

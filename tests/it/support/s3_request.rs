//! Requests that the program does not make, to S3 and to services beside it, signed as it signs.

use bytes::Bytes;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{HeaderName, HeaderValue};

use super::minio::Credentials;

/// The status and the body of the answer of S3; 0 where there is none. The path may have a query.
pub async fn ask(
    by: &Credentials,
    port: u16,
    place: (&str, &str),
    headers: &[(&'static str, &str)],
    body: Bytes,
) -> (u16, String) {
    ask_service("s3", by, port, place, headers, body).await
}

/// The same of another service.
pub async fn ask_service(
    service: &str,
    by: &Credentials,
    port: u16,
    (method, path): (&str, &str),
    headers: &[(&'static str, &str)],
    body: Bytes,
) -> (u16, String) {
    let mut request = HttpRequest::new(HttpRequestBody::from(body));
    *request.method_mut() = method.parse().unwrap();
    *request.uri_mut() = format!("http://127.0.0.1:{port}/{path}").parse().unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        let name = HeaderName::from_static(name);
        request.headers_mut().insert(name, value);
    }
    let credential = AwsCredential {
        key_id: by.access_key.clone(),
        secret_key: by.secret_key.clone(),
        token: None,
    };
    AwsAuthorizer::new(&credential, service, "us-east-1")
        .try_authorize(&mut request, None)
        .unwrap();
    let client = HttpClient::new(reqwest::Client::new());
    let Ok(answer) = client.execute(request).await else {
        return (0, String::new());
    };
    let status = answer.status().as_u16();
    let body = answer.into_body().bytes().await.unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}

//! The first version of asking for a token: two headers go out, and two come back.

use std::time::Duration;

use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::answer;
use super::token::{Failure, Session};
use crate::environment::Secret;

const USER: HeaderName = HeaderName::from_static("x-auth-user");
const KEY: HeaderName = HeaderName::from_static("x-auth-key");

pub(super) async fn session(
    network: &HttpClient,
    url: &Url,
    user: &str,
    key: &Secret,
) -> Result<Session, Failure> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = Method::GET;
    answer::direct(&mut request, url);
    for (name, value) in [(USER, user), (KEY, key.expose())] {
        let mut value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| Failure::final_one(format!("{name} cannot hold what is configured")))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    let answered = answer::ask(network, request, url, &[key]).await;
    let answer = answered.map_err(|(_, failure)| failure)?;
    let header = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::trim);
    let (Some(storage), Some(token)) = (header("x-storage-url"), header("x-auth-token")) else {
        return Err(Failure::passing(format!(
            "the answer of {url} brings no token"
        )));
    };
    let life = header("x-auth-token-expires").and_then(|seconds| seconds.parse().ok());
    Session::new(token, storage, life.map(Duration::from_secs))
}

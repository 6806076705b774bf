//! Signatures of requests: <https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm>. Each is of one moment.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::Utc;
use http_body::Body as _;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpRequestBody};
use reqwest::Url;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName, HeaderValue,
};
use sha2::{Digest as _, Sha256};

use super::config::Key;
use super::fault::Fault;

/// What is signed of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    /// What it is, when and by whom it is answered: of one whose body is nothing, or goes with digests of its own.
    Head,
    /// Its body too.
    Body,
    /// The same without the host, as the service for sessions wants it.
    BodyAndNoHost,
}

impl Signed {
    fn names(self) -> Vec<&'static str> {
        let host = HOST.as_str();
        match self {
            Signed::Head => ALWAYS.to_vec(),
            Signed::Body => [&ALWAYS[..], &WITH_BODY].concat(),
            Signed::BodyAndNoHost => {
                let always = ALWAYS.into_iter().filter(|name| *name != host);
                always.chain(WITH_BODY).collect()
            }
        }
    }
}

/// What is signed of every request.
const ALWAYS: [&str; 3] = ["date", "(request-target)", "host"];

/// And of one whose body is signed.
const WITH_BODY: [&str; 3] = ["content-length", "content-type", "x-content-sha256"];

const CONTENT_SHA256: &str = "x-content-sha256";

/// Signs a request as of now, by the key that the service calls so.
pub(super) fn add_to(
    request: &mut HttpRequest,
    signed: Signed,
    key: &Key,
    id: &str,
) -> Result<(), HttpError> {
    if signed != Signed::Head {
        add_body(request)?;
    }
    let now = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    insert(request.headers_mut(), DATE, &now)?;
    let url = Url::parse(&request.uri().to_string()).map_err(unknown)?;
    let names = signed.names();
    let text = signed_text(&names, request.method().as_str(), &url, request.headers());
    let signature = sign(key, &text)?;
    let authorization = format!(
        "Signature version=\"1\",headers=\"{}\",keyId=\"{id}\",algorithm=\"rsa-sha256\",signature=\"{signature}\"",
        names.join(" ")
    );
    insert(request.headers_mut(), AUTHORIZATION, &authorization)
}

/// What is signed of a request, line by line.
fn signed_text(names: &[&str], method: &str, url: &Url, headers: &HeaderMap) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let lines = names.iter().map(|name| {
        let value = match *name {
            "(request-target)" => {
                let method = method.to_ascii_lowercase();
                let query = url
                    .query()
                    .map_or(String::new(), |query| format!("?{query}"));
                format!("{method} {}{query}", url.path())
            }
            name if name == HOST.as_str() => url.authority().to_owned(),
            name => header(name).unwrap_or_default().to_owned(),
        };
        format!("{name}: {value}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn sign(key: &Key, text: &str) -> Result<String, HttpError> {
    let mut signature = vec![0; key.0.public_modulus_len()];
    let random = SystemRandom::new();
    key.0
        .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
        .map_err(|_| Fault::NoSignature.final_one())?;
    Ok(STANDARD.encode(signature))
}

fn add_body(request: &mut HttpRequest) -> Result<(), HttpError> {
    let mut sha256 = Sha256::new();
    let mut length = 0;
    each_piece(request.body(), |piece| {
        sha256.update(piece);
        length += piece.len();
    });
    let headers = request.headers_mut();
    insert(headers, CONTENT_LENGTH, &length.to_string())?;
    if !headers.contains_key(CONTENT_TYPE) {
        insert(headers, CONTENT_TYPE, "application/json")?;
    }
    let name = HeaderName::from_static(CONTENT_SHA256);
    insert(headers, name, &STANDARD.encode(sha256.finalize()))
}

fn each_piece(body: &HttpRequestBody, mut take: impl FnMut(&Bytes)) {
    let mut body = body.clone();
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut context) {
        if let Ok(piece) = frame.into_data() {
            take(&piece);
        }
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), HttpError> {
    let mut value = HeaderValue::from_str(value).map_err(unknown)?;
    value.set_sensitive(name == AUTHORIZATION);
    headers.insert(name, value);
    Ok(())
}

fn unknown(err: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, err)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use aws_lc_rs::signature::{
        RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
        UnparsedPublicKey,
    };

    use super::*;

    /// The key of Oracle's examples, which is shorter than any that signs here.
    const ORACLES_KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQAB";

    const DATED: (&str, &str) = ("date", "Thu, 05 Jan 2014 21:31:40 GMT");

    fn text(names: &[&str], method: &str, url: &str, headers: &[(&'static str, &str)]) -> String {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        signed_text(names, method, &Url::parse(url).unwrap(), &all)
    }

    /// S-3.73: the examples that Oracle has published, with the signatures that it says they have.
    #[test]
    fn requests_are_signed_as_in_oracles_examples() {
        let get = text(
            &ALWAYS,
            "GET",
            "https://iaas.us-phoenix-1.oraclecloud.com/20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa&displayName=TeamXInstances&volumeId=ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q",
            &[DATED],
        );
        let body = "{\n    \"compartmentId\": \"ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa\",\n    \"instanceId\": \"ocid1.instance.oc1.phx.abuw4ljrlsfiqw6vzzxb43vyypt4pkodawglp3wqxjqofakrwvou52gb6s5a\",\n    \"volumeId\": \"ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q\"\n}";
        let mut request = HttpRequest::new(HttpRequestBody::from(body.to_owned()));
        add_body(&mut request).unwrap();
        let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap();
        let post = text(
            &[&ALWAYS[..], &WITH_BODY].concat(),
            "POST",
            "https://iaas.us-phoenix-1.oraclecloud.com/20160918/volumeAttachments",
            &[
                DATED,
                ("content-length", header("content-length")),
                ("content-type", header("content-type")),
                (CONTENT_SHA256, header(CONTENT_SHA256)),
            ],
        );
        assert!(post.ends_with("\nx-content-sha256: V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0="));
        let key = STANDARD.decode(ORACLES_KEY).unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, key);
        for (text, signature) in [
            (
                get,
                "GBas7grhyrhSKHP6AVIj/h5/Vp8bd/peM79H9Wv8kjoaCivujVXlpbKLjMPeDUhxkFIWtTtLBj3sUzaFj34XE6YZAHc9r2DmE4pMwOAy/kiITcZxa1oHPOeRheC0jP2dqbTll8fmTZVwKZOKHYPtrLJIJQHJjNvxFWeHQjMaR7M=",
            ),
            (
                post,
                "Mje8vIDPlwIHmD/cTDwRxE7HaAvBg16JnVcsuqaNRim23fFPgQfLoOOxae6WqKb1uPjYEl0qIdazWaBy/Ml8DRhqlocMwoSXv0fbukP8J5N80LCmzT/FFBvIvTB91XuXI3hYfP9Zt1l7S6ieVadHUfqBedWH0itrtPJBgKmrWso=",
            ),
        ] {
            let signature = STANDARD.decode(signature).unwrap();
            key.verify(text.as_bytes(), &signature).unwrap();
            assert!(
                key.verify(text.replace("iaas", "iAas").as_bytes(), &signature)
                    .is_err()
            );
        }
    }

    /// S-3.73
    #[test]
    fn what_is_signed_is_what_the_key_signs() {
        use aws_lc_rs::signature::KeyPair as _;
        let key = Key::read(include_str!("config/key/testing/pkcs8.pem"), "").unwrap();
        let signature = STANDARD.decode(sign(&key, "a text").unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.0.public_key());
        public.verify(b"a text", &signature).unwrap();
        let name = "https://x:8080/n/ns/b/b/o/a%2F%C3%A9%20b?fields=a%2Cb";
        assert_eq!(
            text(&ALWAYS, "GET", name, &[DATED]),
            format!(
                "date: {}\n(request-target): get /n/ns/b/b/o/a%2F%C3%A9%20b?fields=a%2Cb\nhost: x:8080",
                DATED.1
            )
        );
    }
}

//! What a machine in Oracle's cloud signs with: a key of its own making, which a token vouches for that the service for sessions gives to who shows
//! the machine's certificate. The certificate, its key and the region are had from the metadata service beside the machine.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use object_store::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use super::config::{Beside, Endpoint, Key, is_ocid};
use super::signature::{self, Signed};
use crate::causes;
use crate::error::Kind;
use crate::hexadecimal::parted;
use crate::http::body::whole;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read of one.
const LONGEST: usize = 256 << 10;

/// So long before a session ends another one is asked for.
const EARLY: TimeDelta = TimeDelta::minutes(5);

/// While a session is good, another one is asked for no sooner than so long after the last time.
const PAUSE: Duration = Duration::from_secs(30);

/// What stands before the tenancy in a machine's certificate.
const TENANCY: &[u8] = b"opc-tenant:";

/// A machine.
#[derive(Debug)]
pub(super) struct Machine {
    /// To what lies beside it, which no proxy stands in for.
    pub(super) beside: HttpClient,
    /// To services.
    pub(super) services: HttpClient,
    pub(super) place: Beside,
    pub(super) endpoint: OnceCell<Endpoint>,
    pub(super) held: Mutex<Option<Held>>,
    /// Who begins a session holds it; when one was last begun, or could not be.
    pub(super) renewal: Renewal,
}

/// When a session was last begun, or could not be.
pub(super) type Renewal = tokio::sync::Mutex<Option<Instant>>;

/// A session that goes on.
#[derive(Debug)]
pub(super) struct Held {
    key: Key,
    token: String,
    ends: DateTime<Utc>,
}

/// Nothing to sign with.
#[derive(Debug)]
pub(super) struct Failure {
    what: String,
    /// Whether the next try may fare better.
    passes: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Failure {}

impl Failure {
    fn passing(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            passes: true,
        }
    }

    fn final_one(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            passes: false,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        if self.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        }
    }

    /// The error of a request that could not be signed.
    pub(super) fn of_request(self) -> HttpError {
        let kind = if self.passes {
            HttpErrorKind::Connect
        } else {
            HttpErrorKind::Unknown
        };
        HttpError::new(kind, self)
    }
}

#[derive(Deserialize)]
struct Given {
    token: String,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

impl Machine {
    /// Where the service is: in the machine's region.
    pub(super) async fn endpoint(&self) -> Result<&Endpoint, Failure> {
        let asking = async || {
            let region = self.metadata("/instance/region").await?;
            let region = String::from_utf8_lossy(&region);
            let (found, warnings) = self.place.endpoint(region.trim());
            for warning in warnings {
                warn!("{warning}");
            }
            found.map_err(|_| Failure::final_one("the metadata service tells no region"))
        };
        self.endpoint.get_or_try_init(asking).await
    }

    /// The key of the session that goes on, and the token that vouches for it.
    pub(super) async fn session(&self) -> Result<(Key, String), Failure> {
        if let Some(fresh) = self.at_hand(EARLY) {
            return Ok(fresh);
        }
        let Some(still_good) = self.at_hand(TimeDelta::zero()) else {
            let mut tried = self.renewal.lock().await;
            // Somebody else may have begun one meanwhile.
            if let Some(begun) = self.at_hand(TimeDelta::zero()) {
                return Ok(begun);
            }
            *tried = Some(Instant::now());
            return self.renew().await;
        };
        // One asks for another session, now and then; everybody else goes on with the one at hand.
        let Ok(mut tried) = self.renewal.try_lock() else {
            return Ok(still_good);
        };
        if tried.is_some_and(|tried| tried.elapsed() < PAUSE) {
            return Ok(still_good);
        }
        let renewed = timeout(PATIENCE, self.renew()).await;
        *tried = Some(Instant::now());
        match renewed {
            Ok(Ok(begun)) => Ok(begun),
            Ok(Err(err)) => {
                warn!(%err, "no other session can be had yet; the one at hand is used");
                Ok(still_good)
            }
            Err(_) => {
                warn!("no other session can be had in time; the one at hand is used");
                Ok(still_good)
            }
        }
    }

    /// The session at hand, if it goes on for so long.
    fn at_hand(&self, for_long: TimeDelta) -> Option<(Key, String)> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let good = held.as_ref().filter(|it| Utc::now() + for_long < it.ends)?;
        Some((good.key.clone(), good.token.clone()))
    }

    async fn renew(&self) -> Result<(Key, String), Failure> {
        let begun = self.begin().await?;
        let known = (begun.key.clone(), begun.token.clone());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(begun);
        Ok(known)
    }

    /// Ends the session whose key the service calls so, if it is still the one at hand.
    pub(super) fn forget(&self, id: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held
            .as_ref()
            .is_some_and(|held| id.strip_prefix("ST$") == Some(&held.token))
        {
            *held = None;
        }
    }

    async fn begin(&self) -> Result<Held, Failure> {
        let certificate = self.certificate("/identity/cert.pem").await?;
        let intermediate = self.certificate("/identity/intermediate.pem").await?;
        let pem = self.metadata("/identity/key.pem").await?;
        let pem = String::from_utf8_lossy(&pem);
        let own = Key::read(&pem, "").map_err(|why| {
            Failure::final_one(format!("the key that the metadata service gives {why}"))
        })?;
        let tenancy = tenancy(&certificate).ok_or_else(|| {
            Failure::final_one("the certificate that the metadata service gives names no tenancy")
        })?;
        let nothing = |_| Failure::final_one("no key can be made");
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(nothing)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(nothing)?;
        let document = json!({
            "certificate": STANDARD.encode(&certificate),
            "publicKey": STANDARD.encode(public.as_ref()),
            "intermediateCertificates": [STANDARD.encode(&intermediate)],
            "fingerprintAlgorithm": "SHA256",
        });
        let base = match self.place.sessions() {
            Some(base) => base.to_owned(),
            None => self.endpoint().await?.service("auth"),
        };
        let mut request = HttpRequest::new(HttpRequestBody::from(document.to_string()));
        *request.method_mut() = Method::POST;
        let id = format!("{tenancy}/fed-x509-sha256/{}", fingerprint(&certificate));
        address(
            &mut request,
            &format!("{}/v1/x509", base.trim_end_matches('/')),
        )?;
        signature::add_to(&mut request, Signed::BodyAndNoHost, &own, &id)
            .map_err(|_| Failure::final_one("the machine's key signs nothing"))?;
        let answer = asked(&self.services, request, "the service for sessions").await?;
        let given: Option<Given> = serde_json::from_slice(&answer).ok();
        let held = given.and_then(|given| {
            let ends = end(&given.token)?;
            Some(Held {
                key: Key(pair.into()),
                token: given.token,
                ends,
            })
        });
        debug!("a session begins");
        held.ok_or_else(|| Failure::passing("the service for sessions gives no token"))
    }

    async fn certificate(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let pem = self.metadata(path).await?;
        let text = String::from_utf8_lossy(&pem);
        let body = text
            .split_once("-----BEGIN CERTIFICATE-----")
            .and_then(|(_, rest)| rest.split_once("-----END "));
        let der = body.and_then(|(body, _)| {
            let text: String = body.split_whitespace().collect();
            STANDARD.decode(text).ok()
        });
        der.ok_or_else(|| {
            Failure::passing(format!(
                "the metadata service gives no certificate at {path}"
            ))
        })
    }

    async fn metadata(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let as_it_wants = HeaderValue::from_static("Bearer Oracle");
        request.headers_mut().insert(AUTHORIZATION, as_it_wants);
        address(&mut request, &format!("{}{path}", self.place.metadata()))?;
        asked(&self.beside, request, "the metadata service").await
    }
}

fn address(request: &mut HttpRequest, url: &str) -> Result<(), Failure> {
    *request.uri_mut() = url
        .parse()
        .map_err(|_| Failure::final_one("an address of a service for credentials is none"))?;
    Ok(())
}

/// The body of a good answer. Of any other nothing is quoted but its status, for it may repeat what it was shown.
async fn asked(to: &HttpClient, request: HttpRequest, who: &str) -> Result<Vec<u8>, Failure> {
    let asking = async {
        let answer = to.execute(request).await?;
        let status = answer.status();
        let body = whole(answer.into_body(), LONGEST).await?;
        Ok::<_, HttpError>((status, body))
    };
    match timeout(PATIENCE, asking).await {
        Err(_) => Err(Failure::passing(format!("{who} does not answer"))),
        Ok(Err(err)) => {
            let why = causes::deepest(&err);
            Err(Failure::passing(format!("{who} does not answer: {why}")))
        }
        Ok(Ok((status, body))) if status.is_success() => Ok(body),
        Ok(Ok((status, _))) => {
            let what = format!("{who} answers {status}");
            let passes = status.is_server_error() || status.as_u16() == 429;
            Err(Failure { what, passes })
        }
    }
}

/// The tenancy that a certificate names in its subject.
fn tenancy(certificate: &[u8]) -> Option<String> {
    let at = certificate
        .windows(TENANCY.len())
        .position(|window| window == TENANCY)?;
    // Right before it stands how long the text is.
    let length = usize::from(*certificate.get(at.checked_sub(1)?)?);
    let text = certificate.get(at + TENANCY.len()..at + length)?;
    let text = std::str::from_utf8(text).ok()?;
    is_ocid(text, "tenancy").then(|| text.to_owned())
}

fn fingerprint(certificate: &[u8]) -> String {
    let digest = Sha256::digest(certificate);
    parted(&digest, ":")
}

/// When a token ends, which is a JSON web token.
fn end(token: &str) -> Option<DateTime<Utc>> {
    let claims = token.split('.').nth(1)?.trim_end_matches('=');
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    DateTime::from_timestamp(exp, 0)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use object_store::client::{HttpResponse, HttpService};

    use super::*;
    use crate::environment::Environment;

    #[test]
    fn a_tenancy_is_what_a_certificate_says_it_is() {
        let named = b"\x0c\x1fopc-tenant:ocid1.tenancy.oc1..a0\x30";
        assert_eq!(tenancy(named).as_deref(), Some("ocid1.tenancy.oc1..a"));
        let of_old = b"\x0c\x23opc-tenant:ocidv1:tenancy:oc1:phx:a\x30";
        let expected = Some("ocidv1:tenancy:oc1:phx:a");
        assert_eq!(tenancy(of_old).as_deref(), expected);
        for other in [
            &b"\x0c\x05opc-t"[..],
            b"opc-tenant:",
            b"\x0c\x0fopc-tenant:abcd",
            b"",
        ] {
            assert_eq!(tenancy(other), None);
        }
    }

    /// Counts who asks, and fails.
    #[derive(Debug, Default, Clone)]
    struct Silent(Arc<AtomicU32>);

    #[async_trait]
    impl HttpService for Silent {
        async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        }
    }

    /// S-3.71: nobody waits for another session while the one at hand is good, but who asks for it.
    #[tokio::test(start_paused = true)]
    async fn a_session_that_cannot_be_renewed_holds_up_one_request_in_a_while() {
        let silent = Silent::default();
        let client = || HttpClient::new(silent.clone());
        let held = Held {
            key: Key::read(include_str!("config/key/testing/pkcs8.pem"), "").unwrap(),
            token: "at hand".to_owned(),
            ends: Utc::now() + TimeDelta::minutes(4),
        };
        let machine = Machine {
            beside: client(),
            services: client(),
            place: Beside::of(&Environment::default()).unwrap(),
            endpoint: OnceCell::default(),
            held: Mutex::new(Some(held)),
            renewal: Renewal::default(),
        };
        let begun = Instant::now();
        let many = (0..20).map(|_| machine.session());
        for session in futures::future::join_all(many).await {
            assert_eq!(session.unwrap().1, "at hand");
        }
        assert!(begun.elapsed() <= PATIENCE);
        machine.session().await.unwrap();
        assert_eq!(silent.0.load(Ordering::SeqCst), 1);
        tokio::time::advance(PAUSE).await;
        machine.session().await.unwrap();
        assert_eq!(silent.0.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_token_tells_its_end() {
        // {"exp": 1445412480}
        let token = "e30.eyJleHAiOiAxNDQ1NDEyNDgwfQ.x";
        assert_eq!(end(token).map(|end| end.timestamp()), Some(1_445_412_480));
        for other in ["", "a.b", "a.e30.c"] {
            assert_eq!(end(other), None, "{other}");
        }
    }
}

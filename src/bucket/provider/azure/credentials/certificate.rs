//! Tokens of Entra's for a certificate that it knows: the client says who it is, and signs that with the certificate's key.

use std::error::Error as StdError;
use std::string::FromUtf8Error;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use object_store::client::HttpClient;
use serde_json::{Value, json};
use ulid::Ulid;

use super::super::config::Principal;
use super::entra;
use super::token::{Failure, Token};
use crate::http::said::contains;
use crate::small_file;

/// The variable that names the file.
const FILE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

/// Clocks differ a little.
const BACKDATED: TimeDelta = TimeDelta::minutes(5);

/// How long what is said holds.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// A certificate, and the key that it is of.
struct Certificate {
    key: KeyPair,
    /// As DER.
    own: Vec<u8>,
    /// Those that vouch for it.
    others: Vec<Vec<u8>>,
}

/// Asks with what is in the file now: it may be another one by the next time.
pub(super) async fn ask(
    network: &HttpClient,
    principal: &Principal,
    file: &str,
    sends_chain: bool,
) -> Result<Token, Failure> {
    let wrong = |why: &str| Failure::lasting(format!("read the file that {FILE} names: {why}"));
    let text = small_file::text(file).await.map_err(|err| {
        let is_binary = err
            .get_ref()
            .is_some_and(<dyn StdError + Send + Sync>::is::<FromUtf8Error>);
        if is_binary {
            wrong(NO_PEM)
        } else {
            wrong(&err.to_string())
        }
    })?;
    let certificate = Certificate::of_pem(&text).map_err(wrong)?;
    let said = certificate
        .says(principal, sends_chain, Utc::now())
        .ok_or_else(|| wrong("its key signs nothing"))?;
    entra::by_saying(network, principal, &said).await
}

const NO_PEM: &str = "it is no PEM: expected a certificate and its RSA key, as openssl pkcs12 -in FILE -noenc writes what is in a file of PKCS#12";

impl Certificate {
    /// The certificate in a text, with its key, in whatever order. The error says what is wrong, and repeats nothing.
    fn of_pem(text: &str) -> Result<Self, &'static str> {
        let (mut keys, mut certificates) = (Vec::new(), Vec::new());
        for block in text.split("-----BEGIN ").skip(1) {
            let (label, rest) = block.split_once("-----").ok_or(NO_PEM)?;
            let (body, _) = rest.split_once("-----END ").ok_or(NO_PEM)?;
            if label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED") {
                return Err(
                    "its key is encrypted: expected it as openssl pkcs12 -in FILE -noenc writes it",
                );
            }
            let is_read = label == "CERTIFICATE" || label.ends_with("PRIVATE KEY");
            if !is_read {
                continue;
            }
            let encoded: String = body.split_whitespace().collect();
            let der = STANDARD.decode(encoded).map_err(|_| NO_PEM)?;
            match label {
                "CERTIFICATE" => certificates.push(der),
                "PRIVATE KEY" => keys.push(KeyPair::from_pkcs8(&der)),
                "RSA PRIVATE KEY" => keys.push(KeyPair::from_der(&der)),
                _ => return Err(NO_RSA_KEY),
            }
        }
        let key = match keys.len() {
            0 if certificates.is_empty() => return Err(NO_PEM),
            0 => return Err("no private key is in it"),
            1 => keys.pop().and_then(Result::ok).ok_or(NO_RSA_KEY)?,
            _ => return Err("more than one private key is in it"),
        };
        if certificates.is_empty() {
            return Err("no certificate is in it");
        }
        // A certificate holds its public key as it stands.
        let public = key.public_key().as_ref();
        let own = certificates
            .iter()
            .position(|certificate| contains(certificate, public))
            .ok_or("its key is none of its certificates'")?;
        Ok(Self {
            own: certificates.remove(own),
            others: certificates,
            key,
        })
    }

    /// Who the client is, signed: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>.
    fn says(&self, principal: &Principal, sends_chain: bool, now: DateTime<Utc>) -> Option<String> {
        let print = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &self.own));
        let mut header = json!({
            "alg": "RS256",
            "typ": "JWT",
            "x5t": print(&SHA1_FOR_LEGACY_USE_ONLY),
            "x5t#S256": print(&SHA256),
        });
        if sends_chain && let Some(members) = header.as_object_mut() {
            let chain = std::iter::once(&self.own).chain(&self.others);
            let chain = chain.map(|certificate| STANDARD.encode(certificate));
            members.insert("x5c".to_owned(), chain.collect::<Vec<_>>().into());
        }
        let claims = json!({
            "aud": principal.token_url(),
            "iss": principal.client,
            "sub": principal.client,
            "jti": Ulid::generate().to_string(),
            "iat": now.timestamp(),
            "nbf": (now - BACKDATED).timestamp(),
            "exp": (now + LIFE).timestamp(),
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, said.as_bytes(), &mut signature)
            .ok()?;
        Some(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

const NO_RSA_KEY: &str = "its private key is no RSA key of 2,048 bits or more";

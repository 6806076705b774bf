//! Who asks: the signature of a request is that of the key that the service knows, over what the service wants signed, and not older than 5 minutes.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::wire::Asked;
use super::{FINGERPRINT, KEY, TENANCY, USER};

/// The service takes requests of this age.
const OLDEST_SECONDS: i64 = 300;

fn key(pem: &str) -> RsaKeyPair {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let der = STANDARD.decode(lines.collect::<String>()).unwrap();
    RsaKeyPair::from_pkcs8(&der).unwrap()
}

/// The public key of that private one.
pub fn public_key(pem: &str) -> Vec<u8> {
    key(pem).public_key().as_ref().to_vec()
}

/// The MD5 of the public key, as the console shows it.
pub fn fingerprint(pem: &str) -> String {
    let der: PublicKeyX509Der<'_> = key(pem).public_key().as_der().unwrap();
    let digest = Md5::digest(der.as_ref());
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// What is to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The head and, of what is no object and no part of one, the body.
    Usual,
    /// The body, and no host.
    BodyAndNoHost,
}

/// The key of the user.
pub fn users_key(id: &str) -> Option<Vec<u8>> {
    let is_known = id == format!("{TENANCY}/{USER}/{}", *FINGERPRINT);
    is_known.then(|| public_key(&KEY))
}

/// Whether the request proves who it comes from; the error says why not. `key` finds the public key of that id.
pub fn verified(
    asked: &Asked,
    wanted: Wanted,
    key: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<(), String> {
    let authorization = asked.header("authorization").ok_or("no authorization")?;
    let given = authorization
        .strip_prefix("Signature ")
        .ok_or("another scheme")?;
    let part = |name: &str| {
        let (_, rest) = given
            .split_once(&format!("{name}=\""))
            .ok_or(format!("no {name}"))?;
        Ok::<_, String>(rest.split('"').next().unwrap_or_default())
    };
    if part("version")? != "1" || part("algorithm")? != "rsa-sha256" {
        return Err("another version or algorithm".to_owned());
    }
    let key = key(part("keyId")?).ok_or("an unknown key")?;
    let names: Vec<&str> = part("headers")?.split(' ').collect();
    let lacks = |wanted: &[&'static str]| {
        let mut wanted = wanted.iter();
        wanted.find(|name| !names.contains(name)).copied()
    };
    // Of objects and parts the body need not be signed; of whatever else is put or posted it is.
    let path = asked.names();
    let is_object =
        asked.method == "PUT" && matches!(path.get(4).map(String::as_str), Some("o" | "u"));
    let has_body = matches!(asked.method.as_str(), "PUT" | "POST") && !is_object;
    let body = ["content-length", "content-type", "x-content-sha256"];
    let host: &[&'static str] = match wanted {
        Wanted::Usual => &["host"],
        Wanted::BodyAndNoHost => &[],
    };
    let lacking = lacks(&["date", "(request-target)"])
        .or(lacks(host))
        .or(lacks(&body).filter(|_| has_body));
    if let Some(name) = lacking {
        return Err(format!("{name} is not signed"));
    }
    let date = asked.header("date").ok_or("no date")?;
    let date = DateTime::parse_from_rfc2822(date).map_err(|_| "no such date")?;
    let age = Utc::now()
        .signed_duration_since(date.to_utc())
        .num_seconds();
    if age.abs() > OLDEST_SECONDS {
        return Err(format!("the clock is off by {age} seconds"));
    }
    if names.contains(&"x-content-sha256") {
        let digest = STANDARD.encode(Sha256::digest(&asked.body));
        if asked.header("x-content-sha256") != Some(&digest) {
            return Err("another body".to_owned());
        }
    }
    let lines = names.iter().map(|name| match *name {
        "(request-target)" => {
            let method = asked.method.to_ascii_lowercase();
            format!("(request-target): {method} {}", asked.target)
        }
        name => format!("{name}: {}", asked.header(name).unwrap_or_default()),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let signature = part("signature")?;
    let signature = STANDARD.decode(signature).map_err(|_| "no base64")?;
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    let verified = public.verify(text.as_bytes(), &signature);
    verified.map_err(|_| "the signature is of something else".to_owned())
}

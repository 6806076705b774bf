//! What a service account says of itself, signed with its key, to be given a token for.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::config::ServiceAccount;
use super::token::Failure;

/// Clocks differ a little.
const BACKDATED: TimeDelta = TimeDelta::seconds(10);

/// The longest life that the service takes.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// A JSON web token, made at that time.
pub(super) fn of(
    account: &ServiceAccount,
    scopes: &[&str],
    now: DateTime<Utc>,
) -> Result<String, Failure> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let (Some(id), Some(members)) = (&account.key_id, header.as_object_mut()) {
        members.insert("kid".to_owned(), id.as_str().into());
    }
    let begins = now - BACKDATED;
    let claims = json!({
        "iss": account.email,
        "scope": scopes.join(" "),
        "aud": account.audience,
        "iat": begins.timestamp(),
        "exp": (begins + LIFE).timestamp(),
    });
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let said = format!("{}.{}", encode(&header), encode(&claims));
    let key = &account.key.0;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        said.as_bytes(),
        &mut signature,
    )
    .map_err(|_| Failure::final_one("the key of the service account signs nothing"))?;
    Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

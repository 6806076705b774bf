//! The headers of a key that the customer keeps (SSE-C).

use std::error::Error as StdError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use object_store::Result;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::environment::Secret;

/// The three headers of a key that the customer keeps; `which` begins their names.
pub(super) fn add(headers: &mut HeaderMap, which: &str, key: &Secret) -> Result<()> {
    let digest = STANDARD.decode(key.expose()).map_err(generic)?;
    let digest = STANDARD.encode(Md5::digest(digest));
    for (name, value) in [
        ("algorithm", "AES256"),
        ("key", key.expose()),
        ("key-MD5", &digest),
    ] {
        let name = format!("{which}server-side-encryption-customer-{name}").to_ascii_lowercase();
        let name: HeaderName = name.parse().map_err(generic)?;
        let mut value = HeaderValue::from_str(value).map_err(generic)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(())
}

fn generic(err: impl StdError + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic {
        store: "S3",
        source: Box::new(err),
    }
}

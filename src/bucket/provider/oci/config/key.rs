//! RSA keys in PEM, as PKCS#1 or PKCS#8 has them, and in each of the ways in which `OpenSSL` and `oci setup keys` encrypt them with a passphrase.

mod decrypt;
mod der;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::hexadecimal::parted;

/// A key that signs. Cheap to clone, and never printed.
#[derive(Clone)]
pub(in crate::bucket::provider::oci) struct Key(
    pub(in crate::bucket::provider::oci) Arc<RsaKeyPair>,
);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// A block of PEM.
struct Block<'a> {
    label: &'a str,
    /// What `DEK-Info` says, which stands before the key where that is encrypted as PKCS#1 is.
    encryption: Option<&'a str>,
    content: Vec<u8>,
}

impl Key {
    /// The first key of a PEM document. The error says what is wrong with it, in words that follow its name.
    pub(in crate::bucket::provider::oci) fn read(
        pem: &str,
        passphrase: &str,
    ) -> Result<Self, &'static str> {
        let block = block(pem).ok_or(NO_KEY)?;
        let content = match (block.label, block.encryption) {
            (_, Some(encryption)) => decrypt::pkcs1(encryption, &block.content, passphrase)?,
            ("ENCRYPTED PRIVATE KEY", None) => decrypt::pkcs8(&block.content, passphrase)?,
            _ => block.content,
        };
        let key = match block.label {
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&content),
            "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => RsaKeyPair::from_pkcs8(&content),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(PUBLIC),
            _ => return Err(NO_KEY),
        };
        let key = key.map_err(|_| {
            if block.encryption.is_some() || block.label.starts_with("ENCRYPTED") {
                decrypt::WRONG_PASSPHRASE
            } else {
                UNUSABLE
            }
        })?;
        Ok(Self(Arc::new(key)))
    }

    /// Its fingerprint as the service's console shows it: the MD5 of the public key.
    pub(super) fn fingerprint(&self) -> Option<String> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().ok()?;
        let digest = Md5::digest(der.as_ref());
        Some(parted(&digest, ":"))
    }
}

const NO_KEY: &str = "is no RSA key in PEM: expected the text of the file that begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----";

const PUBLIC: &str = "is a public key: expected the private one";

const UNUSABLE: &str = "holds no RSA key of at least 2048 bits, which is what signs here";

/// The first block of a document.
fn block(pem: &str) -> Option<Block<'_>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let mut encryption = None;
    let mut text = String::new();
    for line in body.lines() {
        match line.trim().split_once(':') {
            Some(("DEK-Info", info)) => encryption = Some(info.trim()),
            Some(_) => {}
            None => text.extend(line.split_whitespace()),
        }
    }
    Some(Block {
        label,
        encryption,
        content: STANDARD.decode(text).ok()?,
    })
}

#[cfg(test)]
mod tests;

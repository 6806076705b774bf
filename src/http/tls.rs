//! Whom a connection trusts, and as whom it presents itself.

use std::path::Path;

use object_store::Certificate;
use rustls::{SupportedProtocolVersion, version};

use super::trust;
use crate::error::{Error, Result};
use crate::small_file;
use crate::small_file::shown_path;
use crate::yaml::{Node, Unknown};

/// The `tls_config` section, with the files that it names.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// Certificates of authorities, in PEM; they replace the system's.
    pub(crate) authorities: Option<Vec<u8>>,
    /// Certificate and key of the client, in PEM.
    pub(crate) identity: Option<Identity>,
    pub(crate) skip_verification: bool,
    /// Whom the server proves to be, where that is not the host of its address.
    pub(crate) server_name: Option<String>,
    /// Which versions are spoken.
    pub(crate) versions: Versions,
    /// Where the section stands, as errors name it.
    pub(crate) at: &'static str,
}

/// Which versions of TLS are spoken; none that is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Both,
    Only12,
    Only13,
}

impl Versions {
    pub(crate) fn all(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Both => vec![&version::TLS12, &version::TLS13],
            Self::Only12 => vec![&version::TLS12],
            Self::Only13 => vec![&version::TLS13],
        }
    }
}

/// What stands in PEM, and under which key.
pub(crate) struct Pem {
    pub(crate) key: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// What a section says, its files read.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) authorities: Option<Pem>,
    pub(crate) certificate: Option<Pem>,
    pub(crate) key: Option<Pem>,
    pub(crate) server_name: Option<String>,
    pub(crate) skip_verification: bool,
}

#[derive(Clone)]
pub(crate) struct Identity(pub(crate) Vec<u8>);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

/// Where the section of a bucket stands.
const AT: &str = "config.http_config.tls_config";

impl Tls {
    pub(crate) fn parse(
        node: Option<&Node>,
        skip_verification: bool,
        unknown: Unknown,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let Some(node) = node else {
            let parts = Parts {
                skip_verification,
                ..Parts::default()
            };
            return Self::of(parts, AT);
        };
        let mut tls = node.fields(AT, unknown)?;
        let mut path = |key| Ok::<_, Error>(tls.string(key)?.filter(|path| !path.is_empty()));
        let authorities = path("ca_file")?;
        let certificate = path("cert_file")?;
        let key = path("key_file")?;
        let server_name = path("server_name")?;
        // Thanos overwrites this with the outer one.
        let _ = tls.bool("insecure_skip_verify")?;
        if unknown == Unknown::Ignore {
            let ignored = |key: &str| format!("unknown key {AT}.{key} is ignored, as Thanos does");
            warnings.extend(tls.left().map(ignored));
        }
        tls.finish()?;
        paired(
            AT,
            certificate.as_ref().map(|_| "cert_file"),
            key.as_ref().map(|_| "key_file"),
        )?;
        let pem = |key: &'static str, path: Option<String>| {
            let path = path.as_deref().map(Path::new);
            path.map(|path| read(AT, key, path)).transpose()
        };
        let parts = Parts {
            authorities: pem("ca_file", authorities)?,
            certificate: pem("cert_file", certificate)?,
            key: pem("key_file", key)?,
            server_name,
            skip_verification,
        };
        Self::of(parts, AT)
    }

    /// What these parts add up to; `at` is where they stand.
    ///
    /// Errors, of kind [`Kind::Usage`](crate::Kind::Usage): which part cannot be used.
    pub(crate) fn of(parts: Parts, at: &'static str) -> Result<Self> {
        let Parts {
            authorities,
            certificate,
            key,
            server_name,
            skip_verification,
        } = parts;
        if server_name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(Error::usage(format!(
                "{at}.server_name: expected the name of a host, without a port"
            )));
        }
        if let Some(Pem { key, bytes }) = &authorities {
            let found = Certificate::from_pem_bundle(bytes).is_ok_and(|found| !found.is_empty());
            if !found {
                return Err(Error::usage(format!("{at}.{key} holds no certificate")));
            }
        }
        paired(
            at,
            certificate.as_ref().map(|pem| pem.key),
            key.as_ref().map(|pem| pem.key),
        )?;
        let identity = certificate.zip(key).map(|(certificate, key)| {
            let (one, other) = (certificate.key, key.key);
            let mut pem = certificate.bytes;
            pem.push(b'\n');
            pem.extend(key.bytes);
            reqwest::Identity::from_pem(&pem).map_err(|_| {
                Error::usage(format!("{at}.{one} and {other} hold no usable pair"))
            })?;
            if trust::belongs_together(&pem) == Some(false) {
                return Err(Error::usage(format!(
                    "{at}.{one} and {other} do not belong together: the key is that of another certificate"
                )));
            }
            Ok(Identity(pem))
        });
        let identity = identity.transpose()?;
        Ok(Self {
            authorities: authorities.map(|pem| pem.bytes),
            identity,
            skip_verification,
            server_name,
            versions: Versions::Both,
            at,
        })
    }
}

/// Refuses one of a certificate and its key without the other; what is given is the key that it stands under.
fn paired(at: &str, certificate: Option<&'static str>, key: Option<&'static str>) -> Result<()> {
    let (given, missing) = match (certificate, key) {
        (Some(given), None) => (given, given.replace("cert", "key")),
        (None, Some(given)) => (given, given.replace("key", "cert")),
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    Err(Error::usage(format!(
        "{at}.{missing} is missing although {given} is given"
    )))
}

/// Whether it can be the name of a host; an address is none.
fn is_name(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
    text.len() <= 253 && text.chars().all(is_fit) && !text.starts_with(['.', '-']) && !is_address
}

/// Reads a file that a key of the section names.
pub(crate) fn read(at: &str, key: &'static str, path: &Path) -> Result<Pem> {
    let bytes = small_file::read(path).map_err(|err| {
        let path = shown_path(&path.to_string_lossy());
        Error::usage(format!("{at}.{key}: read {path}: {err}"))
    })?;
    Ok(Pem { key, bytes })
}

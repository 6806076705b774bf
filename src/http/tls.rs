//! Whom a connection trusts, and as whom it presents itself.

use std::path::Path;

use object_store::Certificate;

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
}

#[derive(Clone)]
pub(crate) struct Identity(pub(crate) Vec<u8>);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

/// Where the section stands.
pub(crate) const AT: &str = "config.http_config.tls_config";

impl Tls {
    pub(crate) fn parse(
        node: Option<&Node>,
        skip_verification: bool,
        unknown: Unknown,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let Some(node) = node else {
            return Ok(Self {
                authorities: None,
                identity: None,
                skip_verification,
                server_name: None,
            });
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
        if server_name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(Error::usage(format!(
                "{AT}.server_name: expected the name of a host, without a port"
            )));
        }
        let authorities = authorities.map(|path| read("ca_file", &path)).transpose()?;
        if let Some(pem) = &authorities {
            let found = Certificate::from_pem_bundle(pem).is_ok_and(|found| !found.is_empty());
            if !found {
                return Err(Error::usage(format!("{AT}.ca_file holds no certificate")));
            }
        }
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                let mut pem = read("cert_file", &certificate)?;
                pem.push(b'\n');
                pem.extend(read("key_file", &key)?);
                reqwest::Identity::from_pem(&pem).map_err(|_| {
                    Error::usage(format!("{AT}.cert_file and key_file hold no usable pair"))
                })?;
                if trust::belongs_together(&pem) == Some(false) {
                    return Err(Error::usage(format!(
                        "{AT}.cert_file and key_file do not belong together: the key is that of another certificate"
                    )));
                }
                Some(Identity(pem))
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(Error::usage(format!(
                    "{AT}.key_file is missing although cert_file is given"
                )));
            }
            (None, Some(_)) => {
                return Err(Error::usage(format!(
                    "{AT}.cert_file is missing although key_file is given"
                )));
            }
        };
        Ok(Self {
            authorities,
            identity,
            skip_verification,
            server_name,
        })
    }
}

/// Whether it can be the name of a host; an address is none.
fn is_name(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
    text.len() <= 253 && text.chars().all(is_fit) && !text.starts_with(['.', '-']) && !is_address
}

fn read(key: &str, path: &str) -> Result<Vec<u8>> {
    small_file::read(Path::new(path)).map_err(|err| {
        let path = shown_path(path);
        Error::usage(format!("{AT}.{key}: read {path}: {err}"))
    })
}

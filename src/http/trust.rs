//! TLS where the configuration names whom to trust. A certificate that is named itself is trusted, whoever made it, as Go's clients trust it; its name
//! and its dates count all the same.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};

type Chain = Vec<CertificateDer<'static>>;

/// A client that trusts those certificates alone, in PEM, and those whom they vouch for. The error says what is wrong with what was given.
pub(crate) fn config(
    authorities: &[u8],
    identity: Option<&[u8]>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Named::new(authorities, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|err| err.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity {
        Some(identity) => {
            let (chain, key) = pair(identity).ok_or("no usable pair")?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|err| err.to_string())?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Whether the key in this PEM is that of the first certificate in it; `None` where that cannot be told.
pub(crate) fn belongs_together(pem: &[u8]) -> Option<bool> {
    let (chain, key) = pair(pem)?;
    match CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()) {
        Ok(_) => Some(true),
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => Some(false),
        Err(_) => None,
    }
}

fn pair(pem: &[u8]) -> Option<(Chain, PrivateKeyDer<'static>)> {
    let chain: Chain = certificates(pem)?;
    let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
    (!chain.is_empty()).then_some((chain, key))
}

fn certificates(pem: &[u8]) -> Option<Chain> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .ok()
}

/// Trusts those whom the named ones vouch for, and the named ones.
#[derive(Debug)]
struct Named {
    named: Chain,
    vouched_for: Arc<WebPkiServerVerifier>,
}

impl Named {
    fn new(pem: &[u8], provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let named = certificates(pem).ok_or("a certificate cannot be read")?;
        let mut roots = RootCertStore::empty();
        for certificate in &named {
            let added = roots.add(certificate.clone());
            added.map_err(|_| "a certificate cannot be read")?;
        }
        let vouched_for =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let vouched_for = vouched_for.build().map_err(|err| err.to_string())?;
        Ok(Self { named, vouched_for })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.vouched_for.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // The dates are looked at before it is asked who vouches: these errors tell that they are good.
            Err(rustls::Error::InvalidCertificate(err))
                if lacks_authority(&err) && self.named.iter().any(|it| it == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.vouched_for.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.vouched_for.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.vouched_for.supported_verify_schemes()
    }
}

/// Whether nothing is wrong but that no authority vouches for a server's own certificate, be it that it is an authority's.
fn lacks_authority(err: &CertificateError) -> bool {
    match err {
        // The other key is that of an authority of the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => true,
        CertificateError::Other(err) => err.to_string() == "CaUsedAsEndEntity",
        _ => false,
    }
}

/// What is wrong with the certificate that a server showed, and what to look at; `None` where `cause` is something else.
pub(crate) fn distrust(cause: &(dyn StdError + 'static)) -> Option<(String, &'static str)> {
    let rustls::Error::InvalidCertificate(err) = of_tls(cause)? else {
        return None;
    };
    let (what, hint) = match err {
        err if lacks_authority(err) => (
            "is vouched for by nobody who is trusted".to_owned(),
            CA_FILE,
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = match names.as_slice() {
                [] => "has no name".to_owned(),
                names => format!("is for {}", names.join(", ")),
            };
            (format!("{names} and not for {}", expected.to_str()), NAME)
        }
        CertificateError::NotValidForName => ("is for another name".to_owned(), NAME),
        CertificateError::ExpiredContext { not_after, .. } => {
            (format!("expired at {}", told(*not_after)), DATES)
        }
        CertificateError::Expired => ("has expired".to_owned(), DATES),
        CertificateError::NotValidYetContext { not_before, .. } => {
            (format!("is not valid before {}", told(*not_before)), DATES)
        }
        CertificateError::NotValidYet => ("is not valid yet".to_owned(), DATES),
        CertificateError::Revoked => ("is revoked".to_owned(), CA_FILE),
        _ => ("cannot be verified".to_owned(), CA_FILE),
    };
    Some((format!("the certificate of the server {what}"), hint))
}

/// An error of input hides the one that it was made of.
fn of_tls<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<io::Error>() {
        Some(err) => of_tls(err.get_ref()?),
        None => cause.downcast_ref(),
    }
}

const CA_FILE: &str = "config.http_config.tls_config.ca_file names the authority to trust";

const NAME: &str = "config.http_config.tls_config.server_name names whom the server proves to be, where config.endpoint is right";

const DATES: &str = "it is to be renewed, or the clock of this machine is wrong";

/// `name.example` of `DnsName("name.example")`.
fn bare(name: &str) -> &str {
    let within = name.split_once('(').map_or(name, |(_, within)| within);
    within.trim_end_matches(')').trim_matches('"')
}

fn told(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let time = seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    time.map_or_else(
        || "an unknown time".to_owned(),
        |time| time.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

#[cfg(test)]
mod tests;

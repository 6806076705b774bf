//! A certificate that vouches for whoever shows it: the token service is asked over TLS with it, and told of those up to its authority.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::super::config::Certificate;
use super::token::Failure;
use crate::environment::Secret;
use crate::small_file;
use crate::small_file::shown_path;

/// The file that names those of the certificate and its key.
#[derive(Deserialize)]
struct Document {
    cert_configs: Kinds,
}

#[derive(Deserialize)]
struct Kinds {
    workload: Option<Workload>,
}

#[derive(Deserialize)]
struct Workload {
    #[serde(default)]
    cert_path: String,
    #[serde(default)]
    key_path: String,
}

/// The certificates as the token service is told of them.
pub(super) async fn subject(certificate: &Certificate) -> Result<Secret, Failure> {
    let Workload { cert_path, .. } = workload(certificate).await?;
    let own = certificates(&cert_path).await?.into_iter().next();
    let own = own.ok_or_else(|| holds_none(&cert_path))?;
    let mut all = vec![own.clone()];
    if let Some(file) = &certificate.chain_file {
        let chain = certificates(file).await?;
        let rest = match chain.split_first() {
            Some((first, rest)) if *first == own => rest,
            _ => &chain[..],
        };
        if rest.contains(&own) {
            return Err(Failure::final_one(format!(
                "the file {}: the certificate itself is to be the first",
                shown_path(file)
            )));
        }
        all.extend_from_slice(rest);
    }
    let all = serde_json::Value::from(all);
    Ok(Secret::new(all.to_string()))
}

/// Certificate and key, in PEM. Both may be written anew at any time.
pub(super) async fn identity(certificate: &Certificate) -> Result<Vec<u8>, Failure> {
    let Workload {
        cert_path,
        key_path,
    } = workload(certificate).await?;
    let pem = [text(&cert_path).await?, text(&key_path).await?];
    Ok(pem.join("\n").into_bytes())
}

async fn workload(certificate: &Certificate) -> Result<Workload, Failure> {
    let file = &certificate.config_file;
    let document: Option<Document> = serde_json::from_str(&text(file).await?).ok();
    let workload = document.and_then(|document| document.cert_configs.workload);
    workload
        .filter(|it| !it.cert_path.is_empty() && !it.key_path.is_empty())
        .ok_or_else(|| {
            Failure::final_one(format!(
                "the file {} does not name cert_path and key_path in cert_configs.workload",
                shown_path(file)
            ))
        })
}

/// Every certificate of a file, in base64 without ends of line.
async fn certificates(file: &str) -> Result<Vec<String>, Failure> {
    let pem = text(file).await?;
    let bodies = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    let found: Option<Vec<String>> = bodies
        .map(|rest| {
            let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
            let der = STANDARD
                .decode(body.split_whitespace().collect::<String>())
                .ok()?;
            Some(STANDARD.encode(der))
        })
        .collect();
    found
        .filter(|found| !found.is_empty())
        .ok_or_else(|| holds_none(file))
}

fn holds_none(file: &str) -> Failure {
    Failure::final_one(format!(
        "the file {} holds no certificate in PEM",
        shown_path(file)
    ))
}

async fn text(file: &str) -> Result<String, Failure> {
    small_file::text(file).await.map_err(|err| {
        Failure::final_one(format!(
            "the file {} could not be read: {err}",
            shown_path(file)
        ))
    })
}

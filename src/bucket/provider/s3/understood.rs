//! What was understood of an S3 bucket's section, for people. No secret is in it, and of an access key no more than whose it is.

use super::config::{Config, Credentials, Encryption, STORAGE_CLASS, Signatures, Trace};
use super::dialect::ListVersion;
use crate::bucket::backend::Multipart;

/// Key by key, as Thanos spells them.
pub(super) fn understood(config: &Config) -> Vec<(&'static str, String)> {
    let is_virtual = config
        .endpoint
        .is_virtual_hosted(config.lookup, &config.bucket);
    let style = if is_virtual { "virtual-hosted" } else { "path" };
    let region = match (config.region.as_deref(), config.endpoint.region()) {
        (Some(region), _) => region.to_owned(),
        (None, Some(region)) => format!("{region}, as the endpoint says"),
        (None, None) => "asked of the server".to_owned(),
    };
    let mut told = vec![
        ("bucket", config.bucket.clone()),
        (
            "endpoint",
            format!("{}://{}", config.endpoint.scheme(), config.endpoint),
        ),
        ("region", region),
        ("bucket_lookup_type", format!("{style} style")),
        ("credentials", credentials(config)),
    ];
    match &config.encryption {
        None => {}
        Some(Encryption::Server(_)) => told.push(("sse_config", "SSE-S3".to_owned())),
        Some(Encryption::KeyService(_)) => told.push((
            "sse_config",
            "SSE-KMS; entity tags tell nothing of the content".to_owned(),
        )),
        Some(Encryption::Customer(_)) => told.push((
            "sse_config",
            "SSE-C; entity tags tell nothing of the content".to_owned(),
        )),
    }
    let headers: Vec<&str> = config
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != STORAGE_CLASS)
        .collect();
    if !headers.is_empty() {
        told.push(("put_user_metadata", headers.join(", ")));
    }
    if let Multipart::Never { .. } = config.multipart {
        told.push((
            "disable_multipart",
            "each object goes in one request".to_owned(),
        ));
    }
    if config.list == ListVersion::One {
        told.push(("list_objects_version", "v1".to_owned()));
    }
    if config.signatures() == Signatures::Two {
        told.push(("signature_version2", "signatures of version 2".to_owned()));
    }
    if config.trace == Trace::On {
        told.push((
            "trace",
            "each request is told of in the log, at level debug".to_owned(),
        ));
    }
    if !config.content_md5 {
        told.push((
            "send_content_md5",
            "false: what is put bears no MD5".to_owned(),
        ));
    }
    told
}

/// Likewise of a vendor's section, as far as all vendors have the same.
pub(in crate::bucket::provider) fn of_vendor(config: &Config) -> Vec<(&'static str, String)> {
    let name = config
        .name()
        .map_or_else(|| "as the endpoint says".to_owned(), str::to_owned);
    let region = config
        .region()
        .map_or_else(|| "asked of the server".to_owned(), str::to_owned);
    vec![
        ("bucket", name),
        ("endpoint", config.address()),
        ("region", region),
        ("credentials", credentials(config)),
    ]
}

fn credentials(config: &Config) -> String {
    match &config.credentials {
        Credentials::Static {
            access_key,
            session_token,
            ..
        } => {
            let token = if session_token.is_some() {
                " with a session token"
            } else {
                ""
            };
            format!(
                "the access key {}{token}; secrets hidden",
                hinted(access_key)
            )
        }
        Credentials::Sdk => "as the AWS SDK finds them".to_owned(),
        Credentials::Found if config.web_identity.is_some() => {
            "by the web identity that the environment names".to_owned()
        }
        Credentials::Found => {
            "as found in files, of a container or of an instance; without any, anonymous".to_owned()
        }
    }
}

/// The beginning of a key: enough to tell it from another, and to use it nowhere.
fn hinted(key: &str) -> String {
    let shown = key.chars().count().min(16) / 4;
    let beginning: String = key.chars().take(shown).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_only_its_beginning_is_shown() {
        for (key, expected) in [
            ("AKIAIOSFODNN7EXAMPLE", "AKIA…"),
            ("minioadmin", "mi…"),
            ("abc", "…"),
            ("", "…"),
        ] {
            assert_eq!(hinted(key), expected);
        }
    }
}

//! `sse_config`: how the server encrypts what is put.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::headers::Headers;
use crate::bucket::values::{checked, fault, text};
use crate::environment::Secret;
use crate::error::{Error, Result};
use crate::small_file;
use crate::yaml::{Fields, Unknown, quoted};

#[derive(Debug)]
pub(in crate::bucket::provider::s3) enum Encryption {
    /// With a key of the server's; the headers that ask for it when an object is put.
    Server(Headers),
    /// With a key of a key service; likewise.
    KeyService(Headers),
    /// With the customer's key, in base64.
    Customer(Secret),
}

const HEADER: &str = "x-amz-server-side-encryption";

/// The header that names the key of a key service.
pub(in crate::bucket::provider::s3) const KEY_ID: &str =
    "x-amz-server-side-encryption-aws-kms-key-id";

pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Option<Encryption>> {
    let Some(node) = fields.take("sse_config") else {
        return Ok(None);
    };
    let mut sse = node.fields("config.sse_config", Unknown::Refuse)?;
    let kind = text(&mut sse, "type")?;
    let key_id = text(&mut sse, "kms_key_id")?;
    let context = sse
        .string_map("kms_encryption_context")?
        .unwrap_or_default();
    let key_file = text(&mut sse, "encryption_key")?;
    sse.finish()?;
    match kind.as_deref() {
        None => Ok(None),
        Some("SSE-S3") => {
            let headers = vec![(HEADER.to_owned(), "AES256".to_owned())];
            Ok(Some(Encryption::Server(headers)))
        }
        Some("SSE-KMS") => {
            let key_id = key_id.ok_or_else(|| {
                Error::usage("config.sse_config.kms_key_id is missing: SSE-KMS needs it")
            })?;
            let key_id = checked("config.sse_config.kms_key_id", key_id, fault)?;
            Ok(Some(Encryption::KeyService(key_service(key_id, &context))))
        }
        Some("SSE-C") => {
            let path = key_file.ok_or_else(|| {
                Error::usage("config.sse_config.encryption_key is missing: SSE-C needs the path of the key's file")
            })?;
            customer_key(&path).map(Some)
        }
        Some(other) => {
            let shown = quoted(other).map(|value| format!(" {value}"));
            let shown = shown.unwrap_or_default();
            Err(Error::usage(format!(
                "config.sse_config.type{shown}: expected SSE-S3, SSE-KMS or SSE-C"
            )))
        }
    }
}

fn key_service(key_id: String, context: &BTreeMap<String, String>) -> Headers {
    let mut headers = vec![
        (HEADER.to_owned(), "aws:kms".to_owned()),
        (KEY_ID.to_owned(), key_id),
    ];
    if !context.is_empty() {
        let context = serde_json::json!(context).to_string();
        headers.push((format!("{HEADER}-context"), STANDARD.encode(context)));
    }
    headers
}

fn customer_key(path: &str) -> Result<Encryption> {
    let at = "config.sse_config.encryption_key";
    let shown = small_file::shown_path(path);
    let mut key = Vec::new();
    // One byte more than a key has, so that too long a file shows.
    File::open(path)
        .and_then(|file| file.take(33).read_to_end(&mut key))
        .map_err(|err| {
            let expected = "expected the path of a file with the 32 bytes of a key";
            Error::usage(format!("{at}: read {shown}: {err}: {expected}"))
        })?;
    if key.len() != 32 {
        let has = match key.len() {
            33 => "more than 32".to_owned(),
            fewer => fewer.to_string(),
        };
        return Err(Error::usage(format!(
            "{at}: {shown} has {has} bytes, expected the 32 of a key"
        )));
    }
    Ok(Encryption::Customer(Secret::new(STANDARD.encode(key))))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::yaml;

    fn parsed(entry: &str) -> Result<Option<Encryption>> {
        let node = yaml::parse(&format!("sse_config: {entry}"))
            .unwrap()
            .unwrap();
        parse(&mut node.fields("config", Unknown::Refuse).unwrap())
    }

    /// S-2.6
    #[test]
    fn a_key_in_the_place_of_its_path_is_not_repeated() {
        for key in [
            "hunter2hunter2hunter2hunter2hunt",
            "kZ4xv7rQmB1c9uY2pL8sD3fG6hJ0wE5n",
            "/Z4xv7rQmB1c9uY2pL8sD3fG6hJ0wE5nkZ4xv7rQmB0=",
            "/Z4xv7rQmB1/9uY2pL8sD3fG+hJ0wE5nkZ4xv7rQmB0=",
            "../8f14e45fceea167a5a36dedd4bea2543",
            "/8f14e45fceea167a5a36dedd4bea2543",
        ] {
            let entry = format!("{{type: SSE-C, encryption_key: '{key}'}}");
            let err = parsed(&entry).unwrap_err().to_string();
            assert!(!err.contains(key), "{err}");
            assert!(
                err.contains("encryption_key") && err.contains("not repeated"),
                "{err}"
            );
        }
        let err = parsed("{type: SSE-EVERYTHING}").unwrap_err();
        assert!(
            err.to_string().contains("config.sse_config.type: expected"),
            "{err}"
        );
        let err = parsed("{type: SSE-C, encryption_key: /no/such/ssec.key}").unwrap_err();
        assert!(err.to_string().contains("\"/no/such/ssec.key\""), "{err}");
    }

    /// S-3.7
    #[test]
    fn a_key_service_is_asked_with_its_key_and_context() {
        let entry = "{type: SSE-KMS, kms_key_id: k1, kms_encryption_context: {a: b}}";
        let Some(Encryption::KeyService(headers)) = parsed(entry).unwrap() else {
            panic!("{entry}");
        };
        let values: Vec<&str> = headers.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["aws:kms", "k1", "eyJhIjoiYiJ9"]);
        let err = parsed("{type: SSE-KMS, kms_key_id: \"k1\\n\"}").unwrap_err();
        assert!(
            err.to_string().contains("kms_key_id ends in a line break"),
            "{err}"
        );
    }
}

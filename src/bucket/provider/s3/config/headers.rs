//! `put_user_metadata`: what goes along with every object that is put, as headers.

use crate::bucket::values;
use crate::error::{Error, Result};
use crate::yaml::{Fields, quoted};

/// Headers in lower case, with their values.
pub(super) type Headers = Vec<(String, String)>;

const AT: &str = "config.put_user_metadata";

/// The header that names an object's storage class.
pub(in super::super) const STORAGE_CLASS: &str = "x-amz-storage-class";

const METADATA: &str = "x-amz-meta-";

/// What Thanos' client calls standard headers: it would send them as they are, and refuses to upload with them.
const STANDARD: [&str; 11] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-metadata-directive",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-replication-status",
    "x-amz-website-redirect-location",
];

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// A header of its own.
    Header(String),
    /// Likewise, although Thanos would refuse to upload.
    HeaderHere(String),
    /// Nothing that may be given here, and why.
    Refused(&'static str),
}

pub(super) fn parse(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<Headers> {
    let given = fields.string_map("put_user_metadata")?.unwrap_or_default();
    let mut headers = Headers::new();
    for (name, value) in given {
        let at = place(&name);
        let header = match meaning(&name) {
            Meaning::Header(header) => header,
            Meaning::HeaderHere(header) => {
                warnings.push(format!(
                    "{at} is sent as a header; Thanos refuses to upload with it"
                ));
                header
            }
            Meaning::Refused(why) => return Err(Error::usage(format!("{at} {why}"))),
        };
        let value = value.trim_matches([' ', '\t']).to_owned();
        if let Some(fault) = values::fault_of_line(&value).filter(|_| !value.is_empty()) {
            return Err(Error::usage(format!(
                "{at} {fault}: expected text on one line"
            )));
        }
        headers.push((header, value));
    }
    Ok(headers)
}

/// How errors speak of a name, which may be a secret at a wrong place.
fn place(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
    if name.is_empty() {
        format!("{AT}: an empty name in it")
    } else if quoted(name).is_some() || name.len() <= 40 && name.chars().all(is_word) {
        format!("{AT}.{name}")
    } else {
        format!("{AT}: a name in it")
    }
}

/// As minio-go tells headers from metadata.
fn meaning(name: &str) -> Meaning {
    let name = name.to_ascii_lowercase();
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_fit) {
        Meaning::Refused("is no name of a header: expected letters, digits and dashes")
    } else if name.starts_with("x-amz-server-side-encryption") {
        Meaning::Refused("is about encryption: expected config.sse_config for that")
    } else if name.starts_with("x-minio-") {
        Meaning::Refused("belongs to MinIO itself, and Thanos refuses it")
    } else if name.starts_with("x-amz-checksum-") {
        Meaning::Refused("is the checksum of one object, and this goes along with all of them")
    } else if STANDARD.contains(&name.as_str()) {
        Meaning::HeaderHere(name)
    } else if name == STORAGE_CLASS
        || name == "x-amz-acl"
        || name.starts_with("x-amz-grant-")
        || name.starts_with(METADATA) && name.len() > METADATA.len()
    {
        Meaning::Header(name)
    } else {
        Meaning::Header(format!("{METADATA}{name}"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::yaml::{self, Unknown};

    fn parsed(entry: &str) -> Result<(Headers, Vec<String>)> {
        let node = yaml::parse(&format!("put_user_metadata: {entry}"))
            .unwrap()
            .unwrap();
        let mut fields = node.fields("config", Unknown::Refuse).unwrap();
        let mut warnings = Vec::new();
        parse(&mut fields, &mut warnings).map(|headers| (headers, warnings))
    }

    /// S-3.10
    #[test]
    fn names_are_headers_or_metadata_as_thanos_client_takes_them() {
        for (name, header, warned) in [
            ("team", "x-amz-meta-team", false),
            ("X-Amz-Meta-Team", "x-amz-meta-team", false),
            ("X-Amz-Acl", "x-amz-acl", false),
            ("x-amz-grant-read", "x-amz-grant-read", false),
            ("X-Amz-Storage-Class", "x-amz-storage-class", false),
            ("Cache-Control", "cache-control", true),
            ("Content-Type", "content-type", true),
            ("expires", "expires", true),
            ("X-Amz-Tagging", "x-amz-meta-x-amz-tagging", false),
            ("authorization", "x-amz-meta-authorization", false),
            ("x-amz-meta-", "x-amz-meta-x-amz-meta-", false),
        ] {
            let (headers, warnings) = parsed(&format!("{{{name}: ' value '}}")).unwrap();
            assert_eq!(headers, [(header.to_owned(), "value".to_owned())]);
            assert_eq!(!warnings.is_empty(), warned, "{name}");
        }
    }

    /// S-3.7, S-3.10
    #[test]
    fn what_no_header_can_hold_is_refused_with_its_name() {
        for (entry, told) in [
            (
                "{team: \"a\\nb\"}",
                "put_user_metadata.team holds a line break",
            ),
            (
                "{team: \"a\\n\"}",
                "put_user_metadata.team ends in a line break",
            ),
            (
                "{team: \"a\\0b\"}",
                "put_user_metadata.team holds a control character",
            ),
            ("{'te am': a}", "put_user_metadata: a name in it is no name"),
            (
                "{'hunter2:': a}",
                "put_user_metadata: a name in it is no name",
            ),
            (
                "{'': a}",
                "put_user_metadata: an empty name in it is no name",
            ),
            ("{X-Minio-Source: a}", "X-Minio-Source belongs"),
            ("{x-amz-checksum-sha256: a}", "checksum of one object"),
            (
                "{X-Amz-Server-Side-Encryption-Customer-Key: hunter2}",
                "sse_config",
            ),
            ("[a]", "a mapping"),
        ] {
            let err = parsed(entry).unwrap_err().to_string();
            assert!(err.contains(told), "{entry}: {err}");
            assert!(!err.contains("hunter2"), "{err}");
            assert_eq!(err.lines().count(), 1);
        }
    }
}

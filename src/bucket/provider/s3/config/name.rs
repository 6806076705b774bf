//! Names of buckets. A name goes into addresses: another one than was meant would be written to, or the bucket itself be put or deleted.

use crate::error::{Error, Result};

/// The name, when it is one that Thanos' client takes: letters, digits and `.`, `-`, `_`, `:`. Upper case and underscores are in use on
/// `MinIO`, Ceph and old buckets of Amazon's, a colon with tenants of Ceph.
pub(super) fn checked(name: String) -> Result<String> {
    match fault(&name) {
        None => Ok(name),
        Some(fault) if fault.contains("expected") => {
            Err(Error::usage(format!("config.bucket {fault}")))
        }
        Some(fault) => Err(Error::usage(format!(
            "config.bucket {fault}: expected 3 to 63 letters, digits, and . - _ in between"
        ))),
    }
}

/// Amazon's directory buckets show their objects in no order, so that no listing of theirs could be known to be whole, and take other signatures.
pub(super) fn refuse_directory(bucket: &str, authority: &str) -> Result<()> {
    let host = authority.split(':').next().unwrap_or_default();
    let is_amazons = [".amazonaws.com", ".amazonaws.com.cn"]
        .iter()
        .any(|end| host.ends_with(end));
    let key = if is_amazons && (bucket.ends_with("--x-s3") || bucket.ends_with("--xa-s3")) {
        "bucket"
    } else if is_amazons && (host.starts_with("s3express") || host.contains(".s3express")) {
        "endpoint"
    } else {
        return Ok(());
    };
    Err(Error::usage(format!(
        "config.{key} is that of a directory bucket, which lists its objects in no order, so that nothing could be proven of it: expected a general purpose bucket"
    )))
}

/// As `CheckValidBucketName` of minio-go decides, with a word on what was probably meant.
fn fault(name: &str) -> Option<&'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    let ends_plainly = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_address = name.split('.').count() == 4
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(fault) = crate::bucket::values::fault(name) {
        Some(fault)
    } else if name.starts_with("arn:") {
        Some("is an ARN: expected the bucket's name, or the access point's alias")
    } else if name.contains("://") {
        Some("is a URL: expected the bucket's name alone")
    } else if name.contains('/') {
        Some(
            "has a slash: expected the bucket's name; what names begin with is given as prefix, beside config",
        )
    } else if !(3..=63).contains(&name.len()) {
        Some("has too few or too many characters: expected 3 to 63")
    } else if is_address {
        Some("is an IP address: expected a name")
    } else if ["..", ".-", "-."].iter().any(|pair| name.contains(pair)) {
        Some("has .., .- or -. in it: expected a name")
    } else if !name.chars().all(is_plain) {
        Some("has a character that no name has: expected letters, digits, and . - _ in between")
    } else if !ends_plainly(name.chars().next()) || !ends_plainly(name.chars().next_back()) {
        Some("begins or ends with neither a letter nor a digit: expected a name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.19
    #[test]
    fn directory_buckets_are_refused_with_the_key_that_tells_them() {
        let general = "s3.us-west-2.amazonaws.com";
        let zonal = "s3express-usw2-az1.us-west-2.amazonaws.com";
        for (bucket, authority, expected) in [
            ("hot--usw2-az1--x-s3", general, Some("config.bucket ")),
            ("hot-ap--usw2-az1--xa-s3", general, Some("config.bucket ")),
            ("hot", zonal, Some("config.endpoint ")),
            (
                "hot",
                "s3express-control.us-west-2.amazonaws.com:443",
                Some("config.endpoint "),
            ),
            ("hot", general, None),
            ("hot--x-s3x", general, None),
            ("hot--usw2-az1--x-s3", "minio:9000", None),
            ("hot", "s3express.example.com", None),
        ] {
            let refused = refuse_directory(bucket, authority).map_err(|err| err.to_string());
            let is_right = match (&refused, expected) {
                (Ok(()), None) => true,
                (Err(err), Some(key)) => err.contains(key) && err.contains("in no order"),
                _ => false,
            };
            assert!(is_right, "{bucket} {authority}: {refused:?}");
        }
    }

    /// S-3.7
    #[test]
    fn names_are_taken_as_thanos_client_takes_them() {
        for name in [
            "hot",
            "thanos-hot.eu-1",
            "Thanos_Hot",
            "tenant:hot",
            "1.2.3",
            "my-ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias",
            &"a".repeat(63),
        ] {
            assert_eq!(fault(name), None, "{name}");
        }
        for (name, why) in [
            ("", "empty"),
            ("hot ", "a space"),
            ("hot\n", "a line break"),
            ("hot#x", "a character"),
            ("hot?x", "a character"),
            ("hot%2fx", "a character"),
            ("hot x", "a character"),
            ("..", "too few"),
            ("...", ".."),
            ("a..b", ".."),
            ("a.-b", ".-"),
            ("hot/", "a slash"),
            ("hot/sub", "a slash"),
            ("s3://hot", "a URL"),
            ("arn:aws:s3:eu-west-1:123456789012:accesspoint/hot", "alias"),
            ("arn:aws:s3:::hot", "alias"),
            ("127.0.0.1", "an IP address"),
            ("-hot", "begins or ends"),
            ("hot_", "begins or ends"),
            ("ho", "too few"),
            (&"a".repeat(64), "too many"),
            ("hôt", "beyond ASCII"),
        ] {
            let told = fault(name).unwrap_or_default();
            assert!(told.contains(why), "{name:?}: {told}");
        }
    }
}

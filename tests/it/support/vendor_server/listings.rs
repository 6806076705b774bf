//! Requests about a bucket: what is in it, and how it keeps it.

use std::collections::BTreeSet;

use super::answers::{Refusal, element, xml};
use super::objects::time;
use super::signature::decoded;
use super::state::{Bucket, Object};
use super::vendor::{About, Encoding, Lists, NextMarker, Vendor};
use super::{Buckets, Request};
use crate::support::answering::Answer;

/// A page has so many names.
const MOST: usize = 1000;

/// `GET` of a bucket.
pub fn read(vendor: &Vendor, bucket: &Bucket, request: &Request<'_>) -> Result<Answer, Refusal> {
    let asks = |name: &str| request.parameter(name).is_some();
    if asks("location") {
        let region = request.regions.last().map_or("", String::as_str);
        return Ok(xml("LocationConstraint", region));
    }
    let is_of_versions = ["versioning", "versions", "object-lock"];
    if vendor.about == About::Nothing && is_of_versions.into_iter().any(asks) {
        let why = "A header or query you provided implies functionality that is not implemented.";
        return Err(Refusal::new(501, "NotImplemented", why));
    }
    if asks("versioning") {
        let status = bucket.versioning.map(|status| element("Status", status));
        return Ok(xml("VersioningConfiguration", &status.unwrap_or_default()));
    }
    if asks("object-lock") {
        let code = "ObjectLockConfigurationNotFoundError";
        return Err(Refusal::new(404, code, "there is none"));
    }
    if asks("lifecycle") {
        let code = "NoSuchLifecycleConfiguration";
        return Err(Refusal::new(404, code, "there is none"));
    }
    if asks("acl") || asks("policy") {
        return Err(Refusal::new(403, "AccessDenied", "it is not yours to ask"));
    }
    if asks("versions") {
        return Ok(versions(request, bucket));
    }
    list(vendor, bucket, request)
}

/// What a page is to show, and what it shows.
struct Page {
    /// Names and directories in their order; an object where it is one.
    names: Vec<String>,
    is_last: bool,
}

fn page(bucket: &Bucket, request: &Request<'_>, after: &str) -> Page {
    let prefix = request.text("prefix");
    let delimiter = request.text("delimiter");
    let most = request.text("max-keys").parse().unwrap_or(MOST).min(MOST);
    let shown = bucket
        .objects
        .keys()
        .filter(|key| key.starts_with(&prefix))
        .map(|key| {
            let rest = &key[prefix.len()..];
            let end = rest.find(&delimiter).filter(|_| !delimiter.is_empty());
            match end {
                Some(end) => format!("{prefix}{}{delimiter}", &rest[..end]),
                None => key.clone(),
            }
        })
        .filter(|name| name.as_str() > after)
        .collect::<BTreeSet<String>>();
    Page {
        is_last: shown.len() <= most,
        names: shown.into_iter().take(most).collect(),
    }
}

fn list(vendor: &Vendor, bucket: &Bucket, request: &Request<'_>) -> Result<Answer, Refusal> {
    if vendor.refuses_owners && request.parameter("fetch-owner").is_some() {
        return Err(Refusal::new(501, "NotImplemented", "fetch-owner"));
    }
    let is_second = vendor.lists == Lists::Both && request.text("list-type") == "2";
    let is_encoded = request.text("encoding-type") == "url";
    let token = request.parameter("continuation-token");
    let after = match (is_second, token) {
        (false, _) if is_encoded && vendor.encodes == Encoding::Broken => String::new(),
        (false, _) => request.text("marker"),
        (true, None) => request.text("start-after"),
        (true, Some(token)) => String::from_utf8(decoded(&token))
            .map_err(|_| Refusal::new(400, "InvalidArgument", "continuation-token"))?,
    };
    let page = page(bucket, request, &after);
    let spelled = |name: &str| {
        if is_encoded {
            encoded(name)
        } else {
            name.to_owned()
        }
    };
    let mut inside = element("Name", &request.bucket);
    for name in ["prefix", "delimiter"] {
        if let Some(value) = request.parameter(name) {
            let capital = name[..1].to_ascii_uppercase() + &name[1..];
            inside += &element(&capital, &spelled(&value));
        }
    }
    if is_encoded {
        inside += &element("EncodingType", "url");
    }
    inside += &element("MaxKeys", &MOST.to_string());
    inside += &element("IsTruncated", &(!page.is_last).to_string());
    let last = page.names.last().cloned().unwrap_or_default();
    if is_second {
        inside += &element("KeyCount", &page.names.len().to_string());
        if !page.is_last {
            // Nothing that anybody but the server could make.
            let token = last.bytes().map(|byte| format!("%{byte:02X}"));
            let token = token.collect::<Vec<_>>().concat();
            inside += &element("NextContinuationToken", &token);
        }
    } else {
        inside += &element("Marker", &spelled(&after));
        let has_delimiter = request.parameter("delimiter").is_some();
        let is_named = vendor.next_marker == NextMarker::Always || has_delimiter;
        if !page.is_last && is_named {
            inside += &element("NextMarker", &spelled(&last));
        }
    }
    for name in &page.names {
        let shown = if let Some(object) = bucket.objects.get(name) {
            row("Contents", &spelled(name), object, "")
        } else {
            let prefix = element("Prefix", &spelled(name));
            format!("<CommonPrefixes>{prefix}</CommonPrefixes>")
        };
        inside += &shown;
    }
    Ok(xml("ListBucketResult", &inside))
}

fn row(kind: &str, key: &str, object: &Object, more: &str) -> String {
    let Object {
        tag,
        modified,
        class,
        bytes,
    } = object;
    let fields = [
        element("Key", key),
        more.to_owned(),
        element("LastModified", &time(*modified)),
        element("ETag", &format!("\"{tag}\"")),
        element("Size", &bytes.len().to_string()),
        element("StorageClass", class),
        "<Owner><ID>1</ID><DisplayName>somebody</DisplayName></Owner>".to_owned(),
    ];
    format!("<{kind}>{}</{kind}>", fields.concat())
}

/// Each object is its only version.
fn versions(request: &Request<'_>, bucket: &Bucket) -> Answer {
    let page = page(bucket, request, &request.text("key-marker"));
    let is_encoded = request.text("encoding-type") == "url";
    let mut inside = element("IsTruncated", &(!page.is_last).to_string());
    let spelled = |name: &str| {
        if is_encoded {
            encoded(name)
        } else {
            name.to_owned()
        }
    };
    if is_encoded {
        inside += &element("EncodingType", "url");
    }
    if let Some(last) = page.names.last().filter(|_| !page.is_last) {
        inside += &element("NextKeyMarker", &spelled(last));
        inside += &element("NextVersionIdMarker", "null");
    }
    let only = element("VersionId", "null") + &element("IsLatest", "true");
    for name in &page.names {
        if let Some(object) = bucket.objects.get(name) {
            inside += &row("Version", &spelled(name), object, &only);
        }
    }
    xml("ListVersionsResult", &inside)
}

/// Percent-encoded, but for what stands between names.
pub fn encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| {
            let letter = char::from(byte);
            if letter.is_ascii_alphanumeric() || "-._~/".contains(letter) {
                letter.to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// `HEAD` of a bucket, and what else needs no more than that it is there.
pub fn is_there(buckets: &Buckets, request: &Request<'_>) -> Result<Answer, Refusal> {
    buckets.named(&request.bucket)?;
    Ok(super::answers::empty(200))
}

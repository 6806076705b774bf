//! Requests about one object.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};

use super::answers::{Refusal, element, empty, xml};
use super::signature::decoded;
use super::state::{Bucket, Object, USUAL};
use super::vendor::Vendor;
use super::{Buckets, Request};
use crate::support::answering::Answer;

/// So much is put at once.
const LARGEST_PUT: usize = 5 << 30;

/// `GET` and `HEAD`.
pub fn read(vendor: &Vendor, bucket: &Bucket, request: &Request<'_>) -> Result<Answer, Refusal> {
    let object = bucket.objects.get(&request.key).ok_or_else(no_such_key)?;
    if is_archived(vendor, &object.class) && request.asked.method == "GET" {
        let why = "the object has to be restored before it is read";
        return Err(Refusal::new(403, "InvalidObjectState", why));
    }
    let told = |name: &str| request.asked.header(name).map(|tag| tag.trim_matches('"'));
    let tag = object.tag.as_str();
    if told("if-match").is_some_and(|wanted| wanted != tag && wanted != "*") {
        return Err(changed());
    }
    let mut headers = vec![
        ("etag", format!("\"{tag}\"")),
        ("last-modified", date(object.modified)),
        ("accept-ranges", "bytes".to_owned()),
    ];
    if object.class != USUAL {
        headers.push(("x-amz-storage-class", object.class.clone()));
    }
    if told("if-none-match").is_some_and(|unwanted| unwanted == tag || unwanted == "*") {
        return Ok(Answer {
            headers,
            ..empty(304)
        });
    }
    headers.push(("content-type", "application/octet-stream".to_owned()));
    let size = object.bytes.len();
    let range = request.asked.header("range");
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return Ok(Answer {
            status: 200,
            headers,
            body: object.bytes.to_vec(),
        });
    };
    let Some(Range { start, end }) = within(range, size) else {
        return Err(Refusal::new(416, "InvalidRange", range));
    };
    let told = format!("bytes {start}-{}/{size}", end - 1);
    headers.push(("content-range", told));
    Ok(Answer {
        status: 206,
        headers,
        body: object.bytes[start..end].to_vec(),
    })
}

/// What a range stands for.
fn within(range: &str, size: usize) -> Option<Range<usize>> {
    let (first, last) = range.split_once('-')?;
    let (start, end) = match (first, last) {
        ("", suffix) => (size.saturating_sub(suffix.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => (
            first.parse().ok()?,
            size.min(last.parse::<usize>().ok()? + 1),
        ),
    };
    (start < end).then_some(start..end)
}

/// `PUT`, whole or as a copy.
pub fn put(
    vendor: &Vendor,
    buckets: &mut Buckets,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    may_be_put(vendor, request)?;
    let class = class(vendor, request)?;
    let source = request.asked.header("x-amz-copy-source");
    let bytes = match source {
        Some(source) => copied(vendor, buckets, request, source)?,
        None => request.asked.body.clone().into(),
    };
    if bytes.len() > LARGEST_PUT {
        return Err(Refusal::new(400, "EntityTooLarge", "it is too large"));
    }
    let bucket = buckets.of(request)?;
    may_be_replaced(vendor, bucket, request)?;
    let object = Object::new(bytes, &class, vendor.tags);
    let (tag, modified) = (format!("\"{}\"", object.tag), object.modified);
    bucket.objects.insert(request.key.clone(), object);
    Ok(match source {
        Some(_) => xml("CopyObjectResult", &receipt(&tag, modified)),
        None => Answer {
            headers: vec![("etag", tag)],
            ..empty(200)
        },
    })
}

/// What is told of a copy.
pub fn receipt(tag: &str, modified: DateTime<Utc>) -> String {
    element("ETag", tag) + &element("LastModified", &time(modified))
}

/// Whether what comes along with an object is understood, and true.
pub fn may_be_put(vendor: &Vendor, request: &Request<'_>) -> Result<(), Refusal> {
    let (status, code) = vendor.refuses_checksums;
    let is_unknown = |name: &str| {
        name.starts_with("x-amz-checksum-")
            || ["x-amz-sdk-checksum-algorithm", "x-amz-trailer"].contains(&name)
    };
    let headers = &request.asked.headers;
    let unknown = headers.iter().find(|(name, value)| {
        is_unknown(name) || (name == "content-encoding" && value.contains("aws-chunked"))
    });
    if let Some((name, value)) = unknown {
        let why = format!("{name}: {value} is not supported");
        return Err(Refusal::new(status, code, &why));
    }
    let Some(told) = request.asked.header("content-md5") else {
        return Ok(());
    };
    let Ok(told) = STANDARD.decode(told) else {
        return Err(Refusal::new(400, "InvalidDigest", "it is no MD5"));
    };
    if told != Md5::digest(&request.asked.body)[..] {
        return Err(Refusal::new(400, "BadDigest", "the MD5 is another one"));
    }
    Ok(())
}

/// Whether an object of that name may be put, whatever is there. `If-None-Match` is a header that nobody looks at.
pub fn may_be_replaced(
    vendor: &Vendor,
    bucket: &Bucket,
    request: &Request<'_>,
) -> Result<(), Refusal> {
    let Some((header, code)) = vendor.forbids_overwriting else {
        return Ok(());
    };
    let is_heeded = vendor.forbids_in_versions || bucket.versioning.is_none();
    let is_forbidden = request.asked.header(header) == Some("true");
    if is_heeded && is_forbidden && bucket.objects.contains_key(&request.key) {
        return Err(Refusal::new(409, code, "there is an object of that name"));
    }
    Ok(())
}

/// The class that is asked for.
pub fn class(vendor: &Vendor, request: &Request<'_>) -> Result<String, Refusal> {
    let class = request.asked.header("x-amz-storage-class").unwrap_or(USUAL);
    if !vendor.classes.iter().any(|(name, _)| *name == class) {
        return Err(Refusal::new(400, "InvalidStorageClass", class));
    }
    Ok(class.to_owned())
}

/// The bytes that a copy is of.
pub fn copied(
    vendor: &Vendor,
    buckets: &Buckets,
    request: &Request<'_>,
    source: &str,
) -> Result<Bytes, Refusal> {
    let invalid = || Refusal::new(400, "InvalidArgument", "x-amz-copy-source is none");
    let (source, _) = source.split_once("?versionId=").unwrap_or((source, ""));
    let source = String::from_utf8(decoded(source)).map_err(|_| invalid())?;
    let (bucket, key) = source
        .trim_start_matches('/')
        .split_once('/')
        .ok_or_else(invalid)?;
    let bucket = buckets.named(bucket)?;
    let object = bucket.objects.get(key).ok_or_else(no_such_key)?;
    let wanted = request.asked.header("x-amz-copy-source-if-match");
    if wanted.is_some_and(|wanted| wanted.trim_matches('"') != object.tag) {
        return Err(changed());
    }
    if is_archived(vendor, &object.class) {
        let why = "the object has to be restored before it is copied";
        return Err(Refusal::new(403, "InvalidObjectState", why));
    }
    let Some(range) = request.asked.header("x-amz-copy-source-range") else {
        return Ok(object.bytes.clone());
    };
    let range = range.strip_prefix("bytes=").ok_or_else(invalid)?;
    match within(range, object.bytes.len()) {
        Some(range) => Ok(object.bytes.slice(range)),
        None => Err(Refusal::new(416, "InvalidRange", "there is no such part")),
    }
}

fn is_archived(vendor: &Vendor, class: &str) -> bool {
    vendor.classes.contains(&(class, true))
}

pub fn no_such_key() -> Refusal {
    Refusal::new(404, "NoSuchKey", "The specified key does not exist.")
}

fn changed() -> Refusal {
    Refusal::new(412, "PreconditionFailed", "the object is another one")
}

/// As headers tell it.
fn date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// As documents tell it.
pub fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

//! Requests about objects that come in parts.

use bytes::Bytes;
use regex::Regex;

use super::answers::{Refusal, element, empty, xml};
use super::listings::encoded;
use super::objects::{class, copied, may_be_put, may_be_replaced, receipt, time};
use super::state::{Bucket, Object, Part, Upload, now, tag};
use super::vendor::Vendor;
use super::{Buckets, Request};
use crate::support::answering::Answer;

/// Parts have numbers up to this one.
const MOST_PARTS: u32 = 10_000;

/// `POST ?uploads`.
pub fn begin(
    vendor: &Vendor,
    bucket: &mut Bucket,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    may_be_put(vendor, request)?;
    let upload = Upload {
        key: request.key.clone(),
        class: class(vendor, request)?,
        begun: now(),
        parts: std::collections::BTreeMap::new(),
    };
    let id = ulid::Ulid::generate().to_string();
    let inside = element("Bucket", &request.bucket)
        + &element("Key", &request.key)
        + &element("UploadId", &id);
    bucket.uploads.insert(id, upload);
    Ok(xml("InitiateMultipartUploadResult", &inside))
}

/// `PUT ?partNumber&uploadId`, of bytes that are sent or copied.
pub fn put(
    vendor: &Vendor,
    buckets: &mut Buckets,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    may_be_put(vendor, request)?;
    let number = request.text("partNumber").parse().unwrap_or(0);
    if !(1..=MOST_PARTS).contains(&number) {
        return Err(Refusal::new(400, "InvalidArgument", "partNumber"));
    }
    let source = request.asked.header("x-amz-copy-source");
    let bytes: Bytes = match source {
        Some(source) => copied(vendor, buckets, request, source)?,
        None => request.asked.body.clone().into(),
    };
    let part = Part {
        tag: tag(&bytes, vendor.tags),
        bytes,
        modified: now(),
    };
    let tag = format!("\"{}\"", part.tag);
    let modified = part.modified;
    let upload = upload(buckets.of(request)?, request)?;
    upload.parts.insert(number, part);
    Ok(match source {
        Some(_) => xml("CopyPartResult", &receipt(&tag, modified)),
        None => Answer {
            headers: vec![("etag", tag)],
            ..empty(200)
        },
    })
}

/// `POST ?uploadId`.
pub fn complete(
    vendor: &Vendor,
    bucket: &mut Bucket,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    let invalid = |code, why: &str| Err(Refusal::new(400, code, why));
    let body = String::from_utf8_lossy(&request.asked.body).into_owned();
    let (number, tag) = (
        Regex::new("<PartNumber>([0-9]+)</PartNumber>").unwrap(),
        Regex::new("<ETag>(?:&quot;|&#34;|\")?([^<&\"]*)").unwrap(),
    );
    let upload = upload(bucket, request)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut last = 0;
    for part in body.split("</Part>").filter(|part| part.contains("<Part>")) {
        let (Some(number), Some(tag)) = (number.captures(part), tag.captures(part)) else {
            return invalid("MalformedXML", part);
        };
        let number: u32 = number[1].parse().unwrap_or(0);
        if number <= last {
            return invalid("InvalidPartOrder", part);
        }
        last = number;
        match upload.parts.get(&number) {
            Some(part) if part.tag == tag[1] => parts.push(part.clone()),
            _ => return invalid("InvalidPart", part),
        }
    }
    let Some((_, all_but_last)) = parts.split_last() else {
        return invalid("MalformedXML", "there are no parts");
    };
    let is_small = |part: &Part| part.bytes.len() < vendor.least_part_bytes;
    if all_but_last.iter().any(is_small) {
        return invalid("EntityTooSmall", "a part is too small");
    }
    let object = Object::of(&parts, &upload.class, vendor.tags);
    may_be_replaced(vendor, bucket, request)?;
    bucket.uploads.remove(&request.text("uploadId"));
    let inside = element("Location", &format!("http://{}/", request.host))
        + &element("Bucket", &request.bucket)
        + &element("Key", &request.key)
        + &element("ETag", &format!("\"{}\"", object.tag));
    bucket.objects.insert(request.key.clone(), object);
    Ok(xml("CompleteMultipartUploadResult", &inside))
}

/// `DELETE ?uploadId`.
pub fn abort(bucket: &mut Bucket, request: &Request<'_>) -> Result<Answer, Refusal> {
    upload(bucket, request)?;
    bucket.uploads.remove(&request.text("uploadId"));
    Ok(empty(204))
}

/// `GET ?uploadId`.
pub fn parts(bucket: &mut Bucket, request: &Request<'_>) -> Result<Answer, Refusal> {
    let after: u32 = request.text("part-number-marker").parse().unwrap_or(0);
    let upload = upload(bucket, request)?;
    let rest = upload.parts.range(after + 1..);
    let rows: Vec<String> = rest
        .take(1000)
        .map(|(number, part)| {
            let fields = [
                element("PartNumber", &number.to_string()),
                element("LastModified", &time(part.modified)),
                element("ETag", &format!("\"{}\"", part.tag)),
                element("Size", &part.bytes.len().to_string()),
            ];
            format!("<Part>{}</Part>", fields.concat())
        })
        .collect();
    let shown = upload.parts.range(after + 1..).take(1000).last();
    let last = shown.map_or(after, |(number, _)| *number);
    let is_last = upload.parts.range(last + 1..).next().is_none();
    let inside = element("Bucket", &request.bucket)
        + &element("Key", &request.key)
        + &element("UploadId", &request.text("uploadId"))
        + &element("NextPartNumberMarker", &last.to_string())
        + &element("IsTruncated", &(!is_last).to_string())
        + &rows.concat();
    Ok(xml("ListPartsResult", &inside))
}

/// `GET ?uploads` of a bucket.
pub fn list(bucket: &Bucket, request: &Request<'_>) -> Answer {
    let prefix = request.text("prefix");
    let is_encoded = request.text("encoding-type") == "url";
    let spelled = |name: &str| {
        if is_encoded {
            encoded(name)
        } else {
            name.to_owned()
        }
    };
    let mut begun: Vec<(&String, &Upload)> = bucket
        .uploads
        .iter()
        .filter(|(_, upload)| upload.key.starts_with(&prefix))
        .collect();
    begun.sort_by(|(one, first), (other, second)| (&first.key, one).cmp(&(&second.key, other)));
    let after = (request.text("key-marker"), request.text("upload-id-marker"));
    let rest = begun
        .into_iter()
        .filter(|(id, upload)| (&upload.key, *id) > (&after.0, &after.1));
    let rest: Vec<_> = rest.collect();
    let (is_last, shown) = (rest.len() <= 1000, &rest[..rest.len().min(1000)]);
    let rows: Vec<String> = shown
        .iter()
        .map(|(id, upload)| {
            let fields = [
                element("Key", &spelled(&upload.key)),
                element("UploadId", id),
                element("Initiated", &time(upload.begun)),
                element("StorageClass", &upload.class),
            ];
            format!("<Upload>{}</Upload>", fields.concat())
        })
        .collect();
    let mut inside = element("Bucket", &request.bucket);
    if is_encoded {
        inside += &element("EncodingType", "url");
    }
    inside += &element("IsTruncated", &(!is_last).to_string());
    if let Some((id, upload)) = shown.last().filter(|_| !is_last) {
        inside += &element("NextKeyMarker", &spelled(&upload.key));
        inside += &element("NextUploadIdMarker", id);
    }
    xml("ListMultipartUploadsResult", &(inside + &rows.concat()))
}

fn upload<'a>(bucket: &'a mut Bucket, request: &Request<'_>) -> Result<&'a mut Upload, Refusal> {
    let upload = bucket.uploads.get_mut(&request.text("uploadId"));
    let upload = upload.filter(|upload| upload.key == request.key);
    upload.ok_or_else(|| Refusal::new(404, "NoSuchUpload", "there is no such upload"))
}

//! What the server of the vendors enforces, asked by a client that is none of ours.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::TimeDelta;
use md5::{Digest as _, Md5};
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{HeaderName, HeaderValue};
use tokio::runtime::Runtime;

use super::vendor::{About, BOS, COS, Copied, OBS, OSS, Uploads, Vendor};
use super::{VendorBucket, VendorServer};
use crate::support::world::Contents;

/// Asks a server by the vendor's names, and signs as Amazon's clients do.
struct Client {
    server: VendorServer,
    bucket: VendorBucket,
    runtime: Runtime,
    http: HttpClient,
    host: &'static str,
    region: &'static str,
}

/// Each vendor with the host of a bucket `hot` and its region.
const VENDORS: [(&Vendor, &str, &str); 4] = [
    (&COS, "hot.cos.ap-guangzhou.myqcloud.com", "ap-guangzhou"),
    (&OSS, "hot.s3.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
    (&OBS, "hot.obs.cn-north-4.myhuaweicloud.com", "cn-north-4"),
    (&BOS, "hot.s3.bj.bcebos.com", "bj"),
];

impl Client {
    fn of(vendor: &'static Vendor) -> Self {
        let server = VendorServer::start(vendor);
        let mut hosts = VENDORS.into_iter();
        let (_, host, region) = hosts.find(|(one, _, _)| one.name == vendor.name).unwrap();
        let proxy = format!("http://127.0.0.1:{}", server.port());
        let proxy = reqwest::Proxy::http(proxy).unwrap();
        let client = reqwest::Client::builder().proxy(proxy).build().unwrap();
        Self {
            bucket: server.bucket("hot"),
            server,
            runtime: Runtime::new().unwrap(),
            http: HttpClient::new(client),
            host,
            region,
        }
    }

    /// The status and the body.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let url = format!("http://{}/{path}", self.host);
        self.ask_there(method, &url, self.region, headers, body)
    }

    fn ask_there(
        &self,
        method: &str,
        url: &str,
        region: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let body = Bytes::from(body.to_owned());
        let mut request = HttpRequest::new(HttpRequestBody::from(body));
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = url.parse().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            let value: HeaderValue = value.parse().unwrap();
            request.headers_mut().insert(name, value);
        }
        let by = self.server.credentials();
        let credential = AwsCredential {
            key_id: by.access_key.clone(),
            secret_key: by.secret_key.clone(),
            token: None,
        };
        AwsAuthorizer::new(&credential, "s3", region)
            .try_authorize(&mut request, None)
            .unwrap();
        let (status, body) = self.runtime.block_on(async {
            let answer = self.http.execute(request).await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.into_body().bytes().await.unwrap())
        });
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// The code of the refusal that this is.
    #[track_caller]
    fn refused(&self, (status, body): (u16, String)) -> (u16, String) {
        let told = inside(&body, "Code").unwrap_or_default();
        let seen = self.server.seen().pop().unwrap();
        assert_eq!(seen.code.unwrap_or_default(), told, "{body}");
        (status, told)
    }
}

fn inside(body: &str, name: &str) -> Option<String> {
    let (_, after) = body.split_once(&format!("<{name}>"))?;
    Some(after.split_once("</")?.0.to_owned())
}

fn every(element: &str, body: &str) -> Vec<String> {
    let begins = format!("<{element}>");
    let pieces = body.split(&begins).skip(1);
    let texts = pieces.map(|piece| piece.split("</").next().unwrap().to_owned());
    texts.collect()
}

#[test]
fn what_a_vendor_is_given_it_keeps() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        let put = client.ask("PUT", "a/b%20c%2B%C3%A9", &[], "content");
        assert_eq!(put.0, 200, "{}: {}", vendor.name, put.1);
        assert_eq!(client.bucket.tree()["a/b c+é"], b"content");
        let read = |headers: &[(&str, &str)]| client.ask("GET", "a/b%20c%2B%C3%A9", headers, "");
        assert_eq!(read(&[]), (200, "content".to_owned()));
        assert_eq!(read(&[("range", "bytes=1-3")]), (206, "ont".to_owned()));
        assert_eq!(read(&[("range", "bytes=-3")]), (206, "ent".to_owned()));
        assert_eq!(read(&[("range", "bytes=7-")]).0, 416);
        let tag = &every("ETag", &client.ask("GET", "", &[], "").1)[0];
        let tag = tag.replace("&quot;", "\"");
        let md5 = super::signature::hexadecimal(&Md5::digest("content"));
        assert_eq!(tag.to_ascii_lowercase(), format!("\"{md5}\""));
        assert_eq!(read(&[("if-match", &tag)]).0, 200);
        assert_eq!(read(&[("if-match", "\"other\"")]).0, 412);
        assert_eq!(read(&[("if-none-match", &tag)]).0, 304);
        let absent = client.ask("GET", "absent", &[], "");
        assert_eq!(client.refused(absent), (404, "NoSuchKey".to_owned()));
        let (status, body) = client.ask("HEAD", "a/b%20c%2B%C3%A9", &[], "");
        assert_eq!((status, body.as_str()), (200, ""));
        for _ in 0..2 {
            assert_eq!(client.ask("DELETE", "a/b%20c%2B%C3%A9", &[], "").0, 204);
        }
        assert!(client.bucket.tree().is_empty());
    }
}

#[test]
fn what_a_vendor_does_not_take_it_refuses() {
    type Act = fn(&Client) -> (u16, String);
    let put = |headers: &'static [(&'static str, &'static str)]| {
        move |client: &Client| client.ask("PUT", "a", headers, "content")
    };
    let chunks = put(&[("content-encoding", "aws-chunked")]);
    let checksum = put(&[("x-amz-checksum-crc32", "AAAAAA==")]);
    let trailer = put(&[("x-amz-trailer", "x-amz-checksum-crc32")]);
    let algorithm = put(&[("x-amz-sdk-checksum-algorithm", "CRC32")]);
    let class = put(&[("x-amz-storage-class", "LUKEWARM")]);
    let digest = put(&[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")]);
    let path: Act = |client| {
        let (bucket, host) = client.host.split_once('.').unwrap();
        let url = format!("http://{host}/{bucket}/a");
        client.ask_there("GET", &url, client.region, &[], "")
    };
    let region: Act = |client| {
        let url = format!("http://{}/a", client.host);
        client.ask_there("GET", &url, "us-east-1", &[], "")
    };
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        let (status, code) = vendor.refuses_checksums;
        let path_style = vendor.path_style.unwrap_or((404, "NoSuchKey"));
        for (what, answered, expected) in [
            ("chunks", chunks(&client), (status, code)),
            ("checksum", checksum(&client), (status, code)),
            ("trailer", trailer(&client), (status, code)),
            ("algorithm", algorithm(&client), (status, code)),
            ("class", class(&client), (400, "InvalidStorageClass")),
            ("digest", digest(&client), (400, "BadDigest")),
        ] {
            let expected = (expected.0, expected.1.to_owned());
            let what = format!("{} {what}: {answered:?}", vendor.name);
            assert_eq!(answered.0, expected.0, "{what}");
            assert_eq!(inside(&answered.1, "Code"), Some(expected.1), "{what}");
        }
        assert!(client.bucket.tree().is_empty());
        for (act, expected) in [
            (path, path_style),
            (region, (400, "AuthorizationHeaderMalformed")),
        ] {
            let refused = client.refused(act(&client));
            assert_eq!(
                refused,
                (expected.0, expected.1.to_owned()),
                "{}",
                vendor.name
            );
        }
        let right = STANDARD.encode(Md5::digest("content"));
        let put = client.ask("PUT", "a", &[("content-md5", &right)], "content");
        assert_eq!(put.0, 200);
        client.server.is_ahead(TimeDelta::minutes(16));
        let late = client.ask("GET", "a", &[], "");
        assert_eq!(
            client.refused(late),
            (403, "RequestTimeTooSkewed".to_owned())
        );
    }
    let client = Client::of(&BOS);
    let native = client.ask_there("GET", "http://hot.bj.bcebos.com/a", "bj", &[], "");
    assert_eq!(client.refused(native), (403, "AccessDenied".to_owned()));
    let owners = client.ask("GET", "?list-type=2&fetch-owner=true", &[], "");
    assert_eq!(client.refused(owners), (501, "NotImplemented".to_owned()));
}

#[test]
fn an_object_is_replaced_whatever_amazons_header_says_and_not_where_the_vendors_own_forbids_it() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        let put = |headers: &[(&str, &str)], body: &str| client.ask("PUT", "a", headers, body);
        let holds = |expected: &str| assert_eq!(client.bucket.tree()["a"], expected.as_bytes());
        assert_eq!(put(&[], "first").0, 200);
        let conditional = put(&[("if-none-match", "*")], "second");
        if let Some((status, code)) = vendor.refuses_conditions {
            assert_eq!(client.refused(conditional), (status, code.to_owned()));
            assert_eq!(put(&[], "second").0, 200);
        } else {
            assert_eq!(conditional.0, 200);
        }
        holds("second");
        let own = ["x-cos-forbid-overwrite", "x-oss-forbid-overwrite"];
        for header in own {
            let is_heeded = vendor
                .forbids_overwriting
                .is_some_and(|(own, _)| own == header);
            let answered = put(&[(header, "true")], header);
            if is_heeded {
                let expected = (409, "FileAlreadyExists".to_owned());
                assert_eq!(client.refused(answered), expected);
                holds("second");
            } else {
                assert_eq!(answered.0, 200);
                put(&[], "second");
            }
        }
        client.bucket.versioning("Enabled");
        for header in own {
            assert_eq!(put(&[(header, "true")], "third").0, 200, "{}", vendor.name);
        }
        holds("third");
    }
}

#[test]
fn what_is_deleted_lies_below_a_mark_where_versions_are_kept() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        client.bucket.versioning("Enabled");
        client.bucket.put("a", "text".into());
        client.ask("DELETE", "a", &[], "");
        assert_eq!(client.ask("GET", "a", &[], "").0, 404);
        let (status, listed) = client.ask("GET", "?versions=", &[], "");
        if vendor.about == About::Nothing {
            let expected = (501, "NotImplemented".to_owned());
            assert_eq!(client.refused((status, listed)), expected);
            continue;
        }
        let ids = every("VersionId", &listed);
        let [marker, version] = ids.as_slice() else {
            panic!("{}: {listed}", vendor.name);
        };
        let read = client.ask("GET", &format!("a?versionId={version}"), &[], "");
        assert_eq!(read, (200, "text".to_owned()));
        let refused = client.ask("GET", &format!("a?versionId={marker}"), &[], "");
        let expected = (405, "MethodNotAllowed".to_owned());
        assert_eq!(client.refused(refused), expected);
        client.ask("DELETE", &format!("a?versionId={marker}"), &[], "");
        assert_eq!(client.ask("GET", "a", &[], "").1, "text");
    }
}

#[test]
fn classes_of_the_vendors_own_language_are_not_put_into() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        for (class, _) in vendor.further_classes {
            let put = client.ask("PUT", "a", &[("x-amz-storage-class", class)], "text");
            let expected = (400, "InvalidStorageClass".to_owned());
            assert_eq!(client.refused(put), expected, "{class}");
        }
        for (class, _) in vendor.classes {
            let put = client.ask("PUT", "a", &[("x-amz-storage-class", class)], "text");
            assert_eq!(put.0, 200, "{class}: {}", put.1);
        }
    }
}

#[test]
fn a_bucket_of_another_region_is_none_of_this_one() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        client.bucket.is_in("of-nobody-1");
        let answered = client.ask("GET", "", &[], "");
        let names_it = answered.1.contains("<Endpoint>");
        assert_eq!(names_it, vendor.name == "ALIYUNOSS", "{}", answered.1);
        let expected = if names_it {
            (403, "AccessDenied".to_owned())
        } else {
            (404, "NoSuchBucket".to_owned())
        };
        assert_eq!(client.refused(answered), expected);
        client.bucket.is_in(client.region);
        assert_eq!(client.ask("GET", "", &[], "").0, 200);
    }
}

#[test]
fn listings_are_those_that_the_vendor_knows() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        for name in ["a", "b c", "d/1", "d/2", "e"] {
            client.bucket.put(name, name.into());
        }
        let list = |query: &str| client.ask("GET", query, &[], "").1;
        let all = ["a", "b c", "d/1", "d/2", "e"];
        assert_eq!(every("Key", &list("")), all, "{}", vendor.name);
        let page = list("?delimiter=%2F&max-keys=3");
        assert_eq!(every("Key", &page), ["a", "b c"]);
        assert_eq!(every("Prefix", &page), ["d/"]);
        assert_eq!(inside(&page, "NextMarker").as_deref(), Some("d/"));
        assert_eq!(every("Key", &list("?delimiter=%2F&marker=d%2F")), ["e"]);
        let page = list("?max-keys=2&marker=a");
        assert_eq!(every("Key", &page), ["b c", "d/1"]);
        let next = inside(&page, "NextMarker");
        assert_eq!(next.is_some(), vendor.name != "BOS", "{page}");
        let page = list("?list-type=2&max-keys=2");
        let token = inside(&page, "NextContinuationToken");
        let knows_two = ["ALIYUNOSS", "BOS"].contains(&vendor.name);
        assert_eq!(token.is_some(), knows_two, "{page}");
        assert_eq!(page.contains("<Marker>"), !knows_two, "{page}");
        if let Some(token) = token {
            let token = token.replace('/', "%2F").replace('+', "%2B");
            let token = token.replace('=', "%3D");
            let page = list(&format!("?list-type=2&continuation-token={token}"));
            assert_eq!(every("Key", &page), ["d/1", "d/2", "e"]);
        }
        let encoded = list("?encoding-type=url&max-keys=2&marker=a");
        let expected = match vendor.name {
            "OBS" => ["a", "b%20c"],
            _ => ["b%20c", "d/1"],
        };
        assert_eq!(every("Key", &encoded), expected, "{}", vendor.name);
    }
}

/// What a listing shows of an upload.
fn told_of<'a>(id: &'a str, vendor: &Vendor) -> &'a str {
    match vendor.uploads {
        Uploads::Told => id,
        Uploads::NotImplemented => "",
    }
}

#[test]
fn objects_come_in_parts_and_from_other_objects() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        let least = vendor.least_part_bytes;
        let (large, small) = ("l".repeat(least), "s".repeat(10));
        let tag_of = |body: &str| {
            let tag = every("ETag", body).pop().unwrap();
            tag.replace("&quot;", "")
        };
        let begin = || {
            let (_, begun) = client.ask("POST", "whole?uploads=", &[], "");
            inside(&begun, "UploadId").unwrap()
        };
        let part = |id: &str, number: usize, headers: &[(&str, &str)], body: &str| {
            let path = format!("whole?partNumber={number}&uploadId={id}");
            let put = client.ask("PUT", &path, headers, body);
            assert_eq!(put.0, 200, "{}", put.1);
            put.1
        };
        let complete = |id: &str, tags: &[String]| {
            let mut body = "<CompleteMultipartUpload>".to_owned();
            for (tag, number) in tags.iter().zip(1..) {
                write!(
                    body,
                    "<Part><PartNumber>{number}</PartNumber><ETag>\"{tag}\"</ETag></Part>"
                )
                .unwrap();
            }
            body.push_str("</CompleteMultipartUpload>");
            client.ask("POST", &format!("whole?uploadId={id}"), &[], &body)
        };
        let listed = |id: &str| {
            let (_, body) = client.ask("GET", &format!("whole?uploadId={id}"), &[], "");
            every("ETag", &body)
                .into_iter()
                .map(|tag| tag.replace("&quot;", ""))
                .collect::<Vec<_>>()
        };
        let id = begin();
        part(&id, 1, &[], &small);
        part(&id, 2, &[], &large);
        let refused = complete(&id, &listed(&id));
        assert_eq!(client.refused(refused), (400, "EntityTooSmall".to_owned()));
        client.bucket.put("source", large.clone().into());
        let copied = [
            ("x-amz-copy-source", "/hot/source"),
            (
                "x-amz-copy-source-range",
                &*format!("bytes=0-{}", least - 1),
            ),
        ];
        if vendor.copied == Copied::InParts {
            part(&id, 1, &copied, "");
        } else {
            let path = format!("whole?partNumber=1&uploadId={id}");
            let refused = client.ask("PUT", &path, &copied, "");
            assert_eq!(client.refused(refused), (501, "NotImplemented".to_owned()));
            part(&id, 1, &[], &large);
        }
        part(&id, 2, &[], &small);
        let uploads = client.ask("GET", "?uploads=", &[], "").1;
        assert_eq!(every("UploadId", &uploads).concat(), told_of(&id, vendor));
        let wrong = complete(&id, &["0".repeat(32), "0".repeat(32)]);
        assert_eq!(client.refused(wrong), (400, "InvalidPart".to_owned()));
        let done = complete(&id, &listed(&id));
        assert_eq!(done.0, 200, "{}", done.1);
        assert_eq!(
            client.bucket.tree()["whole"],
            (large.clone() + &small).as_bytes()
        );
        let digests = [Md5::digest(&large), Md5::digest(&small)].concat();
        let amazons = super::signature::hexadecimal(&Md5::digest(digests)) + "-2";
        let tag = tag_of(&done.1);
        assert_eq!(tag == amazons, vendor.name == "OBS", "{tag}");
        let gone = complete(&id, &[]);
        assert_eq!(client.refused(gone), (404, "NoSuchUpload".to_owned()));
        let id = begin();
        assert_eq!(client.bucket.uploads(), 1);
        let aborted = client.ask("DELETE", &format!("whole?uploadId={id}"), &[], "");
        assert_eq!((aborted.0, client.bucket.uploads()), (204, 0));
        let copy = |tag: &str| {
            let headers = [
                ("x-amz-copy-source", "/hot/whole"),
                ("x-amz-copy-source-if-match", tag),
            ];
            client.ask("PUT", "copy", &headers, "")
        };
        let refused = copy("another");
        assert_eq!(
            client.refused(refused),
            (412, "PreconditionFailed".to_owned())
        );
        assert_eq!(copy(&tag).0, 200);
        assert_eq!(client.bucket.tree()["copy"], client.bucket.tree()["whole"]);
    }
}

#[test]
fn what_is_archived_is_told_of_and_not_read() {
    for (vendor, _, _) in VENDORS {
        let client = Client::of(vendor);
        let classes = [vendor.classes, vendor.further_classes].concat();
        let frozen = classes.into_iter().rfind(|(_, archived)| *archived);
        let (archive, _) = frozen.unwrap();
        client.bucket.put("whole", "text".into());
        client.bucket.moves("whole", archive);
        let archived = client.ask("GET", "whole", &[], "");
        assert_eq!(
            client.refused(archived),
            (403, "InvalidObjectState".to_owned())
        );
        assert_eq!(client.ask("HEAD", "whole", &[], "").0, 200);
    }
}

#[test]
fn a_domain_of_the_customers_stands_for_a_bucket() {
    let client = Client::of(&COS);
    let here = format!("127.0.0.1:{}", client.server.port());
    let url = format!("http://{here}/a");
    let refused = client.ask_there("PUT", &url, "us-east-1", &[], "content");
    assert_eq!(client.refused(refused), (404, "NoSuchBucket".to_owned()));
    client.server.names(&here, "hot");
    let put = client.ask_there("PUT", &url, "us-east-1", &[], "content");
    assert_eq!(put.0, 200, "{}", put.1);
    assert_eq!(client.bucket.tree()["a"], b"content");
}

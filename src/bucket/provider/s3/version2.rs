//! Signatures of version 2, which some servers know only: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html>.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use object_store::client::HttpRequest;
use reqwest::header::{AUTHORIZATION, DATE, HeaderName, HeaderValue, InvalidHeaderValue};

/// What of a query belongs to what is asked for, in the order in which it is signed.
const SUBRESOURCES: [&str; 30] = [
    "acl",
    "cors",
    "delete",
    "encryption",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "retention",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Signs the request, which does not change from here on. `bucket` is given where its name stands in the host's and not in the path.
pub(super) fn sign(
    request: &mut HttpRequest,
    credential: &AwsCredential,
    bucket: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), InvalidHeaderValue> {
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let headers = request.headers_mut();
    headers.insert(DATE, HeaderValue::from_str(&date)?);
    if let Some(token) = &credential.token {
        let mut token = HeaderValue::from_str(token)?;
        token.set_sensitive(true);
        headers.insert(TOKEN, token);
    }
    let signature = signature(request, &credential.secret_key, bucket);
    let authorization = format!("AWS {}:{signature}", credential.key_id);
    let mut authorization = HeaderValue::from_str(&authorization)?;
    authorization.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, authorization);
    Ok(())
}

/// What proves that whoever sends the request knows the secret.
fn signature(request: &HttpRequest, secret: &str, bucket: Option<&str>) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, text(request, bucket).as_bytes()))
}

/// What is signed.
fn text(request: &HttpRequest, bucket: Option<&str>) -> String {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map_or_else(String::new, |value| lossy(value).into_owned())
    };
    let mut text = [
        request.method().as_str(),
        &header("content-md5"),
        &header("content-type"),
        &header("date"),
        "",
    ]
    .join("\n");
    let names = request.headers().keys().map(HeaderName::as_str);
    let mut names: Vec<&str> = names.filter(|name| name.starts_with("x-amz-")).collect();
    names.sort_unstable();
    for name in names {
        let values = request.headers().get_all(name).iter().map(lossy);
        let values: Vec<_> = values.collect();
        for piece in [name, ":", &values.join(","), "\n"] {
            text.push_str(piece);
        }
    }
    if let Some(bucket) = bucket {
        text.push('/');
        text.push_str(bucket);
    }
    text.push_str(request.uri().path());
    text.push_str(&subresources(request.uri().query().unwrap_or_default()));
    text
}

fn subresources(query: &str) -> String {
    let pairs: Vec<(String, String)> = query_pairs(query);
    let mut told = String::new();
    for name in SUBRESOURCES {
        let Some((_, value)) = pairs.iter().find(|(found, _)| found == name) else {
            continue;
        };
        told.push(if told.is_empty() { '?' } else { '&' });
        told.push_str(name);
        if !value.is_empty() {
            told.push('=');
            told.push_str(value);
        }
    }
    told
}

/// The pairs of a query, decoded.
fn query_pairs(query: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://query/?{query}")).ok();
    let pairs = url.iter().flat_map(|url| url.query_pairs().into_owned());
    pairs.collect()
}

fn lossy(value: &HeaderValue) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use object_store::client::HttpRequestBody;

    use super::*;

    fn request(method: &str, url: &str, headers: &[(&'static str, &str)]) -> HttpRequest {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = url.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    /// S-3.21: the examples of Amazon's own documentation.
    #[test]
    fn signatures_are_those_of_the_documentation() {
        let host = "http://awsexamplebucket1.us-west-1.s3.amazonaws.com";
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for (method, path, headers, expected) in [
            (
                "GET",
                "/photos/puppy.jpg",
                &[("date", "Tue, 27 Mar 2007 19:36:42 +0000")][..],
                "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
            ),
            (
                "PUT",
                "/photos/puppy.jpg",
                &[
                    ("content-type", "image/jpeg"),
                    ("content-length", "94328"),
                    ("date", "Tue, 27 Mar 2007 21:15:45 +0000"),
                ],
                "iqRzw+ileNPu1fhspnRs8nOjjIA=",
            ),
            (
                "GET",
                "/?prefix=photos&max-keys=50&marker=puppy",
                &[
                    ("user-agent", "Mozilla/5.0"),
                    ("date", "Tue, 27 Mar 2007 19:42:41 +0000"),
                ],
                "m0WP8eCtspQl5Ahe6L1SozdX9YA=",
            ),
            (
                "GET",
                "/?acl",
                &[("date", "Tue, 27 Mar 2007 19:44:46 +0000")],
                "82ZHiFIjc+WbcwFKGUVEQspPn+0=",
            ),
        ] {
            let request = request(method, &format!("{host}{path}"), headers);
            let found = signature(&request, secret, Some("awsexamplebucket1"));
            assert_eq!(found, expected, "{path}");
        }
    }

    /// S-3.21
    #[test]
    fn a_request_bears_its_date_its_token_and_who_signs_it() {
        let mut request = request("GET", "http://h:9000/b/a", &[]);
        let credential = AwsCredential {
            key_id: "key".to_owned(),
            secret_key: "secret".to_owned(),
            token: Some("token".to_owned()),
        };
        let now = "2026-11-07T08:09:10Z".parse().unwrap();
        sign(&mut request, &credential, None, now).unwrap();
        let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("date"), "Sat, 07 Nov 2026 08:09:10 GMT");
        assert_eq!(header("x-amz-security-token"), "token");
        let expected = format!("AWS key:{}", signature(&request, "secret", None));
        assert_eq!(header("authorization"), expected);
    }

    #[test]
    fn what_is_signed_holds_headers_and_subresources_in_their_order() {
        let url = "http://h:9000/b/a%20b?x=1&uploadId=a%2Fb%3D&partNumber=2";
        let headers = [
            ("x-amz-meta-b", "2"),
            ("x-amz-acl", "private"),
            ("x-amz-meta-b", "3"),
            ("content-md5", "m"),
            ("range", "bytes=0-1"),
            ("date", "d"),
        ];
        let request = request("PUT", url, &headers);
        let expected =
            "PUT\nm\n\nd\nx-amz-acl:private\nx-amz-meta-b:2,3\n/b/a%20b?partNumber=2&uploadId=a/b=";
        assert_eq!(text(&request, None), expected);
    }
}

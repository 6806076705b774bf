//! The signature of a request, version 4, verified from what came over the line and from nothing that a client of ours says of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::answers::Refusal;
use crate::support::answering::Asked;

/// Somebody's key, and what the signature has to be for.
pub struct Expected<'a> {
    pub access_key: &'a str,
    pub secret_key: &'a str,
    /// The regions that the place of the request goes by; none where it tells nothing of a region.
    pub regions: &'a [String],
    pub now: DateTime<Utc>,
}

/// What the header `Authorization` says.
struct Authorization<'a> {
    access_key: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

/// How far a clock may be off.
const SKEW: TimeDelta = TimeDelta::minutes(15);

/// Whether the request is signed as it has to be; else what it is answered with.
pub fn verify(asked: &Asked, expected: &Expected<'_>) -> Result<(), Refusal> {
    let Some(header) = asked.header("authorization") else {
        return Err(Refusal::new(
            403,
            "AccessDenied",
            "the request is not signed",
        ));
    };
    let Some(authorization) = Authorization::read(header) else {
        let why = format!("{header:?} is none of version 4");
        return Err(Refusal::new(400, "AuthorizationHeaderMalformed", &why));
    };
    if authorization.access_key != expected.access_key {
        let why = format!("there is no key {}", authorization.access_key);
        return Err(Refusal::new(403, "InvalidAccessKeyId", &why));
    }
    let time = asked.header("x-amz-date").unwrap_or_default();
    let Ok(at) = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ") else {
        return Err(Refusal::new(403, "AccessDenied", "x-amz-date is no time"));
    };
    if (at.and_utc() - expected.now).abs() > SKEW {
        return Err(Refusal::new(403, "RequestTimeTooSkewed", time));
    }
    let is_scope = authorization.service == "s3" && time.starts_with(authorization.day);
    let has_region = |region: &String| region == authorization.region;
    if !is_scope || !(expected.regions.is_empty() || expected.regions.iter().any(has_region)) {
        let why = format!(
            "{header}: expected a scope of s3 in {:?} on the day of {time}",
            expected.regions
        );
        return Err(Refusal::new(400, "AuthorizationHeaderMalformed", &why));
    }
    must_be_signed(asked, &authorization.signed)?;
    let payload = payload(asked)?;
    let canonical = canonical(asked, &authorization.signed, &payload);
    let signature = signature(&canonical, time, &authorization, expected.secret_key);
    if signature != authorization.signature {
        let why = format!("signed was {canonical:?}");
        return Err(Refusal::new(403, "SignatureDoesNotMatch", &why));
    }
    Ok(())
}

impl<'a> Authorization<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix("AWS4-HMAC-SHA256")?.split(',');
        let fields: BTreeMap<&str, &str> = fields
            .filter_map(|field| field.trim().split_once('='))
            .collect();
        let credential: Vec<&str> = fields.get("Credential")?.split('/').collect();
        let [access_key, day, region, service, "aws4_request"] = credential[..] else {
            return None;
        };
        Some(Self {
            access_key,
            day,
            region,
            service,
            signed: fields.get("SignedHeaders")?.split(';').collect(),
            signature: fields.get("Signature")?,
        })
    }
}

/// The host, the time, the digest of the body, and whatever else Amazon's protocol adds.
fn must_be_signed(asked: &Asked, signed: &[&str]) -> Result<(), Refusal> {
    let of_the_protocol = asked.headers.iter().map(|(name, _)| name.as_str());
    let of_the_protocol = of_the_protocol.filter(|name| name.starts_with("x-amz-"));
    let needed = ["host", "x-amz-content-sha256", "x-amz-date"];
    let unsigned = needed
        .into_iter()
        .chain(of_the_protocol)
        .find(|name| !signed.contains(name) || asked.header(name).is_none());
    match unsigned {
        Some(name) => {
            let why = format!("{name} is not among what is signed");
            Err(Refusal::new(403, "AccessDenied", &why))
        }
        None if !signed.is_sorted() => {
            let why = "names of headers are signed in their order";
            Err(Refusal::new(403, "SignatureDoesNotMatch", why))
        }
        None => Ok(()),
    }
}

/// What is said of the body, where it is true.
fn payload(asked: &Asked) -> Result<String, Refusal> {
    let told = asked.header("x-amz-content-sha256").unwrap_or_default();
    if told != "UNSIGNED-PAYLOAD" && told != hexadecimal(&Sha256::digest(&asked.body)) {
        let code = "XAmzContentSHA256Mismatch";
        return Err(Refusal::new(400, code, "the body is another one"));
    }
    Ok(told.to_owned())
}

/// The request in the one spelling that is signed.
fn canonical(asked: &Asked, signed: &[&str], payload: &str) -> String {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (spelled(name, ""), spelled(value, "")))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut headers = String::new();
    for name in signed {
        let values = asked.headers.iter().filter(|(found, _)| found == name);
        let values: Vec<String> = values
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        writeln!(headers, "{name}:{}", values.join(",")).unwrap();
    }
    [
        &*asked.method,
        &spelled(path, "/"),
        &pairs.join("&"),
        &headers,
        &signed.join(";"),
        payload,
    ]
    .join("\n")
}

/// Percent-encoded once, however it came.
fn spelled(text: &str, plain: &str) -> String {
    let mut spelled = String::new();
    for byte in decoded(text) {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-._~".contains(letter) || plain.contains(letter) {
            spelled.push(letter);
        } else {
            write!(spelled, "%{byte:02X}").unwrap();
        }
    }
    spelled
}

/// Without what is percent-encoded.
pub fn decoded(text: &str) -> Vec<u8> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let code = piece.get(..2).map(|code| u8::from_str_radix(code, 16));
        if let Some(Ok(byte)) = code {
            bytes.push(byte);
            bytes.extend(&piece.as_bytes()[2..]);
        } else {
            bytes.push(b'%');
            bytes.extend(piece.as_bytes());
        }
    }
    bytes
}

fn signature(canonical: &str, time: &str, by: &Authorization<'_>, secret: &str) -> String {
    let scope = format!("{}/{}/{}/aws4_request", by.day, by.region, by.service);
    let digest = hexadecimal(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope
        .split('/')
        .fold(first, |key, part| keyed(&key, part.as_bytes()));
    hexadecimal(&keyed(&key, text.as_bytes()))
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The request of an example in Amazon's documentation, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
    /// Chunk" (sig-v4-header-based-auth).
    fn example(
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
        signature: &str,
    ) -> Asked {
        let digest = hexadecimal(&Sha256::digest(body));
        let mut headers: Vec<(String, String)> = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", &digest),
            ("x-amz-date", "20130524T000000Z"),
        ]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        headers.sort();
        let signed: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={},Signature={signature}",
            signed.join(";")
        );
        headers.push(("authorization".to_owned(), authorization));
        Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn verified(asked: &Asked, region: &str, now: &str) -> Result<(), &'static str> {
        let expected = Expected {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            regions: &[region.to_owned()],
            now: now.parse().unwrap(),
        };
        verify(asked, &expected).map_err(|refusal| refusal.code)
    }

    const THEN: &str = "2013-05-24T00:14:00Z";

    fn examples() -> [Asked; 4] {
        [
            example(
                "GET",
                "/test.txt",
                &[("range", "bytes=0-9")],
                "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            example(
                "PUT",
                "/test$file.text",
                &[
                    ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ],
                "Welcome to Amazon S3.",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            example(
                "GET",
                "/?lifecycle",
                &[],
                "",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            example(
                "GET",
                "/?max-keys=2&prefix=J",
                &[],
                "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ]
    }

    #[test]
    fn the_signatures_of_amazons_documentation_are_right() {
        assert_eq!(hexadecimal(&Sha256::digest("")), EMPTY);
        for asked in examples() {
            assert_eq!(verified(&asked, "us-east-1", THEN), Ok(()), "{asked:?}");
        }
    }

    #[test]
    fn whatever_is_changed_in_a_request_makes_its_signature_wrong() {
        type Change = fn(&mut Asked);
        fn set(asked: &mut Asked, name: &str, value: &str) {
            for (found, old) in &mut asked.headers {
                if found == name {
                    value.clone_into(old);
                }
            }
        }
        let changes: [(&str, Change, &str); 9] = [
            ("method", |asked| asked.method = "HEAD".to_owned(), MISMATCH),
            ("path", |asked| asked.path.push('x'), MISMATCH),
            (
                "body",
                |asked| asked.body.push(b'x'),
                "XAmzContentSHA256Mismatch",
            ),
            ("host", |asked| set(asked, "host", "other"), MISMATCH),
            (
                "time",
                |asked| set(asked, "x-amz-date", "20130524T000001Z"),
                MISMATCH,
            ),
            (
                "day",
                |asked| set(asked, "x-amz-date", "20130523T235900Z"),
                "AuthorizationHeaderMalformed",
            ),
            (
                "digest",
                |asked| set(asked, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
                MISMATCH,
            ),
            (
                "more",
                |asked| {
                    let more = ("x-amz-acl".to_owned(), "public-read".to_owned());
                    asked.headers.push(more);
                },
                "AccessDenied",
            ),
            (
                "none",
                |asked| asked.headers.retain(|(name, _)| name != "authorization"),
                "AccessDenied",
            ),
        ];
        for example in examples() {
            for (what, change, code) in changes {
                let mut asked = example.clone();
                change(&mut asked);
                assert_eq!(verified(&asked, "us-east-1", THEN), Err(code), "{what}");
            }
            let elsewhere = verified(&example, "us-east-2", THEN);
            assert_eq!(elsewhere, Err("AuthorizationHeaderMalformed"));
            for now in ["2013-05-24T00:16:00Z", "2013-05-23T23:44:00Z"] {
                let late = verified(&example, "us-east-1", now);
                assert_eq!(late, Err("RequestTimeTooSkewed"));
            }
        }
    }

    const MISMATCH: &str = "SignatureDoesNotMatch";
}

//! What the head of an answer tells of an object, and the entity tags that are made of it.
//!
//! The service's tag is the MD5 of the bytes, but that of a large object is one of its segments' tags. Ours say which it is, so that no one takes the
//! one for the other.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap, LAST_MODIFIED};

use crate::http::date;
use crate::http::percent::unescaped;

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) size_bytes: Option<u64>,
    pub(super) modified: Option<DateTime<Utc>>,
    pub(super) tag: Option<Tag>,
    pub(super) large: Option<Large>,
}

/// How a large object names its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Large {
    /// In itself.
    Static,
    /// By the container in which they are, and how their names begin.
    Dynamic { container: String, prefix: String },
}

/// An entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// In hexadecimal digits.
    pub(super) hash: String,
    pub(super) of: Of,
}

/// What a tag is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Bytes,
    /// The tags of a static large object's segments.
    StaticSegments,
    /// The same of a dynamic one.
    DynamicSegments,
}

const STATIC: &str = "+slo";
const DYNAMIC: &str = "+dlo";

impl Facts {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let large = match header("x-object-manifest") {
            Some(place) => Some(dynamic(place)),
            None => header("x-static-large-object")
                .filter(|it| it.eq_ignore_ascii_case("true"))
                .map(|_| Large::Static),
        };
        let of = match large {
            None => Of::Bytes,
            Some(Large::Static) => Of::StaticSegments,
            Some(Large::Dynamic { .. }) => Of::DynamicSegments,
        };
        let stamp = header("x-timestamp").and_then(time);
        let modified = || header(LAST_MODIFIED.as_str()).and_then(date::time);
        Self {
            size_bytes: header(CONTENT_LENGTH.as_str()).and_then(|size| size.parse().ok()),
            modified: stamp.or_else(modified),
            tag: header(ETAG.as_str()).and_then(|tag| Tag::new(tag, of)),
            large,
        }
    }
}

/// The container and the beginning of names in `X-Object-Manifest`. What is not escaped stands for itself.
fn dynamic(place: &str) -> Large {
    let unescaped = unescaped(place).and_then(|it| String::from_utf8(it).ok());
    let place = unescaped.unwrap_or_else(|| place.to_owned());
    let place = place.trim_start_matches('/');
    let (container, prefix) = place.split_once('/').unwrap_or((place, ""));
    Large::Dynamic {
        container: container.to_owned(),
        prefix: prefix.to_owned(),
    }
}

/// Seconds since 1970, with as many digits behind the point as the service has.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let microseconds: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let time = DateTime::from_timestamp(seconds.parse().ok()?, 0)?
        + TimeDelta::microseconds(microseconds.parse().ok()?);
    (time > DateTime::UNIX_EPOCH).then_some(time)
}

impl Tag {
    /// Of what a header or a listing says, with or without quotes; `None` of what is no tag.
    pub(super) fn new(text: &str, of: Of) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        (!text.is_empty() && text.chars().all(is_fit)).then(|| Self {
            hash: text.to_ascii_lowercase(),
            of,
        })
    }

    /// Reads one that was [`shown`](Self::shown).
    pub(super) fn read(shown: &str) -> Option<Self> {
        let text = shown.trim_matches('"');
        let (hash, of) = match (text.strip_suffix(STATIC), text.strip_suffix(DYNAMIC)) {
            (Some(hash), _) => (hash, Of::StaticSegments),
            (_, Some(hash)) => (hash, Of::DynamicSegments),
            _ => (text, Of::Bytes),
        };
        Self::new(hash, of)
    }

    /// As everybody else is told it.
    pub(super) fn shown(&self) -> String {
        let kind = match self.of {
            Of::Bytes => "",
            Of::StaticSegments => STATIC,
            Of::DynamicSegments => DYNAMIC,
        };
        format!("\"{}{kind}\"", self.hash)
    }

    /// As a condition asks for it.
    pub(super) fn condition(&self) -> String {
        format!("\"{}\"", self.hash)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const MD5: &str = "8a964ee2a5e88be344f36c22562a6486";

    fn facts(headers: &[(&'static str, &str)]) -> Facts {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Facts::read(&map)
    }

    /// S-3.43: no tag of segments is ever taken for one of bytes.
    #[test]
    fn a_tag_says_what_it_is_the_hash_of() {
        let quoted = format!("\"{MD5}\"");
        let dynamic = || Large::Dynamic {
            container: "seg é".to_owned(),
            prefix: "segments/abc/d".to_owned(),
        };
        for (headers, shown, large) in [
            (&[("etag", MD5)][..], format!("\"{MD5}\""), None),
            (&[("etag", &quoted)], format!("\"{MD5}\""), None),
            (
                &[("etag", &quoted), ("x-static-large-object", "True")],
                format!("\"{MD5}+slo\""),
                Some(Large::Static),
            ),
            (
                &[
                    ("etag", &quoted),
                    ("x-object-manifest", "seg%20%C3%A9/segments/abc/d"),
                ],
                format!("\"{MD5}+dlo\""),
                Some(dynamic()),
            ),
        ] {
            let facts = facts(headers);
            let tag = facts.tag.unwrap();
            assert_eq!(tag.shown(), shown);
            assert_eq!(tag.condition(), quoted);
            assert_eq!(Tag::read(&shown), Some(tag));
            assert_eq!(facts.large, large);
        }
        let odd = facts(&[("etag", &quoted), ("x-object-manifest", "100%/segments/a")]);
        assert_eq!(odd.tag.unwrap().of, Of::DynamicSegments);
        let Some(Large::Dynamic { container, .. }) = odd.large else {
            panic!("{:?}", odd.large);
        };
        assert_eq!(container, "100%");
        assert_eq!(facts(&[("etag", "")]).tag, None);
        assert_eq!(Tag::read("\"a b\""), None);
    }

    #[test]
    fn times_are_exact_to_the_microsecond() {
        let told = |headers| facts(headers).modified.map(|it| it.timestamp_micros());
        assert_eq!(
            told(&[("x-timestamp", "1445412480.12345")]),
            Some(1_445_412_480_123_450)
        );
        assert_eq!(
            told(&[("x-timestamp", "1445412480")]),
            Some(1_445_412_480_000_000)
        );
        assert_eq!(
            told(&[("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")]),
            Some(1_445_412_480_000_000)
        );
        assert_eq!(told(&[("x-timestamp", "soon")]), None);
        assert_eq!(told(&[("x-timestamp", "0000000000.00000")]), None);
    }
}

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::bucket::differences::Larger;
use crate::bucket::prefix::Prefix;
use crate::bucket::provider::configured::Configured as _;
use crate::bucket::provider::s3;
use crate::bucket::storage_class::Readable;
use crate::environment::Environment;
use crate::yaml;

const SECRET: &str = "hunter2hunter2";

fn read(text: &str) -> (Result<Bucket>, Vec<String>) {
    let node = yaml::parse(text).unwrap().unwrap();
    let mut warnings = Vec::new();
    let parsed = parse(Section {
        config: &node,
        environment: &Environment::default(),
        warnings: &mut warnings,
    });
    (parsed, warnings)
}

/// A section as it is in use: its bucket, its endpoint and what else it has; the address that S3 is spoken at, the region, and which keys are warned of.
type InUse = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static [&'static str],
);

/// What the warnings begin with.
const PLAIN: &[&str] = &["config.endpoint: data travel"];
const NO_TLS: &[&str] = &["config.endpoint: Baidu tells of S3 at"];
const UNTOLD: &[&str] = &["config.endpoint: Baidu does not tell"];
const PLAIN_AND_UNTOLD: &[&str] = &[
    "config.endpoint: Baidu does not tell",
    "config.endpoint: data travel",
];

const IN_USE: [InUse; 12] = [
    (
        "thanos-blocks",
        "bj.bcebos.com",
        "",
        "http://thanos-blocks.s3.bj.bcebos.com",
        Some("bj"),
        PLAIN,
    ),
    (
        "hot",
        "https://bj.bcebos.com",
        "",
        "https://hot.s3.bj.bcebos.com",
        Some("bj"),
        &[],
    ),
    (
        "hot",
        "http://gz.bcebos.com",
        "",
        "http://hot.s3.gz.bcebos.com",
        Some("gz"),
        PLAIN,
    ),
    (
        "hot",
        "https://su.bcebos.com/",
        "",
        "https://hot.s3.su.bcebos.com",
        Some("su"),
        &[],
    ),
    (
        "hot",
        "https://BD.bcebos.com",
        "",
        "https://hot.s3.bd.bcebos.com",
        Some("bd"),
        &[],
    ),
    (
        "hot",
        "https://hkg.bcebos.com:443",
        "",
        "https://hot.s3.hkg.bcebos.com:443",
        Some("hkg"),
        NO_TLS,
    ),
    (
        "hot",
        "fwh.bcebos.com:80",
        "",
        "http://hot.s3.fwh.bcebos.com:80",
        Some("fwh"),
        PLAIN,
    ),
    (
        "hot",
        "https://sin.bcebos.com",
        "",
        "https://hot.s3.sin.bcebos.com",
        Some("sin"),
        UNTOLD,
    ),
    (
        "hot",
        "https://s3.fsh.bcebos.com",
        "",
        "https://hot.s3.fsh.bcebos.com",
        Some("fsh"),
        UNTOLD,
    ),
    // Whoever answers there.
    (
        "hot",
        "https://bos.example.com",
        "",
        "https://bos.example.com/hot",
        None,
        UNTOLD,
    ),
    (
        "hot",
        "127.0.0.1:8080",
        "",
        "http://127.0.0.1:8080/hot",
        None,
        PLAIN_AND_UNTOLD,
    ),
    // What Thanos does not know of.
    (
        "hot",
        "https://bj.bcebos.com",
        ", region: bj, session_token: x, http_config: {}, max_retries: 3",
        "https://hot.s3.bj.bcebos.com",
        Some("bj"),
        &["unknown key"; 4],
    ),
];

/// S-3.65, S-3.66
#[test]
fn sections_in_use_come_to_the_address_where_s3_is_spoken() {
    for (bucket, endpoint, more, address, region, warned) in IN_USE {
        let text = format!(
            "{{bucket: {bucket}, endpoint: '{endpoint}', access_key: ALTAKEXAMPLE, secret_key: {SECRET}{more}}}"
        );
        let (parsed, warnings) = read(&text);
        let bucket = parsed.unwrap_or_else(|err| panic!("{endpoint}: {err}"));
        assert_eq!(bucket.s3.address(), address, "{endpoint}");
        assert_eq!(bucket.s3.region(), region, "{endpoint}");
        assert_eq!(warnings.len(), warned.len(), "{endpoint}: {warnings:?}");
        for (told, beginning) in warnings.iter().zip(warned) {
            assert!(told.starts_with(beginning), "{endpoint}: {told}");
        }
        let told = format!("{:?} {:?} {warnings:?}", bucket, bucket.understood());
        assert!(!told.contains(SECRET), "{told}");
    }
}

/// S-3.66: where TLS is not spoken, nobody is told to have it spoken.
#[test]
fn without_tls_no_warning_leads_to_it() {
    for (region, expected) in [("bj", true), ("hkg", false), ("fwh", false)] {
        let text =
            format!("{{bucket: hot, endpoint: {region}.bcebos.com, access_key: k, secret_key: s}}");
        let (_, warnings) = read(&text);
        let leads = warnings.iter().any(|told| told.contains("https://"));
        assert_eq!(leads, expected, "{warnings:?}");
    }
}

/// S-3.66: by the type S3, too.
#[test]
fn tls_where_it_is_not_spoken_is_warned_of() {
    for (endpoint, insecure, expected) in [
        (
            "s3.hkg.bcebos.com",
            false,
            Some("config.insecure: TLS is not"),
        ),
        ("s3.hkg.bcebos.com", true, Some("config.insecure: data")),
        ("s3.bj.bcebos.com", false, None),
    ] {
        let text = format!(
            "{{bucket: hot, endpoint: {endpoint}, insecure: {insecure}, access_key: k, secret_key: s}}"
        );
        let node = yaml::parse(&text).unwrap().unwrap();
        let mut warnings = Vec::new();
        let parsed = s3::Config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut warnings,
        });
        parsed.unwrap();
        let told = warnings.first().map(String::as_str);
        assert_eq!(told.is_some(), expected.is_some(), "{endpoint}: {told:?}");
        let is_so = told
            .zip(expected)
            .is_none_or(|(told, expected)| told.starts_with(expected));
        assert!(is_so, "{endpoint}: {told:?}");
    }
}

/// S-3.67: no document tells that parts are copied.
#[test]
fn the_service_copies_what_one_request_copies() {
    let copy = DIALECT.differences.server_copy.unwrap();
    assert_eq!(copy.largest_bytes, Some(5 << 30));
    assert_eq!(copy.larger, Larger::None);
}

/// S-3.65
#[test]
fn what_is_wrong_is_told_in_one_line_with_its_key() {
    let place = "bucket: hot, endpoint: bj.bcebos.com";
    let keys = format!("access_key: AK, secret_key: {SECRET}");
    let whole = |section: &str| format!("{{{section}, {keys}}}");
    let at = |endpoint: &str| whole(&format!("bucket: hot, endpoint: '{endpoint}'"));
    for (text, expected) in [
        (
            whole("endpoint: bj.bcebos.com"),
            "config.bucket is missing (insufficient BOS configuration information)",
        ),
        (
            whole("bucket: hot"),
            "config.endpoint is missing (insufficient BOS configuration information)",
        ),
        (
            format!("{{{place}, secret_key: {SECRET}}}"),
            "config.access_key is missing",
        ),
        (
            format!("{{{place}, access_key: AK}}"),
            "config.secret_key is missing",
        ),
        (
            whole("bucket: Hot, endpoint: bj.bcebos.com"),
            "config.bucket is none",
        ),
        (
            whole("bucket: hot.eu, endpoint: bj.bcebos.com"),
            "config.bucket is none",
        ),
        (
            at("hot.bj.bcebos.com"),
            "config.endpoint begins with a bucket's name",
        ),
        (
            at("https://cold.s3.bj.bcebos.com"),
            "config.endpoint begins with a bucket's name",
        ),
        (
            at("https://hot.cdn.bcebos.com"),
            "config.endpoint is that of a CDN",
        ),
        (at("bos://hot"), "config.endpoint has another scheme"),
        (at("bj.bcebos.com/hot"), "config.endpoint has a path"),
        (at("https://"), "config.endpoint"),
        (at("bj.bcebos.com:0"), "config.endpoint"),
        (
            whole("bucket: [a], endpoint: bj.bcebos.com"),
            "config.bucket",
        ),
    ] {
        let (parsed, _) = read(&text);
        let err = parsed.map(drop).unwrap_err().to_string();
        assert!(err.contains(expected), "{text}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!err.contains(SECRET), "{err}");
    }
}

/// S-3.68
#[test]
fn one_bucket_is_one_however_it_is_named() {
    let section = |bucket: &str, endpoint: &str| {
        format!("{{bucket: {bucket}, endpoint: '{endpoint}', access_key: k, secret_key: s}}")
    };
    let at = |bucket: &str, endpoint: &str| {
        let (parsed, _) = read(&section(bucket, endpoint));
        parsed.unwrap().location(&Prefix::new("").unwrap())
    };
    let of_s3 = |bucket: &str, endpoint: &str| {
        let node = yaml::parse(&section(bucket, endpoint)).unwrap().unwrap();
        let config = s3::Config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        config.unwrap().location(&Prefix::new("").unwrap())
    };
    let hot = at("hot", "bj.bcebos.com");
    assert_eq!(hot.to_string(), "s3://bcebos.com/hot");
    for (other, expected) in [
        (at("hot", "https://s3.bj.bcebos.com"), true),
        (at("hot", "https://gz.bcebos.com"), true),
        (at("cold", "bj.bcebos.com"), false),
        (at("hot", "bos.example.com"), false),
        (of_s3("hot", "s3.bj.bcebos.com"), true),
        (of_s3("any", "hot.s3.bj.bcebos.com"), true),
        (of_s3("cold", "s3.bj.bcebos.com"), false),
        (of_s3("hot", "s3.eu-west-1.amazonaws.com"), false),
    ] {
        assert_eq!(hot.overlaps(&other), expected, "{other}");
        assert_eq!(other.overlaps(&hot), expected, "{other}");
    }
}

/// S-3.67
#[test]
fn classes_are_baidus() {
    let text = "{bucket: hot, endpoint: bj.bcebos.com, access_key: k, secret_key: s}";
    let bucket = read(text).0.unwrap();
    for (name, expected) in [
        ("STANDARD", Some(Readable::AtOnce)),
        ("STANDARD_IA", Some(Readable::AtOnce)),
        ("COLD", None),
        ("ARCHIVE", None),
        ("GLACIER", None),
        ("standard", None),
    ] {
        assert_eq!(bucket.storage_class(name).ok(), expected, "{name}");
    }
}

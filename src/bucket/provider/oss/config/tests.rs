#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
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

/// An endpoint, what stands beside it, the address where S3 is spoken, the region, and what is warned of.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static [&'static str],
);

const PLAIN: &[&str] = &["config.endpoint:"];

const IN_USE: [Case; 15] = [
    (
        "oss-cn-hangzhou-internal.aliyuncs.com",
        "",
        "http://hot.s3.oss-cn-hangzhou-internal.aliyuncs.com",
        Some("cn-hangzhou"),
        PLAIN,
    ),
    (
        "https://oss-cn-hangzhou.aliyuncs.com",
        "",
        "https://hot.s3.oss-cn-hangzhou.aliyuncs.com",
        Some("cn-hangzhou"),
        &[],
    ),
    (
        "http://oss-cn-shanghai.aliyuncs.com",
        "",
        "http://hot.s3.oss-cn-shanghai.aliyuncs.com",
        Some("cn-shanghai"),
        PLAIN,
    ),
    (
        "https://OSS-ap-southeast-1.aliyuncs.com/",
        "",
        "https://hot.s3.oss-ap-southeast-1.aliyuncs.com",
        Some("ap-southeast-1"),
        &[],
    ),
    (
        "https://s3.oss-cn-beijing.aliyuncs.com",
        "",
        "https://hot.s3.oss-cn-beijing.aliyuncs.com",
        Some("cn-beijing"),
        &[],
    ),
    (
        "https://oss-accelerate.aliyuncs.com",
        "",
        "https://hot.s3.oss-accelerate.aliyuncs.com",
        None,
        &[],
    ),
    (
        "https://cn-hangzhou.oss.aliyuncs.com",
        "",
        "https://hot.s3.oss-cn-hangzhou.aliyuncs.com",
        Some("cn-hangzhou"),
        &[],
    ),
    (
        "vpc100-oss-cn-beijing.aliyuncs.com",
        "",
        "http://hot.s3.oss-cn-beijing-internal.aliyuncs.com",
        Some("cn-beijing"),
        PLAIN,
    ),
    (
        "https://oss-cn-hangzhou.aliyuncs.com:443",
        "",
        "https://hot.s3.oss-cn-hangzhou.aliyuncs.com:443",
        Some("cn-hangzhou"),
        &[],
    ),
    (
        "https://cn-hangzhou-internal.oss.aliyuncs.com",
        "",
        "https://hot.s3.oss-cn-hangzhou-internal.aliyuncs.com",
        Some("cn-hangzhou"),
        &[],
    ),
    // Nobody documents S3 there; it is asked, and that is said.
    (
        "https://cn-hangzhou-b-internal.oss-data-acc.aliyuncs.com",
        "",
        "https://hot.cn-hangzhou-b-internal.oss-data-acc.aliyuncs.com",
        None,
        &["config.endpoint"],
    ),
    (
        "https://oss.aliyuncs.com",
        "",
        "https://hot.oss.aliyuncs.com",
        None,
        &["config.endpoint"],
    ),
    // Whoever answers there.
    (
        "https://oss.example.com",
        "",
        "https://hot.oss.example.com",
        None,
        &[],
    ),
    (
        "127.0.0.1:9000",
        "",
        "http://127.0.0.1:9000/hot",
        None,
        PLAIN,
    ),
    // What Thanos does not know of.
    (
        "https://oss-cn-hangzhou.aliyuncs.com",
        ", region: cn-hangzhou, security_token: x, http_config: {}",
        "https://hot.s3.oss-cn-hangzhou.aliyuncs.com",
        Some("cn-hangzhou"),
        &["unknown", "unknown", "unknown"],
    ),
];

/// S-3.54: sections as they are in use, with the address that S3 is spoken at, the region, and which keys are warned of.
#[test]
fn sections_in_use_come_to_the_address_where_s3_is_spoken() {
    let keys = format!("access_key_id: LTAI5tExampleKBu, access_key_secret: {SECRET}");
    for (endpoint, more, address, region, warned) in IN_USE {
        let text = format!("{{bucket: hot, endpoint: '{endpoint}'{more}, {keys}}}");
        let (parsed, warnings) = read(&text);
        let bucket = parsed.unwrap_or_else(|err| panic!("{endpoint}: {err}"));
        assert_eq!(bucket.s3.address(), address, "{endpoint}");
        assert_eq!(bucket.s3.region(), region, "{endpoint}");
        let about = warnings.iter().map(|told| told.split(' ').next().unwrap());
        assert_eq!(
            about.collect::<Vec<_>>(),
            warned,
            "{endpoint}: {warnings:?}"
        );
        let told = format!("{:?} {:?} {warnings:?}", bucket, bucket.understood());
        assert!(!told.contains(SECRET), "{told}");
    }
}

/// S-3.54
#[test]
fn what_is_wrong_is_told_in_one_line_with_its_key() {
    let keys = format!("access_key_id: LTAI, access_key_secret: {SECRET}");
    let place = "bucket: hot, endpoint: oss-cn-hangzhou.aliyuncs.com";
    let whole = |section: &str| format!("{{{section}, {keys}}}");
    for (text, key) in [
        (
            whole("endpoint: oss-cn-hangzhou.aliyuncs.com"),
            "config.bucket is missing",
        ),
        (whole("bucket: hot"), "config.endpoint is missing"),
        (
            format!("{{{place}, access_key_secret: {SECRET}}}"),
            "config.access_key_id is missing",
        ),
        (
            format!("{{{place}, access_key_id: LTAI}}"),
            "config.access_key_secret is missing",
        ),
        (
            whole("bucket: Hot, endpoint: oss-cn-hangzhou.aliyuncs.com"),
            "config.bucket is none",
        ),
        (
            whole("bucket: hot.eu, endpoint: oss-cn-hangzhou.aliyuncs.com"),
            "config.bucket is none",
        ),
        (
            whole("bucket: ho, endpoint: oss-cn-hangzhou.aliyuncs.com"),
            "config.bucket has too few",
        ),
        (
            whole("bucket: hot, endpoint: hot.oss-cn-hangzhou.aliyuncs.com"),
            "config.endpoint begins with a bucket's name",
        ),
        // Thanos asks for a bucket that is called so before the other's name.
        (
            whole("bucket: hot, endpoint: 'https://other.oss-cn-hangzhou.aliyuncs.com'"),
            "config.endpoint begins with a bucket's name, and config.bucket is put before it anyway: expected oss-cn-hangzhou.aliyuncs.com",
        ),
        (
            whole("bucket: hot, endpoint: other.s3.oss-accelerate.aliyuncs.com"),
            "config.endpoint begins with a bucket's name",
        ),
        (
            whole("bucket: hot, endpoint: 'oss://hot'"),
            "config.endpoint has another scheme",
        ),
        (
            whole("bucket: hot, endpoint: oss-cn-hangzhou.aliyuncs.com/hot"),
            "config.endpoint has a path",
        ),
        (
            whole("bucket: hot, endpoint: 'https://'"),
            "config.endpoint",
        ),
    ] {
        let (parsed, _) = read(&text);
        let err = parsed.map(drop).unwrap_err().to_string();
        assert!(err.contains(key), "{text}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!err.contains(SECRET), "{err}");
    }
}

/// S-3.55
#[test]
fn one_bucket_is_one_however_it_is_named() {
    let at = |bucket: &str, endpoint: &str| {
        let text = format!(
            "{{bucket: {bucket}, endpoint: '{endpoint}', access_key_id: k, access_key_secret: s}}"
        );
        let (parsed, _) = read(&text);
        parsed.unwrap().location(&Prefix::new("").unwrap())
    };
    let of_s3 = |bucket: &str, endpoint: &str| {
        let text =
            format!("{{bucket: {bucket}, endpoint: '{endpoint}', access_key: k, secret_key: s}}");
        let node = yaml::parse(&text).unwrap().unwrap();
        let config = s3::Config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        config.unwrap().location(&Prefix::new("").unwrap())
    };
    let hot = at("hot", "oss-cn-hangzhou.aliyuncs.com");
    assert_eq!(hot.to_string(), "s3://oss.aliyuncs.com/hot");
    for (other, expected) in [
        (
            at("hot", "https://oss-cn-hangzhou-internal.aliyuncs.com"),
            true,
        ),
        (at("hot", "https://oss-accelerate.aliyuncs.com"), true),
        (at("hot", "https://cn-hangzhou.oss.aliyuncs.com"), true),
        (at("cold", "oss-cn-hangzhou.aliyuncs.com"), false),
        (at("hot", "oss.example.com"), false),
        (of_s3("hot", "s3.oss-cn-hangzhou.aliyuncs.com"), true),
        (of_s3("hot", "oss-cn-hangzhou.aliyuncs.com"), true),
        (of_s3("cold", "s3.oss-cn-hangzhou.aliyuncs.com"), false),
        (of_s3("hot", "s3.eu-west-1.amazonaws.com"), false),
    ] {
        assert_eq!(hot.overlaps(&other), expected, "{other}");
        assert_eq!(other.overlaps(&hot), expected, "{other}");
    }
}

/// S-3.56
#[test]
fn classes_are_the_vendors() {
    let (bucket, _) = read(
        "{bucket: hot, endpoint: oss-cn-hangzhou.aliyuncs.com, access_key_id: k, access_key_secret: s}",
    );
    let bucket = bucket.unwrap();
    for (name, expected) in [
        ("STANDARD", Some(Readable::AtOnce)),
        ("STANDARD_IA", Some(Readable::AtOnce)),
        ("GLACIER", Some(Readable::AfterRestore)),
        ("Archive", None),
        ("IA", None),
    ] {
        assert_eq!(bucket.storage_class(name).ok(), expected, "{name}");
    }
}

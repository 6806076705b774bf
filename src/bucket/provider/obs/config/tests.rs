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

/// A section as it is in use: its bucket, its endpoint and what else it has; the address that S3 is spoken at, the region, and which keys are warned of.
type InUse = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static [&'static str],
);

const PLAIN: &[&str] = &["config.endpoint:"];

const IN_USE: [InUse; 15] = [
    (
        "thanos-blocks",
        "obs.cn-north-4.myhuaweicloud.com",
        "",
        "https://thanos-blocks.obs.cn-north-4.myhuaweicloud.com",
        Some("cn-north-4"),
        &[],
    ),
    (
        "hot",
        "https://obs.cn-east-3.myhuaweicloud.com",
        "",
        "https://hot.obs.cn-east-3.myhuaweicloud.com",
        Some("cn-east-3"),
        &[],
    ),
    (
        "hot",
        "https://obs.ap-southeast-1.myhuaweicloud.com/",
        ", max_retries: 5",
        "https://hot.obs.ap-southeast-1.myhuaweicloud.com",
        Some("ap-southeast-1"),
        &[],
    ),
    (
        "hot",
        "http://obs.cn-south-1.myhuaweicloud.com",
        "",
        "http://hot.obs.cn-south-1.myhuaweicloud.com",
        Some("cn-south-1"),
        PLAIN,
    ),
    (
        "hot",
        "OBS.la-south-2.MyHuaweiCloud.com:443",
        "",
        "https://hot.obs.la-south-2.myhuaweicloud.com:443",
        Some("la-south-2"),
        &[],
    ),
    (
        "hot",
        "obs.eu-west-101.myhuaweicloud.eu",
        ", http_config: {idle_conn_timeout: 2m, response_header_timeout: 5m}",
        "https://hot.obs.eu-west-101.myhuaweicloud.eu",
        Some("eu-west-101"),
        &[],
    ),
    (
        "hot",
        "obs.eu-de.otc.t-systems.com",
        "",
        "https://hot.obs.eu-de.otc.t-systems.com",
        Some("eu-de"),
        &[],
    ),
    (
        "hot",
        "https://obs.cn-hangzhou-1.example-cloud.com",
        ", http_config: {insecure_skip_verify: true}",
        "https://hot.obs.cn-hangzhou-1.example-cloud.com",
        None,
        &["config.http_config:"],
    ),
    (
        "hot",
        "http://obs.svc.cluster.local:9000",
        "",
        "http://hot.obs.svc.cluster.local:9000",
        None,
        PLAIN,
    ),
    // As Thanos prints its own example.
    (
        "hot",
        "obs.sa-brazil-1.myhuaweicloud.com",
        ", max_retries: 0, http_config: {idle_conn_timeout: 1m30s, response_header_timeout: 2m, insecure_skip_verify: false, tls_handshake_timeout: 10s, expect_continue_timeout: 1s, max_idle_conns: 100, max_idle_conns_per_host: 100, max_conns_per_host: 0, tls_config: {ca_file: '', cert_file: '', key_file: '', server_name: '', insecure_skip_verify: false}, disable_compression: false}",
        "https://hot.obs.sa-brazil-1.myhuaweicloud.com",
        Some("sa-brazil-1"),
        &[
            "config.http_config.max_idle_conns",
            "config.http_config.disable_compression",
        ],
    ),
    // The host for all regions tells none.
    (
        "hot",
        "obs.myhuaweicloud.com",
        "",
        "https://hot.obs.myhuaweicloud.com",
        None,
        &[],
    ),
    (
        "hot",
        "storage.example.com",
        "",
        "https://hot.storage.example.com",
        None,
        &[],
    ),
    (
        "hot",
        "http://10.0.0.7:5080",
        "",
        "http://10.0.0.7:5080/hot",
        None,
        PLAIN,
    ),
    (
        "hot.eu",
        "obs.cn-north-4.myhuaweicloud.com",
        ", max_retries: 0",
        "https://hot.eu.obs.cn-north-4.myhuaweicloud.com",
        Some("cn-north-4"),
        &["config.bucket"],
    ),
    (
        "123",
        "obs.cn-north-4.myhuaweicloud.com",
        "",
        "https://123.obs.cn-north-4.myhuaweicloud.com",
        Some("cn-north-4"),
        &[],
    ),
];

/// S-3.60, S-3.61
#[test]
fn sections_in_use_come_to_the_address_where_s3_is_spoken() {
    for (bucket, endpoint, more, address, region, warned) in IN_USE {
        let text = format!(
            "{{bucket: {bucket}, endpoint: '{endpoint}', access_key: AK0EXAMPLE, secret_key: {SECRET}{more}}}"
        );
        let (parsed, warnings) = read(&text);
        let bucket = parsed.unwrap_or_else(|err| panic!("{endpoint}: {err}"));
        assert_eq!(bucket.s3.address(), address, "{endpoint}");
        assert_eq!(bucket.s3.region(), region, "{endpoint}");
        let about = warnings.iter().map(|told| told.split(' ').next().unwrap());
        let about: Vec<_> = about.collect();
        assert_eq!(about, warned, "{endpoint}: {warnings:?}");
        let told = format!("{:?} {:?} {warnings:?}", bucket, bucket.understood());
        assert!(!told.contains(SECRET), "{told}");
    }
}

/// S-3.60: the first try is none of those that Huawei's client counts.
#[test]
fn settings_of_requests_are_those_of_thanos() {
    let shown = |more: &str| {
        let keys = "access_key: k, secret_key: s";
        let endpoint = "obs.cn-north-4.myhuaweicloud.com";
        let text = format!("{{bucket: hot, endpoint: {endpoint}, {keys}{more}}}");
        format!("{:?}", read(&text).0.unwrap().s3)
    };
    for (more, expected) in [
        ("", "max_attempts: None"),
        (", max_retries: 0", "max_attempts: None"),
        (", max_retries: -1", "max_attempts: None"),
        (", max_retries: 1", "max_attempts: Some(2)"),
        (", max_retries: 10", "max_attempts: Some(11)"),
        (
            ", http_config: {tls_handshake_timeout: 3s}",
            "connect_timeout: 3s",
        ),
        (
            ", http_config: {max_conns_per_host: 7}",
            "max_per_host: Some(7)",
        ),
    ] {
        let shown = shown(more);
        assert!(shown.contains(expected), "{more}: {shown}");
    }
}

/// S-3.60
#[test]
fn what_is_wrong_is_told_in_one_line_with_its_key() {
    let place = "bucket: hot, endpoint: obs.cn-north-4.myhuaweicloud.com";
    let keys = format!("access_key: AK, secret_key: {SECRET}");
    let whole = |section: &str| format!("{{{section}, {keys}}}");
    let at = |endpoint: &str| whole(&format!("bucket: hot, endpoint: '{endpoint}'"));
    for (text, expected) in [
        (
            whole("endpoint: obs.cn-north-4.myhuaweicloud.com"),
            "config.bucket is missing",
        ),
        (
            whole("bucket: hot"),
            "config.endpoint is missing (no obs endpoint in config file)",
        ),
        (
            format!("{{{place}, secret_key: {SECRET}}}"),
            "config.access_key is missing (no obs access_key specified)",
        ),
        (
            format!("{{{place}, access_key: AK}}"),
            "config.secret_key is missing (no obs secret_key specified)",
        ),
        (
            format!("{{{place}}}"),
            "config.access_key is missing (no obs secret_key and access_key specified)",
        ),
        (whole(&format!("{place}, region: cn-north-4")), "region"),
        (whole(&format!("{place}, secretkey: x")), "secretkey"),
        (whole(&format!("{place}, bucket: cold")), "bucket"),
        (
            whole(&format!("{place}, http_config: {{timeout: 1m}}")),
            "timeout",
        ),
        (
            whole(&format!("{place}, max_retries: many")),
            "config.max_retries",
        ),
        (
            whole(&format!("{place}, max_retries: 1000")),
            "config.max_retries 1000",
        ),
        (
            whole("bucket: Hot, endpoint: obs.cn-north-4.myhuaweicloud.com"),
            "config.bucket is none",
        ),
        (
            at("hot.obs.cn-north-4.myhuaweicloud.com"),
            "config.endpoint begins with a bucket's name",
        ),
        (at("obs://hot"), "config.endpoint has another scheme"),
        (
            at("obs.cn-north-4.myhuaweicloud.com/hot"),
            "config.endpoint has a path",
        ),
        (at("https://"), "config.endpoint"),
        (at("obs.cn-north-4.myhuaweicloud.com:x"), "config.endpoint"),
    ] {
        let (parsed, _) = read(&text);
        let err = parsed.map(drop).unwrap_err().to_string();
        assert!(err.contains(expected), "{text}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!err.contains(SECRET), "{err}");
    }
}

/// S-3.63
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
    let hot = at("hot", "obs.cn-north-4.myhuaweicloud.com");
    assert_eq!(hot.to_string(), "s3://obs.myhuaweicloud.com/hot");
    for (other, expected) in [
        (
            at("hot", "http://obs.cn-north-4.myhuaweicloud.com:80"),
            true,
        ),
        (at("hot", "obs.myhuaweicloud.com"), true),
        (at("cold", "obs.cn-north-4.myhuaweicloud.com"), false),
        (at("hot", "obs.eu-west-101.myhuaweicloud.eu"), false),
        (at("hot", "obs.eu-de.otc.t-systems.com"), false),
        (of_s3("hot", "obs.cn-north-4.myhuaweicloud.com"), true),
        (of_s3("any", "hot.obs.cn-north-4.myhuaweicloud.com"), true),
        (of_s3("cold", "obs.cn-north-4.myhuaweicloud.com"), false),
        (of_s3("hot", "s3.eu-west-1.amazonaws.com"), false),
    ] {
        assert_eq!(hot.overlaps(&other), expected, "{other}");
        assert_eq!(other.overlaps(&hot), expected, "{other}");
    }
}

/// S-3.62
#[test]
fn classes_have_the_names_that_the_header_gives_them() {
    let text =
        "{bucket: hot, endpoint: obs.cn-north-4.myhuaweicloud.com, access_key: k, secret_key: s}";
    let bucket = read(text).0.unwrap();
    for (name, expected) in [
        ("STANDARD", Some(Readable::AtOnce)),
        ("STANDARD_IA", Some(Readable::AtOnce)),
        ("GLACIER", Some(Readable::AfterRestore)),
        ("DEEP_ARCHIVE", Some(Readable::AfterRestore)),
        ("WARM", None),
        ("COLD", None),
    ] {
        assert_eq!(bucket.storage_class(name).ok(), expected, "{name}");
    }
}

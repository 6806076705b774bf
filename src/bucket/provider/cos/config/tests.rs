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

/// A section without its keys, the bucket's address, its region, how it is called, and what is warned of.
type Case = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static [&'static str],
);

const HOT: &str = "s3://cos.myqcloud.com/hot-1250000000";

const IN_USE: [Case; 15] = [
    (
        "bucket: thanos, region: ap-singapore, app_id: '1259654321'",
        "https://thanos-1259654321.cos.ap-singapore.myqcloud.com",
        Some("ap-singapore"),
        "s3://cos.myqcloud.com/thanos-1259654321",
        &[],
    ),
    (
        "bucket: hot, region: ap-guangzhou, app_id: 1250000000",
        "https://hot-1250000000.cos.ap-guangzhou.myqcloud.com",
        Some("ap-guangzhou"),
        HOT,
        &[],
    ),
    // As Thanos prints its own example.
    (
        "bucket: hot, region: ap-guangzhou, app_id: '1250000000', endpoint: '', max_retries: 0, http_config: {idle_conn_timeout: 1m30s, response_header_timeout: 2m, insecure_skip_verify: false, tls_handshake_timeout: 10s, expect_continue_timeout: 1s, max_idle_conns: 100, max_idle_conns_per_host: 100, max_conns_per_host: 0, tls_config: {ca_file: '', cert_file: '', key_file: '', server_name: '', insecure_skip_verify: false}, disable_compression: false}",
        "https://hot-1250000000.cos.ap-guangzhou.myqcloud.com",
        Some("ap-guangzhou"),
        HOT,
        &[
            "config.http_config.max_idle_conns",
            "config.http_config.disable_compression",
        ],
    ),
    (
        "endpoint: 'https://hot-1250000000.cos.ap-guangzhou.myqcloud.com'",
        "https://hot-1250000000.cos.ap-guangzhou.myqcloud.com",
        Some("ap-guangzhou"),
        HOT,
        &[],
    ),
    (
        "endpoint: 'http://hot-1250000000.cos-internal.ap-beijing.tencentcos.cn/'",
        "http://hot-1250000000.cos-internal.ap-beijing.tencentcos.cn",
        Some("ap-beijing"),
        HOT,
        &["config.endpoint:"],
    ),
    // Which region it is, the host does not say.
    (
        "endpoint: 'https://hot-1250000000.cos.accelerate.myqcloud.com', region: ap-beijing",
        "https://hot-1250000000.cos.accelerate.myqcloud.com",
        Some("ap-beijing"),
        HOT,
        &[],
    ),
    (
        "endpoint: 'https://hot-1250000000.cos.accelerate.myqcloud.com'",
        "https://hot-1250000000.cos.accelerate.myqcloud.com",
        None,
        HOT,
        &[],
    ),
    // Thanos asks what the endpoint says.
    (
        "endpoint: 'https://hot-1250000000.cos.ap-beijing.myqcloud.com', bucket: cold, app_id: 1, region: ap-guangzhou",
        "https://hot-1250000000.cos.ap-beijing.myqcloud.com",
        Some("ap-beijing"),
        HOT,
        &["config.bucket", "config.region"],
    ),
    // A domain of one's own.
    (
        "endpoint: 'https://metrics.example.com', bucket: hot, app_id: '1250000000', region: ap-beijing",
        "https://metrics.example.com",
        Some("ap-beijing"),
        "s3://metrics.example.com",
        // Believed, and said.
        &["config.bucket"],
    ),
    (
        "endpoint: 'http://127.0.0.1:9000'",
        "http://127.0.0.1:9000",
        None,
        "s3://127.0.0.1:9000",
        &["config.endpoint:"],
    ),
    (
        "bucket: hot, region: na-siliconvalley, app_id: 0123456, bukcet: x, http_config: {idle_timeout: 1m, tls_config: {cafile: /ca.pem}}",
        "https://hot-0123456.cos.na-siliconvalley.myqcloud.com",
        Some("na-siliconvalley"),
        "s3://cos.myqcloud.com/hot-0123456",
        &["config.app_id", "unknown", "unknown", "unknown"],
    ),
    (
        "bucket: hot-1250000000, region: eu-frankfurt, app_id: 1250000000",
        "https://hot-1250000000-1250000000.cos.eu-frankfurt.myqcloud.com",
        Some("eu-frankfurt"),
        "s3://cos.myqcloud.com/hot-1250000000-1250000000",
        &["config.bucket"],
    ),
    // No region is called so: it is a host for all.
    (
        "bucket: hot, region: accelerate, app_id: '1250000000'",
        "https://hot-1250000000.cos.accelerate.myqcloud.com",
        None,
        HOT,
        &[],
    ),
    // Left from a template: Thanos does not look at it beside an endpoint.
    (
        "endpoint: 'https://hot-1250000000.cos.ap-beijing.myqcloud.com', bucket: '<bucket>', app_id: '<appid>', region: '<region>'",
        "https://hot-1250000000.cos.ap-beijing.myqcloud.com",
        Some("ap-beijing"),
        HOT,
        &["config.bucket", "config.region"],
    ),
    (
        "endpoint: 'https://metrics.example.com', bucket: Hot, app_id: abc",
        "https://metrics.example.com",
        None,
        "s3://metrics.example.com",
        &["config.bucket"],
    ),
];

/// S-3.51: sections as they are in use, with what they come to: the bucket's address, its region, how it is called, and which keys are warned of.
#[test]
fn sections_in_use_come_to_the_address_that_thanos_asks() {
    let keys = format!("secret_id: AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE, secret_key: {SECRET}");
    for (section, address, region, location, warned) in IN_USE {
        let (parsed, warnings) = read(&format!("{{{section}, {keys}}}"));
        let bucket = parsed.unwrap_or_else(|err| panic!("{section}: {err}"));
        assert_eq!(bucket.s3.address(), address, "{section}");
        assert_eq!(bucket.s3.region(), region, "{section}");
        let named = bucket.location(&Prefix::new("").unwrap()).to_string();
        assert_eq!(named, location, "{section}");
        let about = warnings.iter().map(|told| told.split(' ').next().unwrap());
        assert_eq!(about.collect::<Vec<_>>(), warned, "{section}: {warnings:?}");
        let told = format!("{:?} {:?} {warnings:?}", bucket, bucket.understood());
        assert!(!told.contains(SECRET), "{told}");
    }
}

/// S-3.51
#[test]
fn what_is_wrong_is_told_in_one_line_with_its_key() {
    let keys = format!("secret_id: AKID, secret_key: {SECRET}");
    let place = "bucket: hot, app_id: 1250000000, region: ap-beijing";
    let whole = |section: &str| format!("{{{section}, {keys}}}");
    for (text, key) in [
        (
            whole("app_id: 1250000000, region: ap-beijing"),
            "config.bucket is missing",
        ),
        (
            whole("bucket: hot, region: ap-beijing"),
            "config.app_id is missing",
        ),
        (
            whole("bucket: hot, app_id: 1250000000"),
            "config.region is missing",
        ),
        (
            format!("{{{place}, secret_key: {SECRET}}}"),
            "config.secret_id is missing",
        ),
        (
            format!("{{{place}, secret_id: AKID}}"),
            "config.secret_key is missing",
        ),
        (
            "{endpoint: 'https://a.example.com', secret_id: AKID}".to_owned(),
            "config.secret_key is missing (secret_id or secret_key is empty)",
        ),
        (
            whole("bucket: Hot, app_id: 1, region: ap-beijing"),
            "config.bucket is none",
        ),
        (
            whole("bucket: hot/a, app_id: 1, region: ap-beijing"),
            "config.bucket is none",
        ),
        (
            whole("bucket: hot, app_id: mine, region: ap-beijing"),
            "config.app_id is no account's",
        ),
        (
            whole("bucket: hot, app_id: 1, region: ap_beijing"),
            "config.region is none",
        ),
        (
            whole("bucket: hot, app_id: 1, region: a.b"),
            "config.region is none",
        ),
        (
            whole("endpoint: hot-1.cos.ap-beijing.myqcloud.com"),
            "config.endpoint has no scheme",
        ),
        (
            whole("endpoint: 'https://cos.ap-beijing.myqcloud.com'"),
            "config.endpoint names no bucket",
        ),
        (
            whole("endpoint: 'https://a.example.com/hot'"),
            "config.endpoint has a path",
        ),
        (
            whole("endpoint: 'ftp://a.example.com'"),
            "config.endpoint has another scheme",
        ),
        (
            whole(&format!("{place}, max_retries: 1000")),
            "config.max_retries 1000",
        ),
        (
            whole(&format!("{place}, max_retries: many")),
            "config.max_retries",
        ),
        (
            whole(&format!(
                "{place}, http_config: {{idle_conn_timeout: soon}}"
            )),
            "config.http_config.idle_conn_timeout",
        ),
        (
            format!("{{{place}, secret_id: 'a b\\n', secret_key: x}}").replace('\'', "\""),
            "config.secret_id",
        ),
    ] {
        let (parsed, _) = read(&text);
        let err = parsed.map(drop).unwrap_err().to_string();
        assert!(err.contains(key), "{text}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!err.contains(SECRET), "{err}");
    }
}

/// S-3.52
#[test]
fn one_bucket_is_one_however_it_is_named() {
    let at = |section: &str, prefix: &str| {
        let (parsed, _) = read(&format!("{{{section}, secret_id: k, secret_key: s}}"));
        parsed.unwrap().location(&Prefix::new(prefix).unwrap())
    };
    let of_s3 = |section: &str| {
        let text = format!("{{{section}, access_key: k, secret_key: s}}");
        let node = yaml::parse(&text).unwrap().unwrap();
        let config = s3::Config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        });
        config.unwrap().location(&Prefix::new("").unwrap())
    };
    let hot = at("bucket: hot, app_id: 1, region: ap-beijing", "");
    let own = "endpoint: 'https://metrics.example.com'";
    for (other, expected) in [
        (
            at("endpoint: 'https://hot-1.cos.ap-beijing.myqcloud.com'", "x"),
            true,
        ),
        (
            at(
                "endpoint: 'http://hot-1.cos-internal.ap-beijing.tencentcos.cn'",
                "",
            ),
            true,
        ),
        (
            at("endpoint: 'https://hot-1.cos.accelerate.myqcloud.com'", ""),
            true,
        ),
        (at(&format!("{own}, bucket: hot, app_id: 1"), ""), true),
        (at(&format!("{own}, bucket: cold, app_id: 1"), ""), false),
        (at(own, ""), false),
        (at("bucket: hot, app_id: 2, region: ap-beijing", ""), false),
        (
            of_s3("bucket: hot-1, endpoint: cos.ap-beijing.myqcloud.com"),
            true,
        ),
        (
            of_s3(
                "bucket: hot-1, endpoint: cos.ap-beijing.myqcloud.com, bucket_lookup_type: virtual-hosted",
            ),
            true,
        ),
        (
            of_s3("bucket: hot-1, endpoint: cos.ap-beijing.tencentcos.cn:443"),
            true,
        ),
        (
            of_s3("bucket: hot-1, endpoint: hot-1.cos.ap-beijing.myqcloud.com"),
            true,
        ),
        (
            of_s3("bucket: cold-1, endpoint: cos.ap-beijing.myqcloud.com"),
            false,
        ),
        (of_s3("bucket: hot-1, endpoint: 'minio:9000'"), false),
    ] {
        assert_eq!(hot.overlaps(&other), expected, "{other}");
        assert_eq!(other.overlaps(&hot), expected, "{other}");
    }
    let (one, beside) = (
        at("bucket: hot, app_id: 1, region: a", "x"),
        at("bucket: hot, app_id: 1, region: a", "y"),
    );
    assert!(!one.overlaps(&beside));
}

/// S-3.53
#[test]
fn classes_are_the_vendors() {
    let (bucket, _) =
        read("{bucket: hot, app_id: 1, region: ap-beijing, secret_id: k, secret_key: s}");
    let bucket = bucket.unwrap();
    for (name, expected) in [
        ("STANDARD_IA", Some(Readable::AtOnce)),
        ("MAZ_STANDARD", Some(Readable::AtOnce)),
        ("ARCHIVE", Some(Readable::AfterRestore)),
        ("DEEP_ARCHIVE", Some(Readable::AfterRestore)),
        ("GLACIER", None),
        ("standard", None),
    ] {
        assert_eq!(bucket.storage_class(name).ok(), expected, "{name}");
    }
}

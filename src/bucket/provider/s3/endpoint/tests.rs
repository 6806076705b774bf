#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text, true).unwrap()
}

/// S-3.7
#[test]
fn an_endpoint_is_a_host_and_perhaps_a_port() {
    for text in [
        "minio",
        "minio:9000",
        "MinIO.example.com:9000",
        "minio_1:9000",
        "minio.default.svc.cluster.local.:9000",
        "127.0.0.1:9000",
        "[::1]:9000",
        "[fe80::1]",
        "minio:9000/",
    ] {
        let parsed = endpoint(text);
        let url = format!("https://{parsed}/hot");
        assert!(reqwest::Url::parse(&url).is_ok(), "{text}");
    }
    for (text, why) in [
        ("", "is empty"),
        ("minio:9000\n", "a line break"),
        ("minio:9000 ", "a space"),
        ("mi nio", "no host"),
        ("http://minio:9000", "\"http://minio:9000\" has a scheme"),
        ("s3://hunter2", "has a scheme"),
        ("http://hunter1:hunter2@minio", "has a scheme"),
        ("hunter1:hunter2@minio", "has a user"),
        ("minio/hot", "a path"),
        ("minio?a=hunter2", "a path"),
        ("minio#hunter2", "a path"),
        ("::1:9000", "brackets"),
        ("::1", "brackets"),
        ("[minio]:9000", "no IPv6 address"),
        ("[::1", "no IPv6 address"),
        ("minio:", "a port"),
        ("minio:0", "a port"),
        ("minio:65536", "a port"),
        ("minio:http", "a port"),
        (":9000", "no host"),
        (".minio", "no host"),
        ("min%io", "no host"),
        ("-minio", "no host"),
        ("hunter2,other", "no host"),
        ("minïo", "beyond ASCII"),
    ] {
        let told = Endpoint::parse(text, true).unwrap_err().to_string();
        assert!(told.contains(why), "{text:?}: {told}");
        assert!(!told.contains("hunter"), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
}

/// S-3.8
#[test]
fn hosts_of_amazon_tell_their_region_and_serve_the_others() {
    for (host, region, asked_in_eu) in [
        (
            "s3.amazonaws.com",
            None,
            "s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "s3.us-east-1.amazonaws.com",
            Some("us-east-1"),
            "s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "s3-us-west-2.amazonaws.com",
            Some("us-west-2"),
            "s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "s3.dualstack.us-west-2.amazonaws.com",
            Some("us-west-2"),
            "s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "s3-fips.us-gov-west-1.amazonaws.com",
            Some("us-gov-west-1"),
            "s3-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            "s3-external-1.amazonaws.com",
            None,
            "s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "s3-accelerate.amazonaws.com",
            None,
            "s3-accelerate.amazonaws.com",
        ),
        (
            "s3.cn-north-1.amazonaws.com.cn",
            Some("cn-north-1"),
            "s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
            Some("us-east-1"),
            "bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
        ),
        ("minio.example.com:9000", None, "minio.example.com:9000"),
        ("s3.fr-par.scw.cloud", None, "s3.fr-par.scw.cloud"),
        (
            "s3-website-us-east-1.amazonaws.com",
            None,
            "s3-website-us-east-1.amazonaws.com",
        ),
    ] {
        let endpoint = endpoint(host);
        assert_eq!(endpoint.region(), region, "{host}");
        assert_eq!(
            endpoint.authority_in("eu-west-1", true),
            asked_in_eu,
            "{host}"
        );
    }
    let amazon = endpoint("s3.amazonaws.com");
    for (region, expected) in [
        ("us-east-1", "s3.us-east-1.amazonaws.com"),
        ("us-gov-east-1", "s3.us-gov-east-1.amazonaws.com"),
        ("cn-northwest-1", "s3.cn-northwest-1.amazonaws.com.cn"),
        ("us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"),
    ] {
        assert_eq!(amazon.authority_in(region, false), expected);
    }
}

/// S-5.20
#[test]
fn buckets_are_on_one_service_where_they_share_an_address_or_amazons_partition() {
    let (amazon, china) = ("s3.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn");
    let (gov, private) = ("s3.us-gov-west-1", "bucket.vpce-1a-2b.s3.us-east-1.vpce");
    let [gov, private, fips, europe] = [
        gov,
        private,
        "s3-fips.us-gov-east-1",
        "s3.dualstack.eu-west-1",
    ]
    .map(|name| format!("{name}.amazonaws.com"));
    for (one, other, expected) in [
        ("minio:9000", "MinIO:9000", true),
        ("minio:9000", "minio:9001", false),
        ("minio:9000", "minio", false),
        ("minio-a:9000", "minio-b:9000", false),
        (amazon, &europe, true),
        ("s3-external-1.amazonaws.com", &private, true),
        (china, "s3.cn-northwest-1.amazonaws.com.cn", true),
        (china, amazon, false),
        (&gov, &fips, true),
        (&gov, &europe, false),
        (&gov, amazon, false),
        (amazon, "minio:9000", false),
        (amazon, "amazonaws.com.example.org", false),
        (amazon, "notamazonaws.com", false),
    ] {
        let (one, other) = (endpoint(one), endpoint(other));
        assert_eq!(one.is_one_service_with(&other), expected, "{one} {other}");
        assert_eq!(other.is_one_service_with(&one), expected, "{one} {other}");
    }
    let plain = Endpoint::parse("minio:9000", false).unwrap();
    assert!(!endpoint("minio:9000").is_one_service_with(&plain));
}

#[test]
fn the_name_goes_into_the_host_where_thanos_puts_it_there() {
    for (host, secure, bucket, expected) in [
        ("s3.eu-west-1.amazonaws.com", true, "hot", true),
        ("s3.eu-west-1.amazonaws.com", true, "hot.eu", false),
        ("s3.eu-west-1.amazonaws.com", false, "hot.eu", true),
        ("storage.googleapis.com", true, "hot", true),
        ("oss-cn-hangzhou.aliyuncs.com", true, "hot", true),
        ("minio:9000", true, "hot", false),
        ("amazonaws.com.example.org", true, "hot", false),
    ] {
        let endpoint = Endpoint::parse(host, secure).unwrap();
        assert_eq!(
            endpoint.is_virtual_hosted(Lookup::Auto, bucket),
            expected,
            "{host}"
        );
        assert!(endpoint.is_virtual_hosted(Lookup::VirtualHosted, bucket));
        assert!(!endpoint.is_virtual_hosted(Lookup::Path, bucket));
    }
}

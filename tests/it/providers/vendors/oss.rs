//! Alibaba's OSS.

use super::{Kind, Service, promises};
use crate::support::minio::Credentials;
use crate::support::run::repository;
use crate::support::vendor_server::vendor;

/// OSS, by the endpoint of a region, which does not speak S3 itself.
pub static OSS: Kind = Kind {
    vendor: &vendor::OSS,
    bucket: str::to_owned,
    section,
    s3_endpoint: "s3.oss-cn-hangzhou.aliyuncs.com",
    language: "RAM policy",
    resource: |name| format!("acs:oss:*:*:{name}/*"),
    archive: "GLACIER",
};

fn section(name: &str, by: &Credentials) -> Vec<String> {
    vec![
        format!("bucket: {name}"),
        "endpoint: oss-cn-hangzhou.aliyuncs.com".to_owned(),
        format!("access_key_id: '{}'", by.access_key),
        format!("access_key_secret: '{}'", by.secret_key),
    ]
}

/// S-3.20, S-3.56
#[test]
fn it_conforms() {
    Service::start(&OSS).conforms();
}

/// S-3.50, S-3.56
#[test]
fn what_a_vendor_promises_holds() {
    promises::hold(&OSS);
}

/// S-3.2, S-3.54
#[test]
fn the_example_is_accepted_and_reaches_its_prefix() {
    let text = std::fs::read_to_string(repository("examples/aliyunoss.yaml")).unwrap();
    promises::hold_of_the_example(
        &OSS,
        &text,
        ["https://", "http://"],
        ["OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"],
    );
}

//! Baidu's BOS.

use super::obs::at_an_address;
use super::{Kind, Service, World, promises};
use crate::support::minio::Credentials;
use crate::support::run::{OLD, Ran, repository};
use crate::support::vendor_server::vendor;
use crate::support::world::three;

/// BOS, by the endpoint of a region, which does not speak S3 itself.
pub static BOS: Kind = Kind {
    vendor: &vendor::BOS,
    bucket: str::to_owned,
    section,
    s3_endpoint: "s3.bj.bcebos.com",
    language: "IAM policy of Baidu AI Cloud",
    resource: |name| format!("{name}/*"),
    archive: "ARCHIVE",
};

fn section(name: &str, by: &Credentials) -> Vec<String> {
    vec![
        format!("bucket: {name}"),
        "endpoint: bj.bcebos.com".to_owned(),
        format!("access_key: '{}'", by.access_key),
        format!("secret_key: '{}'", by.secret_key),
    ]
}

/// S-3.20, S-3.67
#[test]
fn it_conforms() {
    Service::start(&BOS).conforms();
}

/// S-3.65, S-3.67, S-3.68, S-3.69
#[test]
fn what_a_vendor_promises_holds() {
    promises::hold(&BOS);
}

/// S-3.66: an endpoint that is none of Baidu's is kept, with the bucket's name in the path.
#[test]
fn at_an_address_the_bucket_is_in_the_path() {
    at_an_address(&BOS);
}

/// S-3.66: without a scheme Thanos speaks plain HTTP, and so do we, with a warning.
#[test]
fn without_a_scheme_data_travel_unencrypted_and_that_is_said() {
    let world = World::of(&BOS, &three());
    let ran = Ran::of(world.command(&[OLD])).expect(0);
    assert!(
        ran.stderr
            .contains("data travel to s3.bj.bcebos.com unencrypted"),
        "{}",
        ran.stderr
    );
    world.assert_moved();
}

/// S-3.2, S-3.65
#[test]
fn the_example_is_accepted_and_reaches_its_prefix() {
    let text = std::fs::read_to_string(repository("examples/bos.yaml")).unwrap();
    promises::hold_of_the_example(
        &BOS,
        &text,
        ["https://", "http://"],
        ["BOS_ACCESS_KEY", "BOS_SECRET_KEY"],
    );
}

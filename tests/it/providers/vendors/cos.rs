//! Tencent's COS.

use super::{Kind, Service, World, promises, proxy};
use crate::support::minio::Credentials;
use crate::support::run::{OLD, Ran, migrate, repository};
use crate::support::vendor_server::vendor;
use crate::support::world::three;

/// COS, as a bucket's own address names it.
pub static COS: Kind = Kind {
    vendor: &vendor::COS,
    bucket: |name| format!("{name}-1250000000"),
    section,
    s3_endpoint: "cos.ap-guangzhou.myqcloud.com",
    language: "CAM policy",
    resource: |name| format!("qcs::cos:ap-guangzhou:uid/1250000000:{name}-1250000000/*"),
    archive: "ARCHIVE",
};

fn section(name: &str, by: &Credentials) -> Vec<String> {
    vec![
        format!("endpoint: http://{name}-1250000000.cos.ap-guangzhou.myqcloud.com"),
        format!("secret_id: '{}'", by.access_key),
        format!("secret_key: '{}'", by.secret_key),
    ]
}

/// S-3.20, S-3.53
#[test]
fn it_conforms() {
    Service::start(&COS).conforms();
}

/// S-3.50, S-3.53
#[test]
fn what_a_vendor_promises_holds() {
    promises::hold(&COS);
}

/// S-3.51: an endpoint that is none of Tencent's is a bucket's whole address.
#[test]
fn a_domain_of_ones_own_is_the_bucket() {
    let world = World::of(&COS, &three());
    let service = &world.task;
    let port = service.server.port();
    let host = format!("127.0.0.1:{port}");
    service.server.names(&host, "cold-1250000000");
    let Credentials {
        access_key,
        secret_key,
    } = service.server.credentials();
    let text = format!(
        "type: COS\nconfig: {{endpoint: 'http://{host}', secret_id: '{access_key}', secret_key: '{secret_key}'}}\n"
    );
    let target = service.file("own.yaml", &text);
    let mut command = migrate(&service.config("hot"), &target, &[OLD]);
    command.env("HTTP_PROXY", proxy(port));
    Ran::of(command).expect(0);
    world.assert_moved();
    assert_eq!(service.refused(), Vec::<&str>::new());
}

/// S-3.2, S-3.51
#[test]
fn the_example_is_accepted_and_reaches_its_prefix() {
    let text = std::fs::read_to_string(repository("examples/cos.yaml")).unwrap();
    promises::hold_of_the_example(
        &COS,
        &text,
        ["# endpoint: https://", "endpoint: http://"],
        ["COS_SECRET_ID", "COS_SECRET_KEY"],
    );
}

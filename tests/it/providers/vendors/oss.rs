//! Alibaba's OSS.

use super::{Kind, Service, World, promises};
use crate::support::minio::Credentials;
use crate::support::run::{COPIED_HERE, Ran, repository};
use crate::support::vendor_server::vendor;
use crate::support::world::three;

/// OSS, by the endpoint of a region, which does not speak S3 itself.
pub static OSS: Kind = Kind {
    vendor: &vendor::OSS,
    bucket: str::to_owned,
    section,
    s3_endpoint: "s3.oss-cn-hangzhou.aliyuncs.com",
    language: "RAM policy",
    resource: |name| format!("acs:oss:*:*:{name}/*"),
    archive: "GLACIER",
    deviations: &[],
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

/// S-3.50: for the type S3 Amazon's condition is asked for, which OSS refuses; then a look comes first.
#[test]
fn as_s3_marks_are_put_after_a_look() {
    let world = World::of(&OSS, &three());
    let service = &world.task;
    let file = |name: &str| {
        let text = service.s3_text(name);
        let text = text.replace("insecure: true", "insecure: true, region: cn-hangzhou");
        service.file(&format!("s3-{name}.yaml"), &text)
    };
    let run = || Ran::of(service.migrate(&file("hot"), &file("cold"), &COPIED_HERE));
    run().expect(0);
    world.assert_moved();
    let seen = service.server.seen();
    let puts = seen
        .iter()
        .filter(|seen| seen.method == "PUT" && seen.path.contains("/deletion-mark.json"));
    let is_conditional =
        |headers: &[(String, String)]| headers.iter().any(|(name, _)| name == "if-none-match");
    let mut put = 0;
    for seen in puts {
        let is_refused = seen.code == Some("NotImplemented");
        assert_eq!(is_conditional(&seen.headers), is_refused, "{seen:?}");
        put += usize::from(!is_refused);
    }
    assert_eq!(put, 3);
    run().expect(0);
}

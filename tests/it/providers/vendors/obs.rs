//! Huawei's OBS.

use super::{Kind, Service, World, promises, proxy};
use crate::support::minio::Credentials;
use crate::support::run::{OLD, Ran, migrate, repository};
use crate::support::vendor_server::vendor;
use crate::support::world::{Contents, three};

/// OBS, by the endpoint of a region.
pub static OBS: Kind = Kind {
    vendor: &vendor::OBS,
    bucket: str::to_owned,
    section,
    s3_endpoint: "obs.cn-north-4.myhuaweicloud.com",
    language: "IAM policy of Huawei Cloud",
    resource: |name| format!("OBS:*:*:object:{name}/*"),
    archive: "GLACIER",
};

fn section(name: &str, by: &Credentials) -> Vec<String> {
    vec![
        format!("bucket: {name}"),
        "endpoint: http://obs.cn-north-4.myhuaweicloud.com".to_owned(),
        format!("access_key: '{}'", by.access_key),
        format!("secret_key: '{}'", by.secret_key),
    ]
}

/// S-3.20, S-3.62
#[test]
fn it_conforms() {
    Service::start(&OBS).conforms();
}

/// S-3.60, S-3.62, S-3.63, S-3.64
#[test]
fn what_a_vendor_promises_holds() {
    promises::hold(&OBS);
}

/// S-3.61: an endpoint that is an address has the bucket's name in the path, as Huawei's client puts it there.
#[test]
fn at_an_address_the_bucket_is_in_the_path() {
    at_an_address(&OBS);
}

/// S-3.62: a parallel file system lists its directories, which are no objects of a block.
#[test]
fn the_directories_of_a_parallel_file_system_are_left_alone() {
    let world = World::of(&OBS, &three());
    let ids = world.source.published();
    for id in &ids {
        for directory in [format!("{id}/"), format!("{id}/chunks/")] {
            world.source.put(&directory, Vec::new());
            world.target.put(&directory, Vec::new());
        }
    }
    for _ in 0..2 {
        Ran::of(world.command(&[OLD])).expect(0);
    }
    assert_eq!(world.target.published(), ids);
    assert_eq!(world.source.marked(), ids);
    for name in world.before.keys().filter(|name| !name.ends_with('/')) {
        assert!(world.target.has(name), "{name}");
    }
    assert_eq!(world.task.refused(), Vec::<&str>::new());
}

/// S-3.2, S-3.60
#[test]
fn the_example_is_accepted_and_reaches_its_prefix() {
    let text = std::fs::read_to_string(repository("examples/obs.yaml")).unwrap();
    promises::hold_of_the_example(
        &OBS,
        &text,
        ["https://", "http://"],
        ["OBS_ACCESS_KEY", "OBS_SECRET_KEY"],
    );
}

/// Blocks move where the endpoint is a loopback address.
pub fn at_an_address(kind: &'static Kind) {
    let world = World::of(kind, &three());
    let service = &world.task;
    let port = service.server.port();
    let [from, to] = ["hot", "cold"].map(|name| {
        let text = service.text(name);
        let (before, rest) = text.split_once("endpoint: ").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        let there = format!("{before}endpoint: {}\n{after}", proxy(port));
        service.file(&format!("{name}-address.yaml"), &there)
    });
    Ran::of(migrate(&from, &to, &[OLD])).expect(0);
    world.assert_moved();
    assert_eq!(service.refused(), Vec::<&str>::new());
    let seen = service.server.seen();
    assert!(seen.iter().all(|seen| {
        let path = seen.path.as_str();
        path.starts_with("/hot") || path.starts_with("/cold")
    }));
}

//! Tencent's COS.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::super::conformance::Deviation;
use super::{Kind, Service, World, promises, proxy};
use crate::support::minio::Credentials;
use crate::support::run::{OLD, QUICK_RETRIES, Ran, migrate, repository};
use crate::support::vendor_server::vendor;
use crate::support::world::{Contents, three};

/// COS, as a bucket's own address names it.
pub static COS: Kind = Kind {
    vendor: &vendor::COS,
    bucket: |name| format!("{name}-1250000000"),
    section,
    s3_endpoint: "cos.ap-guangzhou.myqcloud.com",
    language: "CAM policy",
    resource: |name| format!("qcs::cos:ap-guangzhou:uid/1250000000:{name}-1250000000/*"),
    archive: "ARCHIVE",
    deviations: &[Deviation {
        column: "listings after a write",
        seen: "show it",
        why: "the server's lag only where a test has them do so",
    }],
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

/// From one bucket to the other, by COS' own type and as S3.
fn by_both_types(world: &World, arguments: &[&str]) -> [Command; 2] {
    let service = &world.task;
    let s3 = |name: &str| {
        let text = service.s3_text(name);
        let text = text.replace("insecure: true", "insecure: true, region: ap-guangzhou");
        service.file(&format!("s3-{name}.yaml"), &text)
    };
    let run = |from: &Path, to: &Path| service.migrate(from, to, arguments);
    [
        run(&service.config("hot"), &service.config("cold")),
        run(&s3("hot"), &s3("cold")),
    ]
}

/// S-5.5: it is neither put again nor taken back.
#[test]
fn what_a_lagging_listing_lacks_of_a_published_block_is_waited_for() {
    for at in 0..2 {
        let world = World::of(&COS, &three());
        world.target.lags(Duration::from_secs(1));
        let [own, s3] = by_both_types(&world, &[OLD]);
        Ran::of([own, s3].into_iter().nth(at).unwrap()).expect(0);
        world.assert_moved();
        // What is not published yet may be put again; what is, is waited for.
        let mut published = BTreeSet::new();
        for seen in world.task.server.seen() {
            let is_probe = seen.path.contains("thanos-bucket-probe");
            assert!(seen.method != "DELETE" || is_probe, "{seen:?}");
            let is_in_target = seen
                .headers
                .iter()
                .any(|(name, value)| name == "host" && value.starts_with("cold-1250000000."));
            if seen.method != "PUT" || is_probe || !is_in_target {
                continue;
            }
            let (block, name) = seen.path[1..].split_once('/').unwrap();
            let block = block.to_owned();
            assert!(!published.contains(&block), "{seen:?}");
            if name == "meta.json" {
                published.insert(block);
            }
        }
        assert_eq!(published.len(), 3);
    }
}

/// S-5.5: a mark counts, though no listing shows it yet.
#[test]
fn a_mark_that_is_not_listed_yet_counts() {
    for at in 0..2 {
        let world = World::of(&COS, &three());
        let id = world.source.published().remove(0);
        world.source.lags(Duration::from_hours(1));
        let mark = format!(
            "{{\"id\": \"{id}\", \"version\": 1, \"deletion_time\": 1, \"details\": \"\"}}"
        );
        world
            .source
            .put(&format!("{id}/deletion-mark.json"), mark.into());
        let [own, s3] = by_both_types(&world, &QUICK_RETRIES);
        Ran::of([own, s3].into_iter().nth(at).unwrap()).expect(0);
        let there = world.target.published();
        assert!(!there.contains(&id), "{there:?}");
        assert_eq!(there.len(), 2);
    }
}

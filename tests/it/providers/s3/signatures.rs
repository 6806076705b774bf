//! What a request bears: signatures of either version, what a key service is told, and what the log says of both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::block::Block;
use crate::support::folders;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::Line;
use crate::support::run::{COPIED_HERE, OLD, Ran, migrate};
use crate::support::s3_server::S3Server;
use crate::support::world::{Contents, assert_same, three, without_marks};

/// One block with an object that is put in parts.
fn with_parts() -> [Block; 2] {
    [Block::new(1).chunk_bytes(&[17 << 20, 300]), Block::new(2)]
}

/// S-3.21: real servers look at them, of every kind of request.
#[test]
fn servers_take_signatures_of_version_2() {
    let minio = Minio::start();
    let world = World::new(&minio, &with_parts());
    let more =
        "  signature_version2: true\n  put_user_metadata: {team: 'a  b', X-Amz-Acl: private}\n";
    for copied in [&COPIED_HERE[..], &[OLD, "--copy=server"]] {
        let proxy = Line::to(minio.port()).open();
        run(&world.configs_with(&proxy, more), copied).expect(0);
        world.assert_moved();
        for request in proxy.requests() {
            let signature = request.header("authorization").unwrap();
            assert!(signature.starts_with("AWS root-"), "{signature}");
        }
        world.reset();
    }
    let weed = S3Server::seaweedfs();
    let folders = folders::World::new(&with_parts());
    let cold = weed.bucket("cold");
    let config = cold.config("cold.yaml");
    let text = std::fs::read_to_string(&config).unwrap() + "  signature_version2: true\n";
    std::fs::write(&config, text).unwrap();
    Ran::of(migrate(&folders.source_config(), &config, &[OLD])).expect(0);
    assert_same(&cold.tree(), &without_marks(&folders.source.tree()));
}

/// S-3.21, S-2.6: a wrong secret is told in one line that repeats neither the secret nor what was made of it.
#[test]
fn a_wrong_secret_is_refused_in_either_version_and_not_repeated() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for version in ["true", "false"] {
        let proxy = Line::to(minio.port()).open();
        let more = format!("  signature_version2: {version}\n");
        let (source, target) = world.configs_with(&proxy, &more);
        let text = std::fs::read_to_string(&source).unwrap();
        let secret = &world.source.root().secret_key;
        std::fs::write(&source, text.replace(secret, "never-printed")).unwrap();
        let ran = run(&(source, target), &[OLD, "--log.level=debug"]).expect(1);
        assert!(
            ran.stderr.contains("SignatureDoesNotMatch"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("never-printed"));
        for request in proxy.requests() {
            let authorization = request.header("authorization").unwrap();
            let signature = authorization.rsplit([':', '=']).next();
            let signature = signature.filter(|text| !text.is_empty());
            let signature = signature.unwrap_or(authorization);
            assert!(
                !ran.stderr.contains(signature),
                "{signature}: {}",
                ran.stderr
            );
        }
        assert!(world.target.tree().is_empty());
    }
}

/// S-3.22, S-2.6
#[test]
fn a_trace_tells_of_every_request_and_of_no_secret() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let proxy = Line::to(minio.port()).open();
    let configs = world.configs_with(&proxy, "  trace: {enable: true}\n");
    let ran = run(&configs, &[OLD, "--log.level=debug", "--copy=client"]).expect(0);
    let traced: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("msg=s3TraceMsg"))
        .collect();
    let requests = proxy.requests();
    // Each and its answer.
    assert_eq!(traced.len(), 2 * requests.len());
    for request in &requests {
        let told = |line: &&&str| line.contains(&format!("\"{} http", request.method));
        assert!(traced.iter().find(told).is_some(), "{}", request.method);
        let signature = request.header("authorization").unwrap();
        let (_, signature) = signature.rsplit_once('=').unwrap();
        assert!(!ran.stderr.contains(signature), "{signature}");
    }
    assert!(traced.iter().any(|line| line.contains("status=200")));
    assert!(!ran.stderr.contains(&world.source.root().secret_key));
    world.reset();
    let ran = run(&configs, &[OLD]).expect(0);
    assert!(!ran.stderr.contains("s3TraceMsg"), "{}", ran.stderr);
}

/// S-3.7: where an object begins, and nowhere else.
#[test]
fn a_key_service_is_told_the_context_with_whatever_begins_an_object() {
    let minio = Minio::start();
    let world = World::new(&minio, &with_parts());
    let more = "  sse_config:\n    type: SSE-KMS\n    kms_key_id: tests\n    kms_encryption_context: {team: metrics, env: 'a \"b\"'}\n";
    for copied in [&COPIED_HERE[..], &[OLD, "--copy=server"]] {
        let proxy = Line::to(minio.port()).open();
        run(&world.configs_with(&proxy, more), copied).expect(0);
        world.assert_moved();
        let mut begun = 0;
        for request in proxy.requests() {
            let begins = match request.method.as_str() {
                "PUT" => !request.path.contains("uploadId="),
                "POST" => request.path.contains("uploads"),
                _ => false,
            };
            let told = request.header("x-amz-server-side-encryption-context");
            assert_eq!(
                told.is_some(),
                begins,
                "{} {}",
                request.method,
                request.path
            );
            if let Some(told) = told {
                let context = STANDARD.decode(told).unwrap();
                let context: serde_json::Value = serde_json::from_slice(&context).unwrap();
                assert_eq!(context, json!({"team": "metrics", "env": "a \"b\""}));
                begun += 1;
            }
        }
        assert!(begun >= 8, "{begun}");
        world.reset();
    }
}

/// S-3.7: with a key of the server's, by the client and by the server.
#[test]
fn a_server_encrypts_with_its_own_key_what_is_put_and_what_it_copies() {
    let minio = Minio::start();
    let world = World::new(&minio, &with_parts());
    for copied in [&COPIED_HERE[..], &[OLD, "--copy=server"]] {
        let proxy = Line::to(minio.port()).open();
        let configs = world.configs_with(&proxy, "  sse_config: {type: SSE-S3}\n");
        run(&configs, copied).expect(0);
        world.assert_moved();
        for name in world.moved().keys() {
            let told = minio.mc(&["stat", &format!("minio/cold/{name}")]);
            assert!(told.contains("AES256") || told.contains("SSE-S3"), "{told}");
        }
        world.reset();
    }
}

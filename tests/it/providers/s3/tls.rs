//! The binary and a MinIO that speaks TLS with a certificate of its own making.

use std::time::Duration;

use crate::support::minio::{Bucket, Minio};
use crate::support::on_minio::{World, run};
use crate::support::run::OLD;
use crate::support::world::three;

/// S-6.12: with the authority, without it, with another one, and without looking.
#[test]
fn a_server_is_trusted_when_its_authority_is_named_or_nobody_asks() {
    let minio = Minio::start_with_tls();
    let world = World::new(&minio, &three());
    let configs = |more: &str| {
        let config =
            |bucket: &Bucket, file| bucket.config_for(file, bucket.root(), minio.port(), more);
        (
            config(&world.source, "hot-tls.yaml"),
            config(&world.target, "cold-tls.yaml"),
        )
    };
    let authority = |path: &std::path::Path| {
        let path = path.display();
        format!("  http_config:\n    tls_config:\n      ca_file: {path}\n")
    };
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let other = minio.certificate().with_file_name("other.crt");
    std::fs::write(&other, stranger.cert.pem()).unwrap();
    for more in [String::new(), authority(&other)] {
        let ran = run(&configs(&more), &[OLD]).expect(1);
        assert!(ran.stderr.contains("tls_config.ca_file"), "{}", ran.stderr);
        assert!(ran.elapsed < Duration::from_secs(10), "{:?}", ran.elapsed);
        assert!(world.target.tree().is_empty());
    }
    for more in [
        authority(&minio.certificate()),
        "  http_config:\n    insecure_skip_verify: true\n".to_owned(),
    ] {
        run(&configs(&more), &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
    }
}

/// S-6.12: a configuration that says `insecure: true` to a server of TLS, and the other way round.
#[test]
fn plain_http_and_tls_that_meet_end_the_run_at_once() {
    for minio in [Minio::start_with_tls(), Minio::start()] {
        let world = World::new(&minio, &three());
        let configs = world.configs();
        for config in [&configs.0, &configs.1] {
            let text = std::fs::read_to_string(config).unwrap();
            let swapped = if text.contains("insecure: true") {
                text.replace("insecure: true", "insecure: false")
            } else {
                text.replace("insecure: false", "insecure: true")
            };
            std::fs::write(config, swapped).unwrap();
        }
        let ran = run(&configs, &[OLD]).expect(1);
        assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
        assert!(ran.elapsed < Duration::from_secs(10), "{:?}", ran.elapsed);
        assert!(world.target.tree().is_empty());
    }
}

/// S-3.23, S-6.12: a certificate for another name than the address has is good where that name is configured, and no other one is.
#[test]
fn a_server_proves_to_be_whom_server_name_says() {
    let minio = Minio::start_with_tls_as("minio.example.com");
    let world = World::new(&minio, &three());
    let configs = |name: &str| {
        let ca = minio.certificate();
        let more = format!(
            "  http_config:\n    tls_config:\n      ca_file: {}\n{name}",
            ca.display()
        );
        let config =
            |bucket: &Bucket, file| bucket.config_for(file, bucket.root(), minio.port(), &more);
        (
            config(&world.source, "hot-named.yaml"),
            config(&world.target, "cold-named.yaml"),
        )
    };
    for name in ["", "      server_name: other.example.com\n"] {
        let ran = run(&configs(name), &[OLD]).expect(1);
        assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
        assert!(world.target.tree().is_empty());
    }
    let named = configs("      server_name: minio.example.com\n");
    run(&named, &[OLD]).expect(0);
    world.assert_moved();
    let mut command = crate::support::run::migrate(&named.0, &named.1, &[OLD]);
    command.env("HTTPS_PROXY", "http://proxy.example.com:3128");
    // Loopback addresses are past every proxy.
    crate::support::run::Ran::of(command).expect(0);
}

/// S-6.12: a certificate that is named itself is trusted although it is an authority's, for its name alone, by who shows one of its own, too.
#[test]
fn a_server_that_is_its_own_authority_is_trusted_when_it_is_named() {
    let minio = Minio::start_as_its_own_authority("127.0.0.1");
    let world = World::new(&minio, &three());
    let configs = |more: &str| {
        let config =
            |bucket: &Bucket, file| bucket.config_for(file, bucket.root(), minio.port(), more);
        (
            config(&world.source, "hot-own.yaml"),
            config(&world.target, "cold-own.yaml"),
        )
    };
    let folder = minio.certificate();
    let write = |name: &str, pem: String| {
        let path = folder.with_file_name(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let client = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let stranger = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let certificate = write("client.crt", client.cert.pem());
    let key = write("client.key", client.signing_key.serialize_pem());
    let other_key = write("other.key", stranger.signing_key.serialize_pem());
    let ca = minio.certificate().display().to_string();
    let tls = |more: &str| format!("  http_config:\n    tls_config:\n      ca_file: {ca}\n{more}");
    let pair = |key: &str| {
        tls(&format!(
            "      cert_file: {certificate}\n      key_file: {key}\n"
        ))
    };

    let ran = run(&configs(""), &[OLD]).expect(1);
    assert!(ran.stderr.contains("tls_config.ca_file"), "{}", ran.stderr);
    let ran = run(
        &configs(&tls("      server_name: other.example.com\n")),
        &[OLD],
    )
    .expect(1);
    assert!(ran.stderr.contains("is for 127.0.0.1"), "{}", ran.stderr);
    assert!(ran.stderr.contains("server_name"), "{}", ran.stderr);
    let ran = run(&configs(&pair(&other_key)), &[OLD]).expect(2);
    assert!(
        ran.stderr.contains("do not belong together"),
        "{}",
        ran.stderr
    );
    assert!(world.target.tree().is_empty());
    for more in [tls(""), pair(&key)] {
        run(&configs(&more), &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
    }
}

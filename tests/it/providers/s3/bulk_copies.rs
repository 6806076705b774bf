//! A bulk copier moves the data, and a run does the rest: rclone on a real MinIO.

use std::path::Path;
use std::process::Command;

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::Line;
use crate::support::run::{OLD, Ran, binary};
use crate::support::servers::program;
use crate::support::world::assert_same;

/// Copies what a manifest lists from one bucket to the other.
fn rclone(minio: &Minio, root: (&str, &str), manifest: &Path) {
    let mut command = Command::new(program("rclone"));
    command
        .env_clear()
        .env("HOME", "/nowhere")
        .arg("copy")
        .arg(format!("--config={}.conf", manifest.display()))
        .arg(format!("--files-from-raw={}", manifest.display()))
        .args(["minio:hot", "minio:cold"])
        .env("RCLONE_CONFIG_MINIO_TYPE", "s3")
        .env("RCLONE_CONFIG_MINIO_PROVIDER", "Minio")
        .env(
            "RCLONE_CONFIG_MINIO_ENDPOINT",
            format!("http://127.0.0.1:{}", minio.port()),
        )
        .env("RCLONE_CONFIG_MINIO_ACCESS_KEY_ID", root.0)
        .env("RCLONE_CONFIG_MINIO_SECRET_ACCESS_KEY", root.1);
    Ran::of(command).expect(0);
}

/// S-11.2, S-11.5, S-5.14: what the copier has put is proven by checksum, and none of it is put again.
#[test]
fn what_a_bulk_copier_has_put_is_published_and_not_put_again() {
    let minio = Minio::start();
    let blocks = [
        Block::new(1),
        Block::new(2).chunk_bytes(&[1000, 2000]),
        Block::new(3).cluster("us-1"),
    ];
    let mut world = World::new(&minio, &blocks);
    let notes = format!("{}/notes, of a person", blocks[0].id());
    world.source.put(&notes, "1, 2 and 3");
    world.before.insert(notes, b"1, 2 and 3".to_vec());
    let files = tempfile::tempdir().unwrap();
    let manifest = files.path().join("objects.txt");
    let (source, target) = world.configs();

    let mut plan = binary();
    plan.args(["plan", OLD, "--manifest-format=rclone"])
        .arg(format!("--manifest={}", manifest.display()))
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()));
    Ran::of(plan).expect(0);
    assert!(world.target.is_empty());
    let root = world.source.root();
    rclone(&minio, (&root.access_key, &root.secret_key), &manifest);
    let mut data = world.before.clone();
    data.retain(|name, _| !name.ends_with("/meta.json"));
    assert_same(&world.target.tree(), &data);

    let proxy = Line::to(minio.port()).open();
    let ran = run(&world.configs_through(&proxy), &[OLD, "--output=json"]).expect(0);
    world.assert_moved();
    let report = ran.json();
    for block in report["blocks"].as_array().unwrap() {
        let outcome = &block["outcome"];
        assert_eq!(outcome["ending"], "migrated");
        assert_eq!(outcome["proof"], "checksum");
        assert_eq!(outcome["objects_put"], 1, "meta.json alone: {outcome}");
    }
    assert_eq!(report["blocks"].as_array().unwrap().len(), blocks.len());
    let mut put: Vec<_> = proxy
        .requests()
        .into_iter()
        .filter(|request| request.is("PUT", "/cold/") || request.is("POST", "/cold/"))
        .map(|request| request.path)
        .filter(|path| !path.starts_with("/cold/thanos-bucket-probe-"))
        .collect();
    put.sort();
    let mut expected = blocks.map(|block| format!("/cold/{}/meta.json", block.id()));
    expected.sort();
    assert_eq!(put, expected);
}

//! The rights that README asks for on a real MinIO: with them everything moves, and without any one of them a run says which is missing.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::minio::{Bucket, Minio};
use crate::support::run::{OLD, Ran, migrate, repository};
use crate::support::world::blocks_with;

/// The statements of an example policy.
fn policy(name: &str) -> Value {
    let path = repository("examples").join(name);
    let policy: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    policy["Statement"].clone()
}

/// The same without one action.
fn without(statements: &Value, action: &str) -> Value {
    let mut statements = statements.clone();
    let all = statements.as_array_mut().unwrap();
    for statement in all.iter_mut() {
        let actions = statement["Action"].as_array_mut().unwrap();
        actions.retain(|other| other != action);
    }
    all.retain(|statement| statement["Action"] != Value::Array(Vec::new()));
    statements
}

/// The bucket as a new user with these rights sees it.
fn seen_with(bucket: &Bucket, user: &str, statements: &Value) -> PathBuf {
    let minio = bucket.minio();
    let credentials = minio.user(user, statements);
    bucket.config_for(&format!("{user}.yaml"), &credentials, minio.port(), "")
}

/// S-7.5
#[test]
fn each_right_that_is_asked_for_is_needed_and_no_other() {
    let minio = Minio::start();
    let blocks = [Block::new(1), Block::new(2)];
    let world = World::new(&blocks);
    let (hot, cold) = (minio.bucket("thanos-hot"), minio.bucket("thanos-cold"));
    hot.put_all(&world.source);
    // What the target has is read before anything is decided.
    let other = World::new(&[Block::new(9).labels(&[("cluster", "other")])]);
    cold.put_all(&other.source);
    let held = cold.tree();
    let (source, target) = (policy("policy-source.json"), policy("policy-target.json"));
    let fewer = [
        ("source", "s3:ListBucket", "list {server}/thanos-hot"),
        (
            "source",
            "s3:GetObject",
            "read any block's meta.json in {server}/thanos-hot",
        ),
        (
            "source",
            "s3:PutObject",
            "deletion-mark.json in {server}/thanos-hot",
        ),
        ("target", "s3:ListBucket", "list {server}/thanos-cold"),
        (
            "target",
            "s3:GetObject",
            "read any block's meta.json in {server}/thanos-cold",
        ),
        ("target", "s3:PutObject", "write thanos-bucket-probe-"),
        ("target", "s3:DeleteObject", "delete thanos-bucket-probe-"),
    ];
    let all = (
        seen_with(&hot, "source", &source),
        seen_with(&cold, "target", &target),
    );
    let server = format!("s3://127.0.0.1:{}", minio.port());
    for (number, (side, action, word)) in fewer.into_iter().enumerate() {
        let told = word.replace("{server}", &server);
        let user = format!("fewer{number}");
        let (source, target) = match side {
            "source" => (
                seen_with(&hot, &user, &without(&source, action)),
                all.1.clone(),
            ),
            _ => (
                all.0.clone(),
                seen_with(&cold, &user, &without(&target, action)),
            ),
        };
        let ran = Ran::of(migrate(&source, &target, &[OLD])).expect(1);
        let errors: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("level=error"))
            .collect();
        assert!(
            errors
                .iter()
                .any(|line| line.contains(&told) && line.contains("Denied")),
            "{action} on the {side}: {errors:?}"
        );
        let marked = blocks_with(&hot.tree(), "deletion-mark.json");
        assert!(marked.is_empty(), "{action} on the {side}");
        for (name, content) in &held {
            assert_eq!(cold.tree().get(name), Some(content));
        }
    }
    Ran::of(migrate(&all.0, &all.1, &[OLD, "--copy=server"])).expect(0);
    let marked = blocks_with(&hot.tree(), "deletion-mark.json");
    assert_eq!(marked.len(), blocks.len());
}

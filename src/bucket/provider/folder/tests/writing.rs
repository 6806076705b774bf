//! How objects come into being and go.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};

use super::{BLOCK, World, at, io_kind, says_root_missing};
use crate::bucket::provider::folder::root::STAGING;

/// S-5.16
#[tokio::test]
async fn what_was_put_is_read_and_listed_and_nothing_else_lies_there() {
    let world = World::new();
    let name = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/chunks/000001#1 %ü";
    world.put(name, "some bytes").await.unwrap();
    assert_eq!(world.read(name).await.unwrap(), "some bytes");
    world.put(name, "other").await.unwrap();
    assert_eq!(world.read(name).await.unwrap(), "other");
    assert_eq!(world.names("").await, [name]);
    assert_eq!(world.entries(""), ["01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"]);
}

/// S-5.16
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_sees_a_part_of_an_object() {
    const SIZE: usize = 3_000_000;
    let world = World::new();
    let store = Arc::clone(&world.store);
    let name = format!("{BLOCK}/object");
    let location = at(&name);
    let writer = tokio::spawn(async move {
        for round in 0..30_u8 {
            let payload = PutPayload::from(vec![round; SIZE]);
            store.put(&location, payload).await.unwrap();
        }
    });
    let mut seen = 0;
    while !writer.is_finished() || seen == 0 {
        for meta in world.store.list(None).collect::<Vec<_>>().await {
            let meta = meta.unwrap();
            assert!(meta.location == at(&name) || meta.size == 0, "{meta:?}");
        }
        let Ok(content) = fs::read(world.path(&name)) else {
            continue;
        };
        assert_eq!(content.len(), SIZE);
        assert!(content.iter().all(|byte| Some(byte) == content.first()));
        seen += 1;
    }
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_creators_at_once_exactly_one_wins_and_its_bytes_stay() {
    let world = World::new();
    for round in 0..20 {
        let location = at(&format!("block-{round}/meta.json"));
        let creators = (0..8_u8).map(|creator| {
            let (store, location) = (Arc::clone(&world.store), location.clone());
            tokio::spawn(async move {
                let payload = PutPayload::from(vec![creator; 100]);
                let created = store
                    .put_opts(&location, payload, PutMode::Create.into())
                    .await;
                match created {
                    Ok(_) => Some(creator),
                    Err(Error::AlreadyExists { .. }) => None,
                    Err(err) => panic!("{err}"),
                }
            })
        });
        let outcomes = futures::future::try_join_all(creators).await.unwrap();
        let winners: Vec<u8> = outcomes.into_iter().flatten().collect();
        let [winner] = winners.as_slice() else {
            panic!("{winners:?} have won")
        };
        let content = world.read(location.as_ref()).await.unwrap();
        assert_eq!(content, vec![*winner; 100]);
    }
    assert!(!world.path(STAGING).exists());
}

#[tokio::test]
async fn an_update_by_entity_tag_is_refused() {
    let world = World::new();
    let update = PutMode::Update(object_store::UpdateVersion {
        e_tag: None,
        version: None,
    });
    let refused = world
        .store
        .put_opts(&at("a"), "".into(), update.into())
        .await;
    assert!(matches!(refused, Err(Error::NotImplemented { .. })));
}

#[tokio::test]
async fn the_staging_folder_is_out_of_reach() {
    let world = World::with_files(&["a"]);
    fs::create_dir(world.path(STAGING)).unwrap();
    fs::write(world.path(STAGING).join("x"), "").unwrap();
    let staged = format!("{STAGING}/x");
    assert_eq!(world.names("").await, ["a"]);
    let level = world.store.list_with_delimiter(None).await.unwrap();
    assert!(level.common_prefixes.is_empty());
    world.read(&staged).await.unwrap_err();
    world.put(&staged, "").await.unwrap_err();
    world.store.delete(&at(&staged)).await.unwrap_err();
    assert_eq!(world.entries(STAGING), ["x"]);
}

#[tokio::test]
async fn leftovers_of_dead_processes_go_after_a_day() {
    let world = World::new();
    fs::create_dir(world.path(STAGING)).unwrap();
    for (name, age_hours) in [("old", 25), ("young", 23)] {
        let file = fs::File::create(world.path(STAGING).join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(age_hours))
            .unwrap();
    }
    world.names("").await;
    assert_eq!(world.entries(STAGING), ["old", "young"]);
    world.put("a", "").await.unwrap();
    assert_eq!(world.entries(STAGING), ["young"]);
}

#[tokio::test]
async fn a_delete_takes_empty_parents_along_and_forgives_absence() {
    let world = World::with_files(&["a/b/c/d", "a/e"]);
    world.store.delete(&at("a/b/c/d")).await.unwrap();
    assert_eq!(world.entries("a"), ["e"]);
    for absent in ["a/b/c/d", "a/e/f", "x"] {
        world.store.delete(&at(absent)).await.unwrap();
    }
    world.store.delete(&at("a")).await.unwrap();
    assert_eq!(world.names("a").await, ["a/e"]);
    world.store.delete(&at("a/e")).await.unwrap();
    assert!(world.entries("").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn puts_survive_deletes_that_prune_their_folder() {
    let world = World::new();
    let workers = (0..4).map(|worker| {
        let store = Arc::clone(&world.store);
        tokio::spawn(async move {
            let location = at(&format!("block/chunks/{worker}"));
            for _ in 0..100 {
                store.put(&location, "x".into()).await.unwrap();
                assert_eq!(store.head(&location).await.unwrap().size, 1);
                store.delete(&location).await.unwrap();
            }
        })
    });
    futures::future::try_join_all(workers).await.unwrap();
    assert!(world.entries("").is_empty());
}

#[tokio::test]
async fn parts_may_be_written_in_any_order() {
    let world = World::new();
    let mut upload = world.store.put_multipart(&at("a/object")).await.unwrap();
    let first = upload.put_part("one ".into());
    let second = upload.put_part(["tw", "o "].into_iter().map(Bytes::from).collect());
    let third = upload.put_part("three".into());
    third.await.unwrap();
    first.await.unwrap();
    assert!(world.names("").await.is_empty());
    second.await.unwrap();
    let put = upload.complete().await.unwrap();
    assert_eq!(world.read("a/object").await.unwrap(), "one two three");
    let head = world.store.head(&at("a/object")).await.unwrap();
    assert_eq!(put.e_tag, head.e_tag);
    assert!(!world.path(STAGING).exists());
}

#[tokio::test]
async fn an_upload_with_a_part_missing_is_not_completed() {
    let world = World::new();
    let mut upload = world.store.put_multipart(&at("a")).await.unwrap();
    drop(upload.put_part("one".into()));
    upload.put_part("two".into()).await.unwrap();
    upload.complete().await.unwrap_err();
    assert!(world.names("").await.is_empty());
}

#[tokio::test]
async fn an_upload_that_is_aborted_or_dropped_leaves_nothing() {
    let world = World::new();
    let mut aborted = world.store.put_multipart(&at("a")).await.unwrap();
    aborted.put_part("one".into()).await.unwrap();
    let mut dropped = world.store.put_multipart(&at("b")).await.unwrap();
    dropped.put_part("one".into()).await.unwrap();
    assert_eq!(world.entries(STAGING).len(), 2);
    aborted.abort().await.unwrap();
    assert_eq!(world.entries(STAGING).len(), 1);
    drop(dropped);
    assert!(world.entries("").is_empty());
}

#[tokio::test]
async fn a_root_that_vanished_in_mid_run_is_not_made_anew() {
    let world = World::new();
    world.put("a", "").await.unwrap();
    fs::remove_dir_all(world.folder.path()).unwrap();
    assert!(says_root_missing(&world.put("a", "").await.unwrap_err()));
}

#[tokio::test]
async fn copies_and_renames_share_nothing_with_the_original() {
    let world = World::new();
    world.put("a", "content").await.unwrap();
    world.store.copy(&at("a"), &at("b/c")).await.unwrap();
    let taken = world.store.copy_if_not_exists(&at("a"), &at("b/c")).await;
    assert!(matches!(taken, Err(Error::AlreadyExists { .. })));
    world.store.rename(&at("a"), &at("d")).await.unwrap();
    assert_eq!(world.names("").await, ["b", "d"]);
    assert_eq!(world.names("b").await, ["b/c"]);
    fs::write(world.path("d"), "changed").unwrap();
    assert_eq!(world.read("b/c").await.unwrap(), "content");
    assert!(matches!(
        world.store.copy(&at("a"), &at("b")).await,
        Err(Error::NotFound { .. })
    ));
}

#[tokio::test]
async fn an_obstacle_in_the_way_is_told_with_its_cause() {
    let world = World::with_files(&["a"]);
    let err = world.put("a/b", "").await.unwrap_err();
    assert_eq!(io_kind(&err), Some(io::ErrorKind::NotADirectory));
    assert!(matches!(
        world.read("a/b").await,
        Err(Error::NotFound { .. })
    ));
    assert!(world.entries("").iter().eq(["a"]));
}

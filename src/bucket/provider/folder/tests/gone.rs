//! A folder that is replaced between two requests.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};

use super::{BLOCK, World, at, says_root_missing};
use crate::bucket::Store;
use crate::bucket::access::{Access, MissingRoot};
use crate::bucket::provider::folder::store::{Folder, open};

/// What each kind of request says.
async fn ask(store: &Arc<Folder>) -> Vec<(&'static str, Result<(), Error>)> {
    let object = at(&format!("{BLOCK}/index"));
    let other = at(&format!("{BLOCK}/other"));
    let list = |below| store.entries(below, None).try_collect::<Vec<_>>();
    let create = || store.put_opts(&other, "x".into(), PutMode::Create.into());
    vec![
        ("list", list(None).await.map(drop)),
        ("list a block", list(Some(&at(BLOCK))).await.map(drop)),
        ("directories", store.directories(None).await.map(drop)),
        ("head", store.head(&object).await.map(drop)),
        ("get", store.get(&object).await.map(drop)),
        ("put", store.put(&other, "x".into()).await.map(drop)),
        ("create", create().await.map(drop)),
        ("delete", store.delete(&object).await),
        ("copy", store.copy(&object, &other).await),
    ]
}

/// S-5.18: a dry run's requests, too.
#[tokio::test]
async fn every_request_says_that_the_folder_is_gone_and_touches_no_other() {
    for access in [Access::Read, Access::Write] {
        for prefix in ["", "pre/fix"] {
            let world = World::new();
            let bucket = world.path("bucket").join(prefix);
            fs::create_dir_all(bucket.join(BLOCK)).unwrap();
            fs::write(bucket.join(BLOCK).join("index"), "x").unwrap();
            let directory = world.path("bucket");
            let store = open(&directory, prefix, access, MissingRoot::Error).unwrap();
            let first = store.entries(None, None).try_collect::<Vec<_>>().await;
            assert_eq!(first.unwrap().len(), 1);

            fs::rename(&bucket, world.path("moved")).unwrap();
            for what in ["nothing", "another"] {
                if what == "another" {
                    fs::create_dir_all(&bucket).unwrap();
                }
                for (request, answer) in ask(&store).await {
                    let Err(err) = answer else {
                        panic!("{request} was done")
                    };
                    assert!(says_root_missing(&err), "{request}, {what} there: {err}");
                }
            }
            assert_eq!(fs::read_dir(&bucket).unwrap().count(), 0);
            let kept = world.path("moved").join(BLOCK);
            assert_eq!(fs::read_dir(kept).unwrap().count(), 1);
            assert!(!world.path("moved").join(".thanos-bucket-staging").exists());
        }
    }
}

/// S-5.18: the disk on which it is to be made was there when the run began.
#[tokio::test]
async fn a_missing_folder_is_made_where_it_was_looked_for_or_nowhere() {
    let world = World::new();
    let disk = world.path("disk");
    fs::create_dir(&disk).unwrap();
    let open = || {
        let directory = disk.join("new/cold");
        open(&directory, "pre/fix", Access::Write, MissingRoot::Empty).unwrap()
    };
    let (store, other) = (open(), open());
    for store in [&store, &other] {
        let listed = store.entries(None, None).try_collect::<Vec<_>>().await;
        assert_eq!(listed.unwrap(), []);
    }
    let replaced = |with: &Path| {
        fs::rename(&disk, world.path("moved")).unwrap();
        fs::rename(with, &disk).unwrap();
    };
    fs::create_dir(world.path("empty")).unwrap();
    replaced(&world.path("empty"));
    let err = store.put(&at("a"), "x".into()).await.unwrap_err();
    assert!(says_root_missing(&err), "{err}");
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 0);
    assert_eq!(fs::read_dir(world.path("moved")).unwrap().count(), 0);
    // And back again.
    fs::remove_dir(&disk).unwrap();
    fs::rename(world.path("moved"), &disk).unwrap();
    for store in [&store, &other] {
        store.put(&at("a"), "x".into()).await.unwrap();
    }
    assert!(disk.join("new/cold/pre/fix/a").is_file());
}

//! What a read gives, and what a reader may not do.

use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::{Error, GetOptions, ObjectStoreExt};

use super::{World, at, io_kind, names, says_root_missing};
use crate::bucket::access::{Access, MissingRoot};
use crate::bucket::provider::folder::store::open;

#[tokio::test]
async fn ranges_are_read_as_asked() {
    let world = World::new();
    let content: Vec<u8> = (0..3_500_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    fs::write(world.path("a"), &content).unwrap();
    for range in [
        0..10,
        1_048_570..1_048_590,
        5..3_400_000,
        3_499_999..9_000_000,
    ] {
        let got = world
            .store
            .get_range(&at("a"), range.clone())
            .await
            .unwrap();
        let end = usize::try_from(range.end).unwrap().min(content.len());
        let wanted = content
            .get(usize::try_from(range.start).unwrap()..end)
            .unwrap();
        assert_eq!(got, wanted, "{range:?}");
    }
    let whole = world.store.get(&at("a")).await.unwrap();
    let pieces: Vec<Bytes> = whole.into_stream().try_collect().await.unwrap();
    assert_eq!(pieces.len(), 4);
    assert_eq!(pieces.concat(), content);
    world
        .store
        .get_range(&at("a"), 3_500_000..3_500_001)
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_get_of_a_changed_object_meets_its_condition() {
    let world = World::new();
    world.put("a", "old").await.unwrap();
    let e_tag = world.store.head(&at("a")).await.unwrap().e_tag;
    let only_if = GetOptions::new().with_if_match(e_tag);
    world
        .store
        .get_opts(&at("a"), only_if.clone())
        .await
        .unwrap();
    world.put("a", "new").await.unwrap();
    assert!(matches!(
        world.store.get_opts(&at("a"), only_if).await,
        Err(Error::Precondition { .. })
    ));
}

#[tokio::test]
async fn a_file_that_is_rewritten_under_its_reader_is_no_object() {
    let world = World::new();
    let path = world.path("a");
    fs::write(&path, vec![1; 2_000_000]).unwrap();
    let long_ago = SystemTime::now() - Duration::from_hours(1);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(long_ago).unwrap();
    let mut pieces = world.store.get(&at("a")).await.unwrap().into_stream();
    pieces.next().await.unwrap().unwrap();
    fs::write(&path, vec![2; 2_000_000]).unwrap();
    assert!(matches!(
        pieces.next().await.unwrap(),
        Err(Error::Precondition { .. })
    ));

    let mut pieces = world.store.get(&at("a")).await.unwrap().into_stream();
    pieces.next().await.unwrap().unwrap();
    fs::write(&path, vec![3; 1_500_000]).unwrap();
    let short = pieces.next().await.unwrap().unwrap_err();
    assert_eq!(io_kind(&short), Some(io::ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let world = World::with_files(&["a"]);
    fs::create_dir(world.path("empty")).unwrap();
    let reader = open(world.folder.path(), "", Access::Read, MissingRoot::Error).unwrap();
    for refused in [
        reader.put(&at("b"), "".into()).await.map(drop),
        reader.put_multipart(&at("b")).await.map(drop),
        reader.delete(&at("a")).await,
        reader.delete(&at("empty")).await,
        reader.copy(&at("a"), &at("b")).await,
        reader.rename(&at("a"), &at("b")).await,
    ] {
        let err = refused.unwrap_err();
        assert_eq!(io_kind(&err), Some(io::ErrorKind::ReadOnlyFilesystem));
    }
    assert_eq!(world.entries(""), ["a", "empty"]);
}

#[tokio::test]
async fn a_missing_root_is_an_error_or_an_empty_bucket_as_asked() {
    let world = World::with_files(&["file"]);
    let lost = world.path("x/y");
    for access in [Access::Read, Access::Write] {
        let store = open(&lost, "", access, MissingRoot::Error).unwrap();
        assert!(says_root_missing(&names(&store, "").await.unwrap_err()));
        assert!(says_root_missing(&names(&store, "a").await.unwrap_err()));
        assert!(says_root_missing(&store.head(&at("a")).await.unwrap_err()));
        let put = store.put(&at("a/b"), "".into()).await.unwrap_err();
        assert_eq!(says_root_missing(&put), access == Access::Write);

        let store = open(&lost, "", access, MissingRoot::Empty).unwrap();
        assert!(names(&store, "").await.unwrap().is_empty());
        assert!(matches!(
            store.head(&at("a")).await,
            Err(Error::NotFound { .. })
        ));
        let store = open(&world.path("file"), "", access, MissingRoot::Empty).unwrap();
        assert!(says_root_missing(&names(&store, "").await.unwrap_err()));
    }
    assert_eq!(world.entries(""), ["file"]);

    let store = open(&lost, "", Access::Write, MissingRoot::Empty).unwrap();
    store.delete(&at("a/b")).await.unwrap();
    assert!(!lost.exists());
    store.put(&at("a/b"), "".into()).await.unwrap();
    assert_eq!(names(&store, "a").await.unwrap(), ["a/b"]);
}

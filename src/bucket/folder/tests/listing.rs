//! What a listing shows, in which order, and what it leaves out.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use futures::TryStreamExt;
use object_store::{Error, ObjectStoreExt};

use super::{World, at, names};
use crate::bucket::folder::root::STAGING;
use crate::bucket::folder::{Access, MissingRoot, inode_of_etag, open, why_left_out};

#[tokio::test]
async fn a_listing_tells_what_a_get_and_a_put_tell() {
    let world = World::new();
    let put = world.store.put(&at("a/b"), "12345".into()).await.unwrap();
    let listed: Vec<_> = world.store.list(None).try_collect().await.unwrap();
    let got = world.store.head(&at("a/b")).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&got));
    assert_eq!(put.e_tag, got.e_tag);
    assert_eq!(got.size, 5);

    let metadata = world.path("a/b").metadata().unwrap();
    assert_eq!(
        inode_of_etag(&got.e_tag.unwrap()),
        Some((metadata.dev(), metadata.ino()))
    );
    assert_eq!(
        got.last_modified.timestamp_nanos_opt().unwrap(),
        metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec()
    );
}

#[tokio::test]
async fn a_listing_has_the_order_of_full_keys() {
    let world = World::with_files(&[
        "a/b", "a-b", "a.b", "a0", "aa", "ab/c", "a-/z", "B", "a!/x/y", "z/z", "ü",
    ]);
    for empty in ["e", "f"] {
        fs::create_dir(world.path(empty)).unwrap();
    }
    fs::write(world.path("e-1"), "").unwrap();
    fs::write(world.path("e.1"), "").unwrap();
    let listed = world.names("").await;
    let mut sorted = listed.clone();
    sorted.sort();
    assert_eq!(listed, sorted);
    assert_eq!(
        listed,
        [
            "B", "a!/x/y", "a-/z", "a-b", "a.b", "a/b", "a0", "aa", "ab/c", "e", "e-1", "e.1", "f",
            "z/z", "ü"
        ]
    );
}

#[tokio::test]
async fn a_listing_longer_than_a_batch_is_whole() {
    let world = World::new();
    let wanted: Vec<String> = (0..1_500)
        .map(|n| format!("{:02}/{n:04}", n / 100))
        .collect();
    for name in &wanted {
        fs::create_dir_all(world.path(name).parent().unwrap()).unwrap();
        fs::write(world.path(name), "").unwrap();
    }
    assert_eq!(world.names("").await, wanted);
}

#[tokio::test]
async fn a_prefix_is_a_folder_and_lists_what_is_inside() {
    let world = World::with_files(&["a/b/c", "a/d", "ab/c", "e"]);
    assert_eq!(world.names("a").await, ["a/b/c", "a/d"]);
    for nothing in ["a/b/c", "x", "a/x/y", "e/f", STAGING] {
        assert!(world.names(nothing).await.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn one_level_has_objects_and_folders_with_the_empty_ones() {
    let world = World::with_files(&["a/b/c", "a/d", "a/b-c/e"]);
    fs::create_dir_all(world.path("a/empty")).unwrap();
    let level = world
        .store
        .list_with_delimiter(Some(&at("a")))
        .await
        .unwrap();
    assert_eq!(
        level.common_prefixes,
        [at("a/b"), at("a/b-c"), at("a/empty")]
    );
    let objects: Vec<_> = level
        .objects
        .into_iter()
        .map(|meta| meta.location)
        .collect();
    assert_eq!(objects, [at("a/d")]);
}

#[tokio::test]
async fn an_empty_folder_shows_as_a_stand_in_that_a_delete_removes() {
    let world = World::new();
    fs::create_dir_all(world.path("block/chunks")).unwrap();
    let listed: Vec<_> = world.store.list(None).try_collect().await.unwrap();
    let [stand_in] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(stand_in.location, at("block/chunks"));
    assert_eq!((stand_in.size, stand_in.e_tag.as_ref()), (0, None));
    assert!(matches!(
        world.read("block/chunks").await,
        Err(Error::NotFound { .. })
    ));
    assert!(world.names("block/chunks").await.is_empty());
    world.store.delete(&at("block/chunks")).await.unwrap();
    assert!(world.names("").await.is_empty());
    assert!(world.entries("").is_empty());
}

/// S-5.16
#[tokio::test]
async fn symbolic_links_are_neither_listed_as_objects_nor_followed_nor_replaced() {
    let world = World::with_files(&["a/file"]);
    let outside = World::with_files(&["secret/file"]);
    symlink(outside.path("secret/file"), world.path("a/link")).unwrap();
    symlink(outside.path("secret"), world.path("door")).unwrap();
    assert_eq!(world.names("").await, ["a/file", "a/link", "door"]);
    assert_eq!(left_out(&world).await, ["a/link", "door"]);
    for name in ["a/link", "door/file", "door/new"] {
        let Err(read) = world.read(name).await else {
            panic!("{name} was read")
        };
        assert!(read.to_string().contains("is a symbolic link"), "{read}");
        world.put(name, "ours").await.unwrap_err();
        world.store.delete(&at(name)).await.unwrap_err();
    }
    names(&world.store, "door").await.unwrap_err();
    assert_eq!(outside.names("").await, ["secret/file"]);
    assert_eq!(outside.read("secret/file").await.unwrap(), "secret/file");
    assert!(world.path("a/link").is_symlink());
}

/// What is listed and is no object.
async fn left_out(world: &World) -> Vec<String> {
    let listed: Vec<_> = world.store.list(None).try_collect().await.unwrap();
    let versions = listed.into_iter().filter(|meta| {
        let why = meta.version.as_deref().and_then(why_left_out);
        why.is_some_and(|why| !why.is_empty())
    });
    versions.map(|meta| meta.location.to_string()).collect()
}

#[tokio::test]
async fn the_root_itself_may_be_a_symbolic_link() {
    let world = World::with_files(&["real/a"]);
    symlink(world.path("real"), world.path("link")).unwrap();
    let store = open(&world.path("link"), Access::Write, MissingRoot::Error).unwrap();
    store.put(&at("b"), "".into()).await.unwrap();
    assert_eq!(names(&store, "").await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn odd_names_and_special_files_do_not_poison_a_listing() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::with_files(&["a", "c"]);
    let not_utf8 = std::ffi::OsStr::from_bytes(b"b\xff");
    fs::write(world.folder.path().join(not_utf8), "").unwrap();
    fs::write(world.path("b\n"), "").unwrap();
    std::os::unix::net::UnixListener::bind(world.path("socket")).unwrap();
    fs::write(world.path("b%0A"), "").unwrap();
    let listed: Vec<_> = world.store.list(None).try_collect().await.unwrap();
    let names: Vec<_> = listed.iter().map(|meta| meta.location.as_ref()).collect();
    assert_eq!(names, ["a", "b%0A", "b%0A", "b%FF", "c", "socket"]);
    assert_eq!(left_out(&world).await, ["b%0A", "b%FF", "socket"]);
    // Of two that are listed under one name the first counts.
    let shown: Vec<_> = listed.iter().map(|meta| meta.version.is_none()).collect();
    assert_eq!(shown, [true, false, true, false, true, false]);
    assert!(matches!(
        world.read("socket").await,
        Err(Error::NotSupported { .. })
    ));
}

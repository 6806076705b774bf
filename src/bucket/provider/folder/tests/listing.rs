//! What a listing shows, in which order, and what it leaves out.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use futures::TryStreamExt;
use object_store::{Error, ObjectStoreExt};

use super::{BLOCK, World, at, names};
use crate::bucket::access::{Access, MissingRoot};
use crate::bucket::provider::folder::root::STAGING;
use crate::bucket::provider::folder::store::open;

#[tokio::test]
async fn a_listing_tells_what_a_get_and_a_put_tell() {
    let world = World::new();
    let name = format!("{BLOCK}/b");
    let put = world.store.put(&at(&name), "12345".into()).await.unwrap();
    let listed: Vec<_> = world.store.list(None).try_collect().await.unwrap();
    let entries: Vec<_> = world.store.entries(None, None).try_collect().await.unwrap();
    let got = world.store.head(&at(&name)).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&got));
    assert_eq!(put.e_tag, got.e_tag);
    assert_eq!(got.size, 5);

    let metadata = world.path(&name).metadata().unwrap();
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    let file = entry.file.unwrap();
    assert_eq!((file.device, file.inode), (metadata.dev(), metadata.ino()));
    assert_eq!(file.changed.0, metadata.ctime());
    assert_eq!((&entry.etag, entry.size_bytes), (&got.e_tag, Some(5)));
    assert_eq!(entry.modified, Some(got.last_modified));
    assert_eq!(
        got.last_modified.timestamp_nanos_opt().unwrap(),
        metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec()
    );
}

#[tokio::test]
async fn a_listing_has_the_order_of_full_keys() {
    let world = World::with_files_in_block(&[
        "a/b", "a-b", "a.b", "a0", "aa", "ab/c", "a-/z", "B", "a!/x/y", "z/z", "ü", "e-1", "e.1",
    ]);
    for empty in ["e", "f"] {
        fs::create_dir(world.path(BLOCK).join(empty)).unwrap();
    }
    let listed = world.names_in_block().await;
    let mut sorted = listed.clone();
    sorted.sort();
    assert_eq!(listed, sorted);
    assert_eq!(
        listed,
        [
            "B", "a!/x/y", "a-/z", "a-b", "a.b", "a/b", "a0", "aa", "ab/c", "e-1", "e.1", "z/z",
            "ü"
        ]
    );
}

#[tokio::test]
async fn a_listing_longer_than_a_batch_is_whole() {
    let world = World::new();
    let wanted: Vec<String> = (0..1_500)
        .map(|n| format!("{BLOCK}/{:02}/{n:04}", n / 100))
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
async fn an_empty_folder_is_no_object_and_an_empty_block_shows() {
    let world = World::with_files_in_block(&["a-b", "c"]);
    let empty_block = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C";
    fs::create_dir(world.path(empty_block)).unwrap();
    for empty in ["chunks", "a/b"] {
        fs::create_dir_all(world.path(BLOCK).join(empty)).unwrap();
    }
    assert_eq!(world.names_in_block().await, ["a-b", "c"]);
    assert_eq!(world.names(BLOCK).await.len(), 2);
    let listed: Vec<_> = world.store.entries(None, None).try_collect().await.unwrap();
    let stand_in = listed.last().unwrap();
    assert_eq!(stand_in.key, empty_block);
    assert_eq!(
        (stand_in.size_bytes, stand_in.etag.as_ref()),
        (Some(0), None)
    );
    let name = format!("{BLOCK}/chunks");
    assert!(matches!(
        world.read(&name).await,
        Err(Error::NotFound { .. })
    ));
    world.store.delete(&at(&name)).await.unwrap();
    assert!(world.path(&name).is_dir());
}

/// S-1.1
#[tokio::test]
async fn folders_beside_the_blocks_are_shown_and_not_looked_into() {
    let world = World::with_files(&["lost+found/a/b", ".snapshot/x", "debug/metas/y", "file"]);
    fs::create_dir(world.path("empty")).unwrap();
    assert_eq!(
        world.names("").await,
        [".snapshot", "debug", "empty", "file", "lost+found"]
    );
    assert_eq!(world.names("debug").await, ["debug/metas/y"]);
}

/// S-5.16
#[tokio::test]
async fn symbolic_links_are_neither_listed_as_objects_nor_followed_nor_replaced() {
    let world = World::with_files_in_block(&["a/file"]);
    let block = world.path(BLOCK);
    let outside = World::with_files(&["secret/file"]);
    symlink(outside.path("secret/file"), block.join("a/link")).unwrap();
    symlink(outside.path("secret"), block.join("door")).unwrap();
    assert_eq!(world.names_in_block().await, ["a/file", "a/link", "door"]);
    let links = ["a/link", "door"].map(|name| format!("{BLOCK}/{name}"));
    assert_eq!(left_out(&world).await, links);
    for name in ["a/link", "door/file", "door/new"] {
        let name = &format!("{BLOCK}/{name}");
        let Err(read) = world.read(name).await else {
            panic!("{name} was read")
        };
        assert!(read.to_string().contains("is a symbolic link"), "{read}");
        world.put(name, "ours").await.unwrap_err();
        world.store.delete(&at(name)).await.unwrap_err();
    }
    let door = format!("{BLOCK}/door");
    names(&world.store, &door).await.unwrap_err();
    assert_eq!(outside.names("secret").await, ["secret/file"]);
    assert_eq!(outside.read("secret/file").await.unwrap(), "secret/file");
    assert!(block.join("a/link").is_symlink());
}

/// What is listed and is no object.
async fn left_out(world: &World) -> Vec<String> {
    let listed: Vec<_> = world.store.entries(None, None).try_collect().await.unwrap();
    let odd = listed.into_iter().filter(|entry| entry.left_out.is_some());
    odd.map(|entry| entry.key).collect()
}

#[tokio::test]
async fn the_root_itself_may_be_a_symbolic_link() {
    let world = World::with_files(&["real/a"]);
    symlink(world.path("real"), world.path("link")).unwrap();
    let store = open(&world.path("link"), "", Access::Write, MissingRoot::Error).unwrap();
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
    let listed: Vec<_> = world.store.entries(None, None).try_collect().await.unwrap();
    let names: Vec<_> = listed.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(names, ["a", "b%0A", "b%0A", "b%FF", "c", "socket"]);
    assert_eq!(left_out(&world).await, ["b%0A", "b%FF", "socket"]);
    // Of two that are listed under one name the first counts.
    let shown: Vec<_> = listed
        .iter()
        .map(|entry| entry.left_out.is_none())
        .collect();
    assert_eq!(shown, [true, false, true, false, true, false]);
    assert!(matches!(
        world.read("socket").await,
        Err(Error::NotSupported { .. })
    ));
}

#[tokio::test]
async fn a_listing_that_goes_on_behind_a_name_lists_what_is_left() {
    let world = World::with_files_in_block(&["a", "a-b", "a.c/d", "b/c", "b/d/e", "b0", "c"]);
    fs::write(world.path("file"), "").unwrap();
    let names = |after: Option<String>| {
        let entries = world.store.entries(None, after.as_deref());
        entries.map_ok(|entry| entry.key).try_collect::<Vec<_>>()
    };
    let all = names(None).await.unwrap();
    assert_eq!(all.len(), 8);
    for (number, name) in all.iter().enumerate() {
        let left = names(Some(name.clone())).await.unwrap();
        assert_eq!(left, all.get(number + 1..).unwrap(), "{name}");
    }
    let between = names(Some(format!("{BLOCK}/b/ca"))).await.unwrap();
    assert_eq!(between, all.get(4..).unwrap());
}

#[tokio::test]
async fn folders_that_lie_too_deep_are_left_out_and_nothing_else() {
    let world = World::with_files_in_block(&["index"]);
    let mut deep = world.path(BLOCK);
    for _ in 0..200 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("file"), "").unwrap();
    let names = world.names_in_block().await;
    let [too_deep, index] = names.as_slice() else {
        panic!("{names:?}")
    };
    assert_eq!(index, "index");
    assert_eq!(left_out(&world).await, [format!("{BLOCK}/{too_deep}")]);
}

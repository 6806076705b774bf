//! Names that few would give, and that somebody gave all the same.

use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt};
use thanos_bucket::block::BlockId;
use thanos_bucket::bucket::Bucket;

use super::listings::below;
use super::{AT_ONCE, Opened, Subject, key};

/// Each is an object of its own.
const ODD: [&str; 24] = [
    "odd/a b",
    "odd/ a",
    "odd/a ",
    "odd/a+b",
    "odd/a%20b",
    "odd/a%2Fb",
    "odd/a&b=c",
    "odd/a?b",
    "odd/a#b",
    "odd/a;b",
    "odd/a:b",
    "odd/a,b",
    "odd/a@b",
    "odd/a'b",
    "odd/a\"b",
    "odd/a<b>",
    "odd/a\\b",
    "odd/a|b^c`d{e}",
    "odd/(a)[b]!*$~=",
    "odd/é-ü-ß",
    "odd/日本語",
    "odd/🦀",
    "odd/..a/...",
    "odd/.hidden/a.",
];

/// Put, listed, read and deleted under exactly that name.
pub async fn are_kept_as_they_are(bucket: &Opened, mistaken: &[char]) {
    let store = bucket.store();
    let long = format!("odd/{}/{}", "l".repeat(200), "m".repeat(200));
    for name in ODD.into_iter().chain([long.as_str()]) {
        if name.contains(mistaken) {
            continue;
        }
        let put = store.put(&key(name), name.to_owned().into()).await;
        put.unwrap_or_else(|err| panic!("{name}: {err}"));
        let listed = below(bucket, "odd").await;
        let [entry] = listed.as_slice() else {
            panic!("{name}: {listed:?}");
        };
        assert_eq!(entry.key, name);
        assert!(entry.left_out.is_none(), "{entry:?}");
        let got = store.get_opts(&key(name), GetOptions::default()).await;
        let got = got.unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(got.bytes().await.unwrap(), name);
        store.delete(&key(name)).await.unwrap();
        assert!(below(bucket, "odd").await.is_empty(), "{name} stays");
    }
}

/// A bucket of Thanos' begins with whatever its configuration says, and shows nothing that begins otherwise.
pub async fn may_begin_with_any_prefix(subject: &Subject<'_>) {
    let [file, _] = subject.files;
    let block: BlockId = "01J0000000000000000000000A".parse().unwrap();
    let all = Opened::of(subject, &file(None), None).await;
    for letter in (' '..='~').filter(|letter| *letter != '/') {
        let prefix = format!("p{letter}q/{letter}r");
        if subject.mistaken.contains(&letter) {
            continue;
        }
        let quoted = prefix.replace('\'', "''");
        let text = format!("{}prefix: '{quoted}'\n", file(None));
        let opened = Opened::of(subject, &text, None).await;
        let bucket = Bucket::new(opened.backend, AT_ONCE);
        let object = block.object("meta.json");
        let put = bucket.put(&object, prefix.clone().into()).await;
        put.unwrap_or_else(|err| panic!("{prefix}: {err:#}"));
        let ids = bucket.reader().list_block_ids().await.unwrap();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), [block], "{prefix}");
        let read = bucket.reader().read(&object, 100).await.unwrap();
        assert_eq!(read, prefix);
        let full = Path::parse(format!("{prefix}/{block}/meta.json")).unwrap();
        assert!(all.store().head(&full).await.is_ok(), "{prefix}");
    }
}

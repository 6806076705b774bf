//! Objects one by one: read, put, created, put in parts, copied, deleted, and broken off.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path as FilePath;

use bytes::Bytes;
use futures::future::join_all;
use md5::{Digest as _, Md5};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};
use thanos_bucket::Kind;
use thanos_bucket::block::Fingerprint;
use thanos_bucket::bucket::{Create, Original, Tag, Whole};

use super::listings::below;
use super::seen::{Copies, Seen};
use super::wire::Wire;
use super::{Opened, key, kind};
use crate::support::proxy::{Fault, Request};

/// Bytes that differ from one another.
pub fn content(size_bytes: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size_bytes + 8);
    while bytes.len() < size_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size_bytes);
    bytes.into()
}

fn hexadecimal(digest: impl AsRef<[u8]>) -> String {
    digest
        .as_ref()
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

async fn read(bucket: &Opened, name: &str) -> object_store::Result<Bytes> {
    let got = bucket
        .store()
        .get_opts(&key(name), GetOptions::default())
        .await?;
    got.bytes().await
}

async fn put(bucket: &Opened, name: &str, bytes: Bytes) {
    bucket.store().put(&key(name), bytes.into()).await.unwrap();
}

async fn tag(bucket: &Opened, name: &str) -> String {
    let head = bucket.store().head(&key(name)).await.unwrap();
    head.e_tag.unwrap()
}

pub async fn is_there(bucket: &Opened, name: &str) -> bool {
    match kind(bucket, bucket.store().head(&key(name)).await) {
        None => true,
        Some(Kind::NotFound) => false,
        Some(other) => panic!("{name}: {other:?}"),
    }
}

/// Whole, in ranges, and only in the version that is meant; entity tags tell versions apart, or are digests.
pub async fn are_read_and_replaced(bucket: &Opened, seen: &mut Seen, reads_any_version: bool) {
    let (name, store) = ("read/object", bucket.store());
    let (first, second) = (content(100_000, 1), content(100_000, 2));
    put(bucket, name, first.clone()).await;
    let old = tag(bucket, name).await;
    assert!(read(bucket, name).await.unwrap() == first);
    for range in [0..1, 17..4_242, 99_999..100_000] {
        let Range { start, end } = range.clone();
        let got = store.get_range(&key(name), start..end).await.unwrap();
        let expected = first.slice(usize::try_from(start).unwrap()..usize::try_from(end).unwrap());
        assert!(got == expected, "{range:?}");
    }
    let if_match = |tag: &str, range| GetOptions {
        if_match: Some(tag.to_owned()),
        range,
        ..GetOptions::default()
    };
    let some = Some(GetRange::Bounded(5..9));
    let got = store
        .get_opts(&key(name), if_match(&old, some.clone()))
        .await
        .unwrap();
    assert_eq!(got.meta.size, 100_000);
    assert!(got.bytes().await.unwrap() == first.slice(5..9));
    put(bucket, name, second.clone()).await;
    for range in [None, some] {
        let answered = store.get_opts(&key(name), if_match(&old, range)).await;
        if reads_any_version {
            // What comes is told to be another one, which whoever reads looks at.
            assert_ne!(answered.unwrap().meta.e_tag, Some(old.clone()));
        } else {
            assert_eq!(kind(bucket, answered), Some(Kind::Changed));
        }
    }
    assert!(read(bucket, name).await.unwrap() == second);
    let new = tag(bucket, name).await;
    assert_ne!(old, new);
    let digest = hexadecimal(Md5::digest(&second));
    let is_digest = new.trim_matches('"').eq_ignore_ascii_case(&digest);
    seen.tag = Some(if is_digest {
        Tag::Md5UnlessEncrypted
    } else {
        Tag::Version
    });
    let absent = read(bucket, "read/absent").await;
    assert_eq!(kind(bucket, absent), Some(Kind::NotFound));
}

/// One of many who create an object does, and nobody replaces it.
pub async fn are_created_once(bucket: &Opened, wire: Option<&Wire>, seen: &mut Seen) {
    async fn created(bucket: &Opened, name: &str, bytes: Bytes) -> object_store::Result<()> {
        let options = PutOptions::from(PutMode::Create);
        let name = key(name);
        let put = bucket.store().put_opts(&name, bytes.into(), options);
        put.await.map(drop)
    }
    let create = async |name: &str, bytes: Bytes| created(bucket, name, bytes).await;
    let first = create("create/one", "first".into()).await;
    if bucket.differences.create == Create::LookFirst {
        // What cannot be asked for is not done without a word.
        assert_eq!(kind(bucket, first), Some(Kind::Unsupported));
        seen.create = Some(Create::LookFirst);
        return;
    }
    first.unwrap();
    let second = create("create/one", "second".into()).await;
    let refuses = match kind(bucket, second) {
        Some(Kind::AlreadyExists) => true,
        Some(Kind::Unsupported) | None => false,
        other => panic!("{other:?}"),
    };
    if !refuses {
        seen.create = Some(Create::LookFirst);
        return;
    }
    assert_eq!(read(bucket, "create/one").await.unwrap(), "first");
    for round in 0..5 {
        let name = format!("create/race-{round}");
        let creators = (0..8).map(|number| create(&name, Bytes::from(format!("{number}"))));
        let created: Vec<bool> = join_all(creators).await.iter().map(Result::is_ok).collect();
        let winners: Vec<usize> = (0..8).filter(|number| created[*number]).collect();
        if winners.len() > 1 {
            // It looks too, and that before the object has come.
            seen.create = Some(Create::LookFirst);
            return;
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(read(bucket, &name).await.unwrap(), winners[0].to_string());
    }
    seen.create = Some(match wire {
        None => Create::Link,
        Some(wire) => {
            let ((), plain) = wire
                .overhear(put(&wire.bucket, "create/put", "a".into()))
                .await;
            let create = created(&wire.bucket, "create/new", "a".into());
            let (_, heard) = wire.overhear(create).await;
            let added = heard.added_to(&plain).unwrap();
            match bucket.differences.create {
                // Where it is ignored shows elsewhere.
                Create::HeaderUnlessVersioned(header) if header == added => {
                    Create::HeaderUnlessVersioned(added)
                }
                _ => Create::Header(added),
            }
        }
    });
}

/// No bytes are an object too, put at once or in parts.
pub async fn may_be_empty(bucket: &Opened) {
    put(bucket, "empty/object", Bytes::new()).await;
    assert!(read(bucket, "empty/object").await.unwrap().is_empty());
    assert_eq!(
        bucket
            .store()
            .head(&key("empty/object"))
            .await
            .unwrap()
            .size,
        0
    );
}

/// What is larger than a part is seen once it is whole.
pub async fn come_in_parts(bucket: &Opened, seen: &mut Seen) {
    let least = usize::try_from(bucket.backend.sizes.least_part_bytes)
        .unwrap()
        .max(1 << 20);
    let parts = [content(least, 3), content(least, 4), content(17, 5)];
    let name = "parts/object";
    let mut upload = bucket.store().put_multipart(&key(name)).await.unwrap();
    for part in &parts {
        upload
            .put_part(PutPayload::from_bytes(part.clone()))
            .await
            .unwrap();
        assert!(!is_there(bucket, name).await);
    }
    upload.complete().await.unwrap();
    assert!(read(bucket, name).await.unwrap() == parts.concat());
    let digests: Vec<u8> = parts
        .iter()
        .flat_map(|part| Md5::digest(part).to_vec())
        .collect();
    let of_parts = format!("{}-3", hexadecimal(Md5::digest(digests)));
    // Some have the MD5 of all bytes instead.
    let whole = hexadecimal(Md5::digest(parts.concat()));
    let tag = tag(bucket, name).await;
    let told = tag.trim_matches('"').to_ascii_lowercase();
    let is_digest = [of_parts, whole].contains(&told);
    if !is_digest && seen.tag == Some(Tag::Md5UnlessEncrypted) {
        seen.tag = Some(Tag::Md5OfOnePut);
    }
    assert_eq!(
        is_digest,
        seen.tag == Some(Tag::Md5UnlessEncrypted),
        "{tag}"
    );
    // One that is aborted leaves what was there.
    let mut upload = bucket.store().put_multipart(&key(name)).await.unwrap();
    upload
        .put_part(PutPayload::from_bytes(parts[1].clone()))
        .await
        .unwrap();
    // Some cannot be asked to forget what nobody sees.
    let _ = upload.abort().await;
    assert!(read(bucket, name).await.unwrap() == parts.concat());
}

/// At once and in ranges, into another bucket, and in the version that is meant only.
pub async fn are_copied_by_the_service(
    buckets: (&Opened, &Opened),
    wire: Option<&Wire>,
    seen: &mut Seen,
) {
    let (bucket, beside) = wire.map_or(buckets, |wire| (&wire.bucket, &wire.beside));
    let Some(copier) = beside.store().copier(&**bucket.store()) else {
        seen.copies = Some(Copies::Never);
        return;
    };
    let mut condition = bucket.differences.server_copy.unwrap().condition;
    let (small, large) = (content(70_000, 6), content(6 << 20, 7));
    for (name, bytes) in [("copy/small", &small), ("copy/large é+ object", &large)] {
        put(bucket, name, bytes.clone()).await;
        let original = Original {
            key: key(name),
            size_bytes: bytes.len() as u64,
            etag: tag(bucket, name).await,
            fingerprint: Fingerprint::UNKNOWN,
        };
        let to = key(name);
        let copy = copier.copy(&original, &to);
        if let Some(wire) = wire {
            let (done, heard) = wire.overhear(copy).await;
            done.unwrap();
            let sent = heard.condition(&original.etag).unwrap();
            condition = format!("`{sent}`").leak();
        } else {
            copy.await.unwrap();
        }
        assert!(read(beside, name).await.unwrap() == *bytes, "{name}");
        if bucket
            .differences
            .server_copy
            .unwrap()
            .largest_bytes
            .is_some()
        {
            let assembled = format!("{name} in ranges");
            let assembly = copier.assemble(&key(&assembled)).await.unwrap();
            let middle = (bytes.len() as u64).min(5 << 20);
            let mut parts = Vec::new();
            for (number, range) in [0..middle, middle..bytes.len() as u64]
                .into_iter()
                .enumerate()
            {
                if !range.is_empty() {
                    parts.push(assembly.copy_part(number, &original, range).await.unwrap());
                }
            }
            assert!(!is_there(beside, &assembled).await);
            assembly.complete(parts).await.unwrap();
            seen.assembles = true;
            assert!(
                read(beside, &assembled).await.unwrap() == *bytes,
                "{assembled}"
            );
        }
        put(bucket, name, content(bytes.len(), 8)).await;
        let another = copier.copy(&original, &key("copy/another")).await;
        if another.is_ok() {
            condition = "whatever version there is";
        } else {
            assert!(!is_there(beside, "copy/another").await);
        }
    }
    seen.copies = Some(Copies::If(condition));
}

/// What is deleted is gone, and so is what was not there.
pub async fn are_deleted(bucket: &Opened) {
    put(bucket, "delete/object", "here".into()).await;
    for _ in 0..2 {
        let deleted = bucket.store().delete_once(&key("delete/object")).await;
        let kind = kind(bucket, deleted);
        assert!(matches!(kind, None | Some(Kind::NotFound)), "{kind:?}");
        assert!(!is_there(bucket, "delete/object").await);
    }
}

/// The bodies of requests that write end after so many bytes, with the connection.
pub fn cut(after: u64) -> impl Fn(&Request) -> Fault + Send + Sync + 'static {
    move |request| {
        let writes = request.method == "PUT" || request.method == "POST";
        if writes {
            Fault::ResetRequest(after)
        } else {
            Fault::None
        }
    }
}

/// Whatever is cut off is not seen, nor does it replace what was there.
pub async fn that_break_off_are_never_seen(broken: &Opened, bucket: &Opened) {
    put(bucket, "broken/replaced", "as it was".into()).await;
    for name in ["broken/new", "broken/replaced"] {
        let failed = broken
            .store()
            .put(&key(name), content(200_000, 9).into())
            .await;
        assert!(failed.is_err(), "{name} was cut off");
    }
    assert!(!is_there(bucket, "broken/new").await);
    assert_eq!(read(bucket, "broken/replaced").await.unwrap(), "as it was");
    let mut upload = match broken.store().put_multipart(&key("broken/parts")).await {
        Ok(upload) => upload,
        // Its beginning has no body that could be cut.
        Err(_) => bucket
            .store()
            .put_multipart(&key("broken/parts"))
            .await
            .unwrap(),
    };
    let _ = upload.put_part(content(5 << 20, 10).into()).await;
    assert!(!is_there(bucket, "broken/parts").await);
    let _ = upload.abort().await;
}

/// An upload that nobody ends, as when a process is killed, is not seen, and what comes later is.
pub async fn that_are_given_up_are_never_seen(
    bucket: &Opened,
    folder: Option<&FilePath>,
    seen: &mut Seen,
) {
    let mut upload = bucket
        .store()
        .put_multipart(&key("given-up/object"))
        .await
        .unwrap();
    upload.put_part(content(5 << 20, 11).into()).await.unwrap();
    if let Some(folder) = folder {
        let listed = below(bucket, "given-up").await;
        let lies_beside = files(folder).contains(&(5 << 20)) && listed.is_empty();
        seen.whole = lies_beside.then_some(Whole::Beside);
    }
    drop(upload);
    assert!(!is_there(bucket, "given-up/object").await);
    put(bucket, "given-up/object", "later".into()).await;
    assert_eq!(read(bucket, "given-up/object").await.unwrap(), "later");
}

/// The sizes of all files in a folder, wherever in it they are.
fn files(folder: &FilePath) -> Vec<u64> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let sizes = entries.flat_map(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => files(&entry.path()),
        _ => vec![entry.metadata().unwrap().len()],
    });
    sizes.collect()
}

//! Reads the objects of one block, and compares each with the SHA-256 that its `meta.json` tells.

use crate::block::{BlockMeta, Inventory};
use crate::bucket::{BucketReader, Budget, sha256};
use crate::error::Result;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hashed {
    /// Every object has the SHA-256 that is told.
    AsTold,
    /// So have those of which one is told; of so many none is, and these were not read.
    Untold(usize),
    /// An object has another one: what, in words.
    Differs(String),
}

/// Reads those objects whose SHA-256 is told. One that has another is read again before that is said.
///
/// Errors: [`Kind::Changed`](crate::Kind::Changed) and [`Kind::NotFound`](crate::Kind::NotFound) where one of the objects has changed since it was
/// listed, or is gone; otherwise what keeps it from being read.
pub async fn compare_hashes(
    bucket: &BucketReader,
    meta: &BlockMeta,
    objects: &Inventory,
    budget: &Budget,
) -> Result<Hashed> {
    let files = meta.files();
    let mut untold = 0;
    for object in objects.what_thanos_reads(Some(meta)).data() {
        let told = files.iter().find(|file| *file.path == *object.name);
        let Some(told) = told.and_then(|file| file.sha256.as_deref()) else {
            untold += 1;
            continue;
        };
        let path = meta.id.object(&object.name);
        let mut found = String::new();
        for _ in 0..2 {
            found = sha256(bucket, &path, object, budget).await?.to_string();
            if found.eq_ignore_ascii_case(told) {
                break;
            }
        }
        if !found.eq_ignore_ascii_case(told) {
            let what = format!(
                "{} has the SHA-256 {found}, meta.json says {told}",
                object.name
            );
            return Ok(Hashed::Differs(what));
        }
    }
    Ok(match untold {
        0 => Hashed::AsTold,
        many => Hashed::Untold(many),
    })
}

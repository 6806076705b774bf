//! Whether two bucket configurations name one bucket: an object put into the target and found in the source says so, whatever DNS or path
//! style hid it.

use bytes::Bytes;

use crate::block::{ObjectPath, RunId};
use crate::bucket::{Bucket, BucketReader};
use crate::error::Result;

/// How the names of probe objects begin.
pub const PREFIX: &str = "thanos-bucket-probe-";

/// Puts a small object into the target, asks the source for it, and removes it again. Whoever drops this half way [`remove`]s it.
pub async fn is_same_bucket(source: &BucketReader, target: &Bucket, run: &RunId) -> Result<bool> {
    let probe = name(run);
    let content = "put by thanos-bucket to find out whether source and target are one bucket; safe to delete\n";
    target
        .put(&probe, Bytes::from_static(content.as_bytes()))
        .await?;
    let found = source.exists(&probe).await;
    target.delete(&probe).await?;
    found
}

/// Removes the run's probe, if there is one.
pub async fn remove(target: &Bucket, run: &RunId) -> Result<()> {
    target.delete(&name(run)).await
}

/// Removes probes that killed runs left behind.
pub async fn sweep(target: &Bucket, leftovers: &[ObjectPath]) -> Result<()> {
    for probe in leftovers {
        target.delete(probe).await?;
    }
    Ok(())
}

fn name(run: &RunId) -> ObjectPath {
    ObjectPath::new(format!("{PREFIX}{run}"))
}

//! Whether two bucket configurations name one bucket: an object put into the target and found in the source says so, whatever DNS or path
//! style hid it. It also tells what time it is in the target.

use crate::block::{ObjectPath, RunId};
use bytes::Bytes;
use tokio::time::Instant;

use crate::bucket::{Bucket, BucketReader, Reading};
use crate::error::Result;

/// How the names of probe objects begin.
pub const PREFIX: &str = "thanos-bucket-probe-";

/// What a probe found.
#[derive(Debug)]
pub struct Probed {
    /// Whether the source has what was put into the target.
    pub same_bucket: bool,
    /// What the target says of when that was; `None` where it may be written and not be looked at.
    pub put_at: Option<Reading>,
}

/// Puts a small object into the target, asks the source for it, looks at its time and removes it again. Whoever drops this half way
/// [`remove`]s it.
pub async fn probe(source: &BucketReader, target: &Bucket, run: &RunId) -> Result<Probed> {
    let probe = name(run);
    let content = "put by thanos-bucket to find out whether source and target are one bucket; safe to delete\n";
    let asked = Instant::now();
    target
        .put(&probe, Bytes::from_static(content.as_bytes()))
        .await?;
    let answered = Instant::now();
    let found = source.exists(&probe).await;
    let modified = target.modified(&probe).await;
    target.delete(&probe).await?;
    Ok(Probed {
        same_bucket: found?,
        put_at: modified.ok().map(|time| Reading {
            time,
            asked,
            answered,
        }),
    })
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

//! Whether two bucket configurations name one bucket: an object put into the target and found in the source says so, whatever DNS or path
//! style hid it. It also tells what time it is in the target.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use crate::block::{Object, ObjectPath, RunId};
use crate::bucket::{Bucket, BucketReader, PUT_AS_SEGMENT, Reading};
use crate::error::{Error, Kind, Result};

/// How the names of probe objects begin; the run's id follows.
pub const PREFIX: &str = "thanos-bucket-probe-";

/// How the name of what a service copies goes on.
const COPY: &str = "-copy";

/// How the name goes on of what is put where chunks go.
const SEGMENT: &str = PUT_AS_SEGMENT;

/// What is copied is a `meta.json` of no more than this.
pub const LARGEST_COPY: usize = 1 << 20;

/// What every probe holds, in this version and in those before.
const CONTENT: &str =
    "put by thanos-bucket to find out whether source and target are one bucket; safe to delete\n";

/// When a listing is looked at: few of them lag, and those not for long.
const LISTED_AFTER: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// What a probe showed.
#[derive(Debug)]
pub struct Probed {
    /// Where it was found.
    pub found: Found,
    /// What the target says of when it was put; `None` where it may be written and not be looked at.
    pub put_at: Option<Reading>,
}

/// Where a probe was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// In the target: the buckets are two.
    Two,
    /// In the source too: they are one.
    One,
    /// Not in the target's listing, which thus tells nothing of what lies there.
    Unlisted,
}

/// Puts a small object into the target, looks for it in both, and removes it again, whatever comes of it. A caller that drops
/// this half way must call [`remove`].
pub async fn probe(source: &BucketReader, target: &Bucket, run: &RunId) -> Result<Probed> {
    let probe = name(run);
    let probed = look(source, target, &probe).await;
    // A request may have succeeded although its answer failed.
    let removed = target.delete(&probe).await;
    let probed = probed?;
    removed?;
    Ok(probed)
}

async fn look(source: &BucketReader, target: &Bucket, probe: &ObjectPath) -> Result<Probed> {
    let asked = Instant::now();
    target.put(probe, content()).await?;
    let answered = Instant::now();
    let found = look_in_both(source, target.reader(), probe);
    let modified = async { Ok(target.modified(probe).await.ok().flatten()) };
    let (found, modified) = futures::try_join!(found, modified)?;
    Ok(Probed {
        found,
        put_at: modified.map(|time| Reading {
            time,
            asked,
            answered,
        }),
    })
}

/// Looks for the run's probe, which [`put`] has put into the target, in both.
pub async fn find(source: &BucketReader, target: &BucketReader, run: &RunId) -> Result<Found> {
    look_in_both(source, target, &name(run)).await
}

async fn look_in_both(
    source: &BucketReader,
    target: &BucketReader,
    probe: &ObjectPath,
) -> Result<Found> {
    let is_in_source = holds_somewhere(source, target, probe);
    let (is_in_source, is_listed) = futures::try_join!(is_in_source, is_listed(target, probe))?;
    Ok(match (is_in_source, is_listed) {
        (true, _) => Found::One,
        (false, true) => Found::Two,
        (false, false) => Found::Unlisted,
    })
}

/// Reads the run's probe, which [`put`] has put. Other bytes are [`Kind::Corrupt`].
pub async fn read_back(target: &BucketReader, run: &RunId) -> Result<()> {
    let name = name(run);
    let bytes = target.read(&name, CONTENT.len()).await?;
    if bytes == CONTENT {
        return Ok(());
    }
    let attempt = format!("read {name} in {}", target.location());
    Err(Error::new(Kind::Corrupt, attempt).because("it holds other bytes than were just put"))
}

/// Whether the source holds the target's probe: under its own prefix or, where one prefix lies in the other, under the target's.
async fn holds_somewhere(
    source: &BucketReader,
    target: &BucketReader,
    probe: &ObjectPath,
) -> Result<bool> {
    if holds(source, probe).await? {
        return Ok(true);
    }
    let Some(there) = source.where_the_other_is(target) else {
        return Ok(false);
    };
    match holds(&there, probe).await {
        // Rights may be for the source's prefix alone.
        Err(err) if matches!(err.kind(), Kind::Refused | Kind::Credentials) => Ok(false),
        held => held,
    }
}

/// Whether the bucket holds the probe, by its bytes too: some servers say of every name that it exists.
async fn holds(bucket: &BucketReader, probe: &ObjectPath) -> Result<bool> {
    let attempt = format!("look for {probe} in {}", bucket.location());
    // Inner errors are not retried here: `exists` and `read` do so themselves.
    bucket
        .retrying(&attempt, || async {
            match bucket.exists(probe).await {
                Ok(true) => {}
                answered => return Ok(answered),
            }
            match bucket.read(probe, CONTENT.len()).await {
                Ok(bytes) if bytes == CONTENT => Ok(Ok(true)),
                Err(err) if !matches!(err.kind(), Kind::NotFound | Kind::Corrupt) => Ok(Err(err)),
                _ => {
                    let why = "it is said to be there, and its content is not";
                    Err(Error::new(Kind::Transient, attempt.clone()).because(why))
                }
            }
        })
        .await?
}

async fn is_listed(target: &BucketReader, probe: &ObjectPath) -> Result<bool> {
    for delay in LISTED_AFTER {
        sleep(delay).await;
        if target.lists(probe).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes the run's probe and what lies beside it, where they are there. What could not be removed first is the error.
pub async fn remove(target: &Bucket, run: &RunId) -> Result<()> {
    let mut removed = Ok(());
    for path in [name(run), copy_name(run), segment_name(run)] {
        // The one may go although the other stays.
        removed = removed.and(target.delete(&path).await);
    }
    removed
}

/// Puts the run's probe, whatever was there. A caller must call [`remove`] afterwards, whatever comes of it.
pub async fn put(target: &Bucket, run: &RunId) -> Result<()> {
    target.put(&name(run), content()).await
}

/// Whether the target leaves alone what lies there when a put must not overwrite: the run's probe, which [`put`] has put.
pub async fn put_under_a_condition(target: &Bucket, run: &RunId) -> Result<bool> {
    let attempt = format!(
        "put an object that is there already into {}",
        target.reader().location()
    );
    let name = name(run);
    let put = || target.refuses_to_overwrite(&name, content());
    target.reader().retrying(&attempt, put).await
}

/// Puts the run's probe as an upload of one part. Tells whether that was done: a configuration may forbid it.
pub async fn put_in_parts(target: &Bucket, run: &RunId) -> Result<bool> {
    let attempt = format!("put an object in parts into {}", target.reader().location());
    let name = name(run);
    let put = || target.put_as_one_part(&name, content());
    target.reader().retrying(&attempt, put).await
}

/// Puts what the probe holds in the class of chunks, under [`segment_name`]. A caller must remove that afterwards, whatever comes of it.
pub async fn put_as_segment(target: &Bucket, run: &RunId) -> Result<()> {
    target.put(&segment_name(run), content()).await
}

fn content() -> Bytes {
    Bytes::from_static(CONTENT.as_bytes())
}

/// Whether an object at the top of a bucket is a probe or what was put beside one, as far as a listing tells: its name has a run's id, and it has the size
/// of such a one.
#[must_use]
pub fn is_one(path: &ObjectPath, object: &Object) -> bool {
    let is_run = |run: &str| run.parse::<RunId>().is_ok();
    let rest = path.as_str().strip_prefix(PREFIX).unwrap_or_default();
    if let Some(run) = rest.strip_suffix(COPY) {
        return is_run(run) && object.size_bytes <= LARGEST_COPY as u64;
    }
    let run = rest.strip_suffix(SEGMENT).unwrap_or(rest);
    is_run(run) && object.size_bytes == CONTENT.len() as u64
}

/// Whether it is the name of a run's probe.
#[must_use]
pub fn is_name(path: &ObjectPath) -> bool {
    let run = path.as_str().strip_prefix(PREFIX);
    run.is_some_and(|run| run.parse::<RunId>().is_ok())
}

/// Removes probes that killed runs left behind, and nothing else: what does not hold a probe's bytes is somebody else's.
pub async fn sweep(target: &Bucket, leftovers: &[ObjectPath]) -> Result<()> {
    for probe in leftovers {
        match is_left(target.reader(), probe).await {
            Ok(Some(true)) => target.delete(probe).await?,
            Ok(Some(false)) => {
                warn!(object = %probe, "left alone: its name is a probe's, and what it holds is not");
            }
            Ok(None) => {}
            Err(err) => {
                debug!(object = %probe, err = %format!("{err:#}"), "probe of an earlier run left alone");
            }
        }
    }
    Ok(())
}

/// Whether what lies under a probe's name holds what was put there; `None` where nothing lies there.
pub async fn is_left(bucket: &BucketReader, probe: &ObjectPath) -> Result<Option<bool>> {
    match bucket.read(probe, LARGEST_COPY).await {
        Ok(content) => Ok(Some(is_probes(probe, &content))),
        Err(err) if err.kind() == Kind::NotFound => Ok(None),
        Err(err) => Err(err),
    }
}

/// Whether what an object of that name holds is what was put or copied there.
fn is_probes(name: &ObjectPath, content: &[u8]) -> bool {
    if !name.as_str().ends_with(COPY) {
        return content == CONTENT.as_bytes();
    }
    let document = serde_json::from_slice::<serde_json::Value>(content);
    document.is_ok_and(|document| document.get("ulid").is_some())
}

/// The name of what a service copies to see whether it does: the `meta.json` of a block.
#[must_use]
pub fn copy_name(run: &RunId) -> ObjectPath {
    ObjectPath::new(format!("{PREFIX}{run}{COPY}"))
}

/// The name of what is put in the class of chunks.
#[must_use]
pub fn segment_name(run: &RunId) -> ObjectPath {
    ObjectPath::new(format!("{PREFIX}{run}{SEGMENT}"))
}

/// The name of the run's probe.
#[must_use]
pub fn name(run: &RunId) -> ObjectPath {
    ObjectPath::new(format!("{PREFIX}{run}"))
}

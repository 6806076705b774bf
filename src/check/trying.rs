//! What a migration needs of a bucket, tried.

use tokio::time::Instant;

use crate::block::{BlockId, META_JSON, Object, RunId};
use crate::bucket::{Bucket, BucketReader, ServerSide};
use crate::error::{Error, Kind};
use crate::outcome::{About, Findings};
use crate::stored::read_meta;
use crate::verb::clocks::{self, Clock};
use crate::verb::probe::{self, Found};

/// A bucket that can be listed.
pub(super) struct Listed<'a> {
    pub(super) bucket: &'a Bucket,
    /// The `meta.json` of one of its blocks, if there is one.
    pub(super) meta: Option<(BlockId, Object)>,
    /// Whether what is deleted stays, unseen.
    pub(super) keeps_deleted: bool,
}

/// Lists the blocks, and reads the `meta.json` of one. Returns that block, with its `meta.json` as listed, if there is one; `None` where the bucket
/// cannot be listed.
pub(super) async fn reading(
    about: About,
    bucket: &BucketReader,
    findings: &mut Findings,
) -> Option<Option<(BlockId, Object)>> {
    let ids = match bucket.list_block_ids().await {
        Ok(ids) => ids,
        Err(err) => {
            findings.failed(about, "list", &err);
            return None;
        }
    };
    let Some(id) = ids.first() else {
        let text = match about {
            About::Source => {
                "it may be listed, and holds no block: is it the right bucket, and the right prefix?"
            }
            _ => "it may be listed, and holds no block yet",
        };
        findings.fine(about, "list", text);
        findings.untried(about, "read", "there is no block to read from");
        return Some(None);
    };
    let text = match ids.len() {
        1 => "1 block".to_owned(),
        blocks => format!("{blocks} blocks"),
    };
    findings.fine(about, "list", text);
    let read = async {
        let listed = bucket.list_block(*id).await?;
        let meta = listed.meta().cloned();
        let read = read_meta(bucket, *id, meta.as_ref()).await?;
        Ok::<_, Error>(meta.filter(|_| read.is_some()))
    };
    Some(match read.await {
        Ok(Some(meta)) => {
            findings.fine(about, "read", id.object(META_JSON).to_string());
            Some((*id, meta))
        }
        Ok(None) => {
            let text = format!("{id} has no meta.json, so that nothing was read");
            findings.untried(about, "read", text);
            None
        }
        // What is wrong with one block is for a plan to say.
        Err(err) if err.kind() == Kind::Corrupt => {
            findings.note(about, "read", format!("{err:#}"));
            None
        }
        Err(err) => {
            findings.failed(about, "read", &err);
            None
        }
    })
}

/// Compares the clocks.
pub(super) async fn clock(about: About, bucket: &Bucket, here: &Clock, findings: &mut Findings) {
    let reading = match bucket.reader().time_told() {
        Some(reading) => Some(reading),
        None => bucket.ask_time().await,
    };
    let Some(reading) = reading else {
        let text = "the bucket does not tell what time it is there";
        findings.untried(about, "clock", text);
        return;
    };
    let (reader, now) = (bucket.reader(), here());
    match clocks::judge(&reading, now, reader, reader.location()) {
        Ok(()) => {
            let apart = reading.ahead_of(now, Instant::now()).abs().num_seconds();
            let text = match apart {
                0 => "agrees with this machine's".to_owned(),
                apart => format!("{apart} s apart from this machine's, which is close enough"),
            };
            findings.fine(about, "clock", text);
        }
        Err(err) => findings.failed(about, "clock", &err),
    }
}

/// Puts a probe into the target, and looks for it in both.
pub(super) async fn two_buckets(
    source: &BucketReader,
    target: &Bucket,
    run: &RunId,
    findings: &mut Findings,
) {
    match probe::probe(source, target, run).await {
        Ok(probed) => match probed.found {
            Found::Two => findings.fine(
                About::Both,
                "two-buckets",
                "an object that was put into the target is not in the source",
            ),
            Found::One => findings.failed(
                About::Both,
                "two-buckets",
                &Error::usage(
                    "source and target are the same bucket: an object that was put into the target is in the source",
                ),
            ),
            Found::Unlisted => findings.failed(
                About::Target,
                "list",
                &Error::usage(
                    "an object that was just put is not listed: endpoint, bucket or prefix name another place in listings than for objects",
                ),
            ),
        },
        Err(err) => findings.failed(About::Both, "two-buckets", &err),
    }
}

/// Puts, under the name of this run's probe: at once, under a condition, in parts; and deletes it, whatever came of that.
pub(super) async fn writing(
    about: About,
    listed: &Listed<'_>,
    run: &RunId,
    findings: &mut Findings,
) {
    let bucket = listed.bucket;
    let put = probe::put(bucket, run).await;
    let is_put = put.is_ok();
    match put {
        Ok(()) => findings.fine(about, "put", "a small object"),
        Err(err) => findings.failed(about, "put", &err),
    }
    if is_put {
        further_puts(about, bucket, run, findings).await;
    }
    match probe::remove(bucket, run).await {
        Ok(()) if listed.keeps_deleted => findings.note(
            about,
            "delete",
            "the probe is deleted, and its versions stay, as those of everything that is deleted here",
        ),
        Ok(()) if is_put => findings.fine(about, "delete", "the probe is gone again"),
        Ok(()) => findings.untried(about, "delete", "there is nothing to be deleted"),
        Err(err) => findings.failed(about, "delete", &err),
    }
}

async fn further_puts(about: About, bucket: &Bucket, run: &RunId, findings: &mut Findings) {
    match probe::put_under_a_condition(bucket, run).await {
        Ok(true) => findings.fine(
            about,
            "conditional-put",
            "an object that exists is not overwritten by who asks for that",
        ),
        Ok(false) => findings.note(
            about,
            "conditional-put",
            "the bucket overwrites what exists although asked not to: a run looks first, so that two that begin at the same moment may both write",
        ),
        Err(err) => findings.failed(about, "conditional-put", &err),
    }
    match probe::put_in_parts(bucket, run).await {
        Ok(true) => findings.fine(about, "multipart", "an upload in parts"),
        Ok(false) => findings.note(about, "multipart", "the configuration does not want it"),
        Err(err) => findings.failed(about, "multipart", &err),
    }
}

/// Has the service copy a `meta.json` beside this run's probe, and deletes that copy.
pub(super) async fn copying(
    source: &BucketReader,
    target: &Bucket,
    service: &ServerSide,
    (id, meta): &(BlockId, Object),
    run: &RunId,
    findings: &mut Findings,
) {
    if !service.is_there() || meta.size_bytes > probe::LARGEST_COPY as u64 {
        return;
    }
    let (path, to) = (id.object(META_JSON), probe::copy_name(run));
    let attempt = format!("copy {path} to {}", target.reader().location());
    let copy = || service.copy_once(source, &path, meta, target.reader(), &to);
    match target.reader().retrying(&attempt, copy).await {
        Ok(true) => findings.fine(About::Both, "copy", "the service has copied a meta.json"),
        Ok(false) => {}
        Err(err) => findings.note(
            About::Both,
            "copy",
            format!(
                "the service does not copy, so that every byte goes through this machine: {err:#}"
            ),
        ),
    }
    if let Err(err) = probe::remove(target, run).await {
        findings.failed(About::Target, "delete", &err);
    }
}

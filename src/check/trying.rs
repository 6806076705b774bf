//! What a migration needs of a bucket, tried.

use tokio::time::Instant;

use crate::block::{BlockId, META_JSON, Object, RunId};
use crate::bucket::{Bucket, BucketReader, ServerSide};
use crate::error::{Error, Kind};
use crate::outcome::{About, Findings};
use crate::stored::read_meta;
use crate::verb::clocks::{self, Clock};
use crate::verb::probe::{self, Found};

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
        Err(err) => findings.failed(About::Target, "write", &err),
    }
}

/// Puts, under the name of this run's probe: at once, under a condition, in parts; and deletes it, whatever came of that.
pub(super) async fn writing(about: About, bucket: &Bucket, run: &RunId, findings: &mut Findings) {
    match probe::put(bucket, run).await {
        Ok(()) => findings.fine(about, "put", "a small object"),
        Err(err) => {
            findings.failed(about, "put", &err);
            return;
        }
    }
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
    match probe::remove(bucket, run).await {
        Ok(()) => findings.fine(about, "delete", "the probe is gone again"),
        Err(err) => findings.failed(about, "delete", &err),
    }
}

/// Has the service copy a `meta.json` over this run's probe, which is then deleted.
pub(super) async fn copying(
    source: &BucketReader,
    target: &Bucket,
    service: &ServerSide,
    (id, meta): &(BlockId, Object),
    run: &RunId,
    findings: &mut Findings,
) {
    if !service.is_there() {
        return;
    }
    let path = id.object(META_JSON);
    let copied = service
        .copy_once(source, &path, meta, target.reader(), &probe::name(run))
        .await;
    match copied {
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

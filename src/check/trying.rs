//! What a migration needs of a bucket, tried.

use tokio::time::Instant;

use crate::block::{BlockId, META_JSON, Object};
use crate::bucket::{Bucket, BucketReader};
use crate::error::{Error, Kind};
use crate::outcome::{About, Findings};
use crate::stored::read_meta;
use crate::verb::clocks::{self, Clock};

/// A bucket that can be listed.
pub(super) struct Listed<'a> {
    pub(super) bucket: &'a Bucket,
    /// The `meta.json` of one of its blocks, if there is one.
    pub(super) meta: Option<(BlockId, Object)>,
    /// Whether what is deleted stays, unseen.
    pub(super) keeps_deleted: bool,
    /// Whether there is none yet, which the first write makes.
    pub(super) is_missing: bool,
}

/// What a listing showed.
pub(super) struct Seen {
    /// The `meta.json` of one block, as listed, if there is one that can be read.
    pub(super) meta: Option<(BlockId, Object)>,
    /// Whether there is no bucket yet, which the first write makes.
    pub(super) is_missing: bool,
}

/// Lists the blocks, and reads the `meta.json` of one. `None` where the bucket cannot be listed.
pub(super) async fn reading(
    about: About,
    bucket: &BucketReader,
    findings: &mut Findings,
) -> Option<Seen> {
    let ids = match bucket.list_block_ids().await {
        Ok(ids) => ids,
        Err(err) => {
            findings.failed(about, "list", &err);
            return None;
        }
    };
    let Some(id) = ids.first() else {
        let is_missing = about == About::Target && bucket.is_to_be_made().await;
        match about {
            _ if is_missing => {
                findings.note(about, "list", "there is none yet: the first run makes it");
            }
            About::Source => findings.fine(
                about,
                "list",
                "it may be listed, and holds no block: is it the right bucket, and the right prefix?",
            ),
            _ => findings.fine(about, "list", "it may be listed, and holds no block yet"),
        }
        findings.untried(about, "read", "there is no block to read from");
        return Some(Seen {
            meta: None,
            is_missing,
        });
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
    let meta = match read.await {
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
    };
    Some(Seen {
        meta,
        is_missing: false,
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

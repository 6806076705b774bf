//! What a migration needs to write, tried with this run's probe. What is refused once is not tried again in another way, and nothing is begun after a
//! signal.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use super::trying::Listed;
use crate::block::{BlockId, META_JSON, Object, ObjectPath, RunId};
use crate::bucket::{Bucket, BucketReader, ServerSide};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::outcome::{About, Findings};
use crate::verb::probe::{self, Found};

/// Who tries it, and where.
pub(super) struct Writing<'a> {
    pub(super) about: About,
    pub(super) listed: &'a Listed<'a>,
    /// The class of chunks, where it is not that of everything else.
    pub(super) class: Option<&'a str>,
    pub(super) run: &'a RunId,
    pub(super) stop: &'a Stop,
    /// Whether something may lie in the bucket that is to be removed again.
    pub(super) begun: &'a AtomicBool,
}

/// The source, where there are two buckets and it can be listed.
#[derive(Clone, Copy)]
pub(super) struct Other<'a> {
    pub(super) reader: &'a BucketReader,
    /// One `meta.json` of it.
    pub(super) meta: Option<&'a (BlockId, Object)>,
    /// What copies from it.
    pub(super) service: Option<&'a ServerSide>,
}

impl Writing<'_> {
    /// Tries all of it, and removes what was put.
    pub(super) async fn try_it(&self, other: Option<Other<'_>>, findings: &mut Findings) {
        if self.is_stopped() {
            return;
        }
        self.begun.store(true, Ordering::Relaxed);
        let nothing_more = |why: &str, findings: &mut Findings| {
            findings.untried(self.about, "write", why);
            if self.class.is_some() {
                findings.untried(self.about, "storage-class", why);
            }
        };
        if let Err(err) = probe::put(self.bucket(), self.run).await {
            findings.failed(self.about, "put", &err);
            nothing_more(REFUSED, findings);
            if other.is_some() {
                findings.untried(About::Both, "two-buckets", REFUSED);
            }
            // The answer may have been lost, and not the request.
            if matches!(err.kind(), Kind::Transient | Kind::Other) {
                self.remove("may lie", &[probe::name(self.run)], findings)
                    .await;
            }
            self.begun.store(false, Ordering::Relaxed);
            return;
        }
        findings.fine(self.about, "put", "a small object");
        if self.listed.is_missing {
            let text = "there was none: the probe has made it, and it stays, empty";
            findings.note(self.about, "made", text);
        }
        self.look(other, findings).await;
        let put = [probe::name(self.run)];
        if !self.remove("stays", &put, findings).await {
            nothing_more(STAYS, findings);
            return;
        }
        if self.listed.keeps_deleted {
            let text = "the probe is deleted, and its versions stay, as those of everything that is deleted here";
            findings.note(self.about, "delete", text);
        } else {
            findings.fine(self.about, "delete", "the probe is gone again");
        }
        let put = self.put_more(other, findings).await;
        if self.remove("stays", &put, findings).await {
            self.begun.store(false, Ordering::Relaxed);
        }
    }

    fn bucket(&self) -> &Bucket {
        self.listed.bucket
    }

    fn is_stopped(&self) -> bool {
        self.stop.asked().is_some()
    }

    /// Looks for the probe, which was put.
    async fn look(&self, other: Option<Other<'_>>, findings: &mut Findings) {
        let reader = self.bucket().reader();
        if self.listed.meta.is_none() && !findings.has_failed(self.about, "read") {
            let read = probe::read_back(reader, self.run).await;
            // What lies in some storage classes cannot be read, which is told elsewhere.
            let is_tried = !matches!(&read, Err(err) if err.kind() == Kind::Unreadable);
            if is_tried {
                findings.supersede(self.about, "read");
                match read {
                    Ok(()) => findings.fine(self.about, "read", "the probe, as it was put"),
                    Err(err) => findings.failed(self.about, "read", &err),
                }
            }
        }
        if let Some(other) = other.filter(|_| !self.is_stopped()) {
            two_buckets(probe::find(other.reader, reader, self.run).await, findings);
        }
    }

    /// Puts in every other way. Returns the names under which something may lie now.
    async fn put_more(&self, other: Option<Other<'_>>, findings: &mut Findings) -> Vec<ObjectPath> {
        let mut put = Vec::new();
        if self.is_stopped() {
            return put;
        }
        put.push(probe::name(self.run));
        if let Err(err) = probe::put(self.bucket(), self.run).await {
            findings.failed(self.about, "put", &err);
            return put;
        }
        if !self.is_stopped() {
            self.under_a_condition(findings).await;
        }
        if !self.is_stopped() {
            self.in_parts(findings).await;
        }
        if let Some(class) = self.class.filter(|_| !self.is_stopped()) {
            put.push(probe::segment_name(self.run));
            match probe::put_as_segment(self.bucket(), self.run).await {
                Ok(()) => {
                    let text = format!("an object goes where chunks go: {class}");
                    findings.fine(self.about, "storage-class", text);
                }
                Err(err) => findings.failed(self.about, "storage-class", &err),
            }
        }
        if let Some(other) = other.filter(|_| !self.is_stopped()) {
            put.push(probe::copy_name(self.run));
            self.copy(other, findings).await;
        }
        put
    }

    async fn under_a_condition(&self, findings: &mut Findings) {
        match probe::put_under_a_condition(self.bucket(), self.run).await {
            Ok(true) => findings.fine(
                self.about,
                "conditional-put",
                "an object that exists is not overwritten by who asks for that",
            ),
            Ok(false) => findings.note(
                self.about,
                "conditional-put",
                "the bucket overwrites what exists although asked not to: a run looks first, so that two that begin at the same moment may both write",
            ),
            Err(err) => findings.failed(self.about, "conditional-put", &err),
        }
    }

    async fn in_parts(&self, findings: &mut Findings) {
        match probe::put_in_parts(self.bucket(), self.run).await {
            Ok(true) => findings.fine(self.about, "multipart", "an upload in parts"),
            Ok(false) => {
                findings.note(
                    self.about,
                    "multipart",
                    "the configuration does not want it",
                );
            }
            Err(err) => findings.failed(self.about, "multipart", &err),
        }
    }

    /// Has the service copy a `meta.json` beside the probe. What is known then takes the place of what was presumed.
    async fn copy(&self, other: Other<'_>, findings: &mut Findings) {
        let (Some(service), Some((id, meta))) = (other.service, other.meta) else {
            return;
        };
        if !service.is_there() || meta.size_bytes > probe::LARGEST_COPY as u64 {
            return;
        }
        let (path, to) = (id.object(META_JSON), probe::copy_name(self.run));
        let target = self.bucket().reader();
        let attempt = format!("copy {path} to {}", target.location());
        let copy = || service.copy_once(other.reader, &path, meta, target, &to);
        match target.retrying(&attempt, copy).await {
            Ok(true) => {
                findings.supersede(About::Both, "copy");
                let text = "the service has copied a meta.json, and is asked to copy by itself";
                findings.fine(About::Both, "copy", text);
            }
            Ok(false) => {}
            Err(err) => {
                findings.supersede(About::Both, "copy");
                let text = format!(
                    "the service does not copy, so that every byte goes through this machine: {err:#}"
                );
                findings.note(About::Both, "copy", text);
            }
        }
    }

    /// Removes what was put. Tells whether all of it is gone; what is not is told by its name.
    async fn remove(&self, how: &str, put: &[ObjectPath], findings: &mut Findings) -> bool {
        let mut is_all = true;
        for path in put {
            if let Err(err) = self.bucket().delete(path).await {
                is_all = false;
                let place = self.bucket().reader().location();
                let told = format!("{path} {how} in {place}, to be removed by hand");
                if self.is_stopped() {
                    warn!(err = %format!("{err:#}"), "{told}");
                }
                let err = Error::new(err.kind(), told).because(err);
                findings.failed(self.about, "delete", &err);
            }
        }
        is_all
    }
}

/// Why nothing more is tried.
const REFUSED: &str = "a small object could not be put, so that nothing more was written";

/// Why nothing more is put.
const STAYS: &str = "what was put could not be removed, so that nothing more was put";

fn two_buckets(found: Result<Found>, findings: &mut Findings) {
    match found {
        Ok(Found::Two) => findings.fine(
            About::Both,
            "two-buckets",
            "an object that was put into the target is not in the source",
        ),
        Ok(Found::One) => findings.failed(
            About::Both,
            "two-buckets",
            &Error::usage(
                "source and target are the same bucket: an object that was put into the target is in the source",
            ),
        ),
        Ok(Found::Unlisted) => findings.failed(
            About::Target,
            "list",
            &Error::usage(
                "an object that was just put is not listed: endpoint, bucket or prefix name another place in listings than for objects",
            ),
        ),
        Err(err) => findings.failed(About::Both, "two-buckets", &err),
    }
}

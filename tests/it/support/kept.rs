//! What a bucket in memory keeps of deleted objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{FutureExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use thanos_bucket::bucket::{Entry, History, HistoryPage, Lost, Next, Row, Way, What};

use super::memory::now;
use super::scripted::{Request, Scripted, at_once};

/// The versions of each name, the oldest first; nothing is kept unless that is turned on.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<BTreeMap<String, Vec<Version>>>>);

struct Version {
    content: Bytes,
    deleted: DateTime<Utc>,
}

impl Kept {
    /// From now on what is deleted is kept.
    pub(crate) fn turn_on(&self) {
        *self.0.lock().unwrap() = Some(BTreeMap::new());
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }

    /// No version of such a name is kept any longer.
    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().unwrap().as_mut().unwrap().remove(name);
    }

    /// Notes what lies under a name that is about to be deleted.
    pub(super) fn keep(&self, inner: &Arc<InMemory>, name: &Path) {
        let mut kept = self.0.lock().unwrap();
        let Some(kept) = kept.as_mut() else { return };
        let read = async { inner.get(name).await?.bytes().await };
        let Some(Ok(content)) = read.now_or_never() else {
            return;
        };
        let versions = kept.entry(name.to_string()).or_default();
        // Later than all before.
        let deleted = now() + chrono::TimeDelta::seconds(versions.len().try_into().unwrap());
        versions.push(Version { content, deleted });
    }
}

#[async_trait::async_trait]
impl History for Scripted {
    async fn page(
        &self,
        below: Option<&Path>,
        _: Option<&Next>,
    ) -> object_store::Result<HistoryPage> {
        let below = below.map_or_else(String::new, |path| format!("{path}/"));
        self.ask(Request::List, &below)?;
        let there: Vec<ObjectMeta> = at_once(self.inner.list(None).try_collect());
        let current = there.into_iter().map(|meta| Row {
            entry: Entry::from(meta),
            version: None,
            what: What::Current,
            rank: None,
            ended: None,
        });
        let kept = self.kept.0.lock().unwrap();
        let former = kept.iter().flatten().flat_map(|(name, versions)| {
            versions
                .iter()
                .enumerate()
                .rev()
                .map(|(number, version)| Row {
                    entry: Entry {
                        key: name.clone(),
                        size_bytes: Some(version.content.len() as u64),
                        ..Entry::default()
                    },
                    version: Some(number.to_string()),
                    what: What::Former,
                    rank: None,
                    ended: Some(version.deleted),
                })
        });
        let mut rows: Vec<Row> = current.chain(former).collect();
        rows.retain(|row| row.entry.key.starts_with(&below));
        // Stable: what lies there comes first, and then the newest version.
        rows.sort_by(|one, other| one.entry.key.cmp(&other.entry.key));
        Ok(HistoryPage { rows, next: None })
    }

    async fn read(&self, key: &Path, version: &str, _: u64) -> object_store::Result<Bytes> {
        self.ask(Request::Get, key.as_ref())?;
        let kept = self.kept.0.lock().unwrap();
        let number: usize = version.parse().unwrap();
        Ok(kept.as_ref().unwrap()[key.as_ref()][number].content.clone())
    }

    async fn bring_back(&self, key: &Path, lost: &Lost) -> object_store::Result<Way> {
        self.ask(Request::Put, key.as_ref())?;
        if self.inner.head(key).await.is_ok() {
            return Err(object_store::Error::AlreadyExists {
                path: key.to_string(),
                source: "it is there".into(),
            });
        }
        let number: usize = lost.version.parse().unwrap();
        let content = {
            let kept = self.kept.0.lock().unwrap();
            kept.as_ref().unwrap()[key.as_ref()][number].content.clone()
        };
        self.inner.put(key, content.into()).await?;
        Ok(Way::Copied)
    }
}

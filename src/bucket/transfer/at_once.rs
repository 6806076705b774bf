//! The route of what is small: fetched whole, and put in one request.

use object_store::{ObjectStore, PutOptions, PutPayload};

use super::job::Transfer;
use crate::block::Fingerprint;
use crate::bucket::fetch::Version;
use crate::error::Result;
use crate::progress::Piece as Way;

/// Fetches the object into memory and puts it. What fails in passing is fetched and put again.
pub(super) async fn put(job: Transfer<'_>) -> Result<Fingerprint> {
    let backend = job.target.reader().backend();
    let full = job.target.reader().full(job.path)?;
    let attempt = job.attempt();
    let way = Way::new(job.progress, job.object.size_bytes);
    let put = job.target.reader().retrying(&attempt, || async {
        let share = job.budget.take(job.object.size_bytes).await;
        let (version, all) = (Version::default(), 0..job.object.size_bytes);
        let bytes = job
            .source
            .fetch(job.path, job.object, all, &version)
            .await?;
        let mut passing = job.passing();
        passing.update(&bytes);
        let passed = job.passed(passing)?;
        let options = PutOptions {
            extensions: job.handed_on().await,
            ..PutOptions::default()
        };
        let payload = PutPayload::from_bytes(bytes);
        let put = backend.store.put_opts(&full, payload, options).await;
        put.map_err(|err| backend.error(err, attempt.clone()))?;
        drop(share);
        Ok(passed)
    });
    job.arrives(way, put).await
}

//! Brings one object from one bucket to another, piece by piece: memory never grows with its size.
//!
//! `route` chooses how, by what both buckets are and what the source tells; each way is a file, and a line in [`transfer`].

mod at_once;
mod budget;
mod compare;
mod digest;
mod in_parts;
mod job;
mod limits;
mod on_server;
mod passing;
mod route;
mod server_side;
mod streamed;
mod upload;

pub use budget::Budget;
pub use compare::{Comparison, same_content};
pub use digest::sha256;
pub use job::Transfer;
pub use limits::TIME_TO_END;
pub use route::{Transferred, transferred};
pub use server_side::{CopiedBy, ServerSide};

use crate::block::Fingerprint;
use crate::bucket::fetch::ranges;
use crate::error::Result;
use route::{Route, layout, one_after_another, own_route, parts_to_ask_for, route};

/// Puts the object into the target, whatever was there. The target shows it whole or not at all. Returns what was learnt of its bytes on their
/// way and the source does not tell: the digest by which the target tells what it has.
///
/// Errors: [`Kind::Changed`](crate::Kind::Changed) where the source's object is another one than was listed,
/// [`Kind::NotFound`](crate::Kind::NotFound) where it is gone, [`Kind::Corrupt`](crate::Kind::Corrupt) where its SHA-256 is another one,
/// [`Kind::Cancelled`](crate::Kind::Cancelled).
pub async fn transfer(job: Transfer<'_>) -> Result<Fingerprint> {
    let work = async {
        if job.cancel.is_cancelled() {
            return Err(job.cancelled());
        }
        let (from, to) = (job.source.backend(), job.target.reader().backend());
        let told = match parts_to_ask_for(job.object, to) {
            Some(parts) => job.source.part_sizes(job.path, job.object, parts).await,
            None => None,
        };
        let is_uneven = |route: &Route| matches!(route, Route::PartsOf(_));
        let refused = match job.server_side.copier_of(job.object, job.sha256)? {
            Some((copier, etag)) => {
                let layout = layout(job.object, from, to, told.clone(), copier.largest_bytes());
                match on_server::put(job, copier, etag, layout).await {
                    Err(err) if job.server_side.gives_way(&err) => Some(err),
                    done => return done.map(|()| Fingerprint::UNKNOWN),
                }
            }
            None => None,
        };
        let route = route(job.object, from, to, told)?;
        let passed = match go(job, route.clone()).await {
            // Some take no parts of uneven sizes.
            Err(err) if is_uneven(&route) && err.kind().is_transient() => {
                go(job, own_route(job.object, to)).await?
            }
            gone => gone?,
        };
        if let Some(refused) = refused {
            job.server_side.refused(&refused);
        }
        Ok(passed)
    };
    work.await.map_err(|err| {
        let to = job.target.reader().location();
        err.attempting(format!("copy {} to {to}", job.path))
    })
}

async fn go(job: Transfer<'_>, route: Route) -> Result<Fingerprint> {
    match route {
        Route::AtOnce => at_once::put(job).await,
        Route::Streamed => streamed::put(job).await,
        Route::Parts(part_bytes) => {
            let parts = ranges(job.object.size_bytes, part_bytes);
            in_parts::put(job, parts.collect()).await
        }
        Route::PartsOf(sizes) => in_parts::put(job, one_after_another(sizes).collect()).await,
    }
}

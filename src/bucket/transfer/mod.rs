//! Brings one object from one bucket to another, piece by piece: memory never grows with its size.
//!
//! `route` chooses how, by what both buckets are and what the source tells; each way is a file, and a line in [`transfer`].

mod at_once;
mod budget;
mod compare;
mod in_parts;
mod job;
mod limits;
mod route;
mod streamed;

pub use budget::Budget;
pub use compare::{Comparison, same_content};
pub use job::Transfer;
pub use limits::TIME_TO_END;
pub use route::transfer_requests;

use crate::error::Result;
use route::{Route, own_route, parts_to_ask_for, route};

/// Puts the object into the target, whatever was there. The target shows it whole or not at all.
///
/// Errors: [`Kind::Changed`](crate::Kind::Changed) where the source's object is another one than was listed,
/// [`Kind::NotFound`](crate::Kind::NotFound) where it is gone, [`Kind::Corrupt`](crate::Kind::Corrupt) where its SHA-256 is another one,
/// [`Kind::Cancelled`](crate::Kind::Cancelled).
pub async fn transfer(job: Transfer<'_>) -> Result<()> {
    let work = async {
        if job.cancel.is_cancelled() {
            return Err(job.cancelled());
        }
        let (from, to) = (job.source.backend(), job.target.reader().backend());
        let told = match parts_to_ask_for(job.object, from, to) {
            Some(parts) => job.source.part_sizes(job.path, job.object, parts).await,
            None => None,
        };
        let is_uneven = |route: &Route| matches!(route, Route::PartsOf(_));
        let route = route(job.object, from, to, told)?;
        match go(job, route.clone()).await {
            // Some take no parts of uneven sizes.
            Err(err) if is_uneven(&route) && err.kind().is_transient() => {
                go(job, own_route(job.object, to)).await
            }
            gone => gone,
        }
    };
    work.await.map_err(|err| {
        let to = job.target.reader().location();
        err.attempting(format!("copy {} to {to}", job.path))
    })
}

async fn go(job: Transfer<'_>, route: Route) -> Result<()> {
    match route {
        Route::AtOnce => at_once::put(job).await,
        Route::Streamed => streamed::put(job).await,
        Route::Parts(part_bytes) => in_parts::put(job, part_bytes).await,
        Route::PartsOf(sizes) => in_parts::put_sizes(job, sizes).await,
    }
}

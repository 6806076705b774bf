//! Brings what the source of a plan holds, whatever kind of source it is.
//!
//! Hidden here: which client asks a server, how payloads are found and read, and that whoever takes items may block while servers are asked beside.

mod payloads;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Error, Kind, Result};
use crate::history::{self, Origin, Plan, Range};
use crate::payload::Malformed;
use crate::promql::Selector;
use crate::remote::{ExportClient, Limits, ReadClient, Sink};
use crate::retry::Policy;
use crate::samples::{Item, Labels};
use payloads::Payloads;

/// The source of a plan. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    origin: Arc<From>,
    selectors: Arc<[Selector]>,
}

#[derive(Debug)]
enum From {
    Live(Live),
    Payloads(Payloads),
}

/// A server that is asked for a range.
#[derive(Debug)]
enum Live {
    Read(ReadClient),
    Export(ExportClient),
}

impl Live {
    async fn read(
        &self,
        selectors: &[Selector],
        range: std::ops::Range<i64>,
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        match self {
            Self::Read(client) => client.read(selectors, range, sink).await,
            Self::Export(client) => client.read(selectors, range, sink).await,
        }
        .map(drop)
    }
}

/// Takes an item into a state. It may block.
pub type Take<T> = fn(&mut T, Item) -> Result<()>;

impl Source {
    /// The plan's source. Nothing is asked yet. What fails in passing is asked again by that policy; of an answer that cannot be taken piece by
    /// piece, no more is held than so many bytes.
    pub fn open(plan: &Plan, retry: &Policy, memory_bytes: usize) -> Result<Self> {
        let limits = Limits {
            timeout: plan.batch.http_timeout,
            retry: retry.clone(),
            max_held_bytes: memory_bytes,
        };
        let payloads =
            |options, malformed, what| Payloads::new(options, malformed, what, &plan.folder);
        let origin = match plan.source.origin.clone() {
            Origin::Live(history::Live::RemoteRead(access)) => {
                From::Live(Live::Read(ReadClient::new(&access, &limits)?))
            }
            Origin::Live(history::Live::Export(access)) => {
                From::Live(Live::Export(ExportClient::new(&access, &limits)?))
            }
            Origin::Capture {
                options,
                malformed,
                manifest,
            } => {
                let what = payloads::What::Manifest(manifest);
                From::Payloads(payloads(options, malformed, what))
            }
            Origin::Files { options, paths } => {
                let what = payloads::What::Files(paths);
                From::Payloads(payloads(options, Malformed::Refuse, what))
            }
        };
        let is_live = matches!(origin, From::Live(_));
        Ok(Self {
            origin: Arc::new(origin),
            selectors: if plan.selectors.is_empty() && is_live {
                [r#"{__name__!=""}"#.parse::<Selector>()?].into()
            } else {
                plan.selectors.clone().into()
            },
        })
    }

    /// Whether a server answers for any range. Other sources are read from their beginning to their end each time, whatever the range.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(*self.origin, From::Live(_))
    }

    /// Brings the series that the plan selects, with their samples, metadata and exemplars, and what was left out. `take` is called in a thread that
    /// may block; `state` comes back once all was taken. Samples of live sources lie within `range`; others may bring more.
    ///
    /// Errors: those of `take`; what cannot be asked or read; an error of the kind [`Kind::Cancelled`] once `cancel` is cancelled.
    pub async fn bring<T: Send + 'static>(
        &self,
        range: Range,
        cancel: &CancellationToken,
        state: T,
        take: Take<T>,
    ) -> Result<T> {
        let (source, cancel, handle) = (self.clone(), cancel.clone(), Handle::current());
        blocking(move || match &*source.origin {
            From::Payloads(_) => source.read(&cancel, state, take),
            // Whoever takes items may block, so that servers are not heard on a thread that others need.
            From::Live(live) => handle.block_on(source.ask(live, range, &cancel, state, take)),
        })
        .await
    }

    async fn ask<T: Send>(
        &self,
        live: &Live,
        range: Range,
        cancel: &CancellationToken,
        mut state: T,
        take: Take<T>,
    ) -> Result<T> {
        let mut sink = |item| take(&mut state, item);
        let asking = live.read(&self.selectors, range.start_ms..range.end_ms, &mut sink);
        tokio::select! {
            brought = asking => brought?,
            () = cancel.cancelled() => {
                return Err(Error::new(Kind::Cancelled, "hear the source to its end"));
            }
        }
        Ok(state)
    }

    fn read<T>(&self, cancel: &CancellationToken, mut state: T, take: Take<T>) -> Result<T> {
        let From::Payloads(payloads) = &*self.origin else {
            return Ok(state);
        };
        payloads.read(&mut |item| {
            if cancel.is_cancelled() {
                return Err(Error::new(Kind::Cancelled, "read payloads to their end"));
            }
            if self.selects(&item) {
                take(&mut state, item)
            } else {
                Ok(())
            }
        })?;
        Ok(state)
    }

    fn selects(&self, item: &Item) -> bool {
        let meant = |labels: &Labels| {
            let mut selectors = self.selectors.iter();
            self.selectors.is_empty() || selectors.any(|selector| selector.matches(labels))
        };
        match item {
            Item::Piece(piece) => meant(&piece.labels),
            Item::Exemplar(exemplar) => meant(&exemplar.series),
            Item::Metadata(_) | Item::LeftOut(_) | Item::Mark | Item::TakenBack => true,
        }
    }
}

/// Does it in a thread that may block.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = AbortOnDropHandle::new(tokio::task::spawn_blocking(work)).await;
    done.map_err(|err| Error::new(Kind::Other, "take what the source brings").because(err))?
}

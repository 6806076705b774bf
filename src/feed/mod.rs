//! Brings what the source of a plan holds, whatever kind of source it is.
//!
//! Hidden here: which client asks a server, how payloads are found and read, and that whoever takes items may block while servers are asked beside.

mod payloads;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Error, Kind, Result};
use crate::history::{Live, Origin, Plan, Range};
use crate::promql::Selector;
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

/// Takes an item into a state. It may block.
pub type Take<T> = fn(&mut T, Item) -> Result<()>;

impl Source {
    /// The plan's source. Nothing is asked yet.
    pub fn open(plan: &Plan) -> Result<Self> {
        let payloads = |options, what| Payloads::new(options, what, &plan.folder);
        let origin = match plan.source.origin.clone() {
            Origin::Live(live) => From::Live(live),
            Origin::Capture { options, manifest } => {
                From::Payloads(payloads(options, payloads::What::Manifest(manifest)))
            }
            Origin::Files { options, paths } => {
                From::Payloads(payloads(options, payloads::What::Files(paths)))
            }
        };
        Ok(Self {
            origin: Arc::new(origin),
            selectors: plan.selectors.clone().into(),
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
        match &*self.origin {
            From::Live(live) => {
                let _ = (live, range);
                Err(Error::new(Kind::Unsupported, "ask a server for samples"))
            }
            From::Payloads(_) => {
                let (source, cancel) = (self.clone(), cancel.clone());
                blocking(move || source.read(&cancel, state, take)).await
            }
        }
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
            Item::Metadata(_) | Item::LeftOut(_) => true,
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

//! Whether the service copies a run's objects by itself. It is asked for as long as it does not refuse what the client can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use crate::block::Object;
use crate::bucket::copier::Copier;
use crate::bucket::reader::BucketReader;
use crate::error::{Error, Kind, Result};

/// Who copies objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CopiedBy {
    /// The service that both buckets are on, where it does; this process otherwise.
    #[default]
    Auto,
    /// The service, or nobody.
    Server,
    /// This process.
    Client,
}

/// The service that both buckets are on, if there is one. Cheap to clone: what one finds out, all know.
#[derive(Debug, Clone, Default)]
pub struct ServerSide(Option<Arc<Service>>);

#[derive(Debug)]
struct Service {
    copier: Arc<dyn Copier>,
    insisted_on: bool,
    refuses: AtomicBool,
}

impl ServerSide {
    /// What copies from one bucket to the other; nothing is asked yet. Errors are of the kind [`Kind::Usage`]: the service is insisted on, and the
    /// two are not on one.
    pub fn between(source: &BucketReader, target: &BucketReader, by: CopiedBy) -> Result<Self> {
        if by == CopiedBy::Client {
            return Ok(Self(None));
        }
        let (from, to) = (source.backend(), target.backend());
        let Some(copier) = to.store.copier(&*from.store) else {
            if by == CopiedBy::Server {
                return Err(Error::usage(format!(
                    "--copy=server: {} and {} are not on one service that copies from one to the other; --copy=client copies through this machine",
                    from.location, to.location
                )));
            }
            return Ok(Self(None));
        };
        Ok(Self(Some(Arc::new(Service {
            copier,
            insisted_on: by == CopiedBy::Server,
            refuses: AtomicBool::new(false),
        }))))
    }

    /// What is to copy an object, of which `sha256` may be known: only who reads the object can see whether that is right.
    pub(super) fn copier_of<'a>(
        &'a self,
        object: &'a Object,
        sha256: Option<&str>,
    ) -> Option<(&'a dyn Copier, &'a str)> {
        let service = self.0.as_deref()?;
        let etag = object.version.as_deref().filter(|tag| !is_weak(tag))?;
        let is_asked =
            service.insisted_on || (sha256.is_none() && !service.refuses.load(Ordering::Relaxed));
        is_asked.then_some((&*service.copier, etag))
    }

    /// Whether somebody else is to try what the service did not do. What is wrong with the object or the target is wrong for everybody.
    pub(super) fn gives_way(&self, err: &Error) -> bool {
        let is_insisted_on = self.0.as_ref().is_none_or(|service| service.insisted_on);
        let is_wrong_for_all = matches!(
            err.kind(),
            Kind::Changed | Kind::Cancelled | Kind::NoSpace | Kind::ReadOnly | Kind::Credentials
        );
        !is_insisted_on && !is_wrong_for_all
    }

    /// The client has done what the service refused.
    pub(super) fn refused(&self, err: &Error) {
        let Some(service) = &self.0 else { return };
        if !service.refuses.swap(true, Ordering::Relaxed) {
            warn!(
                err = format!("{err:#}"),
                "the service does not copy by itself: objects go through this machine"
            );
        }
    }
}

/// A weak tag is equal to none in a condition.
fn is_weak(tag: &str) -> bool {
    tag.starts_with("W/")
}

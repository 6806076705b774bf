//! Whether the service copies a run's objects by itself. It is asked until it refuses a copy that the client can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use crate::block::{Object, ObjectPath};
use crate::bucket::copier::{Copier, Original};
use crate::bucket::fetch::condition;
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
    /// Whether there is something that copies.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it is asked to copy: it is there, and has not refused.
    #[must_use]
    pub fn copies(&self) -> bool {
        let asked = |service: &Arc<Service>| !service.refuses.load(Ordering::Relaxed);
        self.0.as_ref().is_some_and(asked)
    }

    /// Has the service copy one small object to that name of the target. Tells whether there was a way to ask for it.
    pub async fn copy_once(
        &self,
        source: &BucketReader,
        path: &ObjectPath,
        object: &Object,
        target: &BucketReader,
        to: &ObjectPath,
    ) -> Result<bool> {
        let (Some(service), Some(etag)) = (&self.0, condition(object)) else {
            return Ok(false);
        };
        let original = Original {
            key: source.full(path)?,
            size_bytes: object.size_bytes,
            etag: etag.to_owned(),
            fingerprint: object.fingerprint,
        };
        let to = target.full(to)?;
        let attempt = format!("copy {path} to {}", target.location());
        let copied = service.copier.copy(&original, &to).await;
        if copied.is_err() {
            // What comes of it is the copy's own error.
            let _ = service.copier.give_up(&original, &to).await;
        }
        copied.map_err(|err| target.backend().error(err, attempt))?;
        Ok(true)
    }

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

    /// The copier for an object, and the entity tag of the version to copy; `None` where this process copies it. Unless the service was demanded, an
    /// object with a known `sha256` is read here, because only that checks it. Where there is no usable tag and the service was demanded, the error
    /// is [`Kind::Unsupported`].
    pub(super) fn copier_of<'a>(
        &'a self,
        object: &'a Object,
        sha256: Option<&str>,
    ) -> Result<Option<(&'a dyn Copier, &'a str)>> {
        let Some(service) = self.0.as_deref() else {
            return Ok(None);
        };
        let is_asked =
            service.insisted_on || (sha256.is_none() && !service.refuses.load(Ordering::Relaxed));
        if !is_asked {
            return Ok(None);
        }
        if !service.copier.copies(object.size_bytes) {
            if !service.insisted_on {
                return Ok(None);
            }
            let attempt = format!("let the service copy {}", object.name);
            let why = "--copy=server: the service is not known to copy an object of that size";
            return Err(Error::new(Kind::Unsupported, attempt).because(why));
        }
        match condition(object) {
            Some(etag) => Ok(Some((&*service.copier, etag))),
            None if service.insisted_on => {
                let attempt = format!("let the service copy {}", object.name);
                let why = "--copy=server: the source tells no entity tag of it that makes a condition, and another version might be copied";
                Err(Error::new(Kind::Unsupported, attempt).because(why))
            }
            None => Ok(None),
        }
    }

    /// Whether the client tries after the service failed: not where the service was demanded, nor where the client would fail for the same reason.
    pub(super) fn gives_way(&self, err: &Error) -> bool {
        let is_insisted_on = self.0.as_ref().is_none_or(|service| service.insisted_on);
        let is_wrong_for_all = matches!(
            err.kind(),
            Kind::Changed | Kind::Cancelled | Kind::NoSpace | Kind::ReadOnly | Kind::Credentials
        );
        !is_insisted_on && !is_wrong_for_all
    }

    /// Notes that the client has done what the service refused: the service is not asked again.
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

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use async_trait::async_trait;
    use object_store::path::Path;

    use super::*;
    use crate::block::Fingerprint;
    use crate::bucket::copier::{Assembly, Original};

    /// Copies nothing.
    #[derive(Debug)]
    struct Idle;

    #[async_trait]
    impl Copier for Idle {
        fn largest_bytes(&self) -> u64 {
            0
        }

        fn copies(&self, size_bytes: u64) -> bool {
            size_bytes <= 1
        }

        async fn copy(&self, _: &Original, _: &Path) -> object_store::Result<()> {
            Ok(())
        }

        async fn assemble(&self, _: &Path) -> object_store::Result<Box<dyn Assembly>> {
            Ok(Box::new(Self))
        }
    }

    #[async_trait]
    impl Assembly for Idle {
        async fn copy_part(
            &self,
            _: usize,
            _: &Original,
            _: Range<u64>,
        ) -> object_store::Result<String> {
            Ok(String::new())
        }

        async fn complete(&self, _: Vec<String>) -> object_store::Result<()> {
            Ok(())
        }

        async fn abort(&self) -> object_store::Result<()> {
            Ok(())
        }
    }

    fn service(insisted_on: bool) -> ServerSide {
        ServerSide(Some(Arc::new(Service {
            copier: Arc::new(Idle),
            insisted_on,
            refuses: AtomicBool::new(false),
        })))
    }

    fn object(version: Option<&str>) -> Object {
        Object {
            name: "index".into(),
            size_bytes: 1,
            modified: None,
            version: version.map(Into::into),
            fingerprint: Fingerprint::UNKNOWN,
            archived: false,
            file: None,
            left_out: None,
        }
    }

    /// S-5.20: never without a condition, and not where a SHA-256 is to be seen or the service is known to refuse.
    #[test]
    fn the_service_is_asked_where_it_copies_the_very_version() {
        let tag = |server_side: &ServerSide, version, sha256| {
            let object = object(version);
            let copier = server_side.copier_of(&object, sha256);
            copier
                .map(|copier| copier.map(|(_, etag)| etag.to_owned()))
                .map_err(|err| err.kind())
        };
        let (asked, insisted_on) = (service(false), service(true));
        let strong = Some("\"a\"");
        let found = Ok(strong.map(str::to_owned));
        assert_eq!(tag(&asked, strong, None), found);
        assert_eq!(tag(&insisted_on, strong, Some("00")), found);
        assert_eq!(tag(&asked, strong, Some("00")), Ok(None));
        assert_eq!(tag(&ServerSide::default(), strong, None), Ok(None));
        for version in [None, Some("W/\"a\"")] {
            assert_eq!(tag(&asked, version, None), Ok(None));
            assert_eq!(tag(&insisted_on, version, None), Err(Kind::Unsupported));
        }
        for server_side in [&asked, &insisted_on] {
            server_side.refused(&Error::new(Kind::Refused, "copy an object"));
        }
        assert_eq!(tag(&asked, strong, None), Ok(None));
        assert_eq!(tag(&insisted_on, strong, None), found);
    }

    /// S-5.20: others are still copied by the service.
    #[test]
    fn what_is_too_large_for_the_service_goes_through_here() {
        let large = Object {
            size_bytes: 2,
            ..object(Some("\"a\""))
        };
        for (server_side, expected) in [
            (service(false), Ok(false)),
            (service(true), Err(Kind::Unsupported)),
        ] {
            let asked = |object| {
                let copier = server_side.copier_of(object, None);
                copier
                    .map(|copier| copier.is_some())
                    .map_err(|err| err.kind())
            };
            assert_eq!(asked(&large), expected);
            assert_eq!(asked(&object(Some("\"a\""))), Ok(true));
        }
    }

    /// S-5.21: whoever reads meets what is wrong with the object or the target all the same.
    #[test]
    fn what_the_client_may_be_able_to_do_it_tries() {
        let (asked, insisted_on) = (service(false), service(true));
        for (kind, expected) in [
            (Kind::Usage, true),
            (Kind::NotFound, true),
            (Kind::AlreadyExists, true),
            (Kind::Changed, false),
            (Kind::Refused, true),
            (Kind::Credentials, false),
            (Kind::BucketGone, true),
            (Kind::Elsewhere, true),
            (Kind::NoSpace, false),
            (Kind::ReadOnly, false),
            (Kind::Unreadable, true),
            (Kind::Corrupt, true),
            (Kind::Transient, true),
            (Kind::Clock, true),
            (Kind::Cancelled, false),
            (Kind::Unsupported, true),
            (Kind::Other, true),
        ] {
            let err = Error::new(kind, "copy an object");
            assert_eq!(asked.gives_way(&err), expected, "{kind:?}");
            assert!(!insisted_on.gives_way(&err), "{kind:?}");
            assert!(!ServerSide::default().gives_way(&err), "{kind:?}");
        }
    }
}

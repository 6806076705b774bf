//! The container itself: that it may be missing in the beginning, and that it is made before the first object is put, as Thanos makes it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use object_store::Result;
use object_store::path::Path;
use reqwest::Method;
use tokio::sync::Mutex;
use tracing::info;

use super::ask::{Answer, Asker, Question, generic};
use super::asked::Asked;
use super::credentials::Credentials;
use super::refusal::Refusal;
use super::service::Service;
use crate::bucket::storage_class::StorageClasses;
use crate::causes;
use crate::error::Kind;

/// A container, and who asks it.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) asker: Asker,
    pub(super) service: Service,
    pub(super) name: String,
    pub(super) credentials: Credentials,
    /// In which tiers objects are put.
    pub(super) classes: StorageClasses,
    pub(super) missing: Missing,
}

/// Nothing was put into the container yet, which is still to be made.
#[derive(Debug)]
pub(super) struct StillEmpty;

impl fmt::Display for StillEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the container is still to be made")
    }
}

impl StdError for StillEmpty {}

/// Whether that is the error.
pub(super) fn is_still_empty(err: &object_store::Error) -> bool {
    matches!(err.source(), Some(cause) if cause.is::<StillEmpty>())
}

fn lacks_container(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::lacks_container)
}

/// What it means that there is no such container.
#[derive(Debug)]
pub(super) struct Missing {
    /// It is still empty, and not gone, until something of it was seen.
    is_empty: bool,
    /// It may be made.
    makes: bool,
    was_seen: AtomicBool,
    making: Mutex<()>,
}

impl Missing {
    pub(super) fn new(is_empty: bool, makes: bool) -> Self {
        Self {
            is_empty,
            makes,
            was_seen: AtomicBool::new(false),
            making: Mutex::default(),
        }
    }
}

impl Container {
    /// Asks for something. What is written into a container that is still to be made makes it; where nothing was put yet, [`StillEmpty`] is the error.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer> {
        let Missing {
            is_empty,
            makes,
            was_seen,
            ..
        } = &self.missing;
        // Somebody else may make it while this is under way.
        let may_be_missing = *is_empty && !was_seen.load(Ordering::Relaxed);
        let asked = match self.asker.ask(question).await {
            Err(err) if may_be_missing && lacks_container(&err) => {
                if !question.asked.writes() {
                    return Err(generic(StillEmpty));
                }
                if !makes {
                    return Err(err);
                }
                self.make().await?;
                self.asker.ask(question).await
            }
            asked => asked,
        };
        if asked.is_ok() {
            was_seen.store(true, Ordering::Relaxed);
        }
        asked
    }

    /// Many may come at once; the first one makes it.
    async fn make(&self) -> Result<()> {
        let _first = self.missing.making.lock().await;
        if self.missing.was_seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        let question =
            self.asker
                .about_container(Asked::MakeContainer, Method::PUT, "?restype=container");
        match self.asker.ask(&question).await {
            Ok(_) => info!(container = self.name, "container made"),
            Err(err)
                if causes::first::<Refusal>(&err)
                    .is_some_and(|it| it.kind() == Kind::AlreadyExists) => {}
            Err(err) => return Err(err),
        }
        self.missing.was_seen.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// With the tier that the object is to be in.
    pub(super) fn with_class(&self, question: Question, key: &Path) -> Result<Question> {
        match self.classes.of(key.as_ref()) {
            Some(class) => question.with("x-ms-access-tier", class),
            None => Ok(question),
        }
    }
}

//! What a source of credentials returns: credentials, or why there are none.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use object_store::aws::AwsCredential;
use object_store::client::{HttpError, HttpErrorKind};

use crate::error::Kind;

/// Somebody who gives credentials.
#[async_trait]
pub(super) trait Source: fmt::Debug + Send + Sync {
    async fn fetch(&self) -> std::result::Result<Fetched, Failure>;
}

/// Credentials, and how long they are good.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    pub(super) credential: Arc<AwsCredential>,
    pub(super) expires: Option<SystemTime>,
}

/// Why there are none.
#[derive(Debug)]
pub(in crate::bucket::provider::s3) struct Failure {
    pub(super) why: String,
    /// Whether another try may help.
    pub(super) passes: bool,
}

impl Failure {
    /// What it means to a run.
    pub(in crate::bucket::provider::s3) fn kind(&self) -> Kind {
        if self.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl StdError for Failure {}

/// Credentials that nothing can be signed with.
#[derive(Debug)]
pub(in crate::bucket::provider::s3) struct Unfit(pub(in crate::bucket::provider::s3) String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Unfit {}

/// What a request fails with when there are no credentials for it. What passes is tried again like a connection that fails.
pub(in crate::bucket::provider::s3) fn unavailable(err: object_store::Error) -> HttpError {
    let failure = err
        .source()
        .and_then(|cause| cause.downcast_ref::<Failure>());
    let kind = match failure {
        Some(failure) if failure.passes => HttpErrorKind::Connect,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, err)
}

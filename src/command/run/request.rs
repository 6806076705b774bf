//! What `run` is asked to do.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::policy::Loaded;
use crate::audit::Blank;
use crate::error::Result;
use crate::serve;

/// Makes the trail of a run of a subcommand, by the rule of a name.
///
/// Errors: it cannot be opened.
pub type Trails = Box<dyn Fn(&str, &str) -> Result<Blank> + Send + Sync>;

/// Everything that `run` was asked to do.
pub struct Request {
    /// Reads the policy as it is now.
    pub load: Arc<dyn Fn(DateTime<Utc>) -> Loaded + Send + Sync>,
    /// How long it goes on.
    pub until: Until,
    /// The trail of a run of that subcommand, by the rule of that name.
    pub trail: Trails,
    /// Is told when the policy is to be read again.
    pub reload: Arc<Notify>,
    /// Where what is known of it is shown, and to whom; `None` for nowhere.
    pub http: Option<serve::Settings>,
    /// A number from 0 to 1, another one each time.
    pub chance: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// How long it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The policy is judged, and nothing is contacted.
    Judged,
    /// One cycle has ended.
    OneCycle,
    /// It is told to end.
    Stopped,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

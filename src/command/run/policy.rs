//! A policy as the door hands it over: sound, and ready to be followed at any time.

use std::fmt;
use std::num::NonZeroU64;

use chrono::{DateTime, TimeDelta, Utc};

use crate::command::migrate;
use crate::error::Result;
use crate::policy::{Hours, Pace};

/// What tells two contents apart: of the policy, and of the files that it names.
pub type Print = [u8; 32];

/// A policy as it was found.
#[derive(Debug)]
pub struct Loaded {
    /// Of what was found.
    pub print: Print,
    /// The policy, or a line for each fault of it.
    pub policy: Result<Policy, Vec<String>>,
}

/// A policy in which nothing is wrong.
#[derive(Debug)]
pub struct Policy {
    /// How often cycles begin.
    pub pace: Pace,
    /// In the order in which they are followed.
    pub rules: Vec<Rule>,
    /// What was read and has no effect.
    pub warnings: Vec<String>,
}

/// Makes the migration of a rule, whose ages count from that time.
///
/// Errors: what a rule names, such as a bundle of certificates, is no longer what it was when the policy was read.
pub type Asking = Box<dyn Fn(DateTime<Utc>) -> Result<migrate::Request> + Send + Sync>;

/// One rule.
pub struct Rule {
    /// Its name, which no other has.
    pub name: String,
    /// The bucket whose blocks it moves.
    pub source: String,
    /// The bucket that receives them.
    pub target: String,
    /// When it may work; always where nothing is said.
    pub hours: Option<Hours>,
    /// How many bytes the source may hold.
    pub hot_bytes: Option<NonZeroU64>,
    /// How long after its mark the source's compactor deletes a block.
    pub delete_delay: TimeDelta,
    /// What it asks of `migrate`, but for what is said above.
    pub request: Asking,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

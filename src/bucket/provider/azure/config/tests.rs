#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::bucket::environment::Environment;
use crate::yaml;

//! All promises.

use super::promise::Promise;
use super::{blocks, configurations, values};

/// One for each parser.
pub fn all() -> impl Iterator<Item = &'static Promise> {
    const ALL: [&[Promise]; 3] = [
        &blocks::PROMISES,
        &configurations::PROMISES,
        &values::PROMISES,
    ];
    ALL.into_iter().flatten()
}

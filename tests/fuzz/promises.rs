//! All promises.

use super::promise::Promise;
use super::{answers, blocks, configurations, values};

/// One for each parser.
pub fn all() -> impl Iterator<Item = &'static Promise> {
    const ALL: [&[Promise]; 4] = [
        &answers::PROMISES,
        &blocks::PROMISES,
        &configurations::PROMISES,
        &values::PROMISES,
    ];
    ALL.into_iter().flatten()
}

//! All promises.

use super::promise::Promise;
use super::{answers, blocks, configurations, openings, queries, remote, tsdb, values};

/// One for each parser.
pub fn all() -> impl Iterator<Item = &'static Promise> {
    const ALL: [&[Promise]; 8] = [
        &answers::PROMISES,
        &blocks::PROMISES,
        &configurations::PROMISES,
        &openings::PROMISES,
        &queries::PROMISES,
        &remote::PROMISES,
        &tsdb::PROMISES,
        &values::PROMISES,
    ];
    ALL.into_iter().flatten()
}

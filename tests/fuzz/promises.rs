//! All promises.

use super::promise::Promise;
use super::{
    answers, blocks, configurations, openings, otlp, payloads, queries, remote, tsdb, values,
};

/// One for each parser.
pub fn all() -> impl Iterator<Item = &'static Promise> {
    const ALL: [&[Promise]; 10] = [
        &answers::PROMISES,
        &blocks::PROMISES,
        &configurations::PROMISES,
        &openings::PROMISES,
        &otlp::PROMISES,
        &payloads::PROMISES,
        &queries::PROMISES,
        &remote::PROMISES,
        &tsdb::PROMISES,
        &values::PROMISES,
    ];
    ALL.into_iter().flatten()
}

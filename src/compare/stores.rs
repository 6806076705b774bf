//! What queriers of Thanos say of the stores that they ask.

use std::collections::BTreeSet;

use super::task::Sides;
use crate::cutover::{Example, Finding, Findings, Side, Weight};
use crate::promql::{Product, Server, Store};

const DOWN: &str = "store-down";

/// Stores that are away, queriers without any, and stores that both ask.
pub(super) fn judged(sides: &Sides) -> Vec<Finding> {
    let mut findings = Findings::default();
    let (source, target) = (sides.source.server(), sides.target.server());
    for (side, server) in [(Side::Source, source), (Side::Target, target)] {
        for text in away(server) {
            findings.add((Weight::Unseen, DOWN, Some(side)), || said(text));
        }
    }
    for name in names(source).intersection(&names(target)) {
        findings.add((Weight::Unseen, "shared-store", None), || {
            said(format!(
                "both queriers ask the store {name}: what it has is answered on both sides, whatever the other stores have"
            ))
        });
    }
    findings.at(None).collect()
}

/// Stores that went away since.
pub(super) async fn changed(sides: &Sides) -> Vec<Finding> {
    let mut findings = Findings::default();
    for (side, client) in [(Side::Source, &sides.source), (Side::Target, &sides.target)] {
        if client.server().product != Product::Thanos {
            continue;
        }
        let before = client.server();
        let texts: Vec<String> = match client.look_again().await {
            Ok(now) => {
                let known: BTreeSet<String> = away(before).into_iter().collect();
                let (earlier, later) = (names(before), names(&now));
                let gone = earlier.difference(&later).map(|name| {
                    format!("the store {name} is no longer asked by the time that all was compared")
                });
                let gone: Vec<String> = gone.collect();
                let fresh = away(&now).into_iter().filter(|text| !known.contains(text));
                gone.into_iter().chain(fresh).collect()
            }
            Err(err) => vec![format!("it no longer says which stores it asks: {err:#}")],
        };
        for text in texts {
            findings.add((Weight::Unseen, DOWN, Some(side)), || said(text));
        }
    }
    findings.at(None).collect()
}

fn away(server: &Server) -> Vec<String> {
    if server.product == Product::Thanos && server.stores.is_empty() {
        return vec!["the querier asks no store".to_owned()];
    }
    let told = |store: &Store| {
        let error = store.last_error.as_ref()?;
        Some(format!("the store {} is away: {error}", store.name))
    };
    server.stores.iter().filter_map(told).collect()
}

fn names(server: &Server) -> BTreeSet<&str> {
    let stores = server.stores.iter();
    stores.map(|store| store.name.as_str()).collect()
}

fn said(text: String) -> Example {
    Example {
        text: Some(text),
        ..Example::default()
    }
}

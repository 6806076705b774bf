//! What queriers of Thanos say of the stores that they ask.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::task::Sides;
use crate::cutover::{Example, Finding, Findings, Range, Side, Weight};
use crate::promql::{Client, Product, Server, Store};

const DOWN: &str = "store-down";

/// What both say now: each side's server.
pub(super) struct Now {
    pub(super) source: Server,
    pub(super) target: Server,
}

/// Who answers now. What was said when they were opened may be hours old.
pub(super) async fn look(sides: &Sides) -> Now {
    let (source, target) = tokio::join!(sides.source.look_again(), sides.target.look_again());
    Now { source, target }
}

/// Stores that are away, queriers without any, stores that both ask about the range, and one server under two names.
pub(super) fn judged(sides: &Sides, now: &Now, range: Option<Range>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for (side, server) in [(Side::Source, &now.source), (Side::Target, &now.target)] {
        for text in away(server) {
            findings.add((Weight::Unseen, DOWN, Some(side)), || said(text));
        }
    }
    let hosts = [&sides.source, &sides.target].map(Client::host);
    let are_beside = hosts[0] == hosts[1];
    // What each calls itself is another machine for the other, unless they are on one.
    let is_told = |name: &&str| are_beside || !is_loopback(name);
    let [source, target] = [&now.source, &now.target].map(|server| asked_about(server, range));
    for name in source.intersection(&target).filter(|name| is_told(name)) {
        findings.add((Weight::Unseen, "shared-store", None), || {
            said(format!(
                "both queriers ask the store {name}: what it has is answered on both sides, whatever the other stores have"
            ))
        });
    }
    let started = now.source.started.as_ref();
    if started.is_some() && started == now.target.started.as_ref() {
        findings.add((Weight::Unseen, "same-server", None), || {
            said("both sides say that they were started at the very same time: they are one server under two names".to_owned())
        });
    }
    findings.at(None).collect()
}

/// Stores that went away since.
pub(super) async fn changed(sides: &Sides, before: &Now) -> Vec<Finding> {
    let mut findings = Findings::default();
    let now = look(sides).await;
    for (side, before, now) in [
        (Side::Source, &before.source, &now.source),
        (Side::Target, &before.target, &now.target),
    ] {
        if before.product != Product::Thanos {
            continue;
        }
        let texts: Vec<String> = if now.product == Product::Thanos {
            let known: BTreeSet<String> = away(before).into_iter().collect();
            let (earlier, later) = (names(before), names(now));
            let gone = earlier.difference(&later).map(|name| {
                format!("the store {name} is no longer asked by the time that all was compared")
            });
            let fresh = away(now).into_iter().filter(|text| !known.contains(text));
            gone.chain(fresh).collect()
        } else {
            vec!["the querier no longer says which stores it asks".to_owned()]
        };
        for text in texts {
            findings.add((Weight::Unseen, DOWN, Some(side)), || said(text));
        }
    }
    findings.at(None).collect()
}

/// The stores that may have samples of the range.
fn asked_about(server: &Server, range: Option<Range>) -> BTreeSet<&str> {
    let meets = |store: &&Store| {
        range.is_none_or(|range| {
            store.min_time_ms < range.max_ms && store.max_time_ms >= range.min_ms
        })
    };
    let stores = server.stores.iter().filter(meets);
    stores.map(|store| store.name.as_str()).collect()
}

fn is_loopback(name: &str) -> bool {
    let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.to_canonical().is_loopback())
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

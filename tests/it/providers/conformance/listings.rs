//! Listings: what they show, when, in which order, and page by page.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Timelike, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use thanos_bucket::bucket::{BucketReader, Entry, Listings, Order, Pages, Precision};

use super::seen::Seen;
use super::wire::Wire;
use super::{AT_ONCE, Opened, key};

/// What a listing below a directory shows.
pub async fn below(bucket: &Opened, directory: &str) -> Vec<Entry> {
    let listed = bucket.store().entries(Some(&key(directory)), None);
    listed.try_collect().await.unwrap()
}

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}

/// At once: what was put, its size and its time; not what was deleted.
pub async fn show_what_was_written(bucket: &Opened, seen: &mut Seen) {
    let began = Utc::now();
    let mut lags = false;
    let mut precision = Precision::Second;
    for round in 0..20_usize {
        let name = format!("fresh/{round}");
        let bytes = vec![b'a'; round];
        bucket.store().put(&key(&name), bytes.into()).await.unwrap();
        let listed = below(bucket, "fresh").await;
        match listed.as_slice() {
            [entry] if entry.key == name => {
                assert_eq!(entry.size_bytes, Some(round as u64));
                assert!(
                    entry.left_out.is_none() && entry.etag.is_some(),
                    "{entry:?}"
                );
                let modified = entry.modified.unwrap();
                let age = modified - began;
                assert!(age.abs() < TimeDelta::minutes(1), "{modified} and {began}");
                let exact = match modified.nanosecond() {
                    0 => Precision::Second,
                    part if part % 1_000_000 == 0 => Precision::Millisecond,
                    _ => Precision::FileSystem,
                };
                precision = precision.max(exact);
            }
            _ => lags = true,
        }
        bucket.store().delete(&key(&name)).await.unwrap();
        lags |= !below(bucket, "fresh").await.is_empty();
    }
    seen.listings = Some(if lags {
        Listings::Lagging
    } else {
        Listings::Strong
    });
    seen.modified = Some(precision);
}

/// What stands before and after a slash, in an order of bytes. No name leads through another one: many stores hold no such two.
const TRICKY: [&str; 11] = [
    "order/A",
    "order/Z",
    "order/a b",
    "order/a!",
    "order/a-b/c",
    "order/a.b",
    "order/a/b",
    "order/a0",
    "order/ab/c",
    "order/b",
    "order/é",
];

/// Those among them that look the same on the way, however names are escaped.
const PLAIN: [&str; 4] = ["order/a-b/c", "order/a.b", "order/a/b", "order/a0"];

/// By the bytes of names, however the listing is asked for; a server that has another order is found out.
pub async fn come_in_order_and_in_pages(bucket: &Opened, wire: Option<&Wire>, seen: &mut Seen) {
    for name in TRICKY.iter().rev() {
        let put = bucket.store().put(&key(name), (*name).into()).await;
        put.unwrap_or_else(|err| panic!("{name}: {err}"));
    }
    assert!(TRICKY.is_sorted());
    let listed = below(bucket, "order").await;
    let as_they_come = names(&listed);
    let all: BTreeSet<&str> = as_they_come.iter().copied().collect();
    assert_eq!(all, BTreeSet::from(TRICKY), "not every name comes");
    let directories = bucket
        .store()
        .directories(Some(&key("order")))
        .await
        .unwrap();
    assert_eq!(directories, ["order/a", "order/a-b", "order/ab"]);
    let pager = bucket.store().pager();
    let order = match wire {
        // What nobody sorts on the other side of a line is sorted here.
        None => Order::SortedHere,
        Some(wire) => {
            let (_, heard) = wire.overhear(below(&wire.bucket, "order")).await;
            if heard.in_order(&PLAIN) == PLAIN {
                Order::Bytes
            } else {
                Order::Directories
            }
        }
    };
    assert_eq!(order == Order::Directories, as_they_come != TRICKY);
    seen.order = Some(order);
    seen.pages = Some(match wire {
        None => Pages::None,
        Some(wire) => {
            let after = wire
                .bucket
                .store()
                .entries(Some(&key("order")), Some("order/a.b"))
                .try_collect::<Vec<_>>();
            let (_, heard) = wire.overhear(after).await;
            if heard.asks_for("order/a.b") {
                Pages::AfterAnyName
            } else {
                Pages::AfterTheLast
            }
        }
    });
    let reader = BucketReader::new(bucket.backend.clone(), AT_ONCE);
    let swept: Result<Vec<_>, _> = reader.sweep().try_collect().await;
    if seen.order == Some(Order::Directories) {
        let refused = format!("{:#}", swept.unwrap_err());
        assert!(refused.contains("names are not sorted"), "{refused}");
        assert_eq!(refused.lines().count(), 1);
        // What is not in order must not be in the way of what comes later.
        for name in TRICKY {
            bucket.store().delete(&key(name)).await.unwrap();
        }
        return;
    }
    let swept: BTreeSet<String> = swept
        .unwrap()
        .into_iter()
        .map(|swept| swept.path.as_str().to_owned())
        .collect();
    // A folder that is no block is not gone into.
    if pager.is_some() {
        for name in TRICKY {
            assert!(swept.contains(name), "{name} is not among {swept:?}");
        }
    }
    let after = bucket
        .store()
        .entries(Some(&key("order")), Some("order/a.b"));
    let after: Vec<Entry> = after.try_collect().await.unwrap();
    let rest: Vec<&str> = TRICKY
        .into_iter()
        .filter(|name| *name > "order/a.b")
        .collect();
    assert_eq!(names(&after), rest);
    let Some(pager) = pager else { return };
    for at_most in [1, 2, 3, 5, 100] {
        let (mut all, mut last) = (Vec::new(), "order/".to_owned());
        loop {
            let page = pager
                .page(Some(&key("order")), &last, at_most)
                .await
                .unwrap();
            assert!(page.entries.len() <= at_most, "{at_most}: {page:?}");
            let Some(entry) = page.entries.last() else {
                break;
            };
            last.clone_from(&entry.key);
            all.extend(page.entries.into_iter().map(|entry| entry.key));
            if page.is_last {
                break;
            }
        }
        assert_eq!(all, TRICKY, "{at_most} at most");
    }
}

/// Every object once, through page after page, and every directory.
pub async fn hold_many(bucket: &Opened, count: usize) {
    let name = |number: usize| format!("many/{:03}/{number:06}", number / 100);
    stream::iter(0..count)
        .for_each_concurrent(64, async |number| {
            bucket
                .store()
                .put(&key(&name(number)), "many".into())
                .await
                .unwrap();
        })
        .await;
    let listed = below(bucket, "many").await;
    let expected: Vec<String> = (0..count).map(name).collect();
    assert!(names(&listed) == expected, "{} of {count}", listed.len());
    let directories = bucket
        .store()
        .directories(Some(&key("many")))
        .await
        .unwrap();
    assert_eq!(directories.len(), count.div_ceil(100));
}

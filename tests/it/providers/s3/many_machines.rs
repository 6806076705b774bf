//! Several machines that share one migration, as processes on a real MinIO.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::block::{Block, FIVE_MINUTES_MS, ONE_HOUR_MS, TWO_HOURS_MS};
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{OLD, Running, migrate, signal};
use crate::support::world::Contents;

const MEMBERS: usize = 4;

const FORTNIGHT_MS: i64 = 14 * 24 * ONE_HOUR_MS;

/// The blocks of one unit, in the order in which they are published. Their marks come in the opposite order of resolutions.
struct Unit([Block; 5]);

impl Unit {
    /// Of a cluster, in the first days of the n-th fortnight since the epoch. No two units have the same `number`.
    fn new(cluster: &str, fortnight: i64, number: u64) -> Self {
        let start = fortnight * FORTNIGHT_MS;
        let named = |of_unit: u64| Block::new(10 * number + of_unit).cluster(cluster);
        let raw = [(0, 0), (1, 1), (2, 2)].map(|(of_unit, position)| {
            let from = start + position * TWO_HOURS_MS;
            named(of_unit).range(from, from + TWO_HOURS_MS)
        });
        let downsampled = |of_unit, resolution| {
            let range = (start, start + 3 * TWO_HOURS_MS);
            let block = named(of_unit).range(range.0, range.1).level(2);
            block.resolution(resolution).made_of(&raw.each_ref())
        };
        let (five_minutes, one_hour) =
            (downsampled(3, FIVE_MINUTES_MS), downsampled(4, ONE_HOUR_MS));
        let [first, second, third] = raw;
        Self([one_hour, five_minutes, first, second, third])
    }

    /// Ids, in the order of publishing.
    fn published(&self) -> Vec<String> {
        self.0.iter().map(Block::id).collect()
    }

    /// Raw blocks are marked first, and those of an hour last.
    fn rank_of_mark(&self, id: &str) -> Option<usize> {
        let position = self.0.iter().position(|block| block.id() == id)?;
        Some(2_usize.saturating_sub(position))
    }
}

/// How member `index` is told which part is its own.
fn shard(index: usize) -> String {
    format!("--shard={index}/{MEMBERS}")
}

/// The ids of the blocks that each member plans to move.
fn parts(configs: &(PathBuf, PathBuf)) -> Vec<BTreeSet<String>> {
    let part = |index| {
        let plan = run(configs, &[OLD, "--dry-run", "--output=json", &shard(index)]).expect(0);
        let blocks = plan.json()["blocks"].as_array().unwrap().clone();
        blocks
            .iter()
            .map(|block| block["id"].as_str().unwrap().to_owned())
            .collect()
    };
    (0..MEMBERS).map(part).collect()
}

/// The ids of the blocks of which the object of that name was put, in the order in which it was.
fn put(requests: &[Request], bucket: &str, object: &str) -> Vec<String> {
    let id = |request: &Request| {
        let path = request.path.split('?').next()?;
        let name = path.strip_prefix(&format!("/{bucket}/"))?;
        let id = name.strip_suffix(object)?.strip_suffix('/')?;
        Some(id.to_owned())
    };
    requests.iter().filter_map(id).collect()
}

/// S-4.11, S-5.9, S-5.10, S-6.6: each block is published once and marked once, in its unit's order, though one of four members is killed in its
/// middle and started again.
#[test]
fn members_move_each_block_once_though_one_is_killed_in_its_middle() {
    let minio = Minio::start();
    let units: Vec<Unit> = ["a", "b", "c"]
        .iter()
        .flat_map(|cluster| (0..4).map(move |fortnight| (*cluster, 1400 + fortnight)))
        .zip(0..)
        .map(|((cluster, fortnight), number)| Unit::new(cluster, fortnight, number))
        .collect();
    let blocks: Vec<Block> = units.iter().flat_map(|unit| unit.0.clone()).collect();
    let world = World::new(&minio, &blocks);

    let parts = parts(&world.configs());
    let mut member_of = BTreeMap::new();
    for (member, part) in parts.iter().enumerate() {
        assert!(!part.is_empty(), "{member} has nothing to do");
        for id in part {
            assert_eq!(
                member_of.insert(id.clone(), member),
                None,
                "{id} is moved twice"
            );
        }
    }
    assert_eq!(member_of.len(), blocks.len());

    // Where the victim's first unit stands when it is killed: some of it is published, and this is on its way.
    let victim = member_of[&units[0].0[0].id()];
    let published = units[0].published();
    let stalled = format!("/cold/{}/index", published[2]);
    let what_was_put = Arc::new(Mutex::new(Vec::new()));
    let done = Arc::clone(&what_was_put);
    let (is_first, in_hand) = (AtomicBool::new(true), Arc::new(stalled.clone()));
    let proxy = Line::to(minio.port())
        .fault(move |request| {
            let is_hit = request.is("PUT", &in_hand) && is_first.swap(false, Ordering::SeqCst);
            if is_hit { Fault::Stall } else { Fault::None }
        })
        .edit(move |request, answer| {
            if request.method == "PUT" && answer.status == 200 {
                done.lock().unwrap().push(request.clone());
            }
        })
        .open();
    let (source, target) = world.configs_through(&proxy);
    let member = |index| Running::start(&mut migrate(&source, &target, &[OLD, &shard(index)]));
    let mut members: Vec<Option<Running>> = (0..MEMBERS).map(|index| Some(member(index))).collect();

    proxy.wait_for("PUT", &stalled);
    proxy.wait_for("PUT", &format!("/cold/{}/meta.json", published[1]));
    let killed = members[victim].take().unwrap();
    signal("KILL", killed.id());
    assert_eq!(killed.wait().status.code(), None);
    // The others go on: what is marked by now is published by now, too.
    let (marked, published) = (world.source.marked(), world.target.published());
    assert!(marked.iter().all(|id| published.contains(id)));
    members[victim] = Some(member(victim));
    for member in members.into_iter().flatten() {
        member.wait().expect(0);
    }

    world.assert_moved();
    let requests = what_was_put.lock().unwrap();
    let (publications, marks) = (
        put(&requests, "cold", "meta.json"),
        put(&requests, "hot", "deletion-mark.json"),
    );
    for puts in [&publications, &marks] {
        let once: BTreeSet<_> = puts.iter().collect();
        assert_eq!(once.len(), puts.len());
        // The answers to what the victim had in hand reached nobody.
        assert!(
            puts.len() + units[0].0.len() >= blocks.len(),
            "{}",
            puts.len()
        );
    }
    for unit in &units {
        let order = unit.published();
        let place = |id: &String| order.iter().position(|other| other == id);
        let places: Vec<_> = publications.iter().filter_map(place).collect();
        assert!(places.is_sorted(), "{places:?}");
        let ranks: Vec<_> = marks
            .iter()
            .filter_map(|id| unit.rank_of_mark(id))
            .collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
    let left = run(&world.configs(), &[OLD, "--dry-run", "--output=json"]).expect(0);
    assert!(left.json()["blocks"].as_array().unwrap().is_empty());
}

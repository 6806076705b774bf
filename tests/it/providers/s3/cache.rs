//! A cache of what was read spares requests, and never changes what a run does: not where it is old, another bucket's, or damaged.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::Line;
use crate::support::run::OLD;

const BLOCKS: u64 = 12;

fn files(cache: &Path) -> Vec<PathBuf> {
    let entries = |path: &Path| {
        let entries = fs::read_dir(path).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let mut files: Vec<PathBuf> = entries(cache)
        .iter()
        .flat_map(|path| entries(path))
        .collect();
    files.sort();
    files
}

/// S-7.8: plans are the same without a cache and with one, whatever lies in it.
#[test]
fn a_cache_spares_requests_and_changes_no_plan() {
    let minio = Minio::start();
    let blocks: Vec<Block> = (1..=BLOCKS).map(Block::new).collect();
    let servers = Servers::new(&minio, &blocks);
    // One of each: there already, another one, marked by hand.
    Block::new(1).write_to(&servers.target);
    Block::new(2).level(3).write_to(&servers.target);
    Block::new(3).marked("by hand").write_to(&servers.source);
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let plan = |with_cache: bool| {
        let proxy = Line::to(minio.port()).open();
        let mut arguments = vec![OLD, "--dry-run", "--output=json"];
        let flag = format!("--cache-dir={}", cache.display());
        if with_cache {
            arguments.push(&flag);
        }
        let ran = run(&servers.configs_through(&proxy), &arguments).expect(3);
        let mut plan = ran.json();
        for member in ["run", "started", "cutoff", "source", "target"] {
            plan.as_object_mut().unwrap().remove(member);
        }
        let reads = proxy.requests();
        let reads = reads.iter().filter(|request| request.is("GET", ".json"));
        (plan, reads.count())
    };
    let (expected, reads) = plan(false);
    assert!(!cache.exists());
    assert!(plan(true) == (expected.clone(), reads));
    assert!(plan(true) == (expected.clone(), 0));
    let kept = files(&cache);
    assert_eq!(kept.len(), reads);
    let bytes: Vec<Vec<u8>> = kept.iter().map(|path| fs::read(path).unwrap()).collect();
    for damage in ["another's", "cut", "empty", "a folder", "gone"] {
        for (number, path) in kept.iter().enumerate() {
            match damage {
                "another's" => fs::write(path, &bytes[(number + 1) % bytes.len()]).unwrap(),
                "cut" => fs::write(path, &bytes[number][1..]).unwrap(),
                "empty" => fs::write(path, "").unwrap(),
                "a folder" => {
                    fs::remove_file(path).unwrap();
                    fs::create_dir(path).unwrap();
                }
                _ => fs::remove_dir(path).unwrap(),
            }
        }
        assert!(plan(true) == (expected.clone(), reads), "{damage}");
        if damage != "a folder" {
            assert!(plan(true) == (expected.clone(), 0), "{damage}");
        }
    }
    // An old one: what was rewritten since is read.
    Block::new(4).level(2).write_to(&servers.source);
    servers
        .source
        .remove(&format!("{}/meta.json", Block::new(5).id()));
    let (expected, _) = plan(false);
    assert!(plan(true) == (expected, 1));
}

/// S-7.8: a run with a cache moves what one without it does.
#[test]
fn a_run_with_a_cache_moves_everything_and_its_successor_reads_nothing_of_blocks() {
    let minio = Minio::start();
    let blocks: Vec<Block> = (1..=BLOCKS).map(Block::new).collect();
    let servers = Servers::new(&minio, &blocks);
    let folder = tempfile::tempdir().unwrap();
    let cache = format!("--cache-dir={}", folder.path().display());
    run(&servers.configs(), &[OLD, "--dry-run", &cache]).expect(0);
    run(&servers.configs(), &[OLD, &cache]).expect(0);
    servers.assert_moved();
    run(&servers.configs(), &[OLD, &cache]).expect(0);
    let proxy = Line::to(minio.port()).open();
    run(&servers.configs_through(&proxy), &[OLD, &cache]).expect(0);
    let requests = proxy.requests();
    let reads = requests.iter().filter(|request| request.is("GET", ".json"));
    assert_eq!(reads.count(), 0);
}

//! A migration from its first check to blocks that are brought back, with blocks of real Prometheus, and real Thanos beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::support::minio::{Bucket, Minio};
use crate::support::proxy::{Fault, Line, Proxy};
use crate::support::run::{OLD, Ran, Running, binary};
use crate::support::thanos::{self, Querier};
use crate::support::world::{Tree, assert_same, blocks_with, without_marks};

const START: i64 = 1_736_121_600;
const DAYS: i64 = 6;
const CLUSTERS: [&str; 2] = ["eu-1", "us-1"];

/// Two buckets, and how each command is run on them. Marks of the source do not go through as long as the line is cut.
struct Operator<'a> {
    hot: Bucket<'a>,
    cold: Bucket<'a>,
    configs: (PathBuf, PathBuf),
    proxy: Proxy,
    is_cut: Arc<AtomicBool>,
}

impl<'a> Operator<'a> {
    fn new(minio: &'a Minio) -> Self {
        let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                if cut.load(Ordering::SeqCst) && request.is("PUT", "deletion-mark.json") {
                    Fault::Stall
                } else {
                    Fault::None
                }
            })
            .open();
        let config =
            |bucket: &Bucket, file| bucket.config_for(file, bucket.root(), proxy.port(), "");
        Self {
            configs: (config(&hot, "hot.yaml"), config(&cold, "cold.yaml")),
            hot,
            cold,
            proxy,
            is_cut,
        }
    }

    fn command(verb: &str, (source, target): &(PathBuf, PathBuf), arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .arg(verb)
            .arg(format!("--objstore.config-file={}", source.display()))
            .arg(format!("--objstore-to.config-file={}", target.display()))
            .args(arguments);
        command
    }

    fn run(&self, verb: &str, arguments: &[&str]) -> Ran {
        Ran::of(Self::command(verb, &self.configs, arguments))
    }

    /// The document of a command, which must come to that end.
    #[track_caller]
    fn told(&self, verb: &str, arguments: &[&str], code: i32) -> Value {
        let arguments = [arguments, &["--output=json"]].concat();
        self.run(verb, &arguments).expect(code).json()
    }
}

fn answers(configs: &[&Path]) -> Vec<Value> {
    let end = START + DAYS * 86400 - 60;
    Querier::start(configs).query_range("sum by (cluster) (made_up)", START, end)
}

/// How many blocks have come to each end, by its name.
fn count(document: &Value, member: &str, value: &str) -> usize {
    let blocks = document["blocks"].as_array().unwrap().iter();
    blocks.filter(|block| block[member] == *value).count()
}

fn of_blocks(tree: &Tree) -> usize {
    blocks_with(tree, "meta.json").len()
}

#[test]
fn a_migration_is_planned_carried_out_looked_at_and_taken_back() {
    let made = tempfile::tempdir().unwrap();
    for cluster in CLUSTERS {
        thanos::sidecar_blocks(made.path(), cluster, START, (DAYS, 24));
    }
    let minio = Minio::start();
    let operator = Operator::new(&minio);
    let (hot, cold) = (&operator.hot, &operator.cold);
    let (source, target) = &operator.configs;
    hot.put_all(made.path());
    let before = hot.tree();
    let blocks = of_blocks(&before);
    let answers = self::answers(&[source]);
    assert_eq!(answers.len(), CLUSTERS.len());

    let checked = operator.told("check", &["--write-probe"], 0);
    assert_eq!(checked["kind"], "check");

    let plan = made.path().join("plan.json");
    let out = format!("--out={}", plan.display());
    operator.run("plan", &[OLD, &out]).expect(0);
    let carried_out = format!("--plan={}", plan.display());

    // The machine is gone when the first blocks are there, and none is marked.
    operator.is_cut.store(true, Ordering::SeqCst);
    let command = &mut Operator::command("migrate", &operator.configs, &[&carried_out]);
    let running = Running::start(command);
    operator.proxy.wait_for("PUT", "deletion-mark.json");
    drop(running);
    operator.is_cut.store(false, Ordering::SeqCst);
    assert!(of_blocks(&cold.tree()) > 0);
    assert!(blocks_with(&hot.tree(), "deletion-mark.json").is_empty());
    let ran = operator.told("migrate", &[&carried_out], 0);
    assert_eq!(ran["complete"], true);
    assert_eq!(blocks_with(&hot.tree(), "deletion-mark.json").len(), blocks);

    let map = operator.told("status", &[OLD], 0);
    assert_eq!(map["totals"]["marked"]["blocks"], blocks);
    let verified = operator.told("verify", &["--deep"], 0);
    assert_eq!(count(&verified, "state", "held"), blocks);

    let one = blocks_with(&before, "meta.json").remove(0);
    let id = format!("--id={one}");
    let back = operator.told("unmark", &[&id, "--no-dry-run"], 0);
    assert_eq!(count(&back, "ending", "unmarked"), 1);

    thanos::cleanup(source);
    assert_eq!(blocks_with(&hot.tree(), "meta.json"), [one]);
    assert_same(&cold.tree(), &before);
    assert_eq!(self::answers(&[source, target]), answers);

    // Three days of both clusters come back, and one block is there already.
    let swapped = (target.clone(), source.clone());
    let time = ["--min-time=2025-01-06", "--max-time=2025-01-08T23:59:59Z"];
    Ran::of(Operator::command("replicate", &swapped, &time)).expect(0);
    let restored = hot.tree();
    assert!(of_blocks(&restored) > 1 && of_blocks(&restored) < blocks);
    for (name, content) in without_marks(&restored) {
        assert!(before[&name] == content, "{name} differs");
    }
    assert_eq!(self::answers(&[source, target]), answers);
    let map = operator.told("status", &[OLD], 0);
    assert_eq!(map["totals"]["both"]["blocks"], of_blocks(&restored));
}

//! `check --write-probe`: what it makes of a bucket that takes some writes and no others, and what it leaves there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::check::check;
use crate::support::block::Block;
use crate::support::folders;
use crate::support::minio::{Credentials, Minio};
use crate::support::on_minio::World;
use crate::support::proxy::Line;
use crate::support::run::{Ran, Running, binary, signal};

const PROBED: [&str; 2] = ["--write-probe", "--output=json"];

/// What was found in that state: about what, its name, and the text.
fn in_state(ran: &Ran, state: &str) -> Vec<(String, String, String)> {
    let document = ran.json();
    let findings = document["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    findings
        .filter(|finding| finding["state"] == state)
        .map(|finding| {
            (
                text(finding, "about"),
                text(finding, "name"),
                text(finding, "text"),
            )
        })
        .collect()
}

fn names(findings: &[(String, String, String)]) -> Vec<&str> {
    findings.iter().map(|(_, name, _)| name.as_str()).collect()
}

/// A user of the target who may do that in it.
fn may(minio: &Minio, actions: &[&str]) -> Credentials {
    let statement = json!([{"Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::*"]}]);
    minio.user("limited", &statement)
}

/// S-12.2: one refusal is one line, and nothing is concluded from what follows from it.
#[test]
fn a_target_that_takes_nothing_is_asked_to_take_one_object() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let (source, _) = world.configs();
    let user = may(
        &minio,
        &["s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject"],
    );
    let proxy = Line::to(minio.port()).open();
    let target = world
        .target
        .config_for("limited.yaml", &user, proxy.port(), "");
    let ran = check(&[&source, &target], &PROBED).expect(1);
    assert_eq!(names(&in_state(&ran, "failed")), ["put"], "{}", ran.stdout);
    let untried = in_state(&ran, "untried");
    for name in ["write", "two-buckets"] {
        assert!(names(&untried).contains(&name), "{name}: {untried:?}");
    }
    assert!(!ran.stdout.contains("does not copy"), "{}", ran.stdout);
    let requests = proxy.requests();
    let writes = requests
        .iter()
        .filter(|it| it.method != "GET" && it.method != "HEAD");
    assert_eq!(writes.count(), 1);
}

/// S-12.2: what cannot be removed is told by its name, and is all that there is.
#[test]
fn a_probe_that_cannot_be_removed_is_named_and_stays_the_only_one() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let (source, _) = world.configs();
    let actions = [
        "s3:ListBucket",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:PutObject",
    ];
    let user = may(&minio, &actions);
    let target = world
        .target
        .config_for("limited.yaml", &user, minio.port(), "");
    let ran = check(&[&source, &target], &PROBED).expect(1);
    let left = world.target.tree();
    let left: Vec<&String> = left.keys().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let failed = in_state(&ran, "failed");
    assert_eq!(names(&failed), ["delete"], "{}", ran.stdout);
    let told = format!("{} stays in ", left[0]);
    assert!(failed[0].2.contains(&told), "{failed:?}");
    assert!(failed[0].2.contains("to be removed by hand"), "{failed:?}");
    assert_eq!(
        names(&in_state(&ran, "ok"))
            .iter()
            .filter(|name| **name == "two-buckets")
            .count(),
        1
    );
}

/// S-12.2: the class of chunks is tried, which the probe itself is not put in.
#[test]
fn an_object_is_put_where_chunks_would_go() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    let configs = [source.as_path(), target.as_path()];
    let with = |class: &str| {
        let class = format!("--target.storage-class={class}");
        let allowed = "--allow-unreadable-storage-class";
        check(
            &configs,
            &[&PROBED[..], &[class.as_str(), allowed]].concat(),
        )
    };
    let ran = with("REDUCED_REDUNDANCY").expect(0);
    let fine = in_state(&ran, "ok");
    let told = fine.iter().find(|(_, name, _)| name == "storage-class");
    assert!(told.unwrap().2.contains("REDUCED_REDUNDANCY"), "{fine:?}");
    // MinIO knows two classes.
    let ran = with("GLACIER").expect(1);
    assert_eq!(
        names(&in_state(&ran, "failed")),
        ["storage-class"],
        "{}",
        ran.stdout
    );
    let risks = in_state(&ran, "risk");
    assert!(risks[0].2.contains("Thanos cannot"), "{risks:?}");
    assert!(world.target.is_empty());
    let class = ["--output=json", "--target.storage-class=REDUCED_REDUNDANCY"];
    let untried = in_state(&check(&configs, &class).expect(0), "untried");
    assert!(names(&untried).contains(&"storage-class"), "{untried:?}");
}

/// S-12.2: an empty target is read all the same, and what is tried takes the place of what was presumed.
#[test]
fn a_probe_is_read_back_and_a_copy_is_told_once() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    let proxy = Line::to(minio.port()).open();
    let through = world
        .target
        .config_for("proxy.yaml", world.target.root(), proxy.port(), "");
    let told = |ran: &Ran, about: &str, name: &str| -> Vec<String> {
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        let of_it = findings
            .iter()
            .filter(|it| it["about"] == about && it["name"] == name);
        of_it
            .map(|it| it["state"].as_str().unwrap().to_owned())
            .collect()
    };
    let ran = check(&[&source, &target], &PROBED).expect(0);
    assert_eq!(told(&ran, "target", "read"), ["ok"]);
    assert_eq!(told(&ran, "both", "copy"), ["ok"]);
    // Two names for one server.
    let ran = check(&[&source, &through], &PROBED).expect(0);
    assert_eq!(told(&ran, "both", "copy"), ["note"]);
    assert!(ran.stdout.contains("no one endpoint"), "{}", ran.stdout);
    let user = may(
        &minio,
        &[
            "s3:ListBucket",
            "s3:GetBucketLocation",
            "s3:PutObject",
            "s3:DeleteObject",
        ],
    );
    let unread = world
        .target
        .config_for("unread.yaml", &user, minio.port(), "");
    let ran = check(&[&source, &unread], &PROBED).expect(1);
    assert_eq!(told(&ran, "target", "read"), ["failed"], "{}", ran.stdout);
    assert!(world.target.is_empty());
}

/// S-12.2: rules for what lies elsewhere are no risk.
#[test]
fn rules_for_other_prefixes_are_not_told() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    minio.mc(&[
        "ilm",
        "rule",
        "add",
        "--expire-days",
        "1",
        "--prefix",
        "logs/",
        "minio/cold",
    ]);
    let risks = || {
        in_state(
            &check(&[&source, &target], &["--output=json"]).expect(0),
            "risk",
        )
    };
    let told = risks();
    assert!(told[0].2.contains("\"logs/\" after 1 day:"), "{told:?}");
    let text = fs::read_to_string(&target).unwrap();
    fs::write(&target, format!("{text}prefix: prom\n")).unwrap();
    assert_eq!(risks(), []);
}

/// S-12.2: what is not there is not said to be listed, and what the probe made is told.
#[test]
fn a_target_that_is_still_to_be_made_is_told() {
    let world = folders::World::new(&[Block::new(1)]);
    let configs = [world.source_config(), world.target_config()];
    let configs = configs.each_ref().map(std::path::PathBuf::as_path);
    let ran = check(&configs, &["--output=json"]).expect(0);
    let notes = in_state(&ran, "note");
    let told = notes
        .iter()
        .find(|(about, name, _)| about == "target" && name == "list");
    assert!(
        told.unwrap().2.contains("the first run makes it"),
        "{notes:?}"
    );
    assert!(!world.target.exists());
    let ran = check(&configs, &PROBED).expect(0);
    assert!(
        names(&in_state(&ran, "note")).contains(&"made"),
        "{}",
        ran.stdout
    );
    assert!(world.target.exists());
    assert!(folders::tree(&world.target).is_empty());
    let ran = check(&configs, &PROBED).expect(0);
    assert!(
        !names(&in_state(&ran, "note")).contains(&"made"),
        "{}",
        ran.stdout
    );
}

fn start(source: &Path, target: &Path) -> Running {
    let mut command = binary();
    command
        .args(["check", "--write-probe"])
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()));
    Running::start(&mut command)
}

/// S-12.2: after a signal nothing is begun, and what was begun is removed.
#[test]
fn a_check_that_is_stopped_puts_nothing_more() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    for (method, part, puts) in [("GET", "/cold", 0), ("PUT", "probe", 1)] {
        let proxy = Line::to(minio.port())
            .round_trip(Duration::from_millis(500))
            .open();
        let (source, target) = (world.configs().0, world.configs_through(&proxy).1);
        let running = start(&source, &target);
        proxy.wait_for(method, part);
        signal("INT", running.id());
        let ran = running.wait().expect(130);
        let requests = proxy.requests();
        let put = requests.iter().filter(|it| it.method == "PUT").count();
        assert_eq!(put, puts, "{}", ran.stderr);
        let is_named = ran.stderr.contains("thanos-bucket-probe-");
        assert_eq!(is_named, puts > 0, "{}", ran.stderr);
        assert!(world.target.is_empty());
    }
}

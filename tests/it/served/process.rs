//! The real process, asked from outside.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

use super::client::{Answer, TOKEN, request};
use super::shown::{judged, value};
use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::run::{Ran, binary};
use crate::support::service::{Service, write_policy};
use crate::support::world::{Contents, three};

/// A process that follows a policy of one rule, and is asked.
struct Asked {
    service: Service,
    address: SocketAddr,
}

impl Asked {
    fn start(world: &World) -> Self {
        let path = policy(world);
        let token = world.path("token");
        fs::write(&token, format!("{TOKEN}\n")).unwrap();
        let flag = format!("--http.bearer-token-file={}", token.display());
        let service = Service::follow(&path, &[&flag]);
        let listening = Regex::new(r#"msg="listening for HTTP" address=(\S+)"#).unwrap();
        let mut address = None;
        service.until("an address", || {
            let said = service.said();
            let found = listening.captures(&said);
            address = found.map(|found| found[1].parse().unwrap());
            address.is_some()
        });
        let address = address.unwrap();
        Self { service, address }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let header = format!("Authorization: Bearer {TOKEN}");
        let mut stream = TcpStream::connect(self.address).unwrap();
        request(&mut stream, method, path, &[&header], body);
        Answer::read(&mut stream)
    }

    fn status(&self) -> Value {
        self.ask("GET", "/api/v1/status", "").json()
    }

    /// Orders something for these blocks, and waits until that has ended.
    fn order(&self, what: &str, ids: &[String]) -> Value {
        let body = json!({ "ids": ids }).to_string();
        let taken = self.ask("POST", &format!("/api/v1/{what}"), &body);
        assert_eq!(taken.status, 202, "{taken:?}");
        let mut known = taken.json();
        self.service.until("the order's end", || {
            let orders = self.status()["orders"].as_array().unwrap().clone();
            let mut orders = orders.into_iter();
            known = orders.find(|one| one["order"] == known["order"]).unwrap();
            known["state"] == "ended"
        });
        known
    }
}

fn policy(world: &World) -> PathBuf {
    let path = world.path("policy.yaml");
    let buckets = (world.source_config(), world.target_config());
    write_policy(&path, &[("archive", &buckets, "")]);
    path
}

/// S-23.41, S-23.47, S-23.52
#[test]
fn a_process_shows_what_it_does_and_that_it_is_about_to_end() {
    let world = World::new(&three());
    let asked = Asked::start(&world);
    asked.service.until("readiness", || {
        asked.ask("GET", "/readyz", "").status == 200
    });
    asked.service.until_a_cycle_has_ended();
    let metrics = asked.ask("GET", "/metrics", "").body;
    assert_eq!(judged(&metrics), "");
    let series =
        "thanos_bucket_blocks_total{rule=\"archive\",operation=\"migrate\",ending=\"migrated\"}";
    assert_eq!(value(&metrics, series), Some(3.0), "{metrics}");
    let marks = "thanos_bucket_deletion_marks_total{rule=\"archive\",operation=\"migrate\"}";
    assert_eq!(value(&metrics, marks), Some(3.0), "{metrics}");
    assert!(
        asked
            .ask("GET", "/", "")
            .body
            .contains("Nothing needs a person.")
    );
    let block = three()[0].id();
    let known = asked
        .ask("GET", &format!("/api/v1/blocks/{block}"), "")
        .json();
    assert_eq!(
        (&known["event"], &known["source"], &known["target"]),
        (
            &json!("done"),
            &json!("marked-for-deletion"),
            &json!("held")
        )
    );
    let (address, (code, said)) = (asked.address, asked.service.end("TERM"));
    assert!(matches!(code, Some(0 | 143)), "{code:?} {said}");
    assert!(TcpStream::connect(address).is_err());
    assert!(!said.contains(TOKEN), "{said}");
}

/// S-23.15, S-23.46
#[test]
fn blocks_are_brought_back_and_moved_again_on_order() {
    let blocks = three();
    let world = World::new(&blocks);
    let asked = Asked::start(&world);
    asked
        .service
        .until("the move", || world.source.marked().len() == 3);
    let id = blocks[0].id().clone();
    // As long as it lies there, its mark is taken back and nothing is copied.
    let ended = asked.order("restore", std::slice::from_ref(&id));
    assert_eq!(ended["exit_code"], 0, "{ended}");
    asked.service.until_a_cycle_has_ended();
    assert!(!world.source.has(&format!("{id}/deletion-mark.json")));
    fs::remove_dir_all(world.source.join(&id)).unwrap();
    let ended = asked.order("restore", std::slice::from_ref(&id));
    assert_eq!(ended["exit_code"], 0, "{ended}");
    assert!(world.source.has(&format!("{id}/meta.json")));
    // It stays, until somebody wants it moved.
    asked.service.until_a_cycle_has_ended();
    asked.service.until_a_cycle_has_ended();
    assert!(!world.source.has(&format!("{id}/deletion-mark.json")));
    let ended = asked.order("migrate", std::slice::from_ref(&id));
    assert_eq!(ended["exit_code"], 0, "{ended}");
    assert!(world.source.has(&format!("{id}/deletion-mark.json")));
    // What was asked for and is not there needs a person.
    let absent = Block::new(77).id().clone();
    let ended = asked.order("migrate", &[absent]);
    assert_eq!(ended["exit_code"], 3, "{ended}");
}

/// S-23.40
#[test]
fn a_port_that_is_taken_ends_the_process_before_it_begins() {
    let world = World::new(&three());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = policy(&world);
    let mut command = binary();
    command
        .arg("run")
        .arg(format!("--policy-file={}", path.display()))
        .arg(format!("--http-address={}", taken.local_addr().unwrap()));
    let ran = Ran::of(command).expect(1);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("listen for HTTP at 127.0.0.1:"),
        "{}",
        ran.stderr
    );
    assert!(world.source.marked().is_empty());
}

/// S-23.40, S-23.44
#[test]
fn flags_of_http_are_judged_before_anything_is_done() {
    let world = World::new(&three());
    let path = policy(&world);
    let empty = world.path("empty");
    fs::write(&empty, "\n").unwrap();
    let token = |path: &str| format!("--http.bearer-token-file={path}");
    for (arguments, expected) in [
        (
            vec!["--http-address=10922".to_owned()],
            "--http-address \"10922\": expected HOST:PORT",
        ),
        (
            vec![token("/nowhere/token")],
            "--http.bearer-token-file \"/nowhere/token\": cannot be read",
        ),
        (
            vec![token(empty.to_str().unwrap())],
            "expected a token: one line",
        ),
        (
            vec!["--http-address=".to_owned(), token("x")],
            "expected an address, or no token",
        ),
    ] {
        let mut command: Command = binary();
        command
            .arg("run")
            .arg(format!("--policy-file={}", path.display()))
            .args(&arguments);
        let ran = Ran::of(command).expect(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(
            ran.stderr.contains(expected),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
    assert!(world.source.marked().is_empty());
    // One cycle alone asks for no port unless it is told to.
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--http-address={}", occupied.local_addr().unwrap());
    let mut command = binary();
    command
        .arg("run")
        .arg(format!("--policy-file={}", path.display()))
        .arg("--single-run");
    let ran = Ran::of(command).expect(0);
    assert!(!ran.stderr.contains("listening"), "{}", ran.stderr);
    let mut command = binary();
    command
        .arg("run")
        .arg(format!("--policy-file={}", path.display()))
        .args(["--single-run", &flag]);
    Ran::of(command).expect(1);
}

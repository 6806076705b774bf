//! Spans of real runs, as a collector receives them.

use std::collections::BTreeSet;

use crate::support::block::Block;
use crate::support::collector::{Collector, Protocol, Span, tree};
use crate::support::folders::World;
use crate::support::minio::Minio;
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, QUICK_RETRIES};

/// The values of `traceID` in a log of logfmt lines.
fn traces_in(log: &str) -> BTreeSet<String> {
    log.split_whitespace()
        .filter_map(|word| word.strip_prefix("traceID="))
        .map(str::to_owned)
        .collect()
}

/// A span in a few words: its name, what it was about, and how it ended.
fn told(span: &Span) -> String {
    let bucket = span.attribute("bucket").rsplit('/').next().unwrap();
    let key = span.attribute("key").rsplit('/').next().unwrap();
    let about = match span.name.as_str() {
        "request" => [span.attribute("method"), bucket, key].join(" "),
        "object" => span.attribute("object").to_owned(),
        "block" => [span.attribute("action"), span.attribute("outcome")].join(" "),
        "unit" => span.attribute("labels").to_owned(),
        "run" => format!("exit {}", span.attribute("exit_code")),
        _ => String::new(),
    };
    let error = if span.is_error { " ERROR" } else { "" };
    // Probes are named by their run.
    let about = match about.split_once("thanos-bucket-probe-") {
        Some((before, _)) => format!("{before}PROBE"),
        None => about,
    };
    format!("{} {about}{error}", span.name)
        .trim_end()
        .to_owned()
}

/// S-2.7: from the run to each request, in one trace that the log names; objects that come here, and others.
#[test]
fn the_spans_of_a_migration_are_a_tree() {
    let here: &[&str] = &["get source", "head source", "put target"];
    for (copy, requests, bytes) in [
        ("--copy=client", here, "1500"),
        ("--copy=server", &["copy target"], ""),
    ] {
        let world = World::new(&[Block::new(1)]);
        let collector = Collector::start(Protocol::Grpc);
        let flag = collector.flag(", service_name: cold-storage");
        let ran = world.migrate(&[OLD, copy, &flag]).expect(0);
        let spans = collector.spans();
        let of_object = |name: &str| {
            let lines = requests
                .iter()
                .map(|request| format!("          request {request} {name}\n"));
            lines.collect::<String>()
        };
        let expected = TREE
            .replace("ID", &Block::new(1).id())
            .replace("          OF SEGMENT\n", &of_object("000001"))
            .replace("          OF INDEX\n", &of_object("index"));
        let found = tree(&spans, &told);
        assert!(found == expected, "{found}");
        let traces: BTreeSet<String> = spans.iter().map(|span| span.trace.clone()).collect();
        assert_eq!(traces.len(), 1);
        assert_eq!(traces_in(&ran.stderr), traces, "{}", ran.stderr);
        for span in &spans {
            assert_eq!(span.service, "cold-storage");
            assert_eq!(span.is_client, span.name == "request");
            let parent = spans.iter().find(|other| other.id == span.parent);
            assert_eq!(parent.is_none(), span.name == "run");
            assert!(parent.is_none_or(|parent| parent.begins <= span.begins));
            assert!(span.begins <= span.ends);
        }
        let chunk = spans
            .iter()
            .find(|span| span.attribute("key").ends_with("chunks/000001"))
            .unwrap();
        assert_eq!(chunk.attribute("bytes"), bytes);
        // What the log says by default goes along as events.
        let block = spans.iter().find(|span| span.name == "block").unwrap();
        assert_eq!(block.events, ["block moved"]);
    }
}

const TREE: &str = r#"run exit 0
  plan
  probe
    request delete target PROBE
    request head source PROBE ERROR
    request head target PROBE
    request list target
    request put target PROBE
  survey
    request get source meta.json
    request list source
    request list target
  unit {cluster="eu-1"}
    block copy migrated
      copy
        object chunks/000001
          OF SEGMENT
        object index
          OF INDEX
        request list source ID
        request list target ID
      mark
        request list source ID
        request put source deletion-mark.json
      prove
        request list target ID
      publish
        request put target meta.json
      request get source meta.json
      request list source
      request list source ID
      request list target
      request list target ID
"#;

/// S-2.7
#[test]
fn a_request_that_is_repeated_and_one_that_fails_say_so() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &[Block::new(1), Block::new(2)]);
    let (repeated, refused) = (Block::new(1).id(), Block::new(2).id());
    let once = std::sync::atomic::AtomicBool::new(true);
    let proxy = Line::to(minio.port())
        .fault(move |request| {
            let is_get = |id: &str, name: &str| request.is("GET", &format!("{id}/{name}"));
            if is_get(&repeated, "index") && once.swap(false, std::sync::atomic::Ordering::Relaxed)
            {
                Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>")
            } else if is_get(&refused, "index") {
                Fault::Answer(403, "<Error><Code>AccessDenied</Code></Error>")
            } else {
                Fault::None
            }
        })
        .open();
    let collector = Collector::start(Protocol::Http);
    let flag = collector.flag("");
    let arguments = [&QUICK_RETRIES[..], &["--copy=client", &flag]].concat();
    run(&servers.configs_through(&proxy), &arguments).expect(3);
    let spans = collector.spans();
    let requests = |id: &str| -> Vec<&Span> {
        let key = format!("{id}/index");
        let is_it = |span: &&Span| {
            span.name == "request"
                && span.attribute("method") == "get"
                && span.attribute("key") == key
        };
        spans.iter().filter(is_it).collect()
    };
    let of_block = |name: &str, id: &str| -> &Span {
        let is_it = |span: &&Span| span.name == name && span.attribute("block") == id;
        spans.iter().find(is_it).unwrap()
    };
    let repeated = Block::new(1).id();
    let [request] = requests(&repeated)[..] else {
        panic!("{:?}", requests(&repeated));
    };
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.response.status_code", "206"),
        ("http.request.resend_count", "1"),
        ("retries", "1"),
        ("bytes", "700"),
        ("server.address", "127.0.0.1"),
        ("error.type", ""),
    ] {
        assert_eq!(request.attribute(name), value, "{name}");
    }
    assert!(!request.is_error);
    assert_eq!(
        of_block("block", &repeated).attribute("outcome"),
        "migrated"
    );
    let refused = Block::new(2).id();
    let request = requests(&refused)[0];
    assert_eq!(request.attribute("http.response.status_code"), "403");
    assert_eq!(request.attribute("error.type"), "403");
    let block = of_block("block", &refused);
    assert_eq!(block.attribute("outcome"), "failed");
    // From the request up to the block everything failed.
    let mut span = request;
    let mut failed = vec![];
    while span.name != "unit" {
        assert!(span.is_error, "{span:?}");
        failed.push(span.name.as_str());
        span = spans.iter().find(|other| other.id == span.parent).unwrap();
    }
    assert_eq!(failed, ["request", "object", "copy", "block"]);
}

/// S-2.7
#[test]
fn what_is_not_sampled_is_neither_sent_nor_named_in_the_log() {
    let collector = Collector::start(Protocol::Grpc);
    for more in [
        ", sampler_type: neversample",
        ", sampler_type: traceidratiobased, sampler_param: '0'",
    ] {
        let world = World::new(&[Block::new(1)]);
        let ran = world.migrate(&[OLD, &collector.flag(more)]).expect(0);
        assert!(traces_in(&ran.stderr).is_empty(), "{}", ran.stderr);
    }
    assert!(collector.spans().is_empty());
    let world = World::new(&[Block::new(1)]);
    let ran = world.migrate(&[OLD]).expect(0);
    assert!(!ran.stderr.contains("traceID"), "{}", ran.stderr);
}

/// S-2.7: what a run of many blocks does is told whole.
#[test]
fn no_span_of_a_large_run_is_lost() {
    let blocks: Vec<Block> = (1..=300).map(Block::new).collect();
    let world = World::new(&blocks);
    let collector = Collector::start(Protocol::Http);
    world.migrate(&[OLD, &collector.flag("")]).expect(0);
    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).count();
    assert_eq!(named("block"), 300);
    assert_eq!(named("object"), 600);
    assert_eq!(named("mark"), 300);
}

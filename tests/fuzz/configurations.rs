//! Configurations: whatever is wrong with them, no message tells a secret.

use std::fmt;
use std::time::Duration;

use thanos_bucket::block::Labels;
use thanos_bucket::bucket::{BucketConfig, Environment};
use thanos_bucket::go::pattern;
use thanos_bucket::outcome::Prices;
use thanos_bucket::select::Selector;
use thanos_bucket::telemetry::TracingConfig;
use thanos_bucket::yaml::{self, Unknown};

use super::corpus::{examples, golden};
use super::promise::{Promise, READ, assert_plain, block_of, text_of};

pub const PROMISES: [Promise; 6] = [
    Promise {
        name: "bucket",
        seeds: || {
            let names = ["s3-", "filesystem", "cos.yaml", "aliyunoss", "obs", "bos"];
            names.map(examples).concat()
        },
        tokens: YAML,
        slowest: READ,
        check: bucket,
    },
    Promise {
        name: "tracing",
        seeds: Vec::new,
        tokens: YAML,
        slowest: READ,
        check: tracing,
    },
    Promise {
        name: "selector",
        seeds: || [examples("selector-"), golden("relabel", "config")].concat(),
        tokens: YAML,
        slowest: COMPILED,
        check: selector,
    },
    Promise {
        name: "pattern",
        seeds: || golden("regex", "input"),
        tokens: PATTERN,
        slowest: COMPILED,
        check: pattern,
    },
    Promise {
        name: "prices",
        seeds: || examples("prices"),
        tokens: YAML,
        slowest: READ,
        check: prices,
    },
    Promise {
        name: "yaml",
        seeds: || [examples(".yaml"), golden("relabel", "config")].concat(),
        tokens: YAML,
        slowest: READ,
        check: document,
    },
];

/// For what goes to the regular expression engine, which may build an automaton of 64 MiB out of a few letters.
const COMPILED: Duration = Duration::from_secs(10);

const YAML: &[&str] = &[
    "&a ",
    "*a",
    "<<: *a\n",
    "<<: [*a, *a]",
    "!!str ",
    "!!binary ",
    "? ",
    "- ",
    "|\n ",
    ">-\n ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "# ",
    "~",
    "null",
    "{}",
    "[]",
    ": ",
    "type: S3\n",
    "type: COS\n",
    "type: ALIYUNOSS\n",
    "type: OBS\n",
    "type: BOS\n",
    "config:\n",
    "secret_key: ",
    "access_key_secret: ",
    "session_token: ",
    "prefix: ",
    "$(HOME)",
    "$(NOBODY)",
    "regex: ",
    "source_labels: [",
    "action: keep\n",
    "headers: {",
    "timeout: 1h\n",
    "99999999999h",
    "endpoint: ",
];

const PATTERN: &[&str] = &[
    "(?i)",
    "(?P<n>",
    "(?:",
    "\\pL",
    "\\p{Greek}",
    "\\P{^Lu}",
    "[[:alpha:]]",
    "[[:",
    ":]",
    "[^",
    "\\Q",
    "\\E",
    "\\x{10FFFF}",
    "\\x{",
    "{1000}",
    "{0,1}",
    "{2,}",
    "{",
    "}",
    "(",
    ")",
    "|",
    "*?",
    "\\b",
    "\\C",
    "\\uFFFF",
    "(?-s)",
    "(?U)",
    "\\p{",
    "(a|b)*",
];

/// Values under keys that hold secrets, of documents that can be read.
fn secrets(text: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    let Ok(Some(document)) = yaml::parse(text) else {
        return secrets;
    };
    let top = document.fields("", Unknown::Ignore);
    let config = top.ok().and_then(|mut top| top.take("config"));
    let Some(Ok(config)) = config.map(|config| config.fields("config", Unknown::Ignore)) else {
        return secrets;
    };
    for key in ["secret_key", "session_token", "access_key_secret"] {
        secrets.extend(config.peek(key).and_then(|node| node.string().ok()));
    }
    let headers = config
        .peek("headers")
        .and_then(|node| node.string_map().ok());
    secrets.extend(
        headers
            .into_iter()
            .flat_map(std::collections::BTreeMap::into_values),
    );
    // What is short, or stands elsewhere too, may be in a message for another reason.
    secrets.retain(|secret| secret.len() > 12 && text.matches(secret.as_str()).count() == 1);
    secrets
}

/// S-2.6
#[track_caller]
fn assert_discreet(message: &impl fmt::Display, text: &str) {
    assert_plain(message);
    let message = format!("{message:#}");
    for secret in secrets(text) {
        assert!(!message.contains(&secret), "{message}");
    }
}

fn environment() -> Environment {
    let variables = [
        ("HOME", "/nowhere"),
        ("COLD_ACCESS_KEY", "a"),
        ("COLD_SECRET_KEY", "b"),
    ];
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// S-17.10
fn prices(input: &[u8]) {
    if let Err(err) = Prices::parse(&text_of(input)) {
        assert_plain(&err);
    }
}

fn bucket(input: &[u8]) {
    let text = text_of(input);
    match BucketConfig::parse(&text, &environment()) {
        Ok(config) => {
            let told = format!("{config:?} {}", config.location());
            for secret in secrets(&text) {
                assert!(!told.contains(&secret), "{told}");
            }
            assert!(config.location().overlaps(config.location()));
        }
        Err(err) => assert_discreet(&err, &text),
    }
}

fn tracing(input: &[u8]) {
    let text = text_of(input);
    if let Err(err) = TracingConfig::parse(&text) {
        assert_discreet(&err, &text);
    }
}

fn selector(input: &[u8]) {
    match Selector::parse(&text_of(input)) {
        Ok(selector) => {
            let labels = [("cluster", "eu-1"), ("replica", "a\n\0\u{10ffff}")];
            let labels: Labels = labels
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let id = block_of(b"");
            assert_eq!(selector.keeps(&labels, id), selector.keeps(&labels, id));
        }
        Err(err) => assert_plain(&err),
    }
}

fn pattern(input: &[u8]) {
    if let Err(err) = pattern::matches(&text_of(input), "eu-1\n\u{10ffff}") {
        assert_plain(&err);
    }
}

/// A document of any kind: each value is asked for everything that it may be.
fn document(input: &[u8]) {
    let text = text_of(input);
    let environment = environment();
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    match yaml::expand(&text, &variable) {
        Ok(expanded) if text.contains("$(") => drop(yaml::parse(&expanded)),
        Ok(expanded) => assert_eq!(expanded, text),
        Err(err) => assert_plain(&err),
    }
    let mut left = Vec::new();
    match yaml::parse(&text) {
        Ok(document) => left.extend(document),
        Err(err) => assert_plain(&err),
    }
    // What is left out at the end may count as the line behind it.
    let lines = text.split(['\n', '\r']).count() + 1;
    while let Some(node) = left.pop() {
        assert!((1..=lines).contains(&node.line()), "line {}", node.line());
        let errors = [
            node.string().err(),
            node.bool().err(),
            node.i64().err(),
            node.u64().err(),
            node.string_map().err(),
            node.fields("a", Unknown::Refuse).err(),
        ];
        errors.iter().flatten().for_each(assert_plain);
        left.extend(node.sequence().into_iter().flatten().cloned());
        if let Ok(fields) = node.fields("a", Unknown::Ignore) {
            left.extend(fields.left().filter_map(|key| fields.peek(key)).cloned());
        }
    }
}

#[test]
fn real_tracing_configurations_are_accepted() {
    for input in super::corpus::files("tests/fuzz/corpus/tracing") {
        TracingConfig::parse(&text_of(&input)).unwrap();
    }
}

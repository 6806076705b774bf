//! The JSON schema of policies, held against what the program reads.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::faults;
use crate::cli::policy::vocabulary::{Form, OWN, Vocabulary};

fn schema() -> Value {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/policy.schema.json"
    ));
    serde_json::from_str(&text.unwrap()).unwrap()
}

/// S-23.5
#[test]
fn the_schema_knows_the_members_that_a_rule_has() {
    let schema = schema();
    let rule = schema.pointer("/$defs/rule/properties").unwrap();
    let told: BTreeSet<&str> = rule
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let vocabulary = Vocabulary::new();
    assert_eq!(told, vocabulary.names().collect());
    for name in told.iter().filter(|name| !OWN.contains(name)) {
        let form = vocabulary.word(name).unwrap().form;
        let says = rule.get(name).unwrap();
        let is = |path: &str| says.pointer(path).is_some();
        assert_eq!(
            form == Form::Boolean,
            says.get("type") == Some(&json!("boolean")),
            "{name}"
        );
        assert_eq!(form == Form::Many, is("/oneOf") || is("/anyOf"), "{name}");
        assert!(is("/description"), "{name}");
    }
}

/// S-23.5: what an editor that knows the schema says is what the program says.
#[test]
fn the_schema_and_the_program_agree_on_what_is_a_policy() {
    let mut compiler = boon::Compiler::new();
    compiler
        .add_resource("policy.schema.json", schema())
        .unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler
        .compile("policy.schema.json", &mut schemas)
        .unwrap();
    let rule = |more: Value| {
        let mut rule = json!({
            "name": "archive",
            "source": {"type": "filesystem", "config": {"directory": "/srv/hot"}},
            "target": {"type": "filesystem", "config": {"directory": "/srv/cold"}, "prefix": "a"},
            "older_than": "30d",
        });
        let members = rule.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        members.retain(|_, value| *value != json!("(none)"));
        json!({"rules": [rule]})
    };
    for (policy, is_one) in [
        (rule(json!({})), true),
        (rule(json!({"max_error_rate": "10%"})), true),
        (rule(json!({"max_error_rate": 0.1})), true),
        (rule(json!({"max_error_rate": "101%"})), false),
        (rule(json!({"max_error_rate": 10})), false),
        (rule(json!({"max_error_rate": "few"})), false),
        (rule(json!({"older_than": "2025-06-01"})), true),
        (rule(json!({"older_than": "2025-06-01T00:00:00Z"})), true),
        (rule(json!({"older_than": "(none)"})), false),
        (rule(json!({"older_than": ""})), false),
        (rule(json!({"older_than": []})), false),
        (rule(json!({"name": "(none)"})), false),
        (rule(json!({"name": "a b"})), false),
        (rule(json!({"name": "-a"})), false),
        (rule(json!({"name": "a".repeat(64)})), true),
        (rule(json!({"name": "a".repeat(65)})), false),
        (rule(json!({"source": "(none)"})), false),
        (rule(json!({"source": null})), false),
        (rule(json!({"source": {"config": {}}})), false),
        (
            rule(json!({"target": {"type": "FTP", "config": {}}})),
            false,
        ),
        (
            rule(
                json!({"target": {"type": "filesystem", "config": {"directory": "/a"}, "prefxi": ""}}),
            ),
            false,
        ),
        (rule(json!({"hot_bytes": "1TB"})), true),
        (rule(json!({"hot_bytes": 1_000_000})), true),
        (rule(json!({"hot_bytes": 0})), false),
        (rule(json!({"hot_bytes": "1 XB"})), false),
        (rule(json!({"hours": "22:00-06:00 Europe/Berlin"})), true),
        (
            rule(json!({"hours": ["Mon-Fri 22:00-06:00 UTC", "00:00-24:00 UTC"]})),
            true,
        ),
        (rule(json!({"delete_delay": "2d12h"})), true),
        (rule(json!({"delete_delay": "two days"})), false),
        (rule(json!({"max_error_rate": "10%"})), true),
        (rule(json!({"max_error_rate": "ten"})), false),
        (rule(json!({"hours": []})), false),
        (rule(json!({"hours": "22:00-06:00"})), false),
        (rule(json!({"hours": "22:00-25:00 UTC"})), false),
        (
            rule(json!({"selector": [{"action": "drop", "source_labels": ["a"], "regex": "b"}]})),
            true,
        ),
        (rule(json!({"selector": [{"action": "relabel"}]})), false),
        (rule(json!({"concurrency": 3, "max_retries": 0})), true),
        (rule(json!({"concurrency": 0})), false),
        (rule(json!({"concurrency": 1001})), false),
        (rule(json!({"concurrency": 1.5})), false),
        (rule(json!({"resolution": "5m"})), true),
        (rule(json!({"resolution": ["0s", "1h"]})), true),
        (rule(json!({"resolution": "1d"})), false),
        (rule(json!({"overwrite_existing": true})), true),
        (rule(json!({"overwrite_existing": 1})), false),
        (rule(json!({"publish_order": "none"})), true),
        (rule(json!({"publish_order": "some"})), false),
        (rule(json!({"verify": "content", "copy": "server"})), true),
        (rule(json!({"verify": "twice"})), false),
        (rule(json!({"shard": "0/3"})), true),
        (rule(json!({"shard": "three"})), false),
        (
            rule(json!({"max_duration": "6h", "shutdown_grace": "0s"})),
            true,
        ),
        (rule(json!({"max_duration": 6})), false),
        (rule(json!({"bandwidth_limit": "fast"})), false),
        (rule(json!({"max_fialures": 3})), false),
        (rule(json!({"dry_run": true})), false),
        (rule(json!({"id": "x"})), false),
        (
            json!({"interval": "5m", "jitter": "10%", "rules": []}),
            false,
        ),
        (json!({"rules": {}}), false),
        (json!([]), false),
        (json!({"interval": "1h"}), false),
        (
            {
                let mut policy = rule(json!({}));
                policy["interval"] = json!("90s");
                policy["jitter"] = json!("1m");
                policy
            },
            true,
        ),
        (
            {
                let mut policy = rule(json!({}));
                policy["jitter"] = json!("110%");
                policy
            },
            false,
        ),
        (
            {
                let mut policy = rule(json!({}));
                policy["interval"] = json!(60);
                policy
            },
            false,
        ),
        (
            {
                let mut policy = rule(json!({}));
                policy["every"] = json!("1h");
                policy
            },
            false,
        ),
    ] {
        // JSON is YAML.
        let text = policy.to_string();
        assert_eq!(
            faults(&text).is_empty(),
            is_one,
            "{text} {:?}",
            faults(&text)
        );
        let judged = schemas.validate(&policy, index);
        assert_eq!(judged.is_ok(), is_one, "{text} {judged:?}");
    }
}

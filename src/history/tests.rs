#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{Origin, Plan};
use crate::environment::Environment;
use plans::{none, plans, with};

mod formats;
mod plans;
mod targets;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/backfill"))
}

fn parse(text: &str) -> Result<Plan, String> {
    let environment: Environment = [
        ("TOKEN", "hunter2hunter2"),
        ("HOST", "prometheus:9090"),
        ("READ", "http://prometheus:9090/api/v1/read"),
        ("QUERY", "http://prometheus:9090/api/v1/query_range"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    let mut warnings = Vec::new();
    Plan::parse(text, folder(), &environment, &mut warnings).map_err(|err| format!("{err:#}"))
}

/// S-24.1
#[test]
fn a_wrong_plan_is_told_in_one_line_that_names_the_member() {
    let beyond = formats::beyond_the_schema().chain(plans::beyond_the_schema());
    for (plan, expected) in plans().into_iter().chain(beyond) {
        let told = parse(&plan.to_string());
        match (&told, expected) {
            (Ok(_), None) => {}
            (Err(told), Some(expected)) => {
                assert!(told.starts_with(expected), "{plan}\n{told}\n{expected}");
                assert_eq!(told.lines().count(), 1, "{told}");
            }
            _ => panic!("{plan}\n{told:?}"),
        }
    }
    for (text, expected) in [
        ("", "expected JSON: EOF while parsing"),
        (
            "source: {}",
            "expected JSON: expected value at line 1 column 1",
        ),
        (
            "{\"selectors\": [1], \"a\": {\"b\": 1, \"b\": 2}}",
            "a.b: it is given twice",
        ),
        (
            "{\"a\": [{}, {\"b\": 1, \"b\": 1}]}",
            "a[1].b: it is given twice",
        ),
    ] {
        let told = parse(text).unwrap_err();
        assert!(told.starts_with(expected), "{text}\n{told}");
    }
}

/// S-24.1: what an editor that knows the schema says is what the program says.
#[test]
fn the_schema_and_the_program_agree_on_what_is_a_plan() {
    let text = fs::read_to_string(folder().join("plan.schema.json")).unwrap();
    let mut compiler = boon::Compiler::new();
    compiler
        .add_resource("plan.schema.json", serde_json::from_str(&text).unwrap())
        .unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("plan.schema.json", &mut schemas).unwrap();
    for (plan, expected) in plans() {
        let judged = schemas.validate(&plan, index);
        assert_eq!(judged.is_ok(), expected.is_none(), "{plan}\n{judged:?}");
    }
    let mut examples = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_plan = path.extension().is_some_and(|it| it == "json")
            && !name.ends_with("-capture.json")
            && name != "plan.schema.json";
        if is_plan {
            let text = fs::read_to_string(&path).unwrap();
            parse(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
            let plan = serde_json::from_str(&text).unwrap();
            let judged = schemas.validate(&plan, index);
            assert!(judged.is_ok(), "{name}: {judged:?}");
            examples += 1;
        }
    }
    assert!(examples >= 8, "{examples}");
}

/// S-2.6, S-24.1
#[test]
fn secrets_of_a_plan_are_not_repeated_and_do_not_tell_plans_apart() {
    let headers = |token: &str, tenant: &str| {
        let headers = json!({"Authorization": format!("Bearer {token}"), "X-Scope-OrgID": tenant});
        with(&[("/source/headers", headers)]).to_string()
    };
    let plan = parse(&headers("$(TOKEN)", "a")).unwrap();
    assert!(!format!("{plan:?}").contains("hunter2"));
    let other = parse(&headers("hunter3hunter3", "a")).unwrap();
    assert_eq!(plan.fingerprint, other.fingerprint);
    let tenant = parse(&headers("$(TOKEN)", "b")).unwrap();
    assert_ne!(plan.fingerprint, tenant.fingerprint);
    let selected = parse(&with(&[("/selectors", json!(["up"]))]).to_string()).unwrap();
    assert_ne!(
        selected.fingerprint,
        parse(&with(&[]).to_string()).unwrap().fingerprint
    );
    for wrong in [
        headers("hunter2hunter2\\n", "a"),
        headers("$(UNSET)hunter2hunter2", "a"),
        with(&[(
            "/source/remote_read_url",
            json!("http://u:hunter2hunter2@[/"),
        )])
        .to_string(),
        with(&[("/source/headers", json!({"Host": "hunter2hunter2"}))]).to_string(),
        with(&[("/source/headers", json!({"X": ["hunter2hunter2"]}))]).to_string(),
        format!("{}hunter2hunter2", with(&[])),
    ] {
        if let Err(told) = parse(&wrong) {
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}

/// S-24.1
#[test]
fn paths_begin_in_the_plans_folder_and_variables_are_replaced() {
    let plan = json!({
        "source": {"kind": "openmetrics", "paths": ["metrics.om", folder().join("prometheus.json")]},
        "target": {"external_labels": {"a": "b"}, "objstore_config_path": "../filesystem.yaml"},
    });
    let plan = parse(&plan.to_string()).unwrap();
    let Origin::Files { paths, .. } = plan.source.origin else {
        panic!("{plan:?}");
    };
    assert_eq!(
        paths,
        ["metrics.om", "prometheus.json"].map(|name| folder().join(name))
    );
    let config = plan.target.objstore_config_path;
    assert_eq!(config, Some(folder().join("../filesystem.yaml")));
    let url = json!("http://$(HOST)/api/v1/read");
    let plan = parse(&with(&[("/source/remote_read_url", url)]).to_string()).unwrap();
    let same = parse(&with(&[]).to_string()).unwrap();
    assert_eq!(plan.fingerprint, same.fingerprint);
}

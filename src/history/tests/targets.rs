//! What a plan may say of its target.

use serde_json::{Value, json};

use super::{none, with};

/// Plans, and how the error begins of those that are none.
pub(super) fn plans() -> Vec<(Value, Option<&'static str>)> {
    let write = (
        "/target/write_url",
        json!("http://receive:19291/api/v1/receive"),
    );
    let url = |member: &'static str| (member, json!("http://victoria:8428/api/v1/export"));
    let (read, export) = (url("/target/read_url"), url("/target/export_url"));
    vec![
        (
            with(&[("/target/external_labels", none())]),
            Some("target.external_labels: it is missing: expected at least one label"),
        ),
        (
            with(&[("/target/external_labels", json!({}))]),
            Some("target.external_labels: it is missing"),
        ),
        (
            with(&[("/target/external_labels", json!({"a-b": "c"}))]),
            Some("target.external_labels.a-b: expected the name of a label"),
        ),
        (
            with(&[("/target/external_labels", json!({"__a": "c"}))]),
            Some("target.external_labels.__a: expected the name of a label"),
        ),
        (
            with(&[("/target/external_labels", json!({"a": ""}))]),
            Some("target.external_labels.a: it is empty"),
        ),
        (
            with(&[("/target/objstore_config_path", json!("../filesystem.yaml"))]),
            None,
        ),
        (with(std::slice::from_ref(&write)), None),
        (
            with(&[write.clone(), ("/target/external_labels", none())]),
            None,
        ),
        (
            with(&[
                write.clone(),
                ("/target/objstore_config_path", json!("../filesystem.yaml")),
            ]),
            Some("target.write_url: objstore_config_path is given, too"),
        ),
        (
            with(&[(
                "/target/status_url",
                json!("http://query:9090/api/v1/status/tsdb"),
            )]),
            None,
        ),
        (
            with(&[("/target/status_url", json!("http://query:9090/status"))]),
            Some(
                "target.status_url: expected a URL that ends in /api/v1/status/tsdb or /api/v1/status/buildinfo",
            ),
        ),
        (with(&[write.clone(), read.clone()]), None),
        (with(&[write.clone(), export.clone()]), None),
        (
            with(&[write, read, export]),
            Some("target.export_url: read_url is given, too: expected one of them"),
        ),
        (
            with(&[("/target/export_url", json!("victoria:8428"))]),
            Some("target.export_url: "),
        ),
    ]
}

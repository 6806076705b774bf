#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{each_payload, each_payload_by_time};
use crate::error::{Error, Kind, Result};
use crate::payload::Payload;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn read(manifest: &str, folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    each_payload(
        manifest.as_bytes(),
        "capture.json",
        folder,
        &mut |mut captured| {
            let mut payload = captured.payload();
            let bytes = payload.whole(1000)?;
            let (received, parameters) = (payload.received_at_ms, payload.query_params);
            let body = String::from_utf8(bytes).unwrap();
            lines.push(format!(
                "{}: {received:?} {parameters:?} {body}",
                payload.place
            ));
            Ok(())
        },
    )?;
    Ok(lines)
}

/// S-24.31
#[test]
fn payloads_come_in_the_order_of_the_manifest_from_wherever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "one").unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    let two_members = [gzip("two "), gzip("parts")].concat();
    fs::write(folder.path().join("more/b.gz"), two_members).unwrap();
    fs::write(folder.path().join("short"), "x").unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), "absolute").unwrap();
    let absolute = elsewhere.path().to_str().unwrap();
    let manifest = serde_json::json!([
        {"path": "a.txt", "received_at_ms": 5},
        {"path": "more/b.gz", "received_at_ms": 4, "query_params": {"db": "x", "n": 1.5, "m": 7}},
        {"body": "lines\nof \"text\"", "query_params": {}},
        {"body_base64": "dGV4dA=="},
        {"body_base64": "H4sIAAAAAAACA8vPSwUA8YZsegMAAAA=", "path": null},
        {"path": absolute, "received_at_ms": -1.0, "query_params": {"db": ["y"]}},
        {"path": "short"},
        {"path": "empty"},
        {"body": ""},
        {"body_base64": "dGV4\ndD8/"},
        {"body_base64": " dGV4dD8_\r\n"},
        {"body_base64": "dGV4dA"},
    ]);
    assert_eq!(
        read(&manifest.to_string(), folder.path()).unwrap_or_else(|err| panic!("{err:#}")),
        [
            "capture.json: entry 1 (a.txt): Some(5) {} one".to_owned(),
            r#"capture.json: entry 2 (more/b.gz): Some(4) {"db": "x", "m": "7", "n": "1.5"} two parts"#.to_owned(),
            "capture.json: entry 3: None {} lines\nof \"text\"".to_owned(),
            "capture.json: entry 4: None {} text".to_owned(),
            "capture.json: entry 5: None {} one".to_owned(),
            format!("capture.json: entry 6 ({absolute}): Some(-1) {{\"db\": \"y\"}} absolute"),
            "capture.json: entry 7 (short): None {} x".to_owned(),
            "capture.json: entry 8 (empty): None {} ".to_owned(),
            "capture.json: entry 9: None {} ".to_owned(),
            "capture.json: entry 10: None {} text??".to_owned(),
            "capture.json: entry 11: None {} text??".to_owned(),
            "capture.json: entry 12: None {} text".to_owned(),
        ]
    );
    assert_eq!(read("[]", folder.path()).unwrap(), [""; 0]);
}

/// S-24.31
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn faults_of_a_manifest_are_told_by_entry_and_member() {
    let folder = tempfile::tempdir().unwrap();
    for (manifest, expected) in [
        ("", "capture.json: EOF while parsing a value"),
        (
            "{}",
            "capture.json: invalid type: map, expected an array of payloads",
        ),
        (
            "[1]",
            "capture.json: entry 1: invalid type: integer `1`, expected a payload: an object",
        ),
        (
            "[{\"body\":\"\"},",
            "capture.json: entry 2: EOF while parsing a value",
        ),
        ("[{\"body\":\"\"}] x", "capture.json: trailing characters"),
        (
            "[{}]",
            "capture.json: entry 1: it has none of path, body and body_base64",
        ),
        (
            "[{\"body\":\"\"},{\"body\":null}]",
            "capture.json: entry 2: it has none of path, body and body_base64",
        ),
        (
            "[{\"body\":\"\",\"path\":\"a\"}]",
            "capture.json: entry 1: it has both body and path: expected one of path, body and body_base64",
        ),
        (
            "[{\"body\":\"\",\"body\":\"\"}]",
            "capture.json: entry 1: body is given twice",
        ),
        (
            "[{\"bodi\":\"\"}]",
            "capture.json: entry 1: unknown member \"bodi\": expected one of path, body, body_base64, received_at_ms, query_params; did you mean body?",
        ),
        (
            "[{\"x\\ny\":1}]",
            "capture.json: entry 1: unknown member \"x\\ny\": expected one of path, body, body_base64, received_at_ms, query_params",
        ),
        (
            "[{\"body\":{}}]",
            "capture.json: entry 1: body: expected a string, got an object",
        ),
        ("[{\"path\":\"\"}]", "capture.json: entry 1: path is empty"),
        (
            "[{\"body_base64\":\"a\"}]",
            "capture.json: entry 1: body_base64: Invalid input length: 1",
        ),
        (
            "[{\"body_base64\":\"####\"}]",
            "capture.json: entry 1: body_base64: Invalid symbol 35, offset 0.",
        ),
        (
            "[{\"body\":\"\",\"received_at_ms\":\"1\"}]",
            "capture.json: entry 1: received_at_ms: expected a whole number of milliseconds, got a string",
        ),
        (
            "[{\"body\":\"\",\"received_at_ms\":1.5}]",
            "capture.json: entry 1: received_at_ms: expected a whole number of milliseconds, got another number",
        ),
        (
            "[{\"body\":\"\",\"query_params\":\"db=x\"}]",
            "capture.json: entry 1: query_params: expected an object, got a string",
        ),
        (
            "[{\"body\":\"\",\"query_params\":{\"db\":[\"x\",\"y\"]}}]",
            "capture.json: entry 1: query_params.db: expected one string, got others",
        ),
        (
            "[{\"path\":\"gone\"}]",
            "read capture.json: entry 1 (gone): No such file or directory (os error 2)",
        ),
        (
            "[{\"path\":\".\"}]",
            "read capture.json: entry 1 (.): Is a directory (os error 21)",
        ),
    ] {
        let err = read(manifest, folder.path()).unwrap_err();
        let message = format!("{err:#}");
        let told = message.split(" at line ").next();
        assert_eq!(told, Some(expected), "{manifest}");
    }
    fs::write(
        folder.path().join("cut.gz"),
        gzip("text").get(..12).unwrap(),
    )
    .unwrap();
    let err = read("[{\"path\":\"cut.gz\"}]", folder.path()).unwrap_err();
    let message = format!("{err:#}");
    assert!(
        message.starts_with(
            "read capture.json: entry 1 (cut.gz): it cannot be inflated, and may have been cut off"
        ) && err.kind() == Kind::Corrupt,
        "{message}"
    );
    fs::write(folder.path().join("a.zst"), b"\x28\xb5\x2f\xfd\0").unwrap();
    let err = read("[{\"path\":\"a.zst\"}]", folder.path()).unwrap_err();
    let message = format!("{err:#}");
    assert!(message.contains("compressed with zstd"), "{message}");
    assert_eq!(read("\u{feff}[]", folder.path()).unwrap(), [""; 0]);
    let long = format!("[{{\"body\":\"{}\"}}]", "x".repeat(1001));
    let err = read(&long, folder.path()).unwrap_err();
    assert_eq!(
        format!("{err:#}"),
        "read capture.json: entry 1: it has more than 1000 bytes"
    );
}

/// A manifest that is made while it is read, and knows how much of it was.
struct Endless {
    read: Rc<Cell<usize>>,
    left: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            self.left = format!("{{\"body\":\"{}\"}},", "y".repeat(100_000)).into_bytes();
        }
        let length = buffer.len().min(self.left.len());
        let taken: Vec<u8> = self.left.drain(..length).collect();
        buffer.get_mut(..length).unwrap().copy_from_slice(&taken);
        self.read.set(self.read.get() + length);
        Ok(length)
    }
}

/// S-24.31
#[test]
fn a_manifest_is_read_as_far_as_its_payloads_are_taken() {
    let read = Rc::new(Cell::new(0));
    let manifest = Endless {
        read: Rc::clone(&read),
        left: b"[".to_vec(),
    };
    let mut entries = 0;
    let ended = each_payload(manifest, "capture.json", Path::new("."), &mut |_| {
        entries += 1;
        assert!(read.get() <= entries * 100_012 + 20_000, "{}", read.get());
        match entries {
            100 => Err(Error::usage("enough")),
            _ => Ok(()),
        }
    });
    assert_eq!(ended.unwrap_err().to_string(), "enough");
}

/// S-24.31
#[test]
fn payloads_come_in_the_order_of_time_where_each_tells_it_and_order_counts() {
    let own_time = |payload: &mut Payload| {
        let body = payload.whole(100).unwrap();
        String::from_utf8(body).unwrap().parse().ok()
    };
    let read = |manifest: &str| -> Result<Vec<String>> {
        let mut bodies = Vec::new();
        let mut manifest = io::Cursor::new(manifest.as_bytes());
        each_payload_by_time(
            &mut manifest,
            "m.json",
            Path::new("."),
            &own_time,
            &mut |mut one| {
                let body = one.payload().whole(100)?;
                bodies.push(String::from_utf8(body).unwrap());
                Ok(())
            },
        )?;
        Ok(bodies)
    };
    for (manifest, expected) in [
        ("[]", &[][..]),
        (
            r#"[{"body": "é,[{", "received_at_ms": 3}, {"received_at_ms": 1.0, "body": "b"},
               {"body": "c", "received_at_ms": -2, "query_params": {"a": "}"}} , {"body": "d", "received_at_ms": 1}]"#,
            &["c", "b", "d", "é,[{"],
        ),
        (
            "\u{feff} \n[{\"body\":\"a\",\"received_at_ms\":2},{\"body\":\"b\",\"received_at_ms\":1}]",
            &["b", "a"],
        ),
        // Where one does not tell it they come in the order of their own times, or as they lie.
        (
            r#"[{"body": "a", "received_at_ms": 2}, {"body": "b"}, {"body": "c", "received_at_ms": 1}]"#,
            &["a", "b", "c"],
        ),
        (
            r#"[{"body": "7"}, {"body": "-"}, {"body": "3", "received_at_ms": 9}, {"body": "+"}, {"body": "5"}]"#,
            &["3", "+", "5", "7", "-"],
        ),
    ] {
        assert_eq!(read(manifest).unwrap(), expected, "{manifest}");
    }
    let wrong = r#"[{"body": "a", "received_at_ms": 2}, {"bdy": "b", "received_at_ms": 1}]"#;
    let said = format!("{:#}", read(wrong).unwrap_err());
    assert!(
        said.starts_with("m.json: entry 2: unknown member \"bdy\""),
        "{said}"
    );
}

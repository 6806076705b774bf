//! One page of a listing: whole, or not at all.

use serde::Deserialize;

use super::facts::{Of, Tag};
use super::fault::Fault;
use crate::bucket::pages::{self, Next, Page};
use crate::bucket::store::Entry;
use crate::http::date;

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    subdir: Option<String>,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    hash: Option<String>,
    #[serde(default)]
    slo_etag: Option<String>,
    #[serde(default)]
    last_modified: Option<String>,
}

/// Reads a page. Only an empty one is known to be the last: how many names a page has at most is the service's to decide.
pub(super) fn read(body: &[u8]) -> Result<Page, Fault> {
    // Some write no list where it would be empty.
    let rows: Option<Vec<Row>> = serde_json::from_slice(body).map_err(|_| Fault::NoListing)?;
    let rows = rows.unwrap_or_default();
    let mut page = Page {
        entries: Vec::with_capacity(rows.len()),
        directories: Vec::new(),
        next: Next::End,
    };
    let mut last = None;
    for row in rows {
        let name = match (row.subdir.as_ref(), row.name.as_ref()) {
            (Some(directory), _) => {
                page.directories.push(directory.clone());
                directory.clone()
            }
            (None, Some(name)) => {
                page.entries.push(entry(name.clone(), &row));
                name.clone()
            }
            (None, None) => return Err(Fault::NoName),
        };
        if last.as_ref().is_none_or(|last| *last < name) {
            last = Some(name);
        }
    }
    if let Some(last) = last {
        page.next = Next::After(last);
    }
    Ok(page)
}

fn entry(name: String, row: &Row) -> Entry {
    // What is noted of an object may stand behind its hash.
    let mut noted = row.hash.as_deref().unwrap_or_default().split(';');
    let hash = noted.next().unwrap_or_default();
    let of_segments = noted.find_map(|note| note.trim().strip_prefix("slo_etag="));
    let tag = match row.slo_etag.as_deref().or(of_segments) {
        Some(tag) => Tag::new(tag, Of::StaticSegments),
        None => Tag::new(hash, Of::Bytes),
    };
    let rest = Entry {
        size_bytes: row.bytes,
        modified: row.last_modified.as_deref().and_then(date::time),
        etag: tag.map(|tag| tag.shown()),
        ..Entry::default()
    };
    pages::entry(name, true, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.42, S-4.9
    #[test]
    fn a_page_is_whole_or_none() {
        let text = r#"[
            {"name": "a", "bytes": 1, "hash": "8a964ee2a5e88be344f36c22562a6486", "last_modified": "2015-10-21T07:28:00.123450", "content_type": "x"},
            {"subdir": "b/"},
            {"name": "c é", "bytes": 7, "hash": "8a964ee2a5e88be344f36c22562a6486", "slo_etag": "\"0cc175b9c0f1b6a831c399e269772661\"", "last_modified": "2015-10-21T07:28:00.000000"},
            {"name": "d", "bytes": 7, "hash": "8a964ee2a5e88be344f36c22562a6486; s3_etag=x; slo_etag=0cc175b9c0f1b6a831c399e269772661"},
            {"name": "d//e", "bytes": 1}, {"name": "f"}]"#;
        let Ok(page) = read(text.as_bytes()) else {
            panic!("it is one");
        };
        let shown: Vec<_> = page
            .entries
            .iter()
            .map(|it| (it.key.as_str(), it.etag.as_deref(), it.left_out.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", Some("\"8a964ee2a5e88be344f36c22562a6486\""), false),
                (
                    "c é",
                    Some("\"0cc175b9c0f1b6a831c399e269772661+slo\""),
                    false
                ),
                ("d", Some("\"0cc175b9c0f1b6a831c399e269772661+slo\""), false),
                ("d//e", None, true),
                ("f", None, true),
            ]
        );
        let time = page.entries.first().and_then(|it| it.modified);
        let micros = time.map(|time| time.timestamp_micros());
        assert_eq!(micros, Some(1_445_412_480_123_450));
        assert_eq!(page.directories, ["b/"]);
        assert_eq!(page.next, Next::After("f".to_owned()));
        assert_eq!(read(b"[]").map(|page| page.next), Ok(Next::End));
        assert_eq!(read(b"null").map(|page| page.next), Ok(Next::End));
        for (text, fault) in [
            ("", Fault::NoListing),
            ("{}", Fault::NoListing),
            ("<html>", Fault::NoListing),
            (r#"[{"name": "a", "by"#, Fault::NoListing),
            (r#"[{"bytes": 1}]"#, Fault::NoName),
        ] {
            assert_eq!(read(text.as_bytes()), Err(fault), "{text}");
        }
    }
}

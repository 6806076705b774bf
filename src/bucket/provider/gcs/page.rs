//! One page of a listing: whole, or not at all.

use serde::Deserialize;

use super::fault::Fault;
use super::resource::Resource;
use crate::bucket::pages::{Next, Page};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    items: Vec<Resource>,
    #[serde(default)]
    prefixes: Vec<String>,
    next_page_token: Option<String>,
}

/// Reads a page that was asked for with this `token`. Names up to `after` are left out: the service begins with that name itself.
pub(super) fn read(body: &[u8], after: Option<&str>, token: Option<&str>) -> Result<Page, Fault> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Fault::NoListing)?;
    // An empty page holds nothing else.
    if document.kind != "storage#objects" {
        return Err(Fault::NoListing);
    }
    let next = document.next_page_token.filter(|token| !token.is_empty());
    if next.is_some() && next.as_deref() == token {
        return Err(Fault::SameToken);
    }
    let mut entries = Vec::with_capacity(document.items.len());
    for object in document.items {
        let entry = object.entry().ok_or(Fault::NoName)?;
        if after.is_none_or(|after| entry.key.as_str() > after) {
            entries.push(entry);
        }
    }
    Ok(Page {
        entries,
        directories: document.prefixes,
        next: next.map_or(Next::End, Next::Token),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(page: &Page) -> Vec<&str> {
        page.entries
            .iter()
            .map(|entry| entry.key.as_str())
            .collect()
    }

    /// S-3.32, S-4.9
    #[test]
    fn a_page_is_whole_or_none() {
        let text = r#"{"kind": "storage#objects", "nextPageToken": "t", "prefixes": ["x/"],
            "items": [{"name": "a", "size": "1"}, {"name": "b", "size": "1"}, {"name": "b//c", "size": "1"}, {"name": "d/", "size": "0"}, {"name": "e"}]}"#;
        let page = read(text.as_bytes(), Some("a"), None);
        let Ok(page) = page else {
            panic!("{page:?}");
        };
        assert_eq!(names(&page), ["b", "b//c", "d/", "e"]);
        let left_out: Vec<bool> = page
            .entries
            .iter()
            .map(|entry| entry.left_out.is_some())
            .collect();
        assert_eq!(left_out, [false, true, false, true]);
        assert_eq!(page.directories, ["x/"]);
        assert_eq!(page.next, Next::Token("t".to_owned()));
        assert_eq!(
            read(text.as_bytes(), None, Some("t")),
            Err(Fault::SameToken)
        );
        let empty = read(br#"{"kind": "storage#objects"}"#, None, None);
        assert_eq!(empty.map(|page| page.next), Ok(Next::End));
        for (text, fault) in [
            ("", Fault::NoListing),
            ("{}", Fault::NoListing),
            ("<html>", Fault::NoListing),
            (
                r#"{"kind": "storage#objects", "items": [{"na"#,
                Fault::NoListing,
            ),
            (
                r#"{"kind": "storage#buckets", "items": []}"#,
                Fault::NoListing,
            ),
            (
                r#"{"kind": "storage#objects", "items": [{"size": "1"}]}"#,
                Fault::NoName,
            ),
        ] {
            assert_eq!(read(text.as_bytes(), None, None), Err(fault), "{text}");
        }
    }
}

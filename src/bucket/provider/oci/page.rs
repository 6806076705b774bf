//! One page of a listing: whole, or not at all.

use serde::Deserialize;

use super::fault::Fault;
use super::object::Summary;
use crate::bucket::pages::{Next, Page};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    /// An empty page has it, too.
    objects: Vec<Summary>,
    prefixes: Option<Vec<String>>,
    next_start_with: Option<String>,
}

/// Reads a page that was to begin with the name `start`. Names up to `after` are left out: the service begins with that name itself.
pub(super) fn read(body: &[u8], after: Option<&str>, start: Option<&str>) -> Result<Page, Fault> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Fault::NoListing)?;
    let next = document.next_start_with.filter(|next| !next.is_empty());
    // A page goes on with a name that comes after all of its own.
    if next.is_some() && next.as_deref() <= start {
        return Err(Fault::SamePage);
    }
    let mut entries = Vec::with_capacity(document.objects.len());
    for object in document.objects {
        let entry = object.entry().ok_or(Fault::NoName)?;
        if after.is_none_or(|after| entry.key.as_str() > after) {
            entries.push(entry);
        }
    }
    Ok(Page {
        entries,
        directories: document.prefixes.unwrap_or_default(),
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

    /// S-3.75, S-4.9
    #[test]
    fn a_page_is_whole_or_none() {
        let text = r#"{"nextStartWith": "f", "prefixes": ["x/"],
            "objects": [{"name": "a", "size": 1}, {"name": "b", "size": 1}, {"name": "b//c", "size": 1}, {"name": "d/", "size": 0}, {"name": "e"}]}"#;
        let page = read(text.as_bytes(), Some("a"), Some("a"));
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
        assert_eq!(page.next, Next::Token("f".to_owned()));
        assert_eq!(read(text.as_bytes(), None, Some("f")), Err(Fault::SamePage));
        let empty = read(
            br#"{"objects": [], "prefixes": null, "nextStartWith": null}"#,
            None,
            None,
        );
        assert_eq!(empty.map(|page| page.next), Ok(Next::End));
        for (text, fault) in [
            ("", Fault::NoListing),
            ("{}", Fault::NoListing),
            ("[]", Fault::NoListing),
            ("<html>", Fault::NoListing),
            (r#"{"code": "x", "message": "y"}"#, Fault::NoListing),
            (r#"{"objects": [{"na"#, Fault::NoListing),
            (r#"{"objects": [{"size": 1}]}"#, Fault::NoName),
        ] {
            assert_eq!(read(text.as_bytes(), None, None), Err(fault), "{text}");
        }
    }
}

//! Documents of XML, read as Go's decoder reads them where it is lenient, and more leniently where it is not: names without their namespaces, no
//! look at attributes but the one that changes what a text means, text in whatever way it was written.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Nobody nests deeper.
const DEEPEST: usize = 32;

/// An element as it ends.
pub(crate) struct Element<'a> {
    /// The names of what it lies in, from the document's root on, and its own.
    pub(crate) path: &'a [&'a str],
    /// The text that stands in it directly, letter by letter.
    pub(crate) text: &'a str,
    /// Whether the text is all that was written: bytes that are no UTF-8 have been replaced.
    pub(crate) is_exact: bool,
    /// Whether the element says of its text that it is percent-encoded, as Azure does of names that XML cannot hold.
    pub(crate) is_encoded: bool,
}

struct Open {
    name: String,
    text: Vec<u8>,
    is_encoded: bool,
}

/// Shows every element as it ends, what lies in it first. Tells whether the document came to its end; what follows its root is not read.
pub(crate) fn walk(document: &[u8], mut show: impl FnMut(&Element<'_>)) -> bool {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut reader = Reader::from_reader(document);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Open> = Vec::new();
    loop {
        let Ok(event) = reader.read_event() else {
            return false;
        };
        let mut say = |text: &[u8]| {
            if let Some(innermost) = open.last_mut() {
                innermost.text.extend_from_slice(text);
            }
        };
        match event {
            Event::Text(text) => say(&text),
            Event::CData(text) => say(&text),
            Event::GeneralRef(reference) => say(meant_by(&reference).as_bytes()),
            Event::Start(start) if open.len() < DEEPEST => open.push(Open {
                name: String::from_utf8_lossy(start.local_name().as_ref()).into_owned(),
                text: Vec::new(),
                is_encoded: says_that_it_is_encoded(&start),
            }),
            Event::End(_) => {
                show_last(&open, &mut show);
                open.pop();
                if open.is_empty() {
                    return true;
                }
            }
            Event::Start(_) | Event::Eof => return false,
            _ => {}
        }
    }
}

/// The name of the document's root.
pub(crate) fn root(document: &[u8]) -> Option<String> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut reader = Reader::from_reader(document);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.local_name();
                return Some(String::from_utf8_lossy(name.as_ref()).into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn says_that_it_is_encoded(start: &BytesStart<'_>) -> bool {
    let encoded = start.try_get_attribute("Encoded").ok().flatten();
    encoded.is_some_and(|encoded| encoded.value.eq_ignore_ascii_case(b"true"))
}

fn show_last(open: &[Open], show: &mut impl FnMut(&Element<'_>)) {
    let Some(last) = open.last() else {
        return;
    };
    let path: Vec<&str> = open.iter().map(|element| element.name.as_str()).collect();
    let text = String::from_utf8_lossy(&last.text);
    show(&Element {
        path: &path,
        is_exact: matches!(text, std::borrow::Cow::Borrowed(_)),
        text: &text,
        is_encoded: last.is_encoded,
    });
}

/// A letter by its number, one of the five that XML has names for, or what was written.
fn meant_by(reference: &BytesRef<'_>) -> String {
    let name = String::from_utf8_lossy(reference);
    let letter = match &*name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    };
    letter.map_or_else(|| format!("&{name};"), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements of a document as `path=text`, and whether it came to its end.
    fn walked(document: &str) -> (String, bool) {
        let mut shown = Vec::new();
        let whole = walk(document.as_bytes(), |element| {
            shown.push(format!("{}={:?}", element.path.join("/"), element.text));
        });
        (shown.join(" "), whole)
    }

    #[test]
    fn text_is_what_was_meant_however_it_was_written() {
        for (document, expected) in [
            ("<a>b</a>", "a=\"b\""),
            (
                "\u{feff}<?xml version='1.0'?>\n<!-- c --><a>b</a>",
                "a=\"b\"",
            ),
            ("<s3:a xmlns:s3='x' c=\"d\">b</s3:a>", "a=\"b\""),
            ("<a>&lt;&#60;&#x3c;&amp;lt;</a>", "a=\"<<<&lt;\""),
            ("<a><![CDATA[<&amp;>]]> b</a>", "a=\"<&amp;> b\""),
            ("<a>b<!-- c -->d</a>", "a=\"bd\""),
            ("<a> b\n</a>", "a=\" b\\n\""),
            ("<a>&nobody;& &#x1;</a>", "a=\"&nobody;& \\u{1}\""),
            ("<a/>", "a=\"\""),
            ("<a>b<c>d</c>e</a>", "a/c=\"d\" a=\"be\""),
            ("<a>b</a><c>d", "a=\"b\""),
        ] {
            assert_eq!(walked(document), (expected.to_owned(), true), "{document}");
        }
    }

    #[test]
    fn a_document_that_does_not_come_to_its_end_is_none() {
        let deep = "<a>".repeat(100_000);
        for document in [
            "",
            "text",
            "<a>",
            "<a><b></b>",
            "<a><b></a>",
            "<a",
            "</a>",
            &deep,
        ] {
            assert!(!walked(document).1, "{document:.20}");
        }
        assert_eq!(walked("<a><b>c</b><d>").0, "a/b=\"c\"");
    }

    #[test]
    fn the_root_is_known_by_its_beginning() {
        for (document, expected) in [
            ("<?xml version='1.0'?>\n<s3:a b='c'><d/>", Some("a")),
            ("<a/>", Some("a")),
            ("text", None),
            ("", None),
        ] {
            assert_eq!(root(document.as_bytes()).as_deref(), expected, "{document}");
        }
    }

    #[test]
    fn a_text_that_is_said_to_be_encoded_is_known() {
        for (document, expected) in [
            ("<a Encoded=\"true\">b%1f</a>", true),
            ("<a x='1' Encoded='True'>b</a>", true),
            ("<a Encoded=\"false\">b</a>", false),
            ("<a x=\"true\">b</a>", false),
            ("<a Encoded>b</a>", false),
            ("<a>b</a>", false),
        ] {
            let mut found = None;
            walk(document.as_bytes(), |element| {
                found = Some(element.is_encoded);
            });
            assert_eq!(found, Some(expected), "{document}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_known() {
        walk(b"<a>\xff</a>", |element| {
            assert_eq!((element.text, element.is_exact), ("\u{fffd}", false));
        });
    }
}

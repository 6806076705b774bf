//! The least that a bucket's provider must allow for a migration, in the provider's own language.

use std::fmt::Write as _;

use serde::Serialize;

use crate::printable::is_unprintable;

/// What a bucket is to a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its blocks are read, and marked.
    Source,
    /// It receives blocks.
    Target,
}

impl Role {
    /// `source` or `target`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Source => "source",
            Role::Target => "target",
        }
    }
}

/// What is to be allowed, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What it is written in, such as "IAM policy", and what to mind with it.
    pub language: String,
    /// The policy; of several lines.
    pub text: String,
}

impl Policy {
    /// A policy that is a JSON document: it stays one when it is shown to people, for what they are not shown as it is stands escaped in it.
    pub(super) fn of_json(language: impl Into<String>, document: &impl Serialize) -> Self {
        // What policies are made of can always be written.
        let pretty = serde_json::to_string_pretty(document).unwrap_or_default();
        let mut text = String::with_capacity(pretty.len());
        for c in pretty.chars() {
            if c == '\n' || !is_unprintable(c) {
                text.push(c);
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string never fails.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        Self {
            language: language.into(),
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use serde_json::{Value, json};

    use super::*;
    use crate::printable::printable;

    /// S-12.3
    #[test]
    fn what_people_are_shown_of_a_document_is_still_that_document() {
        let document = json!({"a": "x\u{202e}\u{feff}\u{85}\u{7f}\"\\é🧊\n"});
        let text = Policy::of_json("a document", &document).text;
        let shown: Vec<_> = text.lines().map(printable).collect();
        let read: Value = serde_json::from_str(&shown.join("\n")).unwrap();
        assert_eq!(read, document);
        assert!(text.contains(r"x\u202e\ufeff"), "{text}");
    }
}

//! The names of a bucket's objects, on their way to the store and back: the bucket's prefix, a slash and the name below it, each as it is.
//!
//! `object_store`'s own type for names can be made in two ways. `Path::from` escapes what it deems unwise (`~`, `%`, `#`, letters beyond
//! ASCII), and so makes another name of it; `Path::parse` takes a name as it is. Only this file makes one.

use std::fmt;

use object_store::path::Path;

use crate::block::{BlockId, ObjectPath};
use crate::error::{Error, Kind, Result};

/// What every name in a bucket begins with, as Thanos reads it: without the slashes at its ends; often empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefix(String);

/// Names between which all names in one directory lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) before: String,
    pub(super) behind: String,
}

impl Prefix {
    /// Refuses what no store takes, or what a folder would clean away.
    pub fn new(text: &str) -> Result<Self> {
        let prefix = text.trim_matches('/');
        let is_clean = prefix.is_empty() || Path::parse(prefix).is_ok();
        if is_clean && !prefix.contains(char::is_control) {
            return Ok(Self(prefix.to_owned()));
        }
        Err(Error::usage(format!(
            "prefix {text:?}: expected names separated by single slashes, none of them . or .."
        )))
    }

    /// The prefix itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether one of the two lies in the other, and they are not the same.
    pub(super) fn is_nested_with(&self, other: &Self) -> bool {
        self != other && (self.below(&other.0).is_some() || other.below(&self.0).is_some())
    }

    /// The name under which the store knows the object.
    pub(super) fn key(&self, path: &ObjectPath) -> Result<Path> {
        let key = self.joined(path.as_str());
        // A slash at either end is lost in parsing, and the name with it.
        let parsed = Path::parse(&key).ok().filter(|it| it.as_ref() == key);
        parsed.ok_or_else(|| {
            let why = "names with . or .., an empty name or a control character between slashes are left alone";
            Error::new(Kind::Unsupported, format!("name {path}")).because(why)
        })
    }

    /// The prefix as a path for listings, without the slash at its end; `None` where it is empty.
    pub(super) fn root(&self) -> Option<Path> {
        // What `new` has let through can be parsed.
        Path::parse(&self.0).ok().filter(|path| !path.is_root())
    }

    /// The same for what lies in a block's directory.
    pub(super) fn directory(&self, block: BlockId) -> Option<Path> {
        Path::parse(self.joined(&block.to_string())).ok()
    }

    /// The names between which all names in a block's directory lie; `None` where no store takes its name.
    pub(super) fn bounds(&self, block: BlockId) -> Option<Bounds> {
        let directory = String::from(self.directory(block)?);
        // Some servers compare the name of the directory alone, so that it has to come after this, too.
        let mut before = directory.clone();
        before.pop();
        Some(Bounds {
            before,
            // The character after the slash.
            behind: format!("{directory}0"),
        })
    }

    /// The part of a store's name that follows the prefix; `None` if the name does not begin with it.
    pub(super) fn below<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.0.is_empty() {
            return Some(key);
        }
        key.strip_prefix(self.as_str())?.strip_prefix('/')
    }

    /// A name that comes before all names in the directories of that block and of later ones, and after those of all blocks before.
    pub(super) fn before(&self, block: BlockId) -> String {
        let mut name = self.joined(&block.to_string());
        // The random part of an id is no name by itself.
        name.truncate(name.len() - BlockId::RANDOM_LETTERS);
        name
    }

    fn joined(&self, name: &str) -> String {
        if self.0.is_empty() {
            name.to_owned()
        } else {
            format!("{self}/{name}")
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::new(text).unwrap()
    }

    /// S-3.5
    #[test]
    fn a_prefix_lies_in_another_one_by_whole_names() {
        for (one, other, expected) in [
            ("", "a", true),
            ("a", "a/b", true),
            ("a", "a/b/c", true),
            ("a", "ab", false),
            ("a/b", "a/c", false),
            ("a", "a", false),
            ("", "", false),
        ] {
            let (one, other) = (prefix(one), prefix(other));
            assert_eq!(one.is_nested_with(&other), expected, "{one} {other}");
            assert_eq!(other.is_nested_with(&one), expected, "{other} {one}");
        }
    }

    /// S-3.1
    #[test]
    fn names_go_to_the_store_and_come_back_as_they_are() {
        let printable = (' '..='~').filter(|letter| *letter != '/');
        let beyond = ['é', '\u{a0}', 'ß', '漢', '🧊', '\u{301}'];
        for letter in printable.chain(beyond) {
            for text in [
                format!("a{letter}b"),
                format!("x/{letter}{letter}{letter}/y"),
            ] {
                let prefix = prefix(&text);
                let path = ObjectPath::new(format!("01J/{letter}a%2F{letter}"));
                let key = prefix.key(&path).unwrap();
                assert_eq!(key.as_ref(), format!("{text}/{path}"));
                assert_eq!(prefix.below(key.as_ref()), Some(path.as_str()));
                assert_eq!(prefix.root().unwrap().as_ref(), text);
            }
        }
    }

    #[test]
    fn what_only_resembles_the_prefix_does_not_lie_below_it() {
        let path = ObjectPath::new("01J/index");
        assert_eq!(prefix("").key(&path).unwrap().as_ref(), "01J/index");
        assert_eq!(prefix("/").root(), None);
        assert_eq!(prefix("//a/b/").as_str(), "a/b");
        for (key, below) in [
            ("a/b/01J", Some("01J")),
            ("a/b/", Some("")),
            ("a/b", None),
            ("a/bc/01J", None),
            ("01J", None),
        ] {
            assert_eq!(prefix("a/b").below(key), below, "{key}");
        }
    }

    /// S-3.1
    #[test]
    fn what_no_store_takes_as_it_is_is_refused() {
        for text in ["a//b", "a/./b", "..", "a/..", "a\nb", "a\u{7f}", "a\u{85}b"] {
            let err = Prefix::new(text).unwrap_err();
            assert!(err.to_string().starts_with("prefix \""), "{err}");
        }
        for path in ["a//b", "/a", "a/", "a/../b", ".", "", "a\u{1}"] {
            let err = prefix("x").key(&ObjectPath::new(path)).unwrap_err();
            assert_eq!(err.kind(), Kind::Unsupported, "{path:?}");
        }
    }
}

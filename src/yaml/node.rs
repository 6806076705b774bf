//! One value of a document, and what Go makes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::quote::{self, quoted};
use super::scalar;
use crate::error::{Error, Result};
use crate::nearest::nearest;

/// One value of a document.
#[derive(Clone)]
pub struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone)]
pub(super) enum Value {
    Scalar { text: String, form: Form },
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

/// What decides a scalar's type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Unquoted and untagged: the text decides.
    Plain,
    /// Quoted, a block, or tagged `!!str`.
    Text,
}

/// What happens to keys that nobody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are errors, and so are keys that are given twice.
    Refuse,
    /// They are left alone; the last of several equal keys counts.
    Ignore,
}

impl Node {
    /// Where it begins, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// `null`, `~`, or nothing at all.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.plain().is_some_and(scalar::is_null)
    }

    /// An unquoted scalar that YAML 1.1 takes for a number or a boolean: as a string it keeps its spelling here, and loses it in Thanos.
    #[must_use]
    pub fn is_plain_non_string(&self) -> bool {
        self.plain()
            .is_some_and(|text| !scalar::is_null(text) && scalar::is_not_text(text))
    }

    /// As decoded into a Go string: `null` is empty, unquoted scalars keep their spelling.
    pub fn string(&self) -> Result<String> {
        match &self.value {
            Value::Scalar { .. } if self.is_null() => Ok(String::new()),
            Value::Scalar { text, .. } => Ok(text.clone()),
            Value::Sequence(_) | Value::Mapping(_) => Err(self.wrong("a string")),
        }
    }

    /// `true`, `yes`, `on` and their like in YAML 1.1; `null` is false.
    pub fn bool(&self) -> Result<bool> {
        match self.plain() {
            Some(text) if scalar::is_null(text) => Ok(false),
            Some(text) => scalar::boolean(text).ok_or_else(|| self.wrong_value("true or false")),
            None => Err(self.wrong_value("true or false")),
        }
    }

    /// A whole number in a spelling of YAML 1.1; `null` is 0.
    pub fn i64(&self) -> Result<i64> {
        self.integer()
            .and_then(|number| i64::try_from(number).ok())
            .ok_or_else(|| self.wrong_value("a whole number"))
    }

    /// A whole number that is not negative; `null` is 0.
    pub fn u64(&self) -> Result<u64> {
        self.integer()
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| self.wrong_value("a whole number that is not negative"))
    }

    /// The items of a list; `null` has none.
    pub fn sequence(&self) -> Result<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Ok(items),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.wrong("a list")),
        }
    }

    /// A mapping of strings to strings; `null` is empty.
    pub fn string_map(&self) -> Result<BTreeMap<String, String>> {
        self.mapping()?
            .iter()
            .map(|(key, value)| Ok((key.string()?, value.string()?)))
            .collect()
    }

    /// The keys of a mapping and what they stand for, in order; `null` has none. A key that comes twice is there twice.
    pub fn entries(&self) -> Result<Vec<(String, &Node)>> {
        let entries = self.mapping()?.iter();
        entries
            .map(|(key, value)| Ok((key.string()?, value)))
            .collect()
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// Whether it is a mapping.
    #[must_use]
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    /// The fields of a mapping; `null` has none. `at` is the mapping's path, for messages.
    pub fn fields(&self, at: &str, unknown: Unknown) -> Result<Fields<'_>> {
        let place = if at.is_empty() { "the document" } else { at };
        let entries = self
            .mapping()
            .map_err(|err| Error::usage(format!("{place}: {err}")))?;
        let mut fields = BTreeMap::new();
        for (key, value) in entries {
            let key = key
                .string()
                .map_err(|err| Error::usage(format!("{place}: {err}")))?;
            let line = value.line;
            if fields.insert(key.clone(), value).is_some() && unknown == Unknown::Refuse {
                let what = named(at, &key);
                return Err(Error::usage(format!("line {line}: {what} is given twice")));
            }
        }
        Ok(Fields {
            at: at.to_owned(),
            unknown,
            entries: fields,
            asked: BTreeSet::new(),
        })
    }

    /// Refuses keys that are given twice, in it or anywhere in what it holds. `at` is its path, for messages.
    pub fn refuse_repeated_keys(&self, at: &str) -> Result<()> {
        match &self.value {
            Value::Scalar { .. } => Ok(()),
            Value::Sequence(items) => items.iter().try_for_each(|it| it.refuse_repeated_keys(at)),
            Value::Mapping(entries) => {
                let mut known = BTreeSet::new();
                for (key, value) in entries {
                    let Ok(key) = key.string() else { continue };
                    if !known.insert(key.clone()) {
                        let (line, what) = (value.line, named(at, &key));
                        return Err(Error::usage(format!("line {line}: {what} is given twice")));
                    }
                    value.refuse_repeated_keys(&join(at, &key))?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn plain(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar {
                text,
                form: Form::Plain,
            } => Some(text),
            _ => None,
        }
    }

    fn integer(&self) -> Option<i128> {
        let text = self.plain()?;
        if scalar::is_null(text) {
            return Some(0);
        }
        scalar::integer(text)
    }

    pub(super) fn mapping(&self) -> Result<&[(Node, Node)]> {
        match &self.value {
            Value::Mapping(entries) => Ok(entries),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.wrong("a mapping")),
        }
    }

    /// The error for a value that should be text, a list or a mapping. It may be a secret in the wrong place, and is not repeated.
    fn wrong(&self, expected: &str) -> Error {
        Error::usage(format!("line {}: expected {expected}", self.line))
    }

    /// What should be a number or a boolean is repeated where it is short.
    fn wrong_value(&self, expected: &str) -> Error {
        let line = self.line;
        match &self.value {
            Value::Scalar { text, .. } => match quoted(text) {
                Some(text) => Error::usage(format!("line {line}: {text}: expected {expected}")),
                None => self.wrong(expected),
            },
            Value::Sequence(_) | Value::Mapping(_) => self.wrong(expected),
        }
    }
}

/// The fields of one mapping, taken one by one.
pub struct Fields<'a> {
    at: String,
    unknown: Unknown,
    entries: BTreeMap<String, &'a Node>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    /// The field of that name, if there is one.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.insert(key);
        self.entries.remove(key)
    }

    /// The field of that name, which stays to be taken.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<&'a Node> {
        self.entries.get(key).copied()
    }

    /// A string field, as [`Node::string`] reads it.
    pub fn string(&mut self, key: &'static str) -> Result<Option<String>> {
        self.read(key, Node::string)
    }

    /// A boolean field, as [`Node::bool`] reads it.
    pub fn bool(&mut self, key: &'static str) -> Result<Option<bool>> {
        self.read(key, Node::bool)
    }

    /// A field that holds a whole number.
    pub fn i64(&mut self, key: &'static str) -> Result<Option<i64>> {
        self.read(key, Node::i64)
    }

    /// A field that holds a whole number that is not negative.
    pub fn u64(&mut self, key: &'static str) -> Result<Option<u64>> {
        self.read(key, Node::u64)
    }

    /// A field that maps strings to strings.
    pub fn string_map(&mut self, key: &'static str) -> Result<Option<BTreeMap<String, String>>> {
        self.read(key, Node::string_map)
    }

    /// What happens to keys that nobody asks for.
    #[must_use]
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// The names of fields that nobody asked for.
    pub fn left(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Ends the mapping: with [`Unknown::Refuse`], an error where fields are left.
    pub fn finish(self) -> Result<()> {
        let Some((key, node)) = self.entries.iter().next() else {
            return Ok(());
        };
        if self.unknown == Unknown::Ignore {
            return Ok(());
        }
        let known: Vec<&str> = self.asked.iter().copied().collect();
        let meant = nearest(key, known.iter().copied());
        // What is nearly a key is a key.
        let is_plain = key.bytes().all(|byte| byte.is_ascii_graphic());
        let is_key = quote::key(key).is_some() || is_plain && meant.is_some();
        let meant = meant.map(|meant| format!("; did you mean {meant}?"));
        let what = if is_key {
            format!("unknown key {}", join(&self.at, key))
        } else {
            format!("{} is unknown", named(&self.at, key))
        };
        Err(Error::usage(format!(
            "line {}: {what}: expected one of {}{}",
            node.line,
            known.join(", "),
            meant.unwrap_or_default(),
        )))
    }

    fn read<T>(&mut self, key: &'static str, read: fn(&Node) -> Result<T>) -> Result<Option<T>> {
        let at = join(&self.at, key);
        self.take(key)
            .map(|node| read(node).map_err(|err| Error::usage(format!("{at}: {err}"))))
            .transpose()
    }
}

fn join(at: &str, key: &str) -> String {
    if at.is_empty() {
        key.to_owned()
    } else {
        format!("{at}.{key}")
    }
}

/// How an error speaks of a key: by its path, or by where it stands if its name may be a secret.
fn named(at: &str, key: &str) -> String {
    match (quote::key(key), at) {
        (Some(key), at) => join(at, key),
        (None, "") => "a key".to_owned(),
        (None, at) => format!("a key of {at}"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::yaml::parse;

    fn document(text: &str) -> Node {
        parse(text).unwrap().unwrap()
    }

    fn refused(text: &str, unknown: Unknown) -> String {
        let node = document(text);
        let mut fields = node.fields("config", unknown).unwrap();
        let read = fields.string("bucket").and(fields.bool("insecure"));
        read.map(drop).and(fields.finish()).unwrap_err().to_string()
    }

    #[test]
    fn scalars_are_read_as_yaml_v2_reads_them() {
        for (text, expected) in [
            ("0123", "0123"),
            ("true", "true"),
            ("~", ""),
            ("null", ""),
            ("\"null\"", "null"),
            ("'a b'", "a b"),
            ("2024-01-01", "2024-01-01"),
            ("!!str 5", "5"),
        ] {
            assert_eq!(document(text).string().unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            ("yes", Some(true)),
            ("On", Some(true)),
            ("FALSE", Some(false)),
            ("n", Some(false)),
            ("~", Some(false)),
            ("1", None),
            ("\"true\"", None),
        ] {
            assert_eq!(document(text).bool().ok(), expected, "{text}");
        }
        for (text, expected) in [
            ("12", Some(12)),
            ("0x1F", Some(31)),
            ("0o17", Some(15)),
            ("017", Some(15)),
            ("0b101", Some(5)),
            ("1_000", Some(1000)),
            ("-5", Some(-5)),
            ("~", Some(0)),
            ("1.5", None),
            ("\"12\"", None),
        ] {
            assert_eq!(document(text).i64().ok(), expected, "{text}");
        }
        assert!(document("-1").u64().is_err());
        assert!(document("0123").is_plain_non_string());
        assert!(!document("abc").is_plain_non_string());
    }

    #[test]
    fn unknown_and_repeated_keys_are_refused_where_thanos_refuses_them() {
        assert_eq!(
            refused("bucket: a\nendpiont: b", Unknown::Refuse),
            "line 2: unknown key config.endpiont: expected one of bucket, insecure"
        );
        let twice = document("bucket: a\nbucket: b");
        assert!(twice.fields("config", Unknown::Refuse).is_err());
        let mut fields = twice.fields("config", Unknown::Ignore).unwrap();
        assert_eq!(fields.string("bucket").unwrap().as_deref(), Some("b"));
    }

    #[test]
    fn a_key_that_is_given_twice_is_found_however_deep_it_lies() {
        for (text, expected) in [
            (
                "bucket: a\nbucket: b",
                "line 2: config.bucket is given twice",
            ),
            (
                "http_config: {a: 1,\n  a: 2}",
                "line 2: config.http_config.a is given twice",
            ),
            (
                "- {a: 1}\n- {a: 1, a: 2}",
                "line 2: config.a is given twice",
            ),
        ] {
            let found = document(text).refuse_repeated_keys("config");
            assert_eq!(found.unwrap_err().to_string(), expected, "{text}");
        }
        let merged = "base: &base {a: 1, b: 2}\nover:\n  <<: *base\n  b: 3\n";
        assert!(document(merged).refuse_repeated_keys("").is_ok());
    }

    #[test]
    fn errors_name_the_place_and_a_value_that_is_no_secret() {
        let err = refused("bucket: a\ninsecure: maybe", Unknown::Refuse);
        assert_eq!(
            err,
            "config.insecure: line 2: \"maybe\": expected true or false"
        );
        let err = refused("bucket: [hunter2]", Unknown::Refuse);
        assert_eq!(err, "config.bucket: line 1: expected a string");
    }

    #[test]
    fn merge_keys_and_aliases_are_followed() {
        let node = document("base: &base {a: 1, b: 2}\nover:\n  <<: *base\n  b: 3\n");
        let mut fields = node.fields("", Unknown::Refuse).unwrap();
        let _ = fields.take("base");
        let over = fields.string_map("over").unwrap().unwrap();
        let expected = [("a", "1"), ("b", "3")].map(|(key, value)| (key.into(), value.into()));
        assert_eq!(over, expected.into());
    }

    #[test]
    fn only_the_first_document_counts() {
        assert_eq!(document("a\n---\nb").string().unwrap(), "a");
        for empty in ["", "# nothing\n"] {
            assert!(parse(empty).unwrap().is_none());
        }
    }

    #[test]
    fn hostile_documents_are_refused() {
        let bomb = (1..12).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
            let aliases = vec![format!("*a{}", level - 1); 10].join(",");
            format!("{text}a{level}: &a{level} [{aliases}]\n")
        });
        for text in [
            bomb,
            "[".repeat(10_000),
            "a: [".to_owned(),
            "a: *nobody".to_owned(),
            "x".repeat(3 << 20),
            "-\ta: b".to_owned(),
            "a:\n\tb: c".to_owned(),
        ] {
            assert!(parse(&text).is_err());
        }
    }
}

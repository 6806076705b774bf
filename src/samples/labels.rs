//! The labels of a series.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::{fmt, iter};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::printable::message;

/// The label that holds a series' name.
pub const METRIC_NAME: &str = "__name__";

/// The labels of one series, its name among them as `__name__`: sorted by name, none twice, none with an empty value.
///
/// They are ordered as Prometheus orders series: name by name and value by value, and who has fewer comes first.
// One piece of memory for each: there are millions of them. A pair is two lengths of four bytes and both texts.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Labels(Box<[u8]>);

/// A label that is given twice: nobody can say which is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice(pub String);

impl fmt::Display for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "label {} is given twice", message(&self.0))
    }
}

impl std::error::Error for Twice {}

impl Labels {
    /// The label's value; `None` where the series lacks it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut labels = self.iter();
        labels
            .find(|(label, _)| *label == name)
            .map(|(_, value)| value)
    }

    /// The metric's name; empty where there is none.
    #[must_use]
    pub fn metric(&self) -> &str {
        self.get(METRIC_NAME).unwrap_or_default()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.0;
        iter::from_fn(move || Some((text(&mut rest)?, text(&mut rest)?)))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The form in which they are kept, for those who write them to disk and read them back with [`Labels::of_packed`].
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.0
    }

    /// Takes what [`Labels::packed`] gave; `None` for bytes that it could not have given.
    #[must_use]
    pub fn of_packed(packed: &[u8]) -> Option<Self> {
        let mut rest = packed;
        let mut before = None;
        while !rest.is_empty() {
            let (name, value) = (text(&mut rest)?, text(&mut rest)?);
            if value.is_empty() || before.is_some_and(|before| before >= name) {
                return None;
            }
            before = Some(name);
        }
        Some(Self(packed.into()))
    }

    /// How those are ordered that were packed so.
    #[must_use]
    pub fn compare_packed(mut one: &[u8], mut other: &[u8]) -> Ordering {
        loop {
            match (bytes(&mut one), bytes(&mut other)) {
                (Some(text), Some(other)) if text == other => {}
                // Texts are ordered as their bytes are.
                (text, other) => return text.cmp(&other),
            }
            if one.is_empty() || other.is_empty() {
                return one.len().cmp(&other.len());
            }
        }
    }
}

/// Takes a text off the front.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    str::from_utf8(bytes(rest)?).ok()
}

/// Takes a text off the front, as bytes.
fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        Self::compare_packed(&self.0, &other.0)
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Puts labels together that come one by one.
#[derive(Debug, Clone, Default)]
pub struct Builder(Vec<(String, String)>);

impl Builder {
    /// Adds a label; an empty value counts as no label, as it does for Prometheus.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        if !value.is_empty() {
            self.0.push((name.into(), value));
        }
        self
    }

    /// The labels, and nothing is left behind.
    ///
    /// Errors: one was added twice.
    pub fn build(&mut self) -> Result<Labels, Twice> {
        self.0.sort_unstable();
        let twice = self.0.windows(2).find_map(|pair| match pair {
            [(one, _), (next, _)] if one == next => Some(one.clone()),
            _ => None,
        });
        let mut packed = Vec::new();
        for text in self.0.iter().flat_map(|(name, value)| [name, value]) {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            packed.extend(length.to_be_bytes());
            packed.extend(text.as_bytes());
        }
        self.0.clear();
        twice.map_or(Ok(Labels(packed.into())), |name| Err(Twice(name)))
    }
}

/// An empty value counts as no label, as it does for Prometheus; of a label that comes twice the last one counts.
impl FromIterator<(String, String)> for Labels {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(labels: I) -> Self {
        let labels: BTreeMap<String, String> = labels.into_iter().collect();
        let mut builder = Builder::default();
        for (name, value) in labels {
            builder.add(name, value);
        }
        builder.build().unwrap_or_default()
    }
}

/// `up{job="a"}`, as `PromQL` writes it; `{}` where there are none.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |text: &str| {
            let is_fit = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
            !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_fit)
        };
        let name = self.get(METRIC_NAME).filter(|name| is_plain(name));
        f.write_str(name.unwrap_or_default())?;
        let rest = self.iter();
        let mut rest = rest.filter(|(label, _)| name.is_none() || *label != METRIC_NAME);
        let Some(first) = rest.next() else {
            return f.write_str(if name.is_none() { "{}" } else { "" });
        };
        let mut separator = "{";
        for (label, value) in std::iter::once(first).chain(rest) {
            f.write_str(separator)?;
            if is_plain(label) {
                write!(f, "{label}={value:?}")?;
            } else {
                write!(f, "{label:?}={value:?}")?;
            }
            separator = ", ";
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A label that stands there twice is an error: nobody can say which is meant.
impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Labels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }

            fn visit_unit<E: Error>(self) -> Result<Labels, E> {
                Ok(Labels::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut labels = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if labels.insert(name, value).is_some() {
                        return Err(A::Error::custom("a label is given twice"));
                    }
                }
                Ok(labels.into_iter().collect())
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn labels_are_ordered_as_series_are_and_survive_being_packed() {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let sorted = [
            labels(&[]),
            labels(&[("a", "1")]),
            labels(&[("a", "1"), ("b", "1")]),
            labels(&[("a", "1"), ("c", "0")]),
            labels(&[("a", "10")]),
            labels(&[("a", "2")]),
            labels(&[("aa", "0")]),
            labels(&[("b", "\u{1f600}\0")]),
        ];
        assert!(sorted.is_sorted());
        for labels in &sorted {
            assert_eq!(Labels::of_packed(labels.packed()).as_ref(), Some(labels));
        }
        let whole = sorted.last().unwrap().packed();
        for end in 1..whole.len() {
            assert_eq!(Labels::of_packed(whole.get(..end).unwrap()), None);
        }
        let mut twice = Builder::default();
        twice.add("a", "1").add("b", "").add("a", "1");
        assert_eq!(twice.build(), Err(Twice("a".to_owned())));
        assert_eq!(twice.build(), Ok(Labels::default()));
    }

    #[test]
    fn labels_are_shown_as_promql_writes_them() {
        for (json, expected) in [
            ("{}", "{}"),
            ("null", "{}"),
            (r#"{"__name__":"up"}"#, "up"),
            (r#"{"__name__":"up","job":"a","b":""}"#, r#"up{job="a"}"#),
            (r#"{"job":"a\"b","z":"é\n"}"#, r#"{job="a\"b", z="é\n"}"#),
            (
                r#"{"__name__":"http.requests","x.y":"1"}"#,
                r#"{__name__="http.requests", "x.y"="1"}"#,
            ),
        ] {
            let labels: Labels = serde_json::from_str(json).unwrap();
            assert_eq!(labels.to_string(), expected);
        }
        for wrong in [
            r#"{"a":"1","a":"2"}"#,
            r#"{"a":"1","a":""}"#,
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"["a"]"#,
            r#""a""#,
        ] {
            assert!(serde_json::from_str::<Labels>(wrong).is_err(), "{wrong}");
        }
    }
}

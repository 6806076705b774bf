//! The labels of a series.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// The labels of one series, its name among them as `__name__`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The label's value; `None` where the series lacks it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.0.iter();
        labels.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// An empty value counts as no label, as it does for Prometheus.
impl FromIterator<(String, String)> for Labels {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(labels: I) -> Self {
        let labels = labels.into_iter();
        Self(labels.filter(|(_, value)| !value.is_empty()).collect())
    }
}

/// `up{job="a"}`, as `PromQL` writes it; `{}` where there are none.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |text: &str| {
            let is_fit = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
            !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_fit)
        };
        let name = self.get("__name__").filter(|name| is_plain(name));
        f.write_str(name.unwrap_or_default())?;
        let rest = self.iter();
        let mut rest = rest.filter(|(label, _)| name.is_none() || *label != "__name__");
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

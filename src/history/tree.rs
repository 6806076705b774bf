//! JSON as a tree in which each value is asked for by its path, and nothing that is given goes unread.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::error::{Error, Result};
use crate::nearest::nearest;

/// One value of a document.
#[derive(Clone)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Members(Vec<(String, Node)>),
}

/// The members of an object that nobody has asked for yet.
pub(super) struct Fields<'n> {
    at: String,
    left: Vec<&'n (String, Node)>,
    asked: Vec<&'static str>,
}

/// The path of a member: `source.kind`.
pub(super) fn within(at: &str, member: &str) -> String {
    if at.is_empty() {
        member.to_owned()
    } else {
        format!("{at}.{member}")
    }
}

impl Node {
    /// Reads a document in which no member is given twice. Values are not repeated in what is told, for they may be secrets.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let node: Self = serde_json::from_str(text)
            .map_err(|err| Error::usage(format!("expected JSON: {err}")))?;
        node.refuse_repeated("")?;
        Ok(node)
    }

    fn refuse_repeated(&self, at: &str) -> Result<()> {
        match self {
            Self::List(items) => {
                let mut items = items.iter().zip(0..);
                items
                    .try_for_each(|(item, number)| item.refuse_repeated(&format!("{at}[{number}]")))
            }
            Self::Members(members) => {
                let mut seen = BTreeSet::new();
                members.iter().try_for_each(|(name, value)| {
                    let path = within(at, name);
                    if !seen.insert(name) {
                        return Err(Error::usage(format!("{path}: it is given twice")));
                    }
                    value.refuse_repeated(&path)
                })
            }
            _ => Ok(()),
        }
    }

    /// What an error calls it.
    fn form(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Members(_) => "an object",
        }
    }

    /// That it is something else than what is expected.
    pub(super) fn wrong(&self, at: &str, expected: &str) -> Error {
        let found = self.form();
        let at = if at.is_empty() { "the plan" } else { at };
        Error::usage(format!("{at}: expected {expected}, found {found}"))
    }

    pub(super) fn members(&self, at: &str) -> Result<Fields<'_>> {
        let Self::Members(members) = self else {
            return Err(self.wrong(at, "an object"));
        };
        Ok(Fields {
            at: at.to_owned(),
            left: members.iter().collect(),
            asked: Vec::new(),
        })
    }

    /// A text that is not empty.
    pub(super) fn text(&self, at: &str) -> Result<&str> {
        match self {
            Self::Text(text) if text.trim().is_empty() => {
                Err(Error::usage(format!("{at}: it is empty: expected a text")))
            }
            Self::Text(text) => Ok(text),
            _ => Err(self.wrong(at, "a text")),
        }
    }

    /// The items, each with its path.
    pub(super) fn items(&self, at: &str) -> Result<impl Iterator<Item = (String, &Node)>> {
        let Self::List(items) = self else {
            return Err(self.wrong(at, "a list"));
        };
        let numbered = items.iter().enumerate();
        Ok(numbered.map(move |(number, item)| (format!("{at}[{number}]"), item)))
    }

    /// A whole number within these bounds.
    pub(super) fn whole(&self, at: &str, least: u64, most: u64) -> Result<u64> {
        // Some programs write whole numbers as 200.0 or 2e2.
        let number = match self {
            Self::Number(number) => number.as_u64().or_else(|| whole_of(number.as_f64()?)),
            _ => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong_value(at, &format!("a whole number from {least} to {most}")))
    }

    /// A finite number that is not below 0.
    pub(super) fn absolute(&self, at: &str) -> Result<f64> {
        self.float()
            .filter(|number| number.is_finite() && *number >= 0.0)
            .ok_or_else(|| self.wrong_value(at, "a number that is not below 0"))
    }

    /// A part of 1, and not all of it: two numbers of one sign are never further apart than the larger one.
    pub(super) fn share(&self, at: &str) -> Result<f64> {
        self.float()
            .filter(|number| (0.0..1.0).contains(number))
            .ok_or_else(|| self.wrong_value(at, "a share of at least 0 and less than 1"))
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// True or false.
    pub(super) fn truth(&self, at: &str) -> Result<bool> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(self.wrong(at, "true or false")),
        }
    }

    /// A number: JSON has none that is not finite.
    pub(super) fn number(&self, at: &str) -> Result<f64> {
        self.float().ok_or_else(|| self.wrong(at, "a number"))
    }

    /// What one of these names stands for.
    pub(super) fn choice<T: Copy>(&self, at: &str, choices: &[(&str, T)]) -> Result<T> {
        let text = self.text(at)?;
        let known = choices.iter().find(|(name, _)| *name == text);
        if let Some((_, choice)) = known {
            return Ok(*choice);
        }
        let plain = |name: &str| name.replace(['-', '.'], "_").to_lowercase();
        let lower: Vec<String> = choices.iter().map(|(name, _)| plain(name)).collect();
        let meant = nearest(&plain(text), lower.iter().map(String::as_str));
        let meant = choices
            .iter()
            .find(|(name, _)| Some(&*plain(name)) == meant);
        let expected = if let Some((meant, _)) = meant {
            format!("did you mean {meant}?")
        } else {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            format!("expected one of {}", names.join(", "))
        };
        Err(Error::usage(format!(
            "{at}: unknown value {text:?}: {expected}"
        )))
    }

    /// The same, as others read it.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Members(members) => {
                let members = members.iter();
                members
                    .map(|(name, node)| (name.clone(), node.value()))
                    .collect()
            }
        }
    }

    fn wrong_value(&self, at: &str, expected: &str) -> Error {
        match self {
            Self::Number(number) => {
                Error::usage(format!("{at}: expected {expected}, found {number}"))
            }
            _ => self.wrong(at, expected),
        }
    }
}

/// The number where it has no fraction, and lies where floats tell all whole numbers apart.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies within both bounds"
)]
fn whole_of(number: f64) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && (0.0..=MOST).contains(&number);
    is_whole.then_some(number as u64)
}

impl<'n> Fields<'n> {
    /// The member of that name with its path, where it is given.
    pub(super) fn take(&mut self, name: &'static str) -> Option<(String, &'n Node)> {
        self.asked.push(name);
        let place = self.left.iter().position(|(left, _)| left == name)?;
        let (_, node) = self.left.swap_remove(place);
        Some((self.path(name), node))
    }

    /// Whether that member is given, and was not taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(left, _)| left == name)
    }

    pub(super) fn path(&self, name: &str) -> String {
        within(&self.at, name)
    }

    /// Likewise for one that must be there.
    pub(super) fn need(
        &mut self,
        name: &'static str,
        expected: &str,
    ) -> Result<(String, &'n Node)> {
        let path = self.path(name);
        self.take(name)
            .ok_or_else(|| Error::usage(format!("{path}: it is missing: expected {expected}")))
    }

    /// The texts of that member; none where it is not given.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Vec<String>> {
        let Some((at, node)) = self.take(name) else {
            return Ok(Vec::new());
        };
        let items = node.items(&at)?;
        items
            .map(|(at, item)| Ok(item.text(&at)?.to_owned()))
            .collect()
    }

    /// All that is left, for objects whose names are anybody's.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, &'n str, &'n Node)> {
        let Self { at, left, .. } = self;
        left.into_iter()
            .map(move |(name, node)| (within(&at, name), name.as_str(), node))
    }

    /// Errors: something is left that nobody asks for.
    pub(super) fn finish(self) -> Result<()> {
        let mut left: Vec<&str> = self.left.iter().map(|(name, _)| name.as_str()).collect();
        left.sort_unstable();
        let Some(name) = left.first() else {
            return Ok(());
        };
        let path = within(&self.at, name);
        let known = self.asked;
        let meant = nearest(
            &name.replace(['-', '.'], "_").to_lowercase(),
            known.iter().copied(),
        );
        let expected = match meant {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("expected one of {}", known.join(", ")),
        };
        Err(Error::usage(format!("{path}: unknown member: {expected}")))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Node::Members(members))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

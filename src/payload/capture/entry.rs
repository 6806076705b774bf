//! One entry of a manifest.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::opened::{Body, inflated};
use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::payload::base64;
use crate::printable::message;

/// An entry, of which everything is right but perhaps the file that it names.
pub(super) struct Entry {
    pub(super) body: Place,
    pub(super) received_at_ms: Option<i64>,
    pub(super) query_params: BTreeMap<String, String>,
}

/// Where a body is.
pub(super) enum Place {
    Path(String),
    Bytes(Vec<u8>),
}

impl Place {
    /// Opens it; gives what messages call it, too.
    pub(super) fn open(
        self,
        open: &dyn Fn(&str, &str) -> Result<Body>,
        place: String,
    ) -> Result<(Body, String)> {
        match self {
            Self::Path(path) => {
                let place = format!("{place} ({})", message(&path));
                Ok((open(&path, &place)?, place))
            }
            Self::Bytes(bytes) => {
                let body = inflated(Cursor::new(bytes));
                let body = body.map_err(|err| Error::usage(format!("{place}: body: {err}")))?;
                Ok((body, place))
            }
        }
    }
}

const MEMBERS: [&str; 5] = [
    "path",
    "body",
    "body_base64",
    "received_at_ms",
    "query_params",
];

/// Reads an entry, be it right or not: the inner error names the member.
pub(super) struct Seed;

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Result<Entry, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Result<Entry, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload: an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: BTreeMap<&'static str, Value> = BTreeMap::new();
        // An entry is read to its end, whatever is wrong with it: what follows would be taken for a fault of the JSON.
        let mut wrong = None;
        while let Some(name) = map.next_key::<String>()? {
            let Some(member) = MEMBERS.into_iter().find(|member| *member == name) else {
                map.next_value::<IgnoredAny>()?;
                wrong = wrong.or_else(|| Some(unknown(&name)));
                continue;
            };
            if members.insert(member, map.next_value()?).is_some() {
                wrong = wrong.or_else(|| Some(format!("{member} is given twice")));
            }
        }
        if let Some(why) = wrong {
            return Ok(Err(why));
        }
        members.retain(|_, value| !value.is_null());
        Ok(entry(members))
    }
}

fn unknown(name: &str) -> String {
    let meant = nearest(name, MEMBERS);
    let meant = meant.map(|meant| format!("; did you mean {meant}?"));
    let known = MEMBERS.join(", ");
    format!(
        "unknown member {name:?}: expected one of {known}{}",
        meant.unwrap_or_default()
    )
}

fn entry(mut members: BTreeMap<&'static str, Value>) -> Result<Entry, String> {
    let received_at_ms = members.remove("received_at_ms").map(|value| {
        let number = value.as_i64().or_else(|| whole(value.as_f64()?));
        number.ok_or_else(|| wrong("received_at_ms", "a whole number of milliseconds", &value))
    });
    let query_params = members.remove("query_params").map(query_params);
    let mut bodies = members.into_iter();
    let body = match (bodies.next(), bodies.next()) {
        (Some((member, value)), None) => body(member, value)?,
        (None, _) => return Err("it has none of path, body and body_base64".to_owned()),
        (Some((one, _)), Some((other, _))) => {
            return Err(format!(
                "it has both {one} and {other}: expected one of path, body and body_base64"
            ));
        }
    };
    Ok(Entry {
        body,
        received_at_ms: received_at_ms.transpose()?,
        query_params: query_params.transpose()?.unwrap_or_default(),
    })
}

/// A float that is a whole number, and exact.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let whole = number as i64;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(whole)
}

fn body(member: &str, value: Value) -> Result<Place, String> {
    let Value::String(text) = value else {
        return Err(wrong(member, "a string", &value));
    };
    match member {
        "path" if text.is_empty() => Err("path is empty".to_owned()),
        "path" => Ok(Place::Path(text)),
        "body" => Ok(Place::Bytes(text.into_bytes())),
        _ => {
            let bytes = base64::decoded(&text).map_err(|why| format!("body_base64: {why}"))?;
            Ok(Place::Bytes(bytes))
        }
    }
}

fn query_params(value: Value) -> Result<BTreeMap<String, String>, String> {
    let Value::Object(parameters) = value else {
        return Err(wrong("query_params", "an object", &value));
    };
    let parameters = parameters.into_iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        // As the libraries of many languages have what an address says.
        Value::Array(values) => match values.as_slice() {
            [Value::String(text)] => Ok((name, text.clone())),
            _ => Err(format!(
                "query_params.{name}: expected one string, got others"
            )),
        },
        other => Err(wrong(
            &format!("query_params.{name}"),
            "a string or a number",
            &other,
        )),
    });
    parameters.collect()
}

fn wrong(member: &str, expected: &str, value: &Value) -> String {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth",
        Value::Number(_) => "another number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("{member}: expected {expected}, got {got}")
}

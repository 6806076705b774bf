//! JSON as Go's `encoding/json` decodes it into a struct: names match in any case, `null` leaves the zero value, integers are integers.

use serde_json::{Map, Value};

/// Why a document does not decode, in a phrase that follows the object's name.
pub(super) type Failure = String;

/// Parses a whole document; bytes that are not UTF-8 become U+FFFD, as in Go.
pub(super) fn document(bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_str(&String::from_utf8_lossy(bytes)).map_err(|err| err.to_string())
}

/// The members of one JSON object.
pub(super) struct Members<'a> {
    map: Option<&'a Map<String, Value>>,
    at: &'static str,
}

impl<'a> Members<'a> {
    /// `null` (or nothing) has no members; any other type than an object is refused.
    pub(super) fn of(value: Option<&'a Value>, at: &'static str) -> Result<Self, Failure> {
        match value {
            None | Some(Value::Null) => Ok(Self { map: None, at }),
            Some(Value::Object(map)) => Ok(Self { map: Some(map), at }),
            Some(_) => Err(format!("{at} is not an object")),
        }
    }

    /// The member of that name; an exact spelling wins over another case, and `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let map = self.map?;
        map.get(name)
            .or_else(|| {
                map.iter()
                    .rev()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            })
            .filter(|value| !value.is_null())
    }

    pub(super) fn integer(&self, name: &str) -> Result<i64, Failure> {
        self.get(name).map_or(Ok(0), |value| {
            value
                .as_i64()
                .ok_or_else(|| self.wrong(name, "a 64-bit integer"))
        })
    }

    pub(super) fn unsigned(&self, name: &str) -> Result<u64, Failure> {
        self.get(name).map_or(Ok(0), |value| {
            value
                .as_u64()
                .ok_or_else(|| self.wrong(name, "an unsigned 64-bit integer"))
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        self.get(name).map_or(Ok(String::new()), |value| {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| self.wrong(name, "a string"))
        })
    }

    /// A list; absent and `null` are empty.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], Failure> {
        self.get(name).map_or(Ok(&[]), |value| {
            value
                .as_array()
                .map(Vec::as_slice)
                .ok_or_else(|| self.wrong(name, "a list"))
        })
    }

    /// All members, in the document's order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.into_iter().flatten()
    }

    pub(super) fn wrong(&self, name: &str, expected: &str) -> Failure {
        if self.at.is_empty() {
            format!("{name} is not {expected}")
        } else {
            format!("{}.{name} is not {expected}", self.at)
        }
    }
}

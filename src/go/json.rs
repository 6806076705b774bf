//! JSON as Go's `encoding/json` decodes it: what it refuses is refused, and what it takes is read as it reads it.
//!
//! Go decodes into a variable that may hold something already. A key that comes twice is decoded twice, in the document's order: numbers and
//! texts are replaced, objects and maps are merged, lists are merged element by element, and `null` empties lists, maps and pointers and leaves
//! all else as it is. Keys match in any case. The grammar is `serde_json`'s, which is the same.

mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A variable that a value is decoded into.
pub(crate) trait Decode {
    /// Changes the variable as the value says.
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure>;
}

/// Decodes a whole document, with nothing after it.
pub(crate) fn decode<T: Decode + Default>(document: &[u8]) -> Result<T, Failure> {
    let text = text::of_bytes(document);
    let whole: &RawValue = serde_json::from_str(&text).map_err(|err| Failure::of_syntax(&err))?;
    if depth(whole.get()) > DEEPEST {
        return Err(Failure::new(format!(
            "is nested more than {DEEPEST} levels deep"
        )));
    }
    let mut value = T::default();
    value.decode(Json(whole.get()))?;
    Ok(value)
}

/// Checks a value against its type, and drops it.
pub(crate) fn check<T: Decode + Default>(json: Json<'_>) -> Result<(), Failure> {
    T::default().decode(json)
}

/// Go's scanner goes no deeper.
const DEEPEST: usize = 10_000;

/// Why a document is refused: the place in it, and what is wrong there.
#[derive(Debug)]
pub(crate) struct Failure {
    place: String,
    what: String,
}

impl Failure {
    /// What is wrong, in words that follow the name of the place.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            place: String::new(),
            what: what.into(),
        }
    }

    fn of_syntax(err: &serde_json::Error) -> Self {
        Self::new(format!("is no JSON: {err}"))
    }

    /// The same, seen from what is around the place.
    fn within(mut self, outer: &str) -> Self {
        let dot = match self.place.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.place = format!("{outer}{dot}{}", self.place);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place.as_str() {
            "" => "it",
            place => place,
        };
        write!(f, "{place} {}", self.what)
    }
}

/// One value of a document that is JSON.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    pub(crate) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value as it is written.
    pub(crate) fn raw(self) -> &'a str {
        self.0
    }

    /// A number that is the same for values that differ in white space only.
    pub(crate) fn digest(self) -> u64 {
        let mut digest = DefaultHasher::new();
        let mut in_string = false;
        let mut escaped = false;
        for letter in self.0.bytes() {
            if in_string || !letter.is_ascii_whitespace() {
                digest.write_u8(letter);
            }
            in_string ^= letter == b'"' && !escaped;
            escaped = in_string && letter == b'\\' && !escaped;
        }
        digest.finish()
    }

    /// What a string stands for; `None` for any other value.
    pub(crate) fn text(self) -> Option<String> {
        self.0.starts_with('"').then(|| text::unquoted(self.0))
    }

    /// Goes through the members of an object in their order; `null` has none. Names come in lower case, for Go matches them in any.
    pub(crate) fn members(
        self,
        mut each: impl FnMut(&str, Json<'a>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.entries(|name, value| {
            each(&text::folded(name), value).map_err(|failure| failure.within(name))
        })
    }

    /// The same with the names as they are.
    fn entries(
        self,
        mut each: impl FnMut(&str, Json<'a>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.is_null() {
            return Ok(());
        }
        if !self.0.starts_with('{') {
            return Err(Failure::new("is no object"));
        }
        let Entries(entries) =
            serde_json::from_str(self.0).map_err(|err| Failure::of_syntax(&err))?;
        for (name, value) in entries {
            each(&text::unquoted(name.get()), Json(value.get()))?;
        }
        Ok(())
    }

    fn elements(self) -> Result<Vec<&'a RawValue>, Failure> {
        if !self.0.starts_with('[') {
            return Err(Failure::new("is no list"));
        }
        serde_json::from_str(self.0).map_err(|err| Failure::of_syntax(&err))
    }

    fn number<N: std::str::FromStr>(self, number: &mut N, name: &str) -> Result<(), Failure> {
        if !self.is_null() {
            let wrong = || Failure::new(format!("is no {name}"));
            *number = self.0.parse().map_err(|_| wrong())?;
        }
        Ok(())
    }
}

/// The members of an object as they are written.
struct Entries<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    outside_strings(json, |letter| match letter {
        b'[' | b'{' => {
            depth += 1;
            deepest = deepest.max(depth);
        }
        b']' | b'}' => depth = depth.saturating_sub(1),
        _ => {}
    });
    deepest
}

fn outside_strings(json: &str, mut each: impl FnMut(u8)) {
    let mut letters = json.bytes();
    while let Some(letter) = letters.next() {
        each(letter);
        if letter == b'"' {
            while let Some(letter) = letters.next() {
                match letter {
                    b'\\' => drop(letters.next()),
                    b'"' => break,
                    _ => {}
                }
            }
        }
    }
}

impl Decode for bool {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.number(self, "boolean")
    }
}

impl Decode for i64 {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.number(self, "64-bit integer")
    }
}

impl Decode for u64 {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.number(self, "unsigned 64-bit integer")
    }
}

impl Decode for String {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        if !json.is_null() {
            *self = json.text().ok_or_else(|| Failure::new("is no string"))?;
        }
        Ok(())
    }
}

impl Decode for BTreeMap<String, String> {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        if json.is_null() {
            self.clear();
        }
        json.entries(|name, value| {
            let mut text = String::new();
            text.decode(value).map_err(|failure| failure.within(name))?;
            self.insert(name.to_owned(), text);
            Ok(())
        })
    }
}

/// A pointer.
impl<T: Decode + Default> Decode for Option<T> {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        if json.is_null() {
            *self = None;
            return Ok(());
        }
        self.get_or_insert_default().decode(json)
    }
}

/// A slice. An element that a shorter list hid keeps what it held, and shows it again when a longer one comes.
#[derive(Debug)]
pub(crate) struct List<T> {
    elements: Vec<T>,
    length: usize,
}

impl<T> List<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn into_vec(mut self) -> Vec<T> {
        self.elements.truncate(self.length);
        self.elements
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            elements: Vec::new(),
            length: 0,
        }
    }
}

impl<T: Decode + Default> Decode for List<T> {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        if json.is_null() {
            *self = Self::default();
            return Ok(());
        }
        let values = json.elements()?;
        if values.is_empty() {
            *self = Self::default();
        }
        self.length = values.len();
        if self.elements.len() < self.length {
            self.elements.resize_with(self.length, T::default);
        }
        for (position, (element, value)) in self.elements.iter_mut().zip(values).enumerate() {
            let decoded = element.decode(Json(value.get()));
            decoded.map_err(|failure| failure.within(&format!("[{position}]")))?;
        }
        Ok(())
    }
}

/// Anything at all; but a number must not be beyond what a float holds.
#[derive(Debug, Default)]
pub(crate) struct Anything;

impl Decode for Anything {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        let mut outside = String::new();
        outside_strings(json.raw(), |letter| outside.push(char::from(letter)));
        let words = outside.split(|letter: char| "[]{},:\" \t\r\n".contains(letter));
        let beyond = words
            .filter_map(|word| word.parse::<f64>().ok())
            .any(f64::is_infinite);
        if beyond {
            return Err(Failure::new("holds a number beyond all floats"));
        }
        Ok(())
    }
}

//! The grammar of `InfluxDB`'s line protocol.
//!
//! By hand: the crate `influxdb-line-protocol` 2.0.0 wants the whole text at once, refuses what `InfluxDB` takes (`.5`, `1.`, ends of lines with a
//! carriage return), and takes what `InfluxDB` refuses: `1e400` for infinity, a tag without a name, and a comma with nothing behind it.

use std::borrow::Cow;

use crate::payload::number;

/// How long measurement and tags may be for `InfluxDB`.
const LONGEST_SERIES: usize = 65_535;
/// How many tags are read at most: each field of a line repeats them.
const MOST_TAGS: usize = 256;

/// A point; names and values are as they are meant.
#[derive(Debug, PartialEq)]
pub(super) struct Point<'a> {
    /// Measurement and tags, as they are spelled.
    pub(super) series: &'a str,
    pub(super) measurement: Cow<'a, str>,
    pub(super) tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) fields: Vec<(Cow<'a, str>, Value)>,
    /// In whatever unit was agreed on.
    pub(super) time: Option<i64>,
}

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// A float, or an integer or a truth as one.
    Number(f64),
    /// A text; which one does not matter.
    Text,
}

/// Finds out whether a text in quotes goes on in the next line.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is known of by itself")]
pub(super) struct Quotes {
    is_behind_tags: bool,
    is_value: bool,
    is_open: bool,
    is_escaped: bool,
}

impl Quotes {
    /// Whether one is open behind these bytes, which follow those of the call before.
    pub(super) fn are_open_behind(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            if self.is_escaped {
                self.is_escaped = false;
                continue;
            }
            match byte {
                b'\\' => self.is_escaped = true,
                b'"' if self.is_value => self.is_open = !self.is_open,
                _ if self.is_open => {}
                b' ' | b'\t' => self.is_behind_tags = true,
                b'=' => self.is_value = self.is_behind_tags,
                b',' => self.is_value = false,
                _ => {}
            }
        }
        self.is_open
    }
}

/// Whether the line is a comment: quotes in it are none.
pub(super) fn is_comment(line: &[u8]) -> bool {
    let mut bytes = line.iter();
    bytes.find(|byte| !is_space(char::from(**byte))) == Some(&b'#')
}

/// Reads a line; `None` for one that is empty, or a comment.
pub(super) fn point(line: &str) -> Result<Option<Point<'_>>, String> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let line = line.trim_start_matches(is_space);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (measurement, mut rest) = until(line, ", ");
    if measurement.is_empty() {
        return Err("it has no measurement".into());
    }
    let mut tags: Vec<(Cow<str>, Cow<str>)> = Vec::new();
    while let Some(tag) = rest.strip_prefix(',') {
        let (name, after) = until(tag, ",= ");
        let value = after.strip_prefix('=');
        let value = value.ok_or_else(|| wrong("a tag has no value", name))?;
        let (value, after) = until(value, ",= ");
        if name.is_empty() {
            return Err("a tag has no name".into());
        }
        if value.is_empty() || after.starts_with('=') {
            return Err(wrong("a tag's value is missing or holds =", name));
        }
        let name = unescaped(name, ",= ");
        if tags.iter().any(|(known, _)| *known == name) {
            return Err(wrong("a tag is given twice", &name));
        }
        tags.push((name, unescaped(value, ",= ")));
        if tags.len() > MOST_TAGS {
            return Err(format!("it has more than {MOST_TAGS} tags"));
        }
        rest = after;
    }
    let series = line.strip_suffix(rest).unwrap_or(line);
    if series.len() > LONGEST_SERIES {
        return Err(format!(
            "measurement and tags are more than {LONGEST_SERIES} bytes"
        ));
    }
    let mut rest = rest.trim_start_matches(is_space);
    let mut fields = Vec::new();
    loop {
        let (name, after) = until(rest, ",= ");
        if name.is_empty() {
            return Err("a field has no name".into());
        }
        let text = after.strip_prefix('=');
        let text = text.ok_or_else(|| wrong("a field has no value", name))?;
        let (value, after) = if text.starts_with('"') {
            (
                Value::Text,
                behind_quotes(text).ok_or("a quote has no end")?,
            )
        } else {
            let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
            let (value, after) = text.split_at(end);
            let number = field(value).map_err(|why| format!("field {name:?}: {why}"))?;
            (Value::Number(number), after)
        };
        fields.push((unescaped(name, ",= \""), value));
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() || after.starts_with(is_space) => {
                rest = after;
                break;
            }
            None => return Err(wrong("something follows the text of a field", name)),
        }
    }
    let time = rest.trim_matches(is_space);
    let time = if time.is_empty() {
        None
    } else {
        let time = time.parse();
        let why = || format!("{:?} is no time", rest.trim());
        Some(time.map_err(|_| why())?)
    };
    Ok(Some(Point {
        series,
        // As `escape.Unescape` of InfluxDB has it, which knows more than what has to be escaped.
        measurement: unescaped(measurement, ",= \""),
        tags,
        fields,
        time,
    }))
}

fn wrong(why: &str, name: &str) -> String {
    format!("{why}: {name:?}")
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\0')
}

/// The text up to one of these characters that no backslash stands before, and what follows.
fn until<'a>(text: &'a str, ends: &str) -> (&'a str, &'a str) {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        } else if ends.as_bytes().contains(&byte) {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// What follows a text in quotes; `None` where it has no end.
fn behind_quotes(text: &str) -> Option<&str> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return text.get(at + 1..),
            _ => {}
        }
    }
    None
}

/// A backslash before one of these characters goes; before others it is one.
fn unescaped<'a>(text: &'a str, escaped: &str) -> Cow<'a, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && escaped.contains(*next) => {}
            _ => plain.push(c),
        }
    }
    plain.into()
}

/// A number, or a truth as one.
fn field(text: &str) -> Result<f64, String> {
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(1.0),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(0.0),
        _ => {}
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus knows no other numbers"
    )]
    let read = match text.strip_suffix(['i', 'u']) {
        Some(digits) if text.ends_with('i') => digits.parse().ok().map(|number: i64| number as f64),
        Some(digits) => digits.parse().ok().map(|number: u64| number as f64),
        None => number::float(text).filter(|number| number.is_finite()),
    };
    read.ok_or_else(|| format!("{text:?} is no number, truth or text in quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_influxdb() {
        for (text, ends, expected) in [
            ("a,b", ",", ("a", ",b")),
            (r"a\,b,c", ",", (r"a\,b", ",c")),
            (r"a\\,b", ",", (r"a\\", ",b")),
            (r"a\", ",", (r"a\", "")),
            ("é\\ é é", " ", ("é\\ é", " é")),
        ] {
            assert_eq!(until(text, ends), expected, "{text}");
        }
        for (text, expected) in [
            (r"a\,b\=c\ d", "a,b=c d"),
            (r"a\b", r"a\b"),
            (r"a\\", r"a\\"),
            (r"a\", r"a\"),
            (r"\#a", r"\#a"),
        ] {
            assert_eq!(unescaped(text, ",= "), expected, "{text}");
        }
    }
}

//! What `OpenMetrics` text tells of metric families: `# TYPE`, `# HELP` and `# UNIT`.

use super::labels::{expected, name_length, quoted, unescaped};
use crate::samples::Metadata;

/// A line of metadata.
pub(super) enum Told {
    Kind(&'static str),
    Help(String),
    Unit(String),
}

const KINDS: [&str; 8] = [
    "counter",
    "gauge",
    "histogram",
    "gaugehistogram",
    "summary",
    "info",
    "stateset",
    "unknown",
];

/// Reads what follows `# `: the family's name, and what is told of it.
pub(super) fn read(line: &[u8]) -> Result<(String, Told), String> {
    let words = [&b"TYPE "[..], b"HELP ", b"UNIT "];
    let word = words.into_iter().find(|word| line.starts_with(word));
    let word = word.ok_or("comments are none but HELP, TYPE, UNIT and EOF")?;
    let rest = line.get(word.len()..).unwrap_or_default();
    let (name, rest) = if rest.starts_with(b"\"") {
        let (name, rest) = quoted(rest)?;
        (name.into_owned(), rest)
    } else {
        let (name, rest) = rest.split_at_checked(name_length(rest)).unwrap_or_default();
        (String::from_utf8_lossy(name).into_owned(), rest)
    };
    if name.is_empty() {
        return Err(expected("a metric's name", rest));
    }
    let text = rest.strip_prefix(b" ");
    let text = text.ok_or_else(|| expected("a space behind the metric's name", rest))?;
    let text = str::from_utf8(text).map_err(|_| "it is not UTF-8")?;
    let told = match word {
        b"TYPE " => {
            let kind = KINDS.into_iter().find(|kind| *kind == text);
            Told::Kind(kind.ok_or_else(|| format!("{text:?} is no type of metrics"))?)
        }
        b"HELP " => Told::Help(unescaped(text).into_owned()),
        _ => {
            let stem = name.strip_suffix(text);
            if !text.is_empty() && !stem.is_some_and(|stem| stem.ends_with('_')) {
                return Err(format!(
                    "the name {name:?} does not end in its unit {text:?}"
                ));
            }
            Told::Unit(text.to_owned())
        }
    };
    Ok((name, told))
}

/// Metadata of one family, of which nothing is known yet.
pub(super) fn of(family: String) -> Metadata {
    Metadata {
        family,
        kind: "unknown",
        help: String::new(),
        unit: String::new(),
    }
}

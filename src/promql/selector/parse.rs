//! The grammar of selectors: a metric's name, and matchers in braces, of which a quoted text alone is a name, too.

use super::literal;
use super::matcher::{Matcher, Operator};
use crate::samples::METRIC_NAME;

/// Words that cannot stand for a metric before the braces.
const KEYWORDS: [&str; 12] = [
    "and",
    "atan2",
    "bool",
    "group_left",
    "group_right",
    "ignoring",
    "inf",
    "nan",
    "on",
    "or",
    "unless",
    "without",
];

/// Whether a name can stand before the braces.
pub(super) fn is_metric(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.is_empty() && word(name, ":").1.is_empty() && !KEYWORDS.contains(&lower.as_str())
}

/// Whether a label's name can stand without quotes.
pub(super) fn is_label(name: &str) -> bool {
    !name.is_empty() && word(name, "").1.is_empty()
}

/// Reads a whole selector.
pub(super) fn matchers(text: &str) -> Result<Vec<Matcher>, String> {
    let mut matchers = Vec::new();
    let (metric, rest) = word(skipped(text), ":");
    if !metric.is_empty() {
        let lower = metric.to_ascii_lowercase();
        if matches!(lower.as_str(), "inf" | "nan") {
            return Err(format!("{metric} is a number"));
        }
        matchers.push(Matcher::new(METRIC_NAME, Operator::Equal, metric)?);
    }
    let mut rest = skipped(rest);
    let is_braced = rest.starts_with('{');
    if is_braced {
        rest = braced(rest.get(1..).unwrap_or_default(), &mut matchers)?;
    }
    let is_name = |matcher: &&Matcher| matcher.name() == METRIC_NAME;
    if !metric.is_empty() && matchers.iter().filter(is_name).count() > 1 {
        return Err("the metric's name is given twice".to_owned());
    }
    rest = skipped(rest);
    if !rest.is_empty() {
        let shown: String = rest.chars().take(20).collect();
        return Err(format!(
            "{shown:?} is not expected after a metric's name and matchers in braces"
        ));
    }
    if metric.is_empty() && !is_braced {
        return Err("it is empty".to_owned());
    }
    Ok(matchers)
}

/// Reads what follows an opening brace, up to behind the closing one.
fn braced<'a>(text: &'a str, matchers: &mut Vec<Matcher>) -> Result<&'a str, String> {
    let mut rest = skipped(text);
    let mut has_quoted_name = false;
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok(rest);
        }
        let (name, is_quoted, after) = if let Some(quoted) = literal::take(rest) {
            let (name, after) = quoted?;
            (name, true, after)
        } else {
            let (name, after) = word(rest, "");
            (name.to_owned(), false, after)
        };
        if name.is_empty() {
            return Err(expected("the name of a label", rest));
        }
        let after = skipped(after);
        if is_quoted && after.starts_with([',', '}']) {
            if std::mem::replace(&mut has_quoted_name, true) {
                return Err("the metric's name is given twice".to_owned());
            }
            matchers.push(Matcher::new(METRIC_NAME, Operator::Equal, name)?);
            rest = after;
        } else {
            let (operator, after) = operator(after)?;
            let value = literal::take(skipped(after));
            let value = value.ok_or_else(|| expected("a quoted value", skipped(after)))?;
            let (value, after) = value?;
            let matcher = Matcher::new(&name, operator, &value);
            let matcher =
                matcher.map_err(|why| format!("{name}{}{value:?}: {why}", operator.as_str()))?;
            matchers.push(matcher);
            rest = skipped(after);
        }
        if let Some(after) = rest.strip_prefix(',') {
            rest = skipped(after);
        } else if !rest.starts_with('}') {
            return Err(expected("a comma or a closing brace", rest));
        }
    }
}

fn operator(text: &str) -> Result<(Operator, &str), String> {
    // Longer ones first.
    let all = [
        Operator::Matches,
        Operator::MatchesNot,
        Operator::NotEqual,
        Operator::Equal,
    ];
    let mut found = all.iter().filter_map(|operator| {
        let rest = text.strip_prefix(operator.as_str())?;
        Some((*operator, rest))
    });
    let found = found.next();
    found.ok_or_else(|| expected("=, !=, =~ or !~", text))
}

fn expected(what: &str, rest: &str) -> String {
    match rest.chars().next() {
        Some(c) => format!("expected {what}, and found {c:?}"),
        None => format!("expected {what}, and it ends"),
    }
}

/// Takes a word off the front, which may hold these characters, too.
fn word<'a>(text: &'a str, also: &str) -> (&'a str, &'a str) {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return ("", text);
    }
    let end = text.find(|c| !is_fit(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What follows spaces and comments.
fn skipped(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(comment) = rest.strip_prefix('#') else {
            return rest;
        };
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

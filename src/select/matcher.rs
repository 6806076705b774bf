//! `--matcher`: a list of matchers as Thanos' `tools bucket replicate` reads it, which is Alertmanager's classic grammar. It becomes rules of a selector.

use super::selector::{Action, Pattern, Rule, Selector};
use crate::error::{Error, Result};

impl Selector {
    /// Reads `{name="value", name!="value", name=~"regex", name!~"regex"}`; braces, quotes and a comma at the end may be left out, and nothing keeps
    /// every block. As in Thanos a label that a block does not bear is empty, and regular expressions match whole values.
    pub fn parse_matchers(text: &str) -> Result<Self> {
        let inner = text.strip_prefix('{').unwrap_or(text);
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let matchers = split(inner)?;
        let rules = matchers.iter().map(|matcher| rule(matcher));
        Ok(Self {
            rules: rules.collect::<Result<_>>()?,
        })
    }

    /// Keeps what both keep.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }
}

/// The matchers between commas; commas in quotes are none.
fn split(text: &str) -> Result<Vec<String>> {
    let (mut matchers, mut matcher) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            ',' if !is_quoted => matchers.push(std::mem::take(&mut matcher)),
            '"' if !is_escaped => {
                is_quoted = !is_quoted;
                matcher.push(letter);
            }
            _ => matcher.push(letter),
        }
        if letter != ',' {
            is_escaped = !is_escaped && letter == '\\';
        }
    }
    if is_quoted {
        return Err(Error::usage("a quotation mark is not closed"));
    }
    if !matcher.trim().is_empty() {
        matchers.push(matcher);
    }
    Ok(matchers)
}

fn rule(matcher: &str) -> Result<Rule> {
    let wrong = |why: &str| {
        Error::usage(format!(
            "{:?} {why}: expected name=\"value\", or !=, =~ or !~",
            matcher.trim()
        ))
    };
    let rest = matcher.trim_start_matches(is_space);
    let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    let end = rest.find(|letter| !is_of_names(letter));
    let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
    if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Err(wrong("has no name of a label"));
    }
    let rest = rest.trim_start_matches(is_space);
    let operators = ["=~", "!~", "!=", "="];
    let operator = operators.into_iter().find(|one| rest.starts_with(one));
    let operator = operator.ok_or_else(|| wrong("has no operator"))?;
    let value = rest.get(operator.len()..).unwrap_or_default();
    let value = unquoted(value.trim_matches(is_space)).map_err(wrong)?;
    let text = match operator {
        "=~" | "!~" => value,
        _ => literal(&value),
    };
    let pattern =
        Pattern::compile(&text).map_err(|why| wrong(&format!("is no pattern ({why})")))?;
    Ok(Rule {
        source_labels: vec![name.to_owned()],
        separator: ";".to_owned(),
        action: match operator {
            "=" | "=~" => Action::Keep(pattern),
            _ => Action::Drop(pattern),
        },
    })
}

/// What Go's `\s` matches.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// The value without its quotes and escapes; `\"`, `\n` and `\\` are the escapes that there are, and any other backslash is itself.
fn unquoted(value: &str) -> std::result::Result<String, &'static str> {
    let (value, is_quoted) = match value.strip_prefix('"') {
        Some(rest) => (rest, true),
        None => (value, false),
    };
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars();
    let mut is_closed = false;
    while let Some(letter) = letters.next() {
        match letter {
            _ if is_closed => return Err("goes on behind its closing quotation mark"),
            '"' if is_quoted => is_closed = true,
            '"' => return Err("has a quotation mark in a value without quotes"),
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                Some(escaped @ ('"' | '\\')) => plain.push(escaped),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            other => plain.push(other),
        }
    }
    if is_closed == is_quoted {
        Ok(plain)
    } else {
        Err("lacks its closing quotation mark")
    }
}

/// A pattern that matches this text alone.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::block::Labels;

    fn keeps(matchers: &str, labels: &[(&str, &str)]) -> bool {
        let labels: Labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let id = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap();
        let selector = Selector::parse_matchers(matchers);
        selector.unwrap().keeps(&labels, id)
    }

    /// S-14.3
    #[test]
    fn matchers_keep_what_matches_all_of_them() {
        let eu = [("cluster", "eu-1"), ("tenant", "a,b\"c\\d")];
        for (matchers, expected) in [
            ("", true),
            ("{}", true),
            ("cluster=eu-1", true),
            ("cluster=eu-1, ", true),
            (r#"cluster="eu-1""#, true),
            (r#"{cluster="eu-1"}"#, true),
            (r#"{ cluster = "eu-1" , }"#, true),
            (r#"cluster="eu-1",cluster!="us-1""#, true),
            (r#"cluster="eu-1",cluster!="eu-1""#, false),
            ("cluster=~eu-.", true),
            ("cluster=~eu", false),
            ("cluster!~eu-[0-9]+", false),
            // What stands for itself is no pattern.
            ("cluster=eu..", false),
            (r#"tenant="a,b\"c\\d""#, true),
            // A label that is not there is empty.
            ("none=", true),
            (r#"none="""#, true),
            ("none!=", false),
            ("none=~.*", true),
            ("none!~.+", true),
            ("none=a", false),
        ] {
            assert_eq!(keeps(matchers, &eu), expected, "{matchers}");
        }
        assert!(keeps(r#"a="b\nc""#, &[("a", "b\nc")]));
        assert!(keeps(r#"a="b\tc""#, &[("a", r"b\tc")]));
        assert!(keeps(r#"a=~"b.c""#, &[("a", "b\nc")]));
    }

    /// S-14.3
    #[test]
    fn what_is_no_matcher_is_refused_in_one_line() {
        for (matchers, why) in [
            ("cluster", "has no operator"),
            ("=a", "has no name of a label"),
            ("1a=b", "has no name of a label"),
            ("my.label=b", "has no operator"),
            (r#"a="b"#, "a quotation mark is not closed"),
            (r#"a=b""#, "a quotation mark is not closed"),
            (r#"a="b"c"#, "goes on behind its closing quotation mark"),
            (
                r#"a=b"c""#,
                "has a quotation mark in a value without quotes",
            ),
            ("a=~b(", "is no pattern (missing closing )"),
            ("a=b,,c=d", "has no name of a label"),
            (",a=b", "has no name of a label"),
        ] {
            let err = Selector::parse_matchers(matchers).unwrap_err().to_string();
            assert!(err.contains(why), "{matchers}: {err}");
            assert_eq!(err.lines().count(), 1);
        }
    }
}

//! Selectors of series, such as `up{job="a",instance!~"b.*"}`: read, shown and matched as Prometheus does.
//!
//! By hand: `promql-parser` brings a generator of parsers and reads whole queries, compiles regular expressions otherwise than Go does, and matches
//! nothing.

mod literal;
mod matcher;
mod parse;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::samples::{Labels, METRIC_NAME};
pub use matcher::{Matcher, Operator};

/// Which series are meant: those that all of its matchers match. At least one of them does not match what is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(Vec<Matcher>);

impl Selector {
    /// Its matchers, in the order in which they were given.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.0
    }

    /// Whether a series is meant.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let mut matchers = self.0.iter();
        matchers.all(|matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default()))
    }
}

/// Reads what `PromQL` takes for a selector of instant vectors. The error says what is wrong, and quotes the selector.
impl FromStr for Selector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: String| Error::usage(format!("{text:?} is no selector: {why}"));
        let matchers = parse::matchers(text).map_err(wrong)?;
        if matchers.iter().all(|matcher| matcher.matches("")) {
            return Err(wrong(
                "at least one of its matchers must not match an empty value: it would select everything"
                    .to_owned(),
            ));
        }
        Ok(Self(matchers))
    }
}

/// As `PromQL` writes it; what is shown reads as the same selector.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_name = |matcher: &&Matcher| matcher.name == METRIC_NAME;
        let mut names = self.0.iter().filter(is_name);
        // Only a name that is the one word about it can stand before the braces.
        let name = names.next().filter(|name| {
            name.operator == Operator::Equal
                && names.next().is_none()
                && parse::is_metric(&name.value)
        });
        if let Some(name) = name {
            f.write_str(&name.value)?;
        }
        let rest = self.0.iter();
        let mut separator = "{";
        for Matcher {
            name,
            operator,
            value,
            ..
        } in rest.filter(|matcher| name.is_none() || !is_name(matcher))
        {
            f.write_str(separator)?;
            if parse::is_label(name) {
                f.write_str(name)?;
            } else {
                literal::write(f, name)?;
            }
            f.write_str(operator.as_str())?;
            literal::write(f, value)?;
            separator = ",";
        }
        f.write_str(if separator == "," { "}" } else { "" })
    }
}

#[cfg(test)]
mod tests;

//! What one label must be: equal to a text or not, or like a regular expression, which Go's rules read, or not.

use regex::Regex;

use crate::go::pattern;

/// What one label must be.
#[derive(Debug, Clone)]
pub struct Matcher {
    pub(super) name: String,
    pub(super) operator: Operator,
    pub(super) value: String,
    /// Of operators that take one.
    regex: Option<Regex>,
}

/// How a label's value is compared. The numbers are those of remote read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operator {
    /// `=`
    Equal = 0,
    /// `!=`
    NotEqual = 1,
    /// `=~`
    Matches = 2,
    /// `!~`
    MatchesNot = 3,
}

impl Operator {
    /// As `PromQL` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

impl Matcher {
    /// One of these parts.
    ///
    /// Errors: the value is no regular expression where one is wanted, in words that follow the matcher.
    pub fn new(
        name: impl Into<String>,
        operator: Operator,
        value: impl Into<String>,
    ) -> Result<Self, String> {
        let value = value.into();
        let regex = match operator {
            Operator::Equal | Operator::NotEqual => None,
            Operator::Matches | Operator::MatchesNot => Some(pattern::compile(&value)?),
        };
        Ok(Self {
            name: name.into(),
            operator,
            value,
            regex,
        })
    }

    /// The label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its value is compared.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a value is meant; an empty one stands for a label that a series lacks.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let is_like = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => self.value == value,
        };
        is_like == matches!(self.operator, Operator::Equal | Operator::Matches)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator, &self.value) == (&other.name, other.operator, &other.value)
    }
}

impl Eq for Matcher {}

//! The environment of the process, read once at the start, and values that are never printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Environment variables by name.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    /// Names of those whose values are no text.
    not_text: BTreeSet<String>,
}

impl Environment {
    /// The variables of this process. Of those whose value is not UTF-8 the name is known; those whose name is not are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let mut read = Self::default();
        for (name, value) in std::env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => {
                    read.values.insert(name, value);
                }
                (Ok(name), Err(_)) => {
                    read.not_text.insert(name);
                }
                (Err(_), _) => {}
            }
        }
        read
    }

    /// The variable's value, if it is set, and text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Whether the variable is set to bytes that are no text.
    #[must_use]
    pub fn is_not_text(&self, name: &str) -> bool {
        self.not_text.contains(name)
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().chain(&self.not_text).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self {
            values: variables.into_iter().collect(),
            not_text: BTreeSet::new(),
        }
    }
}

/// Names only: values may be secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A value that only [`Secret::expose`] shows.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value in clear. It must not be logged or put into an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-2.6
    #[test]
    fn secrets_do_not_print() {
        let environment: Environment = [("KEY".to_owned(), "hunter2".to_owned())]
            .into_iter()
            .collect();
        let text = format!("{environment:?} {:?}", Secret::new("hunter2".into()));
        assert!(!text.contains("hunter2"), "{text}");
    }
}

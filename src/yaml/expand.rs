//! Variables in a document, which are replaced before it is parsed.

use crate::error::{Error, Result};

/// Replaces `$(NAME)` by the variable's value, once, as Thanos does before it parses; a variable that is not set is an error.
pub fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("$(") {
        let (before, reference) = rest.split_at(start);
        expanded.push_str(before);
        let inner = reference.get(2..).unwrap_or_default();
        // No further than a name goes: looking for the end of every reference would take quadratic time.
        let end = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (name, after) = inner.split_at(end.unwrap_or(inner.len()));
        if !name.is_empty() && after.starts_with(')') {
            let value = variable(name)
                .ok_or_else(|| Error::usage(format!("environment variable {name} is not set")))?;
            expanded.push_str(&value);
            rest = reference.get(name.len() + 3..).unwrap_or_default();
        } else {
            expanded.push_str("$(");
            rest = reference.get(2..).unwrap_or_default();
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn variables_are_replaced_once() {
        let variable = |name: &str| match name {
            "A" => Some("$(B)".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let expand = |text| expand(text, &variable);
        assert_eq!(
            expand("x $(A) $(EMPTY) $A ${A} $(a-b) $(").unwrap(),
            "x $(B)  $A ${A} $(a-b) $("
        );
        let err = expand("$(UNSET)").unwrap_err().to_string();
        assert_eq!(err, "environment variable UNSET is not set");
    }
}

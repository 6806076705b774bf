//! What is wrong with a policy, each fault in a line of its own.

/// What is wrong, as it is found.
pub(super) struct Faults {
    /// What the policy is known by.
    name: String,
    found: Vec<(usize, String)>,
}

impl Faults {
    /// None yet, of the policy that is known by that name.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            found: Vec::new(),
        }
    }

    /// Notes one, which stands in that line.
    pub(super) fn add(&mut self, line: usize, text: impl Into<String>) {
        self.found.push((line, text.into()));
    }

    /// Notes the error, if it is one. Where its text begins with a line of the policy, that one counts.
    pub(super) fn unless<T, E: std::fmt::Display>(
        &mut self,
        line: usize,
        at: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|err| self.add(line, joined(at, &without_line(&format!("{err:#}")))))
            .ok()
    }

    /// How many were found.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// All of them, in the order of lines.
    pub(super) fn end(mut self) -> Vec<String> {
        self.found.sort_by_key(|(line, _)| *line);
        let name = self.name;
        let told = self.found.into_iter().map(|(line, text)| {
            // What is quoted may have line feeds.
            let text = text.replace(['\n', '\r'], " ");
            format!("{name}: line {line}: {text}")
        });
        told.collect()
    }
}

fn joined(at: &str, why: &str) -> String {
    // The value is quoted right behind the name, as everywhere.
    if why.starts_with('"') {
        format!("{at} {why}")
    } else {
        format!("{at}: {why}")
    }
}

/// The text without the line that it names: that of a text which nobody sees, or the one that is told anyway.
pub(super) fn without_line(text: &str) -> String {
    let Some(start) = text.find("line ") else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(start);
    let after = rest
        .strip_prefix("line ")
        .map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    match after.and_then(|after| after.strip_prefix(": ")) {
        Some(after) => format!("{before}{after}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_text_that_nobody_sees_is_not_told() {
        for (text, expected) in [
            ("line 12: expected a list", "expected a list"),
            ("config: line 1: unknown key a", "config: unknown key a"),
            ("in line with that", "in line with that"),
            ("line up: a", "line up: a"),
            ("", ""),
        ] {
            assert_eq!(without_line(text), expected);
        }
    }
}

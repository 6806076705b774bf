//! Foreign names as names of Prometheus.

/// The name with `_` for every character that names of labels do not have, and before a digit at its beginning.
pub(super) fn legal(name: &str) -> String {
    replaced(name, |c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether [`legal`] leaves the name as it is.
pub(super) fn is_legal(name: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_fit) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The same for a metric's name, which may hold colons.
pub(super) fn legal_with_colons(name: &str) -> String {
    replaced(name, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
    })
}

fn replaced(name: &str, is_fit: impl Fn(char) -> bool) -> String {
    let mut legal = String::with_capacity(name.len() + 1);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        legal.push('_');
    }
    legal.extend(name.chars().map(|c| if is_fit(c) { c } else { '_' }));
    legal
}

/// The name as `statsd_exporter` escapes it: as [`legal`], and of dashes that follow each other the first alone counts.
pub(super) fn of_statsd(name: &str) -> String {
    let mut before = None;
    let name: String = name
        .chars()
        .filter(|c| before.replace(*c) != Some('-') || *c != '-')
        .collect();
    legal(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_the_exporters_escape_them() {
        for (name, expected, with_colons, of_statsd) in [
            ("clean", "clean", "clean", "clean"),
            (
                "0starts_with_digit",
                "_0starts_with_digit",
                "_0starts_with_digit",
                "_0starts_with_digit",
            ),
            (
                "with_underscore",
                "with_underscore",
                "with_underscore",
                "with_underscore",
            ),
            ("with.dot", "with_dot", "with_dot", "with_dot"),
            ("with😱emoji", "with_emoji", "with_emoji", "with_emoji"),
            (
                "with.*.multiple",
                "with___multiple",
                "with___multiple",
                "with___multiple",
            ),
            (
                "test.web-server.foo.bar",
                "test_web_server_foo_bar",
                "test_web_server_foo_bar",
                "test_web_server_foo_bar",
            ),
            (
                "test.web--server.foo",
                "test_web__server_foo",
                "test_web__server_foo",
                "test_web_server_foo",
            ),
            ("a---b-c", "a___b_c", "a___b_c", "a_b_c"),
            ("a:b", "a_b", "a:b", "a_b"),
            ("", "", "", ""),
        ] {
            assert_eq!(legal(name), expected, "{name}");
            assert_eq!(is_legal(name), name == expected, "{name}");
            assert_eq!(legal_with_colons(name), with_colons, "{name}");
            assert_eq!(super::of_statsd(name), of_statsd, "{name}");
        }
    }
}

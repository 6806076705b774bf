//! Names and values of mappings, with what was captured put in.

/// Puts what the stars of a glob stand for in the place of `$1` and `${1}`. Any other word behind `$` stands for nothing.
pub(super) fn of_glob(template: &str, captures: &[&str]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let inner = after.strip_prefix('{').unwrap_or(after);
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
        let end = inner.find(|c| !is_word(c)).unwrap_or(inner.len());
        let (word, behind) = inner.split_at(end);
        if word.is_empty() {
            filled.push('$');
            rest = after;
            continue;
        }
        let number: Option<usize> = word.parse().ok();
        let capture = number.and_then(|number| captures.get(number.checked_sub(1)?));
        filled.push_str(capture.copied().unwrap_or_default());
        rest = behind.strip_prefix('}').unwrap_or(behind);
    }
    filled.push_str(rest);
    filled
}

/// Whether a name is one, and may hold what was captured: letters, digits, `_`, `$1` and `${1}`, and no digit first.
pub(super) fn is_name(template: &str) -> bool {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        let is_first = rest.len() == template.len();
        if !is_plain(before) || is_first && before.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let inner = after.strip_prefix('{').unwrap_or(after);
        let behind = inner.trim_start_matches(|c: char| c.is_ascii_digit());
        if behind.len() == inner.len() {
            return false;
        }
        rest = behind.strip_prefix('}').unwrap_or(behind);
    }
    let is_whole = rest.len() == template.len();
    !template.is_empty()
        && is_plain(rest)
        && !(is_whole && rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether it is the name of a label.
pub(super) fn is_label(name: &str) -> bool {
    is_plain(name) && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_captured_is_put_in() {
        for (template, expected) in [
            ("plain", "plain"),
            ("$1", "a"),
            ("${2}", "b"),
            ("$1-$2-$3", "a-b-"),
            ("${1}_server", "a_server"),
            ("$1_server", ""),
            ("${11}$0", ""),
            ("a$", "a$"),
            ("100%$1", "100%a"),
            ("${1", "a"),
        ] {
            assert_eq!(of_glob(template, &["a", "b"]), expected, "{template}");
        }
        for (template, expected) in [
            ("a_b1", true),
            ("$1", true),
            ("${1}_a", true),
            ("a_${12}", true),
            ("", false),
            ("1a", false),
            ("1$1", false),
            ("a.b", false),
            ("a-$1", false),
            ("a:b", false),
            ("$x", false),
            ("$", false),
        ] {
            assert_eq!(is_name(template), expected, "{template}");
        }
    }
}

//! Entity tags, which servers write with quotes and without, weak and strong, and in letters that no header can carry.

/// The tag as a condition in a request wants it: `"opaque"`, or `W/"opaque"` for a weak one. `None` where there is none to be used.
pub(super) fn normalised(text: &str) -> Option<String> {
    let text = text.trim();
    let (weak, opaque) = match text.strip_prefix("W/").or_else(|| text.strip_prefix("w/")) {
        Some(opaque) => ("W/", opaque),
        None => ("", text),
    };
    let opaque = opaque.strip_prefix('"').unwrap_or(opaque);
    let opaque = opaque.strip_suffix('"').unwrap_or(opaque);
    let is_fit = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    let is_tag = !opaque.is_empty() && opaque.bytes().all(is_fit);
    is_tag.then(|| format!("{weak}\"{opaque}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_one_thing_however_they_are_written() {
        for (text, expected) in [
            ("\"a-1\"", Some("\"a-1\"")),
            ("a-1", Some("\"a-1\"")),
            (" \"a\"\n", Some("\"a\"")),
            ("\"a", Some("\"a\"")),
            ("W/\"a\"", Some("W/\"a\"")),
            ("W/a", Some("W/\"a\"")),
            ("", None),
            ("\"\"", None),
            ("W/\"\"", None),
            ("\"a\u{1}\"", None),
            ("\"a b\"", None),
            ("a\"b", None),
            ("é", None),
        ] {
            assert_eq!(normalised(text).as_deref(), expected, "{text:?}");
        }
    }
}

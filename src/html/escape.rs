//! Foreign text in HTML: it is text there, whatever it holds.

use std::fmt;

use crate::printable::printable;

/// Shows the text on one line, without anything that is markup, drives a terminal or turns the direction of writing.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: AsRef<str>> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = printable(self.0.as_ref());
        let mut rest = &*shown;
        while let Some(place) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, behind) = rest.split_at(place);
            f.write_str(plain)?;
            let mut letters = behind.chars();
            f.write_str(match letters.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = letters.as_str();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-20.8
    #[test]
    fn nothing_is_markup() {
        for (text, expected) in [
            ("", ""),
            ("a=\"b\" & 'c'", "a=&quot;b&quot; &amp; &#39;c&#39;"),
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            ("a\nb\u{202e}c\u{1b}[1m", "a\\nb\\u{202e}c\\u{1b}[1m"),
            ("ü&", "ü&amp;"),
        ] {
            assert_eq!(Text(text).to_string(), expected);
        }
    }
}

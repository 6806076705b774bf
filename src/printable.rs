//! Foreign text as a person may be shown it: on one line, without anything that drives a terminal, and not too long.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::ser::Formatter;

/// The text on one line, without anything that drives a terminal.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unprintable(c) {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// Control characters, what splits lines, and what turns the direction of writing.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Compact JSON in which characters that drive a terminal are escaped, also where JSON allows them.
#[derive(Debug, Clone, Copy)]
pub struct PrintableJson;

impl Formatter for PrintableJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(is_unprintable) {
            let plain = piece.trim_end_matches(is_unprintable);
            writer.write_all(plain.as_bytes())?;
            let rest = piece.strip_prefix(plain).unwrap_or_default();
            for unit in rest.encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// What is kept of a long message: its beginning tells what it is about, its end what is accepted.
const HEAD_BYTES: usize = 600;
const TAIL_BYTES: usize = 360;

/// The text as [`printable`] shows it, in less than 1,000 bytes: of a longer one the middle is left out.
#[must_use]
pub fn message(text: &str) -> Cow<'_, str> {
    if text.len() <= HEAD_BYTES + TAIL_BYTES {
        let shown = printable(text);
        if shown.len() <= HEAD_BYTES + TAIL_BYTES {
            return shown;
        }
    }
    // Escapes make a text longer, never shorter.
    let head = printable(
        text.get(..text.floor_char_boundary(HEAD_BYTES))
            .unwrap_or_default(),
    );
    let tail_start = text.len().saturating_sub(TAIL_BYTES);
    let tail = printable(
        text.get(text.ceil_char_boundary(tail_start)..)
            .unwrap_or_default(),
    );
    let head = head
        .get(..head.floor_char_boundary(HEAD_BYTES))
        .unwrap_or_default();
    let tail_start = tail.len().saturating_sub(TAIL_BYTES);
    let tail = tail
        .get(tail.ceil_char_boundary(tail_start)..)
        .unwrap_or_default();
    format!("{head} … {tail}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_drives_a_terminal_or_forges_a_line() {
        let hostile = "é\n\u{1b}[31m\u{9b}\u{7f}\u{2028}\u{202e}\u{feff}";
        let shown = printable(hostile);
        assert_eq!(shown, r"é\n\u{1b}[31m\u{9b}\u{7f}\u{2028}\u{202e}\u{feff}");
        assert_eq!(printable("plain \"text\""), "plain \"text\"");
    }

    #[test]
    fn a_message_keeps_both_its_ends_and_is_short() {
        assert_eq!(message("read a\nb"), r"read a\nb");
        for filling in ["a", "é", "\u{1b}", "\u{10ffff}"] {
            for times in [300, 961, 1_000_000] {
                let text = format!("at the beginning {} at the end", filling.repeat(times));
                let shown = message(&text);
                assert!(shown.len() < 1000, "{} bytes", shown.len());
                assert!(shown.starts_with("at the beginning ") && shown.ends_with(" at the end"));
            }
        }
    }
}

//! Texts as `PromQL` quotes them: double and single quotes with Go's escapes, and backticks without any.

use std::fmt::{self, Write};

const OPEN: &str = "a quoted text in it has no end";

/// Takes a quoted text off the front; `None` where no quote stands there.
pub(super) fn take(text: &str) -> Option<Result<(String, &str), String>> {
    let quote = text.chars().next().filter(|c| "\"'`".contains(*c))?;
    let rest = text.get(1..).unwrap_or_default();
    if quote != '`' {
        return Some(escaped(rest, quote));
    }
    let split = rest.split_once('`').ok_or_else(|| OPEN.to_owned());
    Some(split.map(|(inner, rest)| (inner.to_owned(), rest)))
}

/// A text up to its quote, and what follows.
fn escaped(text: &str, quote: char) -> Result<(String, &str), String> {
    // Escapes may spell single bytes, which only together are a character.
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        let next = rest.chars().next().ok_or(OPEN)?;
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
        match next {
            '\n' => return Err(OPEN.to_owned()),
            '\\' => rest = escape(rest, quote, &mut bytes)?,
            _ if next == quote => break,
            _ => bytes.extend(next.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| "a quoted text in it is not UTF-8".to_owned())?;
    Ok((text, rest))
}

/// Reads what follows a backslash.
fn escape<'a>(text: &'a str, quote: char, bytes: &mut Vec<u8>) -> Result<&'a str, String> {
    let kind = text.chars().next().ok_or(OPEN)?;
    let after = text.get(kind.len_utf8()..).unwrap_or_default();
    let wrong = || format!("\\{kind} is no escape that a text in {quote} has");
    // Digits, their base, and whether they are a character and not a byte.
    let (digits, base, is_char, rest) = match kind {
        'x' => (after.get(..2), 16, false, after.get(2..)),
        'u' => (after.get(..4), 16, true, after.get(4..)),
        'U' => (after.get(..8), 16, true, after.get(8..)),
        '0'..='7' => (text.get(..3), 8, false, text.get(3..)),
        _ => {
            bytes.push(match kind {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                '\\' => b'\\',
                '"' if quote == '"' => b'"',
                '\'' if quote == '\'' => b'\'',
                _ => return Err(wrong()),
            });
            return Ok(after);
        }
    };
    let digits = digits.filter(|digits| digits.chars().all(|c| c.is_digit(base)));
    let number = digits.and_then(|digits| u32::from_str_radix(digits, base).ok());
    let number = number.ok_or_else(wrong)?;
    if is_char {
        let char = char::from_u32(number).ok_or_else(wrong)?;
        bytes.extend(char.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        bytes.push(u8::try_from(number).map_err(|_| wrong())?);
    }
    rest.ok_or_else(wrong)
}

/// Writes a text in double quotes, so that [`take`] reads it.
pub(super) fn write(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

//! Names and labels of `OpenMetrics` text.

use std::borrow::Cow;

/// Labels in braces, and a name where one stands among them.
#[derive(Debug, Default)]
pub(super) struct Braced {
    pub(super) name: Option<String>,
    pub(super) labels: Vec<(String, String)>,
}

/// Where the series ends with which a line begins: behind its name, or behind the braces that follow.
pub(super) fn end_of_series(line: &[u8]) -> usize {
    let named = name_length(line);
    let mut rest = line.iter().enumerate().skip(named);
    if rest.next().is_none_or(|(_, byte)| *byte != b'{') {
        return named;
    }
    let mut is_quoted = false;
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\\' if is_quoted => drop(rest.next()),
            b'}' if !is_quoted => return at + 1,
            _ => {}
        }
    }
    line.len()
}

/// How long the name is with which it begins: letters, digits, `_` and `:`, and no digit first.
pub(super) fn name_length(text: &[u8]) -> usize {
    let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    text.iter()
        .position(|byte| !is_fit(byte))
        .unwrap_or(text.len())
}

/// Which braces are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A series, whose name may stand in them, in quotes and without a value.
    Series,
    /// An exemplar, which has no name.
    Exemplar,
}

/// Reads what stands in braces, up to the closing one; gives what follows.
pub(super) fn braced(text: &[u8], of: Of) -> Result<(Braced, &[u8]), String> {
    let mut rest = text.strip_prefix(b"{").ok_or("no {")?;
    let mut braced = Braced::default();
    loop {
        if let Some(after) = rest.strip_prefix(b"}") {
            return Ok((braced, after));
        }
        let is_quoted = rest.starts_with(b"\"");
        let (name, after) = if is_quoted {
            quoted(rest)?
        } else {
            plain_label(rest).ok_or_else(|| expected("a label's name", rest))?
        };
        if let Some(value) = after.strip_prefix(b"=") {
            if !value.starts_with(b"\"") {
                return Err(expected("a label's value in quotes", value));
            }
            let (value, after) = quoted(value)?;
            if name.is_empty() {
                return Err("a label has no name".to_owned());
            }
            braced.labels.push((name.into_owned(), value.into_owned()));
            rest = after;
        } else if !is_quoted || of == Of::Exemplar {
            return Err(expected("= behind a label's name", after));
        } else if braced.name.is_some() {
            return Err("it has two names".to_owned());
        } else {
            braced.name = Some(name.into_owned());
            rest = after;
        }
        rest = match rest {
            [b',', after @ ..] => after,
            [b'}', ..] => rest,
            _ => return Err(expected("a comma or }", rest)),
        };
    }
}

fn plain_label(text: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let length = name_length(text);
    let (name, rest) = text.split_at_checked(length)?;
    let name = str::from_utf8(name).ok()?;
    (!name.is_empty() && !name.contains(':')).then_some((name.into(), rest))
}

/// Reads a text in quotes, and gives what follows.
pub(super) fn quoted(text: &[u8]) -> Result<(Cow<'_, str>, &[u8]), String> {
    let inner = text.strip_prefix(b"\"").ok_or("no quote")?;
    let mut bytes = inner.iter().enumerate();
    let end = loop {
        match bytes.next() {
            Some((at, b'"')) => break at,
            Some((_, b'\\')) => drop(bytes.next()),
            Some(_) => {}
            None => return Err("a quote has no end".to_owned()),
        }
    };
    let (quoted, rest) = inner.split_at_checked(end).unwrap_or_default();
    let quoted = str::from_utf8(quoted).map_err(|_| "what is quoted is not UTF-8")?;
    Ok((unescaped(quoted), rest.get(1..).unwrap_or_default()))
}

/// The text that `\"`, `\\` and `\n` stand for; a backslash before anything else is one.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let stands_for = match (c, rest.peek()) {
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some(escaped @ ('"' | '\\'))) => Some(*escaped),
            _ => None,
        };
        if stands_for.is_some() {
            rest.next();
        }
        plain.push(stands_for.unwrap_or(c));
    }
    plain.into()
}

/// `expected a comma or }, got " 1"`.
pub(super) fn expected(what: &str, rest: &[u8]) -> String {
    const SHOWN: usize = 40;
    let start = rest.get(..SHOWN).unwrap_or(rest);
    let start = String::from_utf8_lossy(start);
    if start.is_empty() {
        format!("expected {what}, and the line ends")
    } else {
        format!("expected {what}, got {start:?}")
    }
}

//! Texts as Go reads them: what no text can hold becomes U+FFFD, the replacement character.

use std::borrow::Cow;

/// Bytes as text; each byte that belongs to no character is replaced by itself, unlike in [`String::from_utf8_lossy`].
pub(super) fn of_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let broken = chunk.invalid().iter();
        text.extend(broken.map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

/// What a string of a document that is JSON stands for; half of a pair of surrogates is replaced.
pub(super) fn unquoted(string: &str) -> String {
    let mut rest = string
        .strip_prefix('"')
        .and_then(|string| string.strip_suffix('"'))
        .unwrap_or(string);
    let mut text = String::with_capacity(rest.len());
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (letter, after) = letter(escaped);
        text.push(letter);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The character that is written after a backslash, and what follows it.
fn letter(escaped: &str) -> (char, &str) {
    let mut letters = escaped.chars();
    let letter = match letters.next() {
        Some('u') => return pair(escaped),
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        other => other.unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    (letter, letters.as_str())
}

/// The character of `u1234`, or of two such escapes.
fn pair(escaped: &str) -> (char, &str) {
    let Some((first, rest)) = unit(escaped) else {
        return (char::REPLACEMENT_CHARACTER, "");
    };
    let second = rest.strip_prefix('\\').and_then(unit);
    let mut read = char::decode_utf16([first].into_iter().chain(second.map(|(unit, _)| unit)));
    match (read.next(), second) {
        (Some(Ok(letter)), Some((_, after))) if letter.len_utf16() == 2 => (letter, after),
        (Some(Ok(letter)), _) => (letter, rest),
        _ => (char::REPLACEMENT_CHARACTER, rest),
    }
}

/// A code unit of UTF-16 in four hexadecimal digits after `u`.
fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.strip_prefix('u')?.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

/// A key in lower case, so that two keys are the same when Go takes them for the same. Two letters beyond ASCII are an `s` and a `k` to it.
pub(super) fn folded(key: &str) -> String {
    let folded = key.chars().map(|letter| match letter {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.collect()
}

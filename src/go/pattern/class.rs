//! Classes and single characters: what Go means by them, in words that Rust's engine takes the same way.

use super::names;

/// One character, which in Go may be a surrogate that no text can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scalar(u32);

/// A class that matches nothing.
const NOTHING: &str = "[a&&b]";
const SURROGATES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;

/// A character that stands for itself.
pub(super) fn literal(letter: char) -> String {
    if letter.is_ascii_alphanumeric() || !letter.is_ascii() {
        letter.to_string()
    } else {
        format!("\\x{{{:X}}}", u32::from(letter))
    }
}

impl Scalar {
    /// The character at the beginning of `text`, escaped or not.
    fn read(text: &str) -> Result<(Self, &str), String> {
        if text.starts_with('\\') {
            return Self::escaped(text);
        }
        let mut letters = text.chars();
        let letter = letters
            .next()
            .ok_or_else(|| "missing closing ]".to_owned())?;
        Ok((Self(u32::from(letter)), letters.as_str()))
    }

    /// The character that the escape at the beginning of `text` stands for.
    pub(super) fn escaped(text: &str) -> Result<(Self, &str), String> {
        let mut letters = text.chars();
        letters.next();
        let Some(letter) = letters.next() else {
            return Err("trailing backslash at end of expression".to_owned());
        };
        let rest = letters.as_str();
        let octal_follows = rest.starts_with(|next: char| ('0'..='7').contains(&next));
        let code = match letter {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => return Self::hexadecimal(rest),
            '0' => return Ok(Self::octal(letter, rest)),
            '1'..='7' if octal_follows => return Ok(Self::octal(letter, rest)),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => u32::from(other),
            _ => {
                return Err(format!(
                    "invalid escape sequence \\{}",
                    letter.escape_debug()
                ));
            }
        };
        Ok((Self(code), rest))
    }

    /// Up to three octal digits, the first of them read already.
    fn octal(first: char, rest: &str) -> (Self, &str) {
        let mut code = first.to_digit(8).unwrap_or_default();
        let mut rest = rest;
        for _ in 0..2 {
            let digit = rest.chars().next().and_then(|next| next.to_digit(8));
            let Some(digit) = digit else { break };
            code = code * 8 + digit;
            rest = rest.get(1..).unwrap_or_default();
        }
        (Self(code), rest)
    }

    /// `41` or `{41}`.
    fn hexadecimal(rest: &str) -> Result<(Self, &str), String> {
        let wrong = || "invalid escape sequence \\x".to_owned();
        let digits_and_rest = match rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}'),
            None => rest.split_at_checked(2),
        };
        let (digits, rest) = digits_and_rest.ok_or_else(wrong)?;
        let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digits = if digits.len() > 8 {
            digits.trim_start_matches('0')
        } else {
            digits
        };
        let digits = if digits.is_empty() { "0" } else { digits };
        let code = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        if !hexadecimal || code > u32::from(char::MAX) {
            return Err(wrong());
        }
        Ok((Self(code), rest))
    }

    /// As a pattern of its own.
    pub(super) fn alone(self) -> String {
        char::from_u32(self.0).map_or_else(|| NOTHING.to_owned(), literal)
    }
}

/// `\d`, `\pL` and their like at the beginning of `text`; `None` where something else stands there.
pub(super) fn named(text: &str) -> Result<Option<(String, &str)>, String> {
    let Some(after) = text.strip_prefix('\\') else {
        return Ok(None);
    };
    let perl = match after.chars().next() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('s') => "[\\t\\n\\x0C\\r\\x20]",
        Some('S') => "[^\\t\\n\\x0C\\r\\x20]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('p' | 'P') => return unicode(after).map(Some),
        _ => return Ok(None),
    };
    let rest = after.get(1..).unwrap_or_default();
    Ok(Some((perl.to_owned(), rest)))
}

/// `pL`, `P{Greek}`, `p{^Greek}`.
fn unicode(text: &str) -> Result<(String, &str), String> {
    let wrong = || "invalid character class range".to_owned();
    let mut negated = text.starts_with('P');
    let after = text.get(1..).unwrap_or_default();
    let name_and_rest = if let Some(braced) = after.strip_prefix('{') {
        braced.split_once('}')
    } else {
        let letter = after.chars().next();
        letter.map(|letter| after.split_at(letter.len_utf8()))
    };
    let (name, rest) = name_and_rest.ok_or_else(wrong)?;
    let name = match name.strip_prefix('^') {
        Some(name) => {
            negated = !negated;
            name
        }
        None => name,
    };
    let name = names::lookup(name).ok_or_else(wrong)?;
    let class = match (name.as_str(), negated) {
        // Surrogates are no characters here.
        ("Cs", false) => NOTHING.to_owned(),
        ("Cs", true) => "[\\s\\S]".to_owned(),
        (name, false) => format!("\\p{{{name}}}"),
        (name, true) => format!("\\P{{{name}}}"),
    };
    Ok((class, rest))
}

/// What is known of the ends of named classes in brackets, so that a pattern is searched for them once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Posix {
    /// A `:]` may follow.
    #[default]
    MayEnd,
    /// None follows any more.
    NeverEnds,
}

/// The class in brackets at the beginning of `text`.
pub(super) fn bracketed<'a>(text: &'a str, ends: &mut Posix) -> Result<(String, &'a str), String> {
    let mut rest = text.get(1..).unwrap_or_default();
    let negated = rest.starts_with('^');
    if negated {
        rest = rest.get(1..).unwrap_or_default();
    }
    let mut items = String::new();
    let mut first = true;
    loop {
        if rest.is_empty() {
            return Err("missing closing ]".to_owned());
        }
        if !first && let Some(rest) = rest.strip_prefix(']') {
            return Ok((class_of(&items, negated), rest));
        }
        first = false;
        if let Some((name, after)) = posix(rest, ends)? {
            items.push_str(name);
            rest = after;
        } else if let Some((class, after)) = named(rest)? {
            items.push_str(&class);
            rest = after;
        } else {
            let (from, after) = Scalar::read(rest)?;
            let range = after
                .strip_prefix('-')
                .filter(|after| !after.is_empty() && !after.starts_with(']'));
            let (to, after) = match range {
                Some(range) => Scalar::read(range)?,
                None => (from, after),
            };
            if to < from {
                return Err("invalid character class range".to_owned());
            }
            items.push_str(&range_of(from, to));
            rest = after;
        }
    }
}

fn class_of(items: &str, negated: bool) -> String {
    match (items.is_empty(), negated) {
        (true, false) => NOTHING.to_owned(),
        (true, true) => "[\\s\\S]".to_owned(),
        (false, false) => format!("[{items}]"),
        (false, true) => format!("[^{items}]"),
    }
}

/// `[:alpha:]` or `[:^alpha:]`: the same names in both engines, ASCII in both.
fn posix<'a>(text: &'a str, ends: &mut Posix) -> Result<Option<(&'a str, &'a str)>, String> {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
        "space", "upper", "word", "xdigit",
    ];
    let Some(inner) = text.strip_prefix("[:") else {
        return Ok(None);
    };
    if *ends == Posix::NeverEnds {
        return Ok(None);
    }
    let Some((name, rest)) = inner.split_once(":]") else {
        *ends = Posix::NeverEnds;
        return Ok(None);
    };
    let known = NAMES.contains(&name.strip_prefix('^').unwrap_or(name));
    if !known {
        return Err("invalid character class range".to_owned());
    }
    let length = text.len() - rest.len();
    Ok(text.get(..length).map(|class| (class, rest)))
}

/// A range without the surrogates in it.
fn range_of(from: Scalar, to: Scalar) -> String {
    let from = if SURROGATES.contains(&from.0) {
        SURROGATES.end() + 1
    } else {
        from.0
    };
    let to = if SURROGATES.contains(&to.0) {
        SURROGATES.start() - 1
    } else {
        to.0
    };
    if from > to {
        return String::new();
    }
    format!("\\x{{{from:X}}}-\\x{{{to:X}}}")
}

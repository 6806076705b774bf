//! What YAML 1.1 takes an unquoted scalar for.

pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(false)
        }
        _ => None,
    }
}

/// Decimal, `0x`, `0o`, `0` (octal) and `0b`, with underscores and a sign.
pub(super) fn integer(text: &str) -> Option<i128> {
    let starts_like_a_number = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .starts_with(|first: char| first.is_ascii_digit());
    if !starts_like_a_number {
        return None;
    }
    let digits = text.replace('_', "");
    let (negative, digits) = match digits.strip_prefix(['-', '+']) {
        Some(rest) => (digits.starts_with('-'), rest),
        None => (false, digits.as_str()),
    };
    let radixes = [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ];
    let (digits, radix) = radixes
        .into_iter()
        .find_map(|(prefix, radix)| Some((digits.strip_prefix(prefix)?, radix)))
        .unwrap_or_else(|| match digits.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => (octal, 8),
            _ => (digits, 10),
        });
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

/// Whether it is a number or a boolean.
pub(super) fn is_not_text(text: &str) -> bool {
    boolean(text).is_some() || integer(text).is_some() || is_float(text)
}

fn is_float(text: &str) -> bool {
    let starts_like_a_number = text
        .trim_start_matches(['-', '+', '.'])
        .starts_with(|first: char| first.is_ascii_digit());
    starts_like_a_number && text.replace('_', "").parse::<f64>().is_ok()
}

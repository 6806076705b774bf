//! How far back a query looks from the time at which it is asked.

use std::time::Duration;

use crate::duration;

/// How far an expression looks back, in milliseconds: the durations of its ranges and offsets together, so that nested ones are counted whole. What
/// cannot be read counts nothing, and an offset into the future counts backwards, for it is as far from what it is asked at.
///
/// Strings and comments are no code. The time for which a sample stays the latest is not part of it.
#[must_use]
pub fn reach_ms(expression: &str) -> i64 {
    let mut reach_ms: i64 = 0;
    let mut rest = expression;
    while let Some(sign) = rest.chars().next() {
        let after = rest.get(sign.len_utf8()..).unwrap_or_default();
        rest = match sign {
            '"' | '\'' | '`' => after_string(after, sign),
            '#' => after.split_once('\n').map_or("", |(_, next)| next),
            '[' => {
                let (range, next) = after.split_once(']').unwrap_or((after, ""));
                // Of a subquery the first is how far it goes, the other its step.
                let range = range.split(':').next().unwrap_or_default();
                reach_ms = reach_ms.saturating_add(ms(range));
                next
            }
            sign if sign.is_ascii_alphabetic() || sign == '_' || sign == ':' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
                let (word, next) = rest.split_at(end.unwrap_or(rest.len()));
                if word.eq_ignore_ascii_case("offset") {
                    let text = next.trim_start().trim_start_matches('-').trim_start();
                    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
                    let (offset, next) = text.split_at(end.unwrap_or(text.len()));
                    reach_ms = reach_ms.saturating_add(ms(offset));
                    next
                } else {
                    next
                }
            }
            _ => after,
        };
    }
    reach_ms
}

/// What follows a string of which the opening sign is left behind.
fn after_string(text: &str, quote: char) -> &str {
    let mut is_escaped = false;
    for (place, sign) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if sign == '\\' && quote != '`' {
            is_escaped = true;
        } else if sign == quote {
            return text.get(place + sign.len_utf8()..).unwrap_or_default();
        }
    }
    ""
}

/// A duration as Prometheus spells it, or a number of seconds.
fn ms(text: &str) -> i64 {
    let text = text.trim();
    let seconds = || {
        text.parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    };
    let read = duration::parse(text).ok().or_else(seconds);
    read.and_then(|read| i64::try_from(read.as_millis()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_offsets_are_added_up() {
        const MINUTE: i64 = 60_000;
        for (expression, expected) in [
            ("up", 0),
            ("rate(x[5m])", 5 * MINUTE),
            ("rate(x[5m] offset 1h)", 65 * MINUTE),
            ("x offset -1h", 60 * MINUTE),
            ("max_over_time(rate(x[5m])[1h:1m])", 65 * MINUTE),
            ("max_over_time(x[1h:])", 60 * MINUTE),
            ("rate(x[ 300 ])", 5 * MINUTE),
            (r#"x{a="[5m]",b='offset 1h'}"#, 0),
            (r#"x{a="\"[5m]"}"#, 0),
            ("x{a=`\\`} offset 1m", MINUTE),
            ("x # [5m]\n + y[1m]", MINUTE),
            ("offset_total", 0),
            ("x OFFSET 1m", MINUTE),
            ("x[5x] + y[", 0),
            ("\"open [5m]", 0),
            ("é[1m]é", MINUTE),
        ] {
            assert_eq!(reach_ms(expression), expected, "{expression}");
        }
    }
}

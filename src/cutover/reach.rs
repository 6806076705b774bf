//! How far back a query looks from the time at which it is asked.

use std::time::Duration;

use crate::duration;

/// How far a query looks from the time at which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// Back, in milliseconds.
    pub back_ms: i64,
    /// Ahead, in milliseconds: by offsets below nothing.
    pub ahead_ms: i64,
    /// The earliest and the latest time that it names itself (`@ 1600000000`), in milliseconds since the epoch.
    pub at_ms: Option<(i64, i64)>,
}

/// How far an expression looks: the durations of its ranges and offsets together, so that nested ones are counted whole. What cannot be read counts
/// nothing.
///
/// Strings and comments are no code. The time for which a sample stays the latest is not part of it.
#[must_use]
pub fn reach(expression: &str) -> Reach {
    let mut reach = Reach::default();
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
                reach.back_ms = reach.back_ms.saturating_add(ms(range));
                next
            }
            '@' => {
                let text = after.trim_start();
                let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
                let (time, next) = text.split_at(end.unwrap_or(text.len()));
                if let Some(at_ms) = time.parse().ok().and_then(seconds_ms) {
                    let (first, last) = reach.at_ms.unwrap_or((at_ms, at_ms));
                    reach.at_ms = Some((first.min(at_ms), last.max(at_ms)));
                }
                next
            }
            sign if sign.is_ascii_alphabetic() || sign == '_' || sign == ':' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
                let (word, next) = rest.split_at(end.unwrap_or(rest.len()));
                if word.eq_ignore_ascii_case("offset") {
                    offset(next, &mut reach)
                } else {
                    next
                }
            }
            _ => after,
        };
    }
    reach
}

/// Counts an offset, and gives what follows it.
fn offset<'a>(text: &'a str, reach: &mut Reach) -> &'a str {
    let text = text.trim_start();
    let (is_ahead, text) = match text.strip_prefix('-') {
        Some(text) => (true, text.trim_start()),
        None => (false, text),
    };
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    let (by, next) = text.split_at(end.unwrap_or(text.len()));
    let far_ms = if is_ahead {
        &mut reach.ahead_ms
    } else {
        &mut reach.back_ms
    };
    *far_ms = far_ms.saturating_add(ms(by));
    next
}

fn seconds_ms(seconds: f64) -> Option<i64> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    i64::try_from(since.as_millis()).ok()
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
        for (expression, back_ms, ahead_ms) in [
            ("up", 0, 0),
            ("rate(x[5m])", 5 * MINUTE, 0),
            ("rate(x[5m] offset 1h)", 65 * MINUTE, 0),
            ("rate(x[5m] offset -1h)", 5 * MINUTE, 60 * MINUTE),
            ("max_over_time(rate(x[5m])[1h:1m])", 65 * MINUTE, 0),
            ("max_over_time(x[1h:])", 60 * MINUTE, 0),
            ("rate(x[ 300 ])", 5 * MINUTE, 0),
            (r#"x{a="[5m]",b='offset 1h'}"#, 0, 0),
            (r#"x{a="\"[5m]"}"#, 0, 0),
            ("x{a=`\\`} offset 1m", MINUTE, 0),
            ("x # [5m]\n + y[1m]", MINUTE, 0),
            ("offset_total", 0, 0),
            ("x OFFSET 1m", MINUTE, 0),
            ("x[5x] + y[", 0, 0),
            ("\"open [5m]", 0, 0),
            ("é[1m]é", MINUTE, 0),
        ] {
            let expected = Reach {
                back_ms,
                ahead_ms,
                at_ms: None,
            };
            assert_eq!(reach(expression), expected, "{expression}");
        }
        for (expression, expected) in [
            ("x @ 10", Some((10_000, 10_000))),
            ("x @ 10.5 + y @20", Some((10_500, 20_000))),
            ("x @ start() + y @ end()", None),
            (r#"x{a="@ 10"}"#, None),
        ] {
            assert_eq!(reach(expression).at_ms, expected, "{expression}");
        }
    }
}

//! One log line in either of Thanos' two shapes: go-kit's logfmt and go-kit's JSON.
//! Text only; where lines go and which are written is decided elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::printable::is_unprintable;

/// What a line says.
#[derive(Debug)]
pub(super) struct Line {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// The place in the code: file name and line.
    pub(super) caller: String,
    /// How urgent, in Thanos' word.
    pub(super) level: &'static str,
    /// What happened.
    pub(super) message: Option<String>,
    /// The details, in the order in which they were given.
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// The value of a field.
#[derive(Debug)]
pub(super) enum Value {
    /// Text, from anywhere: it is escaped.
    Text(String),
    /// A number or a truth value, which JSON spells without quotes.
    Literal(String),
}

impl Line {
    /// `ts=… caller=… level=… msg=… key=value …` with a line feed.
    pub(super) fn logfmt(&self) -> String {
        let mut out = format!("ts={} caller=", timestamp(self.at));
        logfmt_text(&mut out, &self.caller);
        out.push_str(" level=");
        out.push_str(self.level);
        if let Some(message) = &self.message {
            out.push_str(" msg=");
            logfmt_text(&mut out, message);
        }
        for (key, value) in &self.fields {
            out.push(' ');
            out.extend(key.chars().filter(|c| !must_be_quoted(*c)));
            out.push('=');
            match value {
                Value::Text(text) => logfmt_text(&mut out, text),
                Value::Literal(literal) => out.push_str(literal),
            }
        }
        out.push('\n');
        out
    }

    /// One JSON object, its keys sorted, with a line feed.
    pub(super) fn json(&self) -> String {
        let mut members: BTreeMap<&str, String> = self
            .fields
            .iter()
            .map(|(key, value)| match value {
                Value::Text(text) => (*key, quoted(text)),
                Value::Literal(literal) => (*key, literal.clone()),
            })
            .collect();
        // After the fields, so that none of these can be passed off by one.
        members.insert("ts", quoted(&timestamp(self.at)));
        members.insert("caller", quoted(&self.caller));
        members.insert("level", quoted(self.level));
        if let Some(message) = &self.message {
            members.insert("msg", quoted(message));
        }
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| format!("{}:{value}", quoted(key)))
            .collect();
        format!("{{{}}}\n", members.join(","))
    }
}

/// RFC 3339 with as many digits of the second as are needed, as Go's `RFC3339Nano`.
fn timestamp(at: DateTime<Utc>) -> String {
    let mut out = at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = format!(".{:09}", at.timestamp_subsec_nanos());
    out.push_str(fraction.trim_end_matches('0').trim_end_matches('.'));
    out.push('Z');
    out
}

/// Text as go-logfmt writes it: quoted only where it would otherwise be read wrongly, or as no value.
fn logfmt_text(out: &mut String, text: &str) {
    if text == "null" || text.chars().any(must_be_quoted) {
        out.push_str(&quoted(text));
    } else {
        out.push_str(text);
    }
}

fn must_be_quoted(c: char) -> bool {
    matches!(c, ' ' | '=' | '"') || must_be_escaped(c)
}

/// Control characters, including those from U+0080 that Go leaves alone and terminals obey, and U+FFFD.
fn must_be_escaped(c: char) -> bool {
    is_unprintable(c) || c == char::REPLACEMENT_CHARACTER
}

/// A string in quotes; the escapes are those that logfmt and JSON have in common.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if must_be_escaped(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // a String takes everything
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn line(fields: Vec<(&'static str, Value)>) -> Line {
        Line {
            at: "2026-01-02T03:04:05.123456789Z".parse().unwrap(),
            caller: "copy.rs:42".into(),
            level: "info",
            message: Some("block copied".into()),
            fields,
        }
    }

    fn text(value: &str) -> Value {
        Value::Text(value.into())
    }

    #[test]
    fn a_logfmt_line_has_thanos_order_and_quoting() {
        let line = line(vec![
            ("block", text("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B")),
            ("bytes", Value::Literal("17".into())),
        ]);
        assert_eq!(
            line.logfmt(),
            "ts=2026-01-02T03:04:05.123456789Z caller=copy.rs:42 level=info msg=\"block copied\" \
             block=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B bytes=17\n"
        );
    }

    #[test]
    fn a_json_line_has_its_keys_sorted_and_numbers_bare() {
        let line = line(vec![
            ("whole", Value::Literal("true".into())),
            ("bytes", Value::Literal("17".into())),
            ("err", text("a <b> & \"c\"")),
        ]);
        assert_eq!(
            line.json(),
            "{\"bytes\":17,\"caller\":\"copy.rs:42\",\"err\":\"a <b> & \\\"c\\\"\",\"level\":\"info\",\
             \"msg\":\"block copied\",\"ts\":\"2026-01-02T03:04:05.123456789Z\",\"whole\":true}\n"
        );
    }

    #[test]
    fn a_line_without_message_has_no_msg() {
        let line = Line {
            message: None,
            ..line(vec![("err", text("x"))])
        };
        assert!(line.logfmt().ends_with("level=info err=x\n"));
        assert!(!line.json().contains("msg"));
    }

    #[test]
    fn times_drop_zeros_at_the_end_as_go_does() {
        for (given, wanted) in [
            ("2031-04-05T06:07:08.9Z", "2031-04-05T06:07:08.9Z"),
            ("2031-04-05T06:07:08Z", "2031-04-05T06:07:08Z"),
            (
                "2031-04-05T06:07:08.000000010Z",
                "2031-04-05T06:07:08.00000001Z",
            ),
            ("2031-04-05T08:07:08.100+02:00", "2031-04-05T06:07:08.1Z"),
        ] {
            let at: DateTime<Utc> = given.parse().unwrap();
            assert_eq!(timestamp(at), wanted);
        }
    }

    #[test]
    fn values_are_quoted_as_go_logfmt_quotes_them() {
        for (value, wanted) in [
            ("", ""),
            ("plain", "plain"),
            ("null", "\"null\""),
            ("nullable", "nullable"),
            ("with space", "\"with space\""),
            ("a=b", "\"a=b\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("back\\slash", "back\\slash"),
            ("back\\slash and space", "\"back\\\\slash and space\""),
            ("été", "été"),
            ("\u{fffd}", "\"\\ufffd\""),
        ] {
            let mut out = String::new();
            logfmt_text(&mut out, value);
            assert_eq!(out, wanted, "{value:?}");
        }
    }

    #[test]
    fn no_value_can_forge_a_line_or_drive_a_terminal() {
        let hostile = "x\nts=2026-01-02T03:04:05Z level=error\r\t\0\u{1b}[2J\u{7f}\u{9b}31m\u{85}\u{2028}\u{2029}\u{202e}\"}";
        let line = line(vec![("object", text(hostile))]);
        for written in [line.logfmt(), line.json()] {
            let content = written.strip_suffix('\n').unwrap();
            assert!(!content.chars().any(must_be_escaped), "{content:?}");
        }
        assert!(line.logfmt().contains(
            r#"object="x\nts=2026-01-02T03:04:05Z level=error\r\t\u0000\u001b[2J\u007f\u009b31m\u0085\u2028\u2029\u202e\"}""#
        ));
    }

    #[test]
    fn json_is_read_back_as_it_was_meant() {
        let hostile = "a\"b\\c\nd\u{1}\u{9b}\u{fffd}é";
        let line = line(vec![
            ("object", text(hostile)),
            ("level", text("none")),
            ("n", Value::Literal("18446744073709551615".into())),
        ]);
        let back: serde_json::Value = serde_json::from_str(&line.json()).unwrap();
        assert_eq!(back["object"], hostile);
        assert_eq!(back["n"], u64::MAX);
        assert_eq!(back["level"], "info");
        assert_eq!(back["msg"], "block copied");
    }

    #[test]
    fn characters_that_keys_may_not_have_are_dropped() {
        let line = line(vec![("a b=\"c\n", text("1"))]);
        assert!(line.logfmt().ends_with(" abc=1\n"));
    }
}

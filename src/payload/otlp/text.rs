//! Values of attributes as the text of a label: what is no text is written as Go's JSON has it, as Prometheus does.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// The value as a label has it. One that has no text, such as a list with a number that is none, is empty.
pub(super) fn of_value(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Value::StringValueStrindex(_)) => String::new(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BytesValue(bytes)) => STANDARD.encode(bytes),
        // So says Prometheus, as the label's value.
        Some(Value::DoubleValue(number)) => json_number(*number)
            .unwrap_or_else(|| format!("json: unsupported value: {}", of_float(*number))),
        Some(list @ (Value::ArrayValue(_) | Value::KvlistValue(_))) => {
            let mut json = String::new();
            write_json(&mut json, Some(list)).map_or_else(String::new, |()| json)
        }
    }
}

/// The attribute that is named so.
pub(super) fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a KeyValue> {
    attributes.iter().find(|attribute| attribute.key == key)
}

/// A number as names of buckets and quantiles have it: the fewest digits that tell it, never with an exponent.
pub(super) fn of_float(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        (if number > 0.0 { "+Inf" } else { "-Inf" }).to_owned()
    } else {
        number.to_string()
    }
}

/// A number as JSON has it; `None` for what is no number there.
fn json_number(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return Some(number.to_string());
    }
    let text = format!("{number:e}");
    Some(if text.contains("e-") {
        text
    } else {
        text.replace('e', "e+")
    })
}

/// `None`: it has no text, and nothing that it is part of has.
fn write_json(json: &mut String, value: Option<&Value>) -> Option<()> {
    match value {
        None | Some(Value::StringValueStrindex(_)) => json.push_str("null"),
        // Go has no empty bytes there, but none at all.
        Some(Value::BytesValue(bytes)) if bytes.is_empty() => json.push_str("null"),
        Some(Value::StringValue(text)) => write_text(json, text),
        Some(Value::BoolValue(yes)) => json.push_str(if *yes { "true" } else { "false" }),
        Some(Value::IntValue(number)) => write!(json, "{number}").ok()?,
        Some(Value::DoubleValue(number)) => json.push_str(&json_number(*number)?),
        Some(Value::BytesValue(bytes)) => write_text(json, &STANDARD.encode(bytes)),
        Some(Value::ArrayValue(array)) => {
            json.push('[');
            for (index, value) in array.values.iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                write_json(json, value.value.as_ref())?;
            }
            json.push(']');
        }
        Some(Value::KvlistValue(list)) => {
            // Of a key that comes twice the last one counts.
            let entries = list.values.iter();
            let entries: BTreeMap<&str, &KeyValue> =
                entries.map(|entry| (&*entry.key, entry)).collect();
            json.push('{');
            for (index, (key, entry)) in entries.into_iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                write_text(json, key);
                json.push(':');
                let value = entry.value.as_ref();
                write_json(json, value.and_then(|value| value.value.as_ref()))?;
            }
            json.push('}');
        }
    }
    Some(())
}

/// Go escapes what HTML and JavaScript stumble at, too.
fn write_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..'\x20' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a text does not fail.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}

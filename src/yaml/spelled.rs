//! A value, spelled again as a document of its own: what stands within a larger document is handed to those who read their own.

use std::fmt::Write;

use super::node::{Form, Node, Value};
use super::scalar;

impl Node {
    /// The value as YAML on one line, which reads as the same, also after [`expand`](fn@super::expand): what looks like a variable is not one any more.
    #[must_use]
    pub fn spelled(&self) -> String {
        let mut text = String::new();
        self.spell(&mut text);
        text
    }

    fn spell(&self, text: &mut String) {
        match &self.value {
            Value::Scalar {
                text: plain,
                form: Form::Plain,
            } if scalar::is_null(plain) => text.push_str("null"),
            Value::Scalar {
                text: plain,
                form: Form::Plain,
            } if scalar::is_not_text(plain) => text.push_str(plain),
            Value::Scalar { text: value, .. } => quote(value, text),
            Value::Sequence(items) => {
                text.push('[');
                for (place, item) in items.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { ", " });
                    item.spell(text);
                }
                text.push(']');
            }
            Value::Mapping(entries) => {
                text.push('{');
                for (place, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { ", " });
                    key.spell(text);
                    text.push_str(": ");
                    value.spell(text);
                }
                text.push('}');
            }
        }
    }
}

fn quote(value: &str, text: &mut String) {
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            ' '..='~' if letter != '(' => text.push(letter),
            _ => {
                // A string takes all that is written.
                let _ = write!(text, "\\U{:08x}", u32::from(letter));
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use crate::yaml::{expand, parse};

    #[test]
    fn what_is_spelled_again_reads_as_the_same() {
        for text in [
            "{type: S3, config: {bucket: hot, insecure: true, part_size: 0x10}, prefix: }",
            "type: S3\nconfig:\n  secret_key: 'a\"b\\c: {$(HOME)}'\n  access_key: \"a\\nb\\u00e9\\t\"",
            "- action: keep\n  source_labels: [cluster, \"yes\"]\n  regex: eu-.*|^$|true\n",
            "base: &base {a: 1, b: [x, 2.5, ~]}\nmore: {<<: *base, c: 'no'}",
            "\"null\"",
            "~",
            "[]",
        ] {
            let node = parse(text).unwrap().unwrap();
            let spelled = node.spelled();
            assert_eq!(spelled.lines().count(), 1);
            let expanded = expand(&spelled, &|_| panic!("{spelled}")).unwrap();
            let again = parse(&expanded).unwrap().unwrap();
            assert_eq!(again.spelled(), spelled, "{text}");
            assert_eq!(shape(&again), shape(&node), "{text}");
        }
    }

    /// What readers see of it.
    fn shape(node: &super::Node) -> String {
        if let Ok(entries) = node.mapping()
            && !entries.is_empty()
        {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| format!("{}={}", shape(key), shape(value)));
            return format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        }
        if let Ok(items) = node.sequence()
            && !items.is_empty()
        {
            return format!("{:?}", items.iter().map(shape).collect::<Vec<_>>());
        }
        let (text, number) = (node.string().ok(), node.i64().ok());
        format!(
            "{text:?} {number:?} {:?} {}",
            node.bool().ok(),
            node.is_null()
        )
    }
}

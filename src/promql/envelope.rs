//! What every answer is wrapped in, and what it says of itself there.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// An answer unpacked: its data as JSON, and what the server says beside it.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    /// What was asked for, or why there is none.
    pub(super) data: Result<&'a RawValue, Refusal>,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
}

/// What the server says in place of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `bad_data`, `execution`, `timeout` and their like; of some servers a status.
    pub(super) kind: String,
    pub(super) message: String,
}

/// More words of a server than these tell no more.
const MOST_WORDS: usize = 1000;

#[derive(Deserialize)]
struct Raw<'a> {
    status: Option<String>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    data: Option<&'a RawValue>,
    #[serde(borrow, rename = "errorType")]
    error_type: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
    /// How `VictoriaMetrics` says that some of its storage did not answer.
    #[serde(rename = "isPartial")]
    is_partial: Option<bool>,
}

impl<'a> Envelope<'a> {
    /// Unpacks an answer. The error says what is wrong with it.
    pub(super) fn open(document: &'a [u8]) -> Result<Self, String> {
        let raw: Raw<'a> = serde_json::from_slice(document).map_err(|err| err.to_string())?;
        let mut warnings = raw.warnings.unwrap_or_default();
        if raw.is_partial == Some(true) {
            warnings.push("the server says that its answer is partial".to_owned());
        }
        warnings.truncate(MOST_WORDS);
        let mut infos = raw.infos.unwrap_or_default();
        infos.truncate(MOST_WORDS);
        let data = match raw.status.as_deref() {
            // An error beside a success is no success, and an empty one is none.
            Some("success") if raw.error.map(text).unwrap_or_default().is_empty() => {
                Ok(raw.data.ok_or("it says success, and holds no data")?)
            }
            Some("success" | "error") => Err(Refusal {
                kind: raw.error_type.map(text).unwrap_or_default(),
                message: raw.error.map(text).unwrap_or_default(),
            }),
            Some(_) => return Err("its status is neither success nor error".to_owned()),
            None => return Err("it has no status".to_owned()),
        };
        Ok(Self {
            data,
            warnings,
            infos,
        })
    }
}

/// Keeps `null`, as Go writes a list that was never made, apart from nothing at all.
fn even_null<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl Refusal {
    /// Kind and message, where they are said.
    pub(super) fn told(&self) -> String {
        match (self.kind.as_str(), self.message.as_str()) {
            ("", "") => "an error without a word".to_owned(),
            ("", message) => message.to_owned(),
            (kind, "") => kind.to_owned(),
            (kind, message) => format!("{kind}: {message}"),
        }
    }
}

/// What should be a text, and is shown as it stands where it is none.
fn text(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn an_answer_is_a_success_an_error_or_neither() {
        for (document, expected) in [
            (r#"{"status":"success","data":[1]}"#, Ok("[1]")),
            (
                r#"{"data":{},"status":"success","stats":{"a":1}}"#,
                Ok("{}"),
            ),
            (
                r#"{"status":"error","errorType":"bad_data","error":"parse"}"#,
                Err("bad_data: parse"),
            ),
            (
                r#"{"status":"error","data":null,"errorType":422,"error":{"a":1}}"#,
                Err(r#"422: {"a":1}"#),
            ),
            (r#"{"status":"success","data":null}"#, Ok("null")),
            (r#"{"status":"success","data":[],"error":""}"#, Ok("[]")),
            (r#"{"status":"error"}"#, Err("an error without a word")),
            (
                r#"{"status":"success","data":[],"error":"lost a shard"}"#,
                Err("lost a shard"),
            ),
        ] {
            let envelope = Envelope::open(document.as_bytes()).unwrap();
            let found = envelope.data.map(RawValue::get).map_err(|it| it.told());
            assert_eq!(found, expected.map_err(str::to_owned), "{document}");
        }
        for (document, expected) in [
            (
                r#"{"status":"success"}"#,
                "it says success, and holds no data",
            ),
            (
                r#"{"status":"ok","data":[]}"#,
                "its status is neither success nor error",
            ),
            ("{}", "it has no status"),
            ("null", "invalid type: null"),
            ("[]", "invalid"),
            ("", "EOF"),
            ("<html>", "expected value"),
            (r#"{"status":"success","data":[1"#, "EOF"),
            (r#"{"status":"success","data":[]} x"#, "trailing"),
            (
                r#"{"status":"error","status":"success","data":[]}"#,
                "duplicate field",
            ),
        ] {
            let err = Envelope::open(document.as_bytes()).unwrap_err();
            assert!(err.contains(expected), "{document}: {err}");
        }
    }

    #[test]
    fn what_is_said_beside_an_answer_is_kept() {
        let document =
            r#"{"status":"success","data":[],"warnings":["w"],"infos":["i"],"isPartial":true}"#;
        let envelope = Envelope::open(document.as_bytes()).unwrap();
        assert_eq!(
            envelope.warnings,
            ["w", "the server says that its answer is partial"]
        );
        assert_eq!(envelope.infos, ["i"]);
        let none =
            r#"{"status":"success","data":[],"warnings":null,"infos":null,"isPartial":false}"#;
        let envelope = Envelope::open(none.as_bytes()).unwrap();
        assert!(envelope.warnings.is_empty() && envelope.infos.is_empty());
    }
}

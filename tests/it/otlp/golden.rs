//! The same requests, in protobuf and in JSON, to a real Prometheus and to the reader: both hold the same then.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Request;
use prost::Message;
use serde_json::Value as Json;
use thanos_bucket::payload::otlp::Options;

use super::endpoint::Endpoint;
use super::ours::{Given, assert_same, options, shown};
use super::shapes::shapes;

/// A translation, and what Prometheus calls it.
struct Translation {
    /// The section `otlp` of Prometheus' configuration; JSON is YAML.
    options: &'static str,
    /// What no section says: features of Prometheus, and what they are called here.
    features: (&'static str, &'static str),
}

const TRANSLATIONS: [Translation; 8] = [
    Translation {
        options: "{}",
        features: ("", ""),
    },
    Translation {
        options: r#"{"translation_strategy": "UnderscoreEscapingWithoutSuffixes"}"#,
        features: ("", ""),
    },
    Translation {
        options: r#"{"translation_strategy": "NoUTF8EscapingWithSuffixes"}"#,
        features: ("", ""),
    },
    Translation {
        options: r#"{"translation_strategy": "NoTranslation"}"#,
        features: (",type-and-unit-labels", r#""type_and_unit_labels": true"#),
    },
    Translation {
        options: r#"{"promote_resource_attributes": ["host.name", "service.name"], "convert_histograms_to_nhcb": true}"#,
        features: (",type-and-unit-labels", r#""type_and_unit_labels": true"#),
    },
    Translation {
        options: r#"{"promote_all_resource_attributes": true, "ignore_resource_attributes": ["host.name"], "promote_scope_metadata": true}"#,
        features: ("", ""),
    },
    Translation {
        options: r#"{"keep_identifying_resource_attributes": true, "label_name_underscore_sanitization": false}"#,
        features: ("", ""),
    },
    Translation {
        options: r#"{"label_name_preserve_multiple_underscores": false, "promote_scope_metadata": true, "translation_strategy": "UnderscoreEscapingWithSuffixes"}"#,
        features: ("", ""),
    },
];

impl Translation {
    fn options(&self) -> Options {
        let (_, more) = self.features;
        let body = self.options.trim_start_matches('{').trim_end_matches('}');
        let parts: Vec<&str> = [body, more]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect();
        options(&format!("{{{}}}", parts.join(",")))
    }
}

/// S-24.21, S-24.22, S-24.23, S-24.24, S-24.25
#[test]
fn prometheus_stores_what_is_read_here_of_the_same_requests() {
    for translation in TRANSLATIONS {
        let (features, _) = translation.features;
        for form in [Form::Protobuf, Form::Json] {
            let prometheus = Endpoint::start(translation.options, features);
            let mut payloads = Vec::new();
            for (what, requests) in shapes() {
                for request in requests {
                    let body = form.of(&request);
                    let sent = prometheus.send(body.clone(), form.content_type());
                    sent.unwrap_or_else(|answer| panic!("{what}: {answer}"));
                    payloads.push(body);
                }
            }
            let given = Given::of(translation.options(), &payloads).unwrap();
            let what = format!("{} as {form:?}", translation.options);
            assert_same(&shown(&prometheus.stored()), &shown(&given.stored), &what);
            // Each request has two points that come too late, or twice.
            assert_eq!(
                given.lost().into_iter().collect::<Vec<_>>(),
                [("delta-duplicate", 10), ("delta-out-of-order", 6)],
                "{:?}",
                given.left_out
            );
        }
    }
}

/// The forms in which requests are sent.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    Protobuf,
    Json,
}

impl Form {
    /// The request as bytes.
    pub fn of(self, request: &Request) -> Vec<u8> {
        match self {
            Self::Protobuf => request.encode_to_vec(),
            Self::Json => {
                let mut json = serde_json::to_value(request).unwrap();
                without_nulls(&mut json);
                serde_json::to_vec(&json).unwrap()
            }
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// This library writes what is not given as `null`, and numbers in attributes that are none, too: Prometheus refuses both.
fn without_nulls(json: &mut Json) {
    match json {
        Json::Object(members) => {
            members.retain(|name, value| !value.is_null() || name == "doubleValue");
            for value in members.values_mut() {
                if value.is_null() {
                    *value = "NaN".into();
                }
                without_nulls(value);
            }
        }
        Json::Array(values) => values.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

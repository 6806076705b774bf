//! One line of `VictoriaMetrics`' export: labels, and as many values as times.

use serde::de::{Deserialize, Deserializer};

use crate::promql::number::Spelled;
use crate::samples::{Labels, STALE, Sample, Value};

#[derive(serde::Deserialize)]
struct Raw {
    metric: Labels,
    values: Vec<Number>,
    timestamps: Vec<i64>,
}

struct Number(f64);

/// The bits of the NaN that Prometheus means where it means no staleness.
const NO_NUMBER: u64 = 0x7ff8_0000_0000_0001;

/// Reads a line. The error says what is wrong with it.
pub(super) fn read(line: &[u8]) -> Result<(Labels, Vec<Sample>), String> {
    let raw: Raw = serde_json::from_slice(line).map_err(|err| err.to_string())?;
    let (values, times) = (raw.values.len(), raw.timestamps.len());
    if values != times {
        return Err(format!("{values} values have {times} times"));
    }
    if raw.metric.is_empty() {
        return Err("its series has no labels".to_owned());
    }
    let samples = raw.timestamps.into_iter().zip(raw.values);
    let samples = samples.map(|(time_ms, value)| Sample {
        time_ms,
        value: Value::Float(value.0),
    });
    Ok((raw.metric, samples.collect()))
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OF_AN_EXPORT).map(Self)
    }
}

/// `null` is the one NaN that `VictoriaMetrics` keeps: that of staleness.
const OF_AN_EXPORT: Spelled = Spelled {
    text: |text| match text {
        "Infinity" | "+Infinity" | "Inf" | "+Inf" => Some(f64::INFINITY),
        "-Infinity" | "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::from_bits(NO_NUMBER)),
        _ => text.parse().ok(),
    },
    null: Some(f64::from_bits(STALE)),
};

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-24.15
    #[test]
    fn a_line_is_read_to_the_last_bit_and_null_is_staleness() {
        let line = br#"{"metric":{"__name__":"up","vmrange":"1.000e+00...1.136e+00"},"values":[0.1,123456789012345.6,1e-320,-0,3,18446744073709551615,1e23,null,"Infinity","-Infinity","NaN",5.0e-324],"timestamps":[1,2,3,4,5,6,7,8,9,10,11,12]}"#;
        let (labels, samples) = read(line).unwrap();
        assert_eq!(labels.to_string(), r#"up{vmrange="1.000e+00...1.136e+00"}"#);
        let bits: Vec<u64> = samples
            .iter()
            .map(|sample| match &sample.value {
                Value::Float(value) => value.to_bits(),
                Value::Histogram(_) => 0,
            })
            .collect();
        let expected = [
            0.1,
            123_456_789_012_345.6,
            1e-320,
            -0.0,
            3.0,
            18_446_744_073_709_551_615.0,
            1e23,
            f64::from_bits(STALE),
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::from_bits(NO_NUMBER),
            5e-324,
        ];
        assert_eq!(bits, expected.map(f64::to_bits));
        assert!(samples.iter().map(|sample| sample.time_ms).eq(1..=12));
    }

    /// S-24.15
    #[test]
    fn a_line_that_makes_no_sense_is_an_error() {
        for wrong in [
            "",
            "<html>",
            "{}",
            r#"{"metric":{},"values":[1],"timestamps":[1]}"#,
            r#"{"metric":{"a":"b"},"values":[1],"timestamps":[1,2]}"#,
            r#"{"metric":{"a":"b"},"values":[1],"timestamps":["1"]}"#,
            r#"{"metric":{"a":"b"},"values":[true],"timestamps":[1]}"#,
            r#"{"metric":{"a":"b"},"values":["x"],"timestamps":[1]}"#,
            r#"{"metric":{"a":"b","a":"c"},"values":[1],"timestamps":[1]}"#,
            r#"{"metric":{"a":"b"},"values":[1],"timestamps":[1]"#,
            r#"{"metric":{"a":"b"},"values":[1],"timestamps":[1]} x"#,
        ] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}

//! Times and values as the API spells them: times are seconds with a fraction, values are texts, so that NaN and the infinities have a spelling.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A value. A number that should be a text is taken for what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) f64);

/// A time in milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) i64);

/// Beyond this no `f64` counts milliseconds one by one.
const LATEST_MS: f64 = 9_007_199_254_740_991.0;

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OF_THE_API).map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = deserializer.deserialize_any(OF_THE_API)?;
        let ms = (seconds * 1000.0).round();
        if !ms.is_finite() || ms.abs() > LATEST_MS {
            return Err(D::Error::custom("a time is beyond all times"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole, and within what an i64 holds"
        )]
        Ok(Self(ms as i64))
    }
}

/// Reads a number of JSON, however it is spelled.
pub(crate) struct Spelled {
    /// What a text stands for, where it does for a number.
    pub(crate) text: fn(&str) -> Option<f64>,
    /// What `null` stands for, where it may stand.
    pub(crate) null: Option<f64>,
}

const OF_THE_API: Spelled = Spelled {
    text: |text| text.parse().ok(),
    null: None,
};

impl Visitor<'_> for Spelled {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.null {
            None => "a number, or a text that is one",
            Some(_) => "a number, a text that is one, or null",
        })
    }

    fn visit_unit<E: Error>(self) -> Result<f64, E> {
        self.null
            .ok_or_else(|| E::invalid_type(Unexpected::Unit, &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        (self.text)(text).ok_or_else(|| E::custom("a value is no number"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "all values are f64, however they are spelled"
    )]
    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "all values are f64, however they are spelled"
    )]
    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn values_are_read_in_each_spelling() {
        let read = |json| serde_json::from_str::<Number>(json).map(|number| number.0);
        for (json, expected) in [
            (r#""1.5""#, 1.5),
            (r#""1e3""#, 1000.0),
            (r#""-0""#, -0.0),
            (r#""+Inf""#, f64::INFINITY),
            (r#""Inf""#, f64::INFINITY),
            (r#""-Inf""#, f64::NEG_INFINITY),
            ("3", 3.0),
            ("-3", -3.0),
            ("2.5", 2.5),
        ] {
            let same = read(json).unwrap().total_cmp(&expected);
            assert!(same.is_eq(), "{json}");
        }
        assert!(read(r#""NaN""#).unwrap().is_nan());
        for wrong in [r#""""#, r#""one""#, r#""1 ""#, "null", "true", "[1]", "NaN"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_to_the_millisecond() {
        let read = |json| serde_json::from_str::<Time>(json).map(|time| time.0);
        for (json, expected) in [
            ("1435781430.781", 1_435_781_430_781),
            ("1435781430", 1_435_781_430_000),
            ("-0.001", -1),
            ("1.7e9", 1_700_000_000_000),
            (r#""1435781430.781""#, 1_435_781_430_781),
        ] {
            assert_eq!(read(json).unwrap(), expected, "{json}");
        }
        for wrong in ["1e300", r#""NaN""#, r#""+Inf""#, "-9.1e15", "null"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

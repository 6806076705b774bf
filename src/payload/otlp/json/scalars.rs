//! Numbers, texts and bytes in the JSON of protobuf.

use std::fmt;

use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::payload::base64;

/// A whole number, as a number or as a text; one like `1e3` or `5.0` is whole, too. `null` is zero.
pub(super) struct Whole<T>(pub(super) T);

/// A number, as a number or as a text, and `NaN` and infinities as texts. `null` is zero.
pub(super) struct Double(pub(super) f64);

/// A text; `null` is an empty one.
pub(super) struct Text(pub(super) String);

/// A truth; `null` is false.
pub(super) struct Flag(pub(super) bool);

/// Bytes in hexadecimal digits.
pub(super) struct Hex(pub(super) Vec<u8>);

/// Bytes in base64, of either alphabet, with or without padding.
pub(super) struct Base64(pub(super) Vec<u8>);

/// Whether values are sums or changes, by number or by name.
pub(super) struct Temporality(pub(super) i32);

/// What `strconv.ParseFloat` of Go makes of `NaN`: a real exporter's is kept so, bit by bit.
const NAN: u64 = 0x7ff8_0000_0000_0001;

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match deserializer.deserialize_any(Scalar)? {
            Value::Null => Some(0),
            Value::Whole(number) => Some(number),
            Value::Text(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
            Value::Double(number) => whole(number),
            Value::Flag(_) => None,
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        number.map(Whole).ok_or_else(|| {
            D::Error::custom("expected a whole number within its bounds, or one as a text")
        })
    }
}

/// The number where it is whole and every whole number of its size is.
fn whole(number: f64) -> Option<i128> {
    let is_whole = number.fract() == 0.0 && number.abs() <= 18_446_744_073_709_551_616.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole, and far from the ends of the type"
    )]
    is_whole.then_some(number as i128)
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match deserializer.deserialize_any(Scalar)? {
            Value::Null => Some(0.0),
            #[expect(
                clippy::cast_precision_loss,
                reason = "the nearest float is what is meant"
            )]
            Value::Whole(number) => Some(number as f64),
            Value::Text(text) => text.parse().ok(),
            Value::Double(number) => Some(number),
            Value::Flag(_) => None,
        };
        let number =
            number.ok_or_else(|| D::Error::custom("expected a number, or one as a text"))?;
        Ok(Self(if number.is_nan() {
            f64::from_bits(NAN)
        } else {
            number
        }))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Scalar)? {
            Value::Null => Ok(Self(String::new())),
            Value::Text(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("expected a text")),
        }
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Scalar)? {
            Value::Null => Ok(Self(false)),
            Value::Flag(yes) => Ok(Self(yes)),
            _ => Err(D::Error::custom("expected true or false")),
        }
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        let digit = |byte: &u8| {
            let digit = char::from(*byte).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        bytes
            .map(Hex)
            .ok_or_else(|| D::Error::custom("expected an id in hexadecimal digits"))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        base64::decoded(&text)
            .map(Base64)
            .map_err(|_| D::Error::custom("expected bytes in base64"))
    }
}

impl<'de> Deserialize<'de> for Temporality {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match deserializer.deserialize_any(Scalar)? {
            Value::Null => Some(0),
            Value::Whole(number) => i32::try_from(number).ok(),
            Value::Text(text) => {
                let named = AggregationTemporality::from_str_name(&text);
                named
                    .map(|named| named as i32)
                    .or_else(|| text.parse().ok())
            }
            Value::Double(_) | Value::Flag(_) => None,
        };
        number.map(Temporality).ok_or_else(|| {
            D::Error::custom("expected AGGREGATION_TEMPORALITY_CUMULATIVE or _DELTA")
        })
    }
}

/// A value that is neither object nor list.
enum Value {
    Null,
    Flag(bool),
    Whole(i128),
    Double(f64),
    Text(String),
}

struct Scalar;

impl Visitor<'_> for Scalar {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Flag(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }
}

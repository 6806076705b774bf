//! Block ids: ULIDs as Thanos writes them, and nothing that merely resembles one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A block's name: 26 upper-case characters of Crockford's base 32, the first at most `7`. Ordered as its text is.
///
/// In bytes, most significant first, which need no alignment: there are lists of very many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId([u8; 16]);

/// Crockford's alphabet, in order of value.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 26;

impl FromStr for BlockId {
    type Err = Error;

    /// Strict: what Thanos accepts *and* writes back unchanged.
    fn from_str(text: &str) -> Result<Self, Error> {
        strict(text).ok_or_else(|| {
            Error::usage(format!(
                "{text:?} is not a block id: expected a ULID, 26 upper-case characters such as 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"
            ))
        })
    }
}

impl BlockId {
    /// The id that a file without an id is taken to name.
    pub(super) const ZERO: Self = Self([0; 16]);

    /// The letters at the end of an id that tell no time.
    pub const RANDOM_LETTERS: usize = 16;

    /// The smallest id of that time, in milliseconds since the epoch; `None` for times that no id can tell.
    #[must_use]
    pub fn first_of(time_ms: u64) -> Option<Self> {
        let tells_it = time_ms < 1 << 48;
        tells_it.then_some(Self((u128::from(time_ms) << 80).to_be_bytes()))
    }

    /// The id of that time, in milliseconds since the epoch, with these bits behind it; `None` for times that no id can tell.
    #[must_use]
    pub fn of(time_ms: u64, rest: [u8; 10]) -> Option<Self> {
        let mut id = Self::first_of(time_ms)?;
        for (bits, given) in id.0.iter_mut().skip(6).zip(rest) {
            *bits = given;
        }
        Some(id)
    }

    /// The bits behind its time.
    #[must_use]
    pub fn rest(self) -> [u8; 10] {
        self.0.last_chunk().copied().unwrap_or_default()
    }

    /// When it was made, as it tells, in milliseconds since the epoch.
    #[must_use]
    pub fn time_ms(self) -> u64 {
        u64::try_from(u128::from_be_bytes(self.0) >> 80).unwrap_or_default()
    }

    /// What Thanos makes of an id in a file: letters in either case, and letters that belong to no id become bits all the same.
    pub(super) fn loose(text: &str) -> Result<Self, &'static str> {
        if text.len() != LENGTH {
            return Err("is no ULID: it has not 26 bytes");
        }
        if text.bytes().next().is_none_or(|first| first > b'7') {
            return Err("is no ULID: its first letter is beyond 7");
        }
        let mut value: u128 = 0;
        for byte in 0..16 {
            // Each letter stands for five bits, of which the first has two too many. Those that are all ones spill into their neighbours
            // within a byte.
            let end = 10 + 8 * byte;
            let bits = text.bytes().enumerate().fold(0, |bits, (place, letter)| {
                let letter_end = 5 * place + 5;
                if letter_end <= end - 8 || letter_end >= end + 5 {
                    return bits;
                }
                let digit = u32::from(digit(letter).unwrap_or(u8::MAX));
                bits | if letter_end <= end {
                    digit << (end - letter_end)
                } else {
                    digit >> (letter_end - end)
                }
            });
            value = (value << 8) | u128::from(bits & 0xFF);
        }
        Ok(Self(value.to_be_bytes()))
    }
}

/// The value of a letter of either case.
fn digit(letter: u8) -> Option<u8> {
    let upper = letter.to_ascii_uppercase();
    let position = ALPHABET.iter().position(|known| *known == upper)?;
    u8::try_from(position).ok()
}

fn strict(text: &str) -> Option<BlockId> {
    if text.len() != LENGTH || text.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        value = (value << 5) | u128::try_from(digit).ok()?;
    }
    Some(BlockId(value.to_be_bytes()))
}

/// Whether Thanos' own, looser test takes `name` for a block although it is none that Thanos could read back under that name.
#[must_use]
pub fn is_loose_block_id(name: &str) -> bool {
    name.len() == LENGTH
        && name.as_bytes().first().is_some_and(|first| *first <= b'7')
        && strict(name).is_none()
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        let mut text = String::with_capacity(LENGTH);
        for place in (0..LENGTH).rev() {
            let digit = usize::try_from((value >> (5 * place)) & 31).unwrap_or_default();
            text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
        }
        f.pad(&text)
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
    fn an_id_prints_as_it_was_read() {
        for text in [
            "00000000000000000000000000",
            "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ] {
            assert_eq!(text.parse::<BlockId>().unwrap().to_string(), text);
        }
    }

    /// S-1.1
    #[test]
    fn what_only_resembles_an_id_is_refused() {
        for (text, loose) in [
            ("", false),
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0A1", false),
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0A1BC", false),
            ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", false),
            ("A1J9ZK3M7Q8T5V6W7X8Y9Z0A1B", false),
            ("01j9zk3m7q8t5v6w7x8y9z0a1b", true),
            ("01I9ZK3M7Q8T5V6W7X8Y9Z0A1B", true),
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0A1.", true),
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0Aé", true),
        ] {
            assert!(text.parse::<BlockId>().is_err(), "{text}");
            assert_eq!(is_loose_block_id(text), loose, "{text}");
        }
    }

    #[test]
    fn ids_are_ordered_as_their_text_is() {
        let earlier: BlockId = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1A".parse().unwrap();
        let later: BlockId = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap();
        assert!(earlier < later);
    }
}

//! The strings that labels are made of, each kept once.

use hashbrown::HashTable;

use super::super::compare::hash;
use super::super::texts::Texts;
use crate::error::{Error, Kind, Result};

/// How many are sorted at once.
const RUN: usize = 512 << 10;

/// Strings, numbered in the order in which they come.
#[derive(Default)]
pub(super) struct Symbols {
    texts: Texts,
    numbers: HashTable<u32>,
}

impl Symbols {
    /// The number of a string.
    ///
    /// Errors: a table of all of them would be longer than an index can have.
    pub(super) fn number(&mut self, text: &str) -> Result<u32> {
        let text = text.as_bytes();
        let texts = &self.texts;
        let found = self
            .numbers
            .find(spread(text), |number| texts.text(*number) == text);
        if let Some(number) = found {
            return Ok(*number);
        }
        let number = self.texts.push(text).ok_or_else(|| {
            let attempt = "write an index whose labels have more than 4 GiB of text";
            Error::new(Kind::Unsupported, attempt)
        })?;
        let texts = &self.texts;
        let rehash = |number: &u32| spread(texts.text(*number));
        self.numbers.insert_unique(spread(text), number, rehash);
        Ok(number)
    }

    /// Whether a number is that of a string.
    pub(super) fn is(&self, number: u32, text: &str) -> bool {
        self.texts.text(number) == text.as_bytes()
    }

    /// All of them in ascending order.
    pub(super) fn sorted(self) -> Sorted {
        drop(self.numbers);
        let texts = self.texts;
        // Most comparisons end within the first eight bytes, which are kept beside so many at once.
        let count = u32::try_from(texts.count()).unwrap_or(u32::MAX);
        let mut numbers: Vec<u32> = (0..count).collect();
        let mut fronts = Vec::new();
        for run in numbers.chunks_mut(RUN) {
            fronts.clear();
            fronts.extend(
                run.iter()
                    .map(|number| (front(texts.text(*number)), *number)),
            );
            fronts.sort_unstable_by(|(one_front, one), (other_front, other)| {
                let by_front = one_front.cmp(other_front);
                by_front.then_with(|| texts.text(*one).cmp(texts.text(*other)))
            });
            for (place, (_, number)) in run.iter_mut().zip(&fronts) {
                *place = *number;
            }
        }
        drop(fronts);
        // This one finds the runs, and merges them.
        numbers.sort_by(|one, other| texts.text(*one).cmp(texts.text(*other)));
        let mut ranks = vec![0; numbers.len()];
        for (rank, number) in (0..).zip(&numbers) {
            if let Some(place) = ranks.get_mut(*number as usize) {
                *place = rank;
            }
        }
        Sorted {
            texts,
            numbers,
            ranks,
        }
    }
}

/// Symbols in ascending order. The rank of one is what an index calls it.
pub(super) struct Sorted {
    texts: Texts,
    /// The number of each rank.
    numbers: Vec<u32>,
    /// The rank of each number.
    ranks: Vec<u32>,
}

impl Sorted {
    pub(super) fn rank(&self, number: u32) -> u32 {
        self.ranks.get(number as usize).copied().unwrap_or_default()
    }

    /// Ranks are not asked for any more.
    pub(super) fn forget_numbers(&mut self) {
        self.ranks = Vec::new();
    }

    pub(super) const fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The string of a rank.
    pub(super) fn text(&self, rank: u32) -> &[u8] {
        let number = self.numbers.get(rank as usize).copied();
        self.texts.text(number.unwrap_or(u32::MAX))
    }

    /// All strings in ascending order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.numbers.iter().map(|number| self.texts.text(*number))
    }
}

/// The first eight bytes as a number; two strings that differ there are ordered as those are.
fn front(text: &[u8]) -> u64 {
    let mut front = [0; 8];
    for (to, from) in front.iter_mut().zip(text) {
        *to = *from;
    }
    u64::from_be_bytes(front)
}

/// A hash of which all bits are of use.
fn spread(text: &[u8]) -> u64 {
    u64::from(hash(text)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn strings_are_kept_once_and_ranked_by_their_bytes() {
        let long = "x".repeat(3 << 20);
        let mut texts: Vec<String> = (0..3000)
            .map(|index| format!("{}", index * 7919 % 5000))
            .collect();
        texts.extend(
            ["", "a", "a\0", "a\0\0\0\0\0\0\0\0", "é", "\u{1f600}", &long].map(str::to_owned),
        );
        let mut symbols = Symbols::default();
        let numbers: Vec<_> = texts
            .iter()
            .map(|text| symbols.number(text).unwrap())
            .collect();
        for (text, number) in texts.iter().zip(&numbers) {
            assert_eq!(symbols.number(text).unwrap(), *number);
            assert!(symbols.is(*number, text));
        }
        let sorted = symbols.sorted();
        let mut expected: Vec<_> = texts.iter().map(String::as_bytes).collect();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(sorted.texts().collect::<Vec<_>>(), expected);
        for (text, number) in texts.iter().zip(numbers) {
            assert_eq!(sorted.text(sorted.rank(number)), text.as_bytes());
        }
        assert_eq!(sorted.count(), expected.len());
    }
}

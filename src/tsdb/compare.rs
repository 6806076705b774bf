//! Whether two parts of an index say the same, in bounded memory.
//!
//! Series list their labels; postings list the series of each label. Both are the same set of pairs of a label and a series, of which there
//! may be billions. So both sides are summed up: a hash of each pair is added on the one side and taken away on the other. What is left is
//! zero where both say the same, and, but for one of 2^64 cases, nowhere else. Sums are kept by parts of the labels, so that what differs is
//! looked for in a part.

/// How many parts there are.
pub(crate) const PARTS: usize = 4096;

/// 32 bits of a hash of a string.
pub(crate) fn hash(text: &[u8]) -> u32 {
    let mut state = 0x243f_6a88_85a3_08d3_u64 ^ text.len() as u64;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), 0x9e37_79b9_7f4a_7c15);
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    state = fold(state ^ u64::from_le_bytes(last), 0xa076_1d64_78bd_642f);
    high(state)
}

/// A label, of the hashes of its name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pair(u64);

impl Pair {
    #[inline]
    pub(crate) fn new(name: u32, value: u32) -> Self {
        let both = (u64::from(name) << 32) | u64::from(value);
        Self(fold(both ^ 0x452f_821e_6384_52d1, 0xe703_7ed1_a0b4_28db))
    }

    /// The pair whose postings are all series.
    pub(crate) fn all() -> Self {
        let none = hash(b"");
        Self::new(none, none)
    }

    #[inline]
    pub(crate) const fn part(self) -> usize {
        (self.0 >> 52) as usize
    }
}

/// Multiplies to 128 bits and folds them.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let (low, high) = one.carrying_mul(other, 0);
    low ^ high
}

const fn high(state: u64) -> u32 {
    (state >> 32) as u32
}

/// The sum of what one side says less what the other does.
pub(crate) struct Sums(Vec<Sum>);

#[derive(Clone, Copy, Default)]
struct Sum {
    hashes: u64,
    count: u64,
}

impl Sums {
    pub(crate) fn new() -> Self {
        Self(vec![Sum::default(); PARTS])
    }

    /// One side says that a series has a label.
    #[inline]
    pub(crate) fn add(&mut self, pair: Pair, series: u32) {
        if let Some(sum) = self.0.get_mut(pair.part()) {
            sum.hashes = sum.hashes.wrapping_add(mix(pair, series));
            sum.count = sum.count.wrapping_add(1);
        }
    }

    /// The other side says so.
    #[inline]
    pub(crate) fn take(&mut self, pair: Pair, series: u32) {
        if let Some(sum) = self.0.get_mut(pair.part()) {
            sum.hashes = sum.hashes.wrapping_sub(mix(pair, series));
            sum.count = sum.count.wrapping_sub(1);
        }
    }

    /// The parts in which both sides differ.
    pub(crate) fn differing(&self) -> Vec<usize> {
        let differs =
            |(part, sum): (usize, &Sum)| (sum.hashes != 0 || sum.count != 0).then_some(part);
        self.0.iter().enumerate().filter_map(differs).collect()
    }
}

#[inline]
fn mix(pair: Pair, series: u32) -> u64 {
    fold(
        pair.0 ^ (u64::from(series) | 0x5bd1_e995_0000_0000),
        0x8ebc_6af0_9c88_c6e3 ^ u64::from(series),
    )
}

/// What a reference to a series is in postings: 32 bits, whatever the file says.
pub(crate) fn short(id: u64) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

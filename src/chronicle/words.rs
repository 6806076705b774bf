//! Words that many lines repeat, each kept once. There is a bound on how many there may be: files may hold anything.

use std::collections::HashMap;

/// So many different words are told apart.
const MOST: usize = 10_000;
/// So much of each is kept.
const LONGEST_BYTES: usize = 1_000;

/// Stands in a word for the id of the block that it is said of, so that what is said of many is one word.
pub(super) const HERE: char = '\u{0}';

/// A word that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Word(u32);

/// The words that were kept.
#[derive(Debug)]
pub(super) struct Words {
    known: HashMap<Box<str>, Word>,
    all: Vec<Box<str>>,
}

impl Words {
    /// None but `other`, which stands for what is not kept, and these, which are kept whatever comes.
    pub(super) fn with(other: &str, always: &[&str]) -> Self {
        let mut words = Self {
            known: HashMap::new(),
            all: Vec::new(),
        };
        for text in [other].iter().chain(always) {
            words.keep(text);
        }
        words
    }

    /// Keeps the word; where there are too many, the one for others stands for it.
    pub(super) fn keep(&mut self, text: &str) -> Word {
        let text = text
            .get(..text.floor_char_boundary(LONGEST_BYTES))
            .unwrap_or(text);
        if let Some(word) = self.known.get(text) {
            return *word;
        }
        let word = u32::try_from(self.all.len()).ok();
        let Some(word) = word.filter(|_| self.all.len() < MOST) else {
            return Word(0);
        };
        self.all.push(text.into());
        self.known.insert(text.into(), Word(word));
        Word(word)
    }

    pub(super) fn get(&self, word: Word) -> &str {
        let place = usize::try_from(word.0).unwrap_or(usize::MAX);
        self.all.get(place).map_or("", |text| text)
    }
}

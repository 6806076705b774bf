//! Words that many lines repeat, each kept once. There is a bound on how many there may be: files may hold anything.

use std::collections::HashMap;

/// So many different words are told apart.
const MOST: usize = 10_000;
/// So much of each is kept.
const LONGEST_BYTES: usize = 1_000;

/// A word that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Word(u32);

/// The words that were kept.
#[derive(Debug, Default)]
pub(super) struct Words {
    known: HashMap<Box<str>, Word>,
    all: Vec<Box<str>>,
}

impl Words {
    /// Keeps the word. Where there are too many, `None`.
    pub(super) fn keep(&mut self, text: &str) -> Option<Word> {
        let text = text
            .get(..text.floor_char_boundary(LONGEST_BYTES))
            .unwrap_or(text);
        if let Some(word) = self.known.get(text) {
            return Some(*word);
        }
        if self.all.len() >= MOST {
            return None;
        }
        let word = Word(u32::try_from(self.all.len()).ok()?);
        self.all.push(text.into());
        self.known.insert(text.into(), word);
        Some(word)
    }

    pub(super) fn get(&self, word: Word) -> &str {
        let place = usize::try_from(word.0).unwrap_or(usize::MAX);
        self.all.get(place).map_or("", |text| text)
    }
}

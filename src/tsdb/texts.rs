//! Millions of strings, numbered in the order in which they come.

use super::bytes::{Cursor, put_uvarint};

/// Strings are kept in pages, so that none is copied when there are more. A longer one has a page of its own.
const PAGE_BYTES: usize = 1 << PAGE_BITS;
const PAGE_BITS: u32 = 20;

/// Strings by their numbers, as many as an index can have. Each takes five bytes beside its own, or a few more where it is long.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// The length of each comes before it.
    pages: Vec<Vec<u8>>,
    /// Where each lies: the number of its page, and where it begins there.
    places: Vec<u32>,
    /// How much a table of them takes at most.
    bytes: u64,
}

impl Texts {
    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.places.len()
    }

    /// The string of a number; empty where there is none.
    pub(crate) fn text(&self, number: u32) -> &[u8] {
        let found = self.places.get(number as usize).and_then(|place| {
            let page = self.pages.get((place >> PAGE_BITS) as usize)?;
            let page = page.get(*place as usize & (PAGE_BYTES - 1)..)?;
            Cursor::new(page).string()
        });
        found.unwrap_or_default()
    }

    /// Adds one, and returns its number; `None` where an index has no room for it.
    pub(crate) fn push(&mut self, text: &[u8]) -> Option<u32> {
        let number = u32::try_from(self.places.len()).ok()?;
        let length = u32::try_from(text.len()).ok()?;
        self.bytes += u64::from(length) + 5;
        u32::try_from(self.bytes).ok()?;
        // The longest length has five bytes.
        let bytes = 5 + text.len();
        let has_room = |page: &Vec<u8>| page.len() + bytes <= PAGE_BYTES;
        if !self.pages.last().is_some_and(has_room) {
            self.pages.push(Vec::with_capacity(bytes.max(PAGE_BYTES)));
        }
        let page_number = u32::try_from(self.pages.len() - 1).ok()?;
        let page = self.pages.last_mut()?;
        let start = u32::try_from(page.len()).ok()?;
        self.places
            .push(page_number.checked_mul(1 << PAGE_BITS)? | start);
        put_uvarint(page, length.into());
        page.extend(text);
        Some(number)
    }
}

//! The strings that labels are made of.
//!
//! They may take more memory than there is, so no string is kept: of each, 32 bits of a hash, by which what series say is compared with what
//! postings say; and where every so many of them lie, by which one that a finding names is read again.

use super::bytes::{Cursor, VARINT_BYTES};
use super::compare::hash;
use super::finding::{Finding, Findings, Kind};
use super::section;
use super::source::{BlockFiles, File};
use super::stream::{MOST_BYTES, Stream};
use super::toc::{INDEX, Toc};

/// How many places are kept.
const MOST_PLACES: usize = 64 << 10;

/// The symbols of an index, of which a part is in memory.
pub(crate) struct Symbols {
    version: u8,
    /// Where the section ends.
    end: u64,
    /// How many there are.
    pub(crate) count: u64,
    /// Whether all could be read, as they were written.
    pub(crate) whole: bool,
    /// Whether they ascend, too: the numbers of symbols are ordered as the symbols are then.
    pub(crate) sorted: bool,
    /// How many hashes are kept at once.
    most: u64,
    /// The number of the first that is in memory.
    first: u64,
    hashes: Vec<u32>,
    /// Where these lie; of use in format 1 alone.
    offsets: Vec<u32>,
    places: Vec<u64>,
    stride: u64,
}

/// What is known of a reference to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Hash(u32),
    /// It is not among those in memory.
    Elsewhere,
    /// There is no such symbol.
    Nowhere,
}

impl Symbols {
    /// Reads all of them, checks them, and keeps the first so many.
    pub(crate) fn read<S: BlockFiles>(
        source: &S,
        toc: &Toc,
        most: u64,
        findings: &mut Findings,
    ) -> Result<Self, S::Error> {
        // Room for all at once: a vector that grows has room for twice as many.
        let room = usize::try_from(most.min(toc.symbols.end - toc.symbols.start)).unwrap_or(0);
        let mut symbols = Self {
            version: toc.version,
            end: toc.symbols.end,
            count: 0,
            whole: true,
            sorted: true,
            most,
            first: 0,
            hashes: Vec::with_capacity(room),
            offsets: Vec::with_capacity(if toc.version == 1 { room } else { 0 }),
            places: Vec::new(),
            stride: 1,
        };
        let mut before: Vec<u8> = Vec::new();
        let mut head = Stream::new(source, File::Index, 5, toc.symbols.start);
        section::padding(&mut head, toc.symbols.start, "head", findings)?;
        let table = section::read(
            source,
            toc.symbols,
            "symbols",
            findings,
            |cursor, at, findings| {
                let Some(symbol) = cursor.string() else {
                    return Ok(false);
                };
                if symbols.count > 0 && symbol <= before.as_slice() {
                    symbols.sorted = false;
                    findings.add(Kind::SymbolsUnsorted, || {
                        let what =
                            format!("symbols: {} follows {}", quoted(symbol), quoted(&before));
                        Finding::new(Kind::SymbolsUnsorted, INDEX, at, what)
                    });
                }
                before.clear();
                before.extend_from_slice(symbol);
                symbols.keep(symbol, at);
                Ok(true)
            },
        )?;
        symbols.whole = table.whole;
        symbols.sorted &= table.whole;
        Ok(symbols)
    }

    fn keep(&mut self, symbol: &[u8], at: u64) {
        if self.count.is_multiple_of(self.stride) {
            if self.places.len() == MOST_PLACES {
                let mut even = false;
                self.places.retain(|_| {
                    even = !even;
                    even
                });
                self.stride *= 2;
            }
            if self.count.is_multiple_of(self.stride) {
                self.places.push(at);
            }
        }
        self.keep_hash(self.count, symbol, at);
        self.count += 1;
    }

    fn keep_hash(&mut self, number: u64, symbol: &[u8], at: u64) {
        if number < self.first || self.hashes.len() as u64 == self.most {
            return;
        }
        self.hashes.push(hash(symbol));
        if self.version == 1 {
            // Format 1 refers to symbols by 32 bits.
            self.offsets.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }

    /// Takes the next so many into memory, in the place of those before; `false` where there are no more.
    pub(crate) fn advance<S: BlockFiles>(
        &mut self,
        source: &S,
        toc: &Toc,
    ) -> Result<bool, S::Error> {
        let next = self.first + self.hashes.len() as u64;
        if next >= self.count || self.hashes.is_empty() {
            return Ok(false);
        }
        self.load(source, toc, next)?;
        Ok(true)
    }

    /// Takes the first so many into memory again.
    pub(crate) fn rewind<S: BlockFiles>(&mut self, source: &S, toc: &Toc) -> Result<(), S::Error> {
        if self.first == 0 {
            Ok(())
        } else {
            self.load(source, toc, 0)
        }
    }

    fn load<S: BlockFiles>(&mut self, source: &S, toc: &Toc, first: u64) -> Result<(), S::Error> {
        self.first = first;
        self.hashes.clear();
        self.offsets.clear();
        let mut number = 0;
        // What is wrong was said when they were read first.
        let mut said = Findings::new(0);
        section::read(
            source,
            toc.symbols,
            "symbols",
            &mut said,
            |cursor, at, _| {
                let Some(symbol) = cursor.string() else {
                    return Ok(false);
                };
                self.keep_hash(number, symbol, at);
                number += 1;
                Ok(true)
            },
        )?;
        Ok(())
    }

    /// What is known of the symbol that a series or a label index refers to.
    #[inline]
    pub(crate) fn known(&self, reference: u32) -> Known {
        if self.version == 1 {
            return self.known_by_place(reference);
        }
        let number = u64::from(reference);
        let hash = number
            .checked_sub(self.first)
            .and_then(|index| self.hashes.get(usize::try_from(index).ok()?));
        match hash {
            Some(hash) => Known::Hash(*hash),
            None if number < self.count => Known::Elsewhere,
            None => Known::Nowhere,
        }
    }

    fn known_by_place(&self, reference: u32) -> Known {
        match self.offsets.binary_search(&reference) {
            Ok(index) => self
                .hashes
                .get(index)
                .map_or(Known::Nowhere, |hash| Known::Hash(*hash)),
            Err(0) if self.first > 0 => Known::Elsewhere,
            Err(index) if index == self.offsets.len() && !self.at_end() => Known::Elsewhere,
            Err(_) => Known::Nowhere,
        }
    }

    fn at_end(&self) -> bool {
        self.first + self.hashes.len() as u64 >= self.count
    }

    /// Whether all symbols are in memory.
    pub(crate) fn is_all(&self) -> bool {
        self.first == 0 && self.at_end()
    }

    /// Whether the symbols in memory are the first.
    pub(crate) const fn is_first(&self) -> bool {
        self.first == 0
    }

    /// Reads the symbol that is referred to from the index.
    pub(crate) fn text<S: BlockFiles>(
        &self,
        source: &S,
        reference: u32,
    ) -> Result<Option<String>, S::Error> {
        self.read_one(source, reference, |text| {
            String::from_utf8_lossy(text).into_owned()
        })
    }

    /// The hash of a symbol that is not in memory.
    pub(crate) fn read_hash<S: BlockFiles>(
        &self,
        source: &S,
        reference: u32,
    ) -> Result<Option<u32>, S::Error> {
        self.read_one(source, reference, hash)
    }

    fn read_one<S: BlockFiles, T>(
        &self,
        source: &S,
        reference: u32,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, S::Error> {
        let (place, mut before) = if self.version == 1 {
            (Some(u64::from(reference)), 0)
        } else {
            let number = u64::from(reference);
            let index = usize::try_from(number / self.stride).unwrap_or(usize::MAX);
            (self.places.get(index).copied(), number % self.stride)
        };
        let Some(place) = place.filter(|place| *place < self.end) else {
            return Ok(None);
        };
        let mut stream = Stream::short(source, File::Index, place, self.end);
        loop {
            let Some((length, bytes)) = stream.uvarint()? else {
                return Ok(None);
            };
            if before > 0 {
                stream.skip(length.saturating_add(bytes as u64));
                before -= 1;
                continue;
            }
            let Some(whole) = usize::try_from(length)
                .ok()
                .filter(|length| *length <= MOST_BYTES)
            else {
                return Ok(None);
            };
            let mut cursor = Cursor::new(stream.peek(whole + VARINT_BYTES)?);
            return Ok(cursor.string().map(take));
        }
    }
}

/// A label as Prometheus prints it.
pub(crate) fn label(name: &[u8], value: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let digit = name.first().is_none_or(u8::is_ascii_digit);
    let name = if !digit && name.iter().all(plain) {
        String::from_utf8_lossy(name).into_owned()
    } else {
        quoted(name)
    };
    format!("{name}={}", quoted(value))
}

/// A string in quotes, on one line, and cut where it is long.
pub(crate) fn quoted(text: &[u8]) -> String {
    const MOST: usize = 80;
    let mut quoted = String::from("\"");
    let cut = text.get(..MOST).unwrap_or(text);
    for character in String::from_utf8_lossy(cut).chars() {
        if quoted.len() > MOST {
            break;
        }
        match character {
            '\'' => quoted.push('\''),
            _ => quoted.extend(character.escape_debug()),
        }
    }
    if quoted.len() > MOST || text.len() > MOST {
        quoted.push('…');
    }
    quoted + "\""
}

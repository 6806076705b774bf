//! The files of a block's data: whatever they hold, the check ends, and what it finds are plain lines.
//!
//! Checksums are written anew before an input is checked, for no fuzzer finds one that is right.

use std::convert::Infallible;

use thanos_bucket::tsdb::{
    self, Block, BlockFiles, File, Findings, Segment, Stats, decode, encode,
};

use super::corpus::{golden_blocks, texts};
use super::promise::{Promise, READ, assert_plain};

pub const PROMISES: [Promise; 3] = [
    Promise {
        name: "index",
        seeds: || golden_blocks("index"),
        tokens: &["\u{0}", "\u{1}"],
        slowest: READ,
        check: index,
    },
    Promise {
        name: "chunk",
        seeds: chunks,
        tokens: &["\u{1}", "\u{2}", "\u{3}"],
        slowest: READ,
        check: chunk,
    },
    Promise {
        name: "tombstones",
        seeds: || [golden_blocks("tombstones"), texts(&["\u{1}\u{2}\u{3}"])].concat(),
        tokens: &["\u{0}", "\u{1}"],
        slowest: READ,
        check: tombstones,
    },
];

struct Files<'a> {
    index: &'a [u8],
    segment: &'a [u8],
    tombstones: Option<&'a [u8]>,
}

impl BlockFiles for Files<'_> {
    type Error = Infallible;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<(), Infallible> {
        let bytes = match file {
            File::Index => self.index,
            File::Segment(_) => self.segment,
            File::Tombstones => self.tombstones.unwrap(),
        };
        let offset = usize::try_from(offset).unwrap();
        into.copy_from_slice(&bytes[offset..offset + into.len()]);
        Ok(())
    }
}

/// What is found is as much with one thread as with two, and plain.
fn check(files: &Files<'_>) {
    let block = Block {
        index_size: files.index.len() as u64,
        segments: vec![Segment {
            name: "000001".to_owned(),
            size: files.segment.len() as u64,
        }],
        tombstones_size: files.tombstones.map(|bytes| bytes.len() as u64),
        min_time: 0,
        max_time: i64::MAX,
        stats: Stats {
            series: Some(1),
            ..Stats::default()
        },
    };
    let mut findings = Findings::new(5);
    let Ok(counts) = tsdb::check(files, &block, 1, &mut findings);
    for finding in findings.iter() {
        assert_plain(finding);
    }
    let mut same = Findings::new(5);
    assert_eq!(tsdb::check(files, &block, 2, &mut same), Ok(counts));
    assert_eq!(findings.counts(), same.counts());
}

fn index(input: &[u8]) {
    check(&Files {
        index: &mended(input),
        segment: b"",
        tombstones: None,
    });
}

/// A segment of one chunk: encoding and data are the input. Its samples are read, too.
fn chunk(input: &[u8]) {
    let mut segment = vec![0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0];
    let mut length = input.len().saturating_sub(1);
    while length >= 0x80 {
        segment.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    segment.push(u8::try_from(length).unwrap());
    samples(input);
    segment.extend_from_slice(input);
    segment.extend(crc32c(input).to_be_bytes());
    check(&Files {
        index: b"",
        segment: &segment,
        tombstones: None,
    });
}

/// Reads its samples: as many as are told, or up to an error that is a plain line; and what was read is encoded and read again.
fn samples(input: &[u8]) {
    let Some((encoding, data)) = input.split_first() else {
        return;
    };
    let mut read = Vec::new();
    let mut failed = None;
    for sample in decode::samples(*encoding, data) {
        assert!(failed.is_none(), "nothing comes behind an error");
        match sample {
            Ok(sample) => read.push(sample),
            Err(err) => failed = Some(err),
        }
    }
    if let Some(err) = &failed {
        assert_plain(err);
    }
    // Whoever passes over values sees as many samples, but for times that go back.
    if let Ok(summary) = decode::summary(*encoding, data)
        && *encoding < 7
        && failed.is_none()
    {
        assert_eq!(summary.samples, read.len() as u64);
    }
    for chunk in encode::chunks(read) {
        match chunk {
            Ok(chunk) => {
                let again = decode::samples(chunk.encoding.number(), &chunk.data);
                assert!(again.flatten().count() <= encode::MOST_SAMPLES);
            }
            Err(err) => assert_plain(&err),
        }
    }
}

fn tombstones(input: &[u8]) {
    let mut bytes = input.to_vec();
    if let Some(end) = bytes.len().checked_sub(4).filter(|end| *end >= 5) {
        let crc = crc32c(&bytes[5..end]);
        bytes[end..].copy_from_slice(&crc.to_be_bytes());
    }
    check(&Files {
        index: b"",
        segment: b"",
        tombstones: Some(&bytes),
    });
}

/// The chunks of the golden blocks, without lengths and checksums.
fn chunks() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for segment in golden_blocks("chunks/000001") {
        let mut rest = &segment[8..];
        while !rest.is_empty() {
            let (length, prefix) = uvarint(rest).unwrap();
            found.push(rest[prefix..=prefix + length].to_vec());
            rest = &rest[prefix + length + 5..];
        }
    }
    found
}

/// An index whose checksums are right wherever its table of contents, lengths and offsets lead.
fn mended(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let Some(toc) = bytes.len().checked_sub(52) else {
        return bytes;
    };
    seal(&mut bytes, toc, 48);
    let place = |bytes: &[u8], number: usize| {
        let at = toc + number * 8;
        let place = u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        usize::try_from(place).unwrap().min(toc)
    };
    for section in [0, 3, 5] {
        let at = place(&bytes, section);
        seal_section(&mut bytes, at);
    }
    let indices = place(&bytes, 2);
    let postings = place(&bytes, 4);
    let step = if bytes[4] == 1 { 1 } else { 16 };
    let mut at = place(&bytes, 1).next_multiple_of(step);
    while at < if indices == 0 { postings } else { indices } {
        let Some((length, prefix)) = uvarint(&bytes[at..]) else {
            break;
        };
        seal(&mut bytes, at + prefix, length);
        at = (at + prefix)
            .saturating_add(length + 4)
            .next_multiple_of(step);
    }
    let table = place(&bytes, 5);
    for (mut at, end) in [(indices, postings), (postings, table)] {
        while at + 8 < end {
            at = at.next_multiple_of(4);
            let Some(length) = seal_section(&mut bytes, at) else {
                break;
            };
            at += length + 8;
        }
    }
    bytes
}

fn seal_section(bytes: &mut [u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..at.checked_add(4)?)?;
    let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
    seal(bytes, at + 4, length);
    Some(length)
}

fn seal(bytes: &mut [u8], at: usize, length: usize) {
    let Some(end) = at
        .checked_add(length)
        .filter(|end| end.saturating_add(4) <= bytes.len())
    else {
        return;
    };
    let crc = crc32c(&bytes[at..end]);
    bytes[end..end + 4].copy_from_slice(&crc.to_be_bytes());
}

fn uvarint(bytes: &[u8]) -> Option<(usize, usize)> {
    let length = 1 + bytes
        .iter()
        .take(4)
        .take_while(|byte| **byte >= 0x80)
        .count();
    let number = bytes.get(..length)?;
    let value = number
        .iter()
        .rev()
        .fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    Some((value, length))
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

#[test]
fn known_indexes_are_mended_to_what_they_are() {
    for index in golden_blocks("index") {
        assert!(mended(&index) == index);
    }
}

//! Damage that leaves every checksum as it has to be.

use thanos_bucket::tsdb::Kind;

use super::block::Memory;
use super::index::{LABEL_INDICES, POSTINGS_TABLE, SYMBOLS, crc32c, uvarint};

/// What is found in a block once it is changed; the first line must hold those words.
#[track_caller]
fn damaged(name: &str, change: impl FnOnce(&mut Memory), kinds: &[Kind], words: &str) {
    let mut block = Memory::golden(name);
    change(&mut block);
    let found = block.found();
    let have = block.kinds();
    assert!(kinds.iter().all(|kind| have.contains(kind)), "{found:#?}");
    assert!(found.iter().any(|line| line.contains(words)), "{found:#?}");
}

#[test]
fn good_blocks_have_no_findings_and_as_much_as_their_statistics_say() {
    for name in Memory::names() {
        let block = Memory::golden(&name);
        for threads in 1..4 {
            let (counts, findings) = block.check_with(threads);
            let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
            assert!(found.is_empty(), "{name}: {found:#?}");
            assert_eq!(block.stats.series, Some(counts.series), "{name}");
            assert_eq!(block.stats.chunks, Some(counts.chunks), "{name}");
            assert_eq!(block.stats.samples, Some(counts.samples), "{name}");
        }
    }
}

#[test]
fn segments_that_are_exchanged_or_missing_are_found() {
    damaged(
        "floats",
        |block| {
            let (one, other) = (block.segments[0].1.clone(), block.segments[1].1.clone());
            block.segments[0].1 = other;
            block.segments[1].1 = one;
        },
        &[Kind::ChunkTimesDiffer],
        "chunks/000001",
    );
    damaged(
        "floats",
        |block| drop(block.segments.pop()),
        &[Kind::DanglingReference],
        "of segment 7, of which there are 6",
    );
    damaged(
        "floats",
        |block| {
            let more = block.segments[2].1.clone();
            block.segments.push(("000008".to_owned(), more));
        },
        &[Kind::ChunkUnreferenced],
        "chunks/000008 at 8: a chunk that no series refers to",
    );
}

#[test]
fn bytes_that_belong_to_nothing_are_found() {
    damaged(
        "histograms",
        |block| block.segments[0].1.extend([0; 100]),
        &[Kind::ChunkUnreferenced],
        "100 bytes that are no chunk and that no series refers to",
    );
    damaged(
        "label-indices",
        |block| {
            let at = block.section(LABEL_INDICES);
            // A label with one value is given another.
            let only =
                |at: &usize| block.index[*at..*at + 12] == [0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1];
            let at = (at..block.index.len() - 12).find(only).unwrap();
            block.index[at + 15] -= 1;
            block.seal_section(at);
        },
        &[Kind::LabelIndexDiffers],
        "label indices do not hold the values that there are postings of",
    );
    damaged(
        "tombstones",
        |block| {
            let bytes = block.tombstones.as_mut().unwrap();
            bytes[5] += 1;
            let end = bytes.len() - 4;
            let crc = crc32c(&bytes[5..end]);
            bytes[end..].copy_from_slice(&crc.to_be_bytes());
        },
        &[Kind::DanglingReference],
        "which the index does not have",
    );
}

#[test]
fn series_that_are_exchanged_are_found() {
    damaged(
        "histograms",
        |block| {
            let series = block.series();
            // Two whose entries take as much room.
            let size = |index: usize| series[index + 1].0 - series[index].0;
            let one = (0..series.len() - 2)
                .find(|index| size(*index) == size(index + 1))
                .unwrap();
            let middle = series[one + 1].0;
            let range = series[one].0..series[one + 2].0;
            block.index[range].rotate_left(middle - series[one].0);
        },
        &[Kind::SeriesUnsorted, Kind::ReferencesUnsorted],
        "its labels do not come behind those of the series before",
    );
}

#[test]
fn references_that_lead_nowhere_are_found() {
    // The last byte of the first chunk's reference: no label has that many.
    let change_reference = |block: &mut Memory, to: u8| {
        let (_, body) = block.series()[0].clone();
        let mut at = body.start;
        let (labels, prefix) = uvarint(&block.index[at..]);
        at += prefix;
        for _ in 0..labels * 2 + 3 {
            at += uvarint(&block.index[at..]).1;
        }
        assert_eq!(block.index[at], 8, "the first chunk of all");
        block.index[at] = to;
        block.seal(body);
    };
    damaged(
        "histograms",
        |block| change_reference(block, 9),
        &[Kind::ChunkUnreferenced],
        "chunks/000001 at 8",
    );
    damaged(
        "histograms",
        |block| change_reference(block, 7),
        &[Kind::DanglingReference],
        "series {__name__=\"custom\"}",
    );
    damaged(
        "floats",
        |block| {
            let (_, body) = block.series()[0].clone();
            block.index[body.start + 1] = 99;
            block.seal(body);
        },
        &[Kind::DanglingSymbol],
        "it refers to symbol 99",
    );
}

#[test]
fn postings_are_compared_with_series() {
    damaged(
        "floats",
        |block| {
            let list = block.lists()[0];
            block.index[list + 11] += 1;
            block.seal_section(list);
        },
        &[Kind::PostingsIncomplete, Kind::DanglingReference],
        "the postings of all series lack this one",
    );
    damaged(
        "floats",
        |block| {
            let lists = block.lists();
            // The first label of which there are two series takes one of another.
            let list = lists
                .into_iter()
                .skip(1)
                .find(|list| block.u32(list + 4) == 2)
                .unwrap();
            let other = block.series().iter().map(|(at, _)| at / 16).max().unwrap();
            let bytes = u32::try_from(other).unwrap().to_be_bytes();
            block.index[list + 12..list + 16].copy_from_slice(&bytes);
            block.seal_section(list);
        },
        &[Kind::PostingsIncomplete, Kind::PostingsSurplus],
        "the postings of __name__=\"requests_total\" lack this series",
    );
    damaged(
        "floats",
        |block| {
            let list = block.lists()[0];
            let range = list + 8..list + 16;
            block.index[range].rotate_left(4);
            block.seal_section(list);
        },
        &[Kind::PostingsUnsorted],
        "series are not in ascending order",
    );
    damaged(
        "floats",
        |block| {
            let table = block.section(POSTINGS_TABLE);
            let at = block.index[table..]
                .windows(4)
                .position(|bytes| bytes == b"\x02up\x8c" || bytes.starts_with(b"\x02up"))
                .unwrap();
            block.index[table + at + 1] = b'a';
            block.seal_section(table);
        },
        &[Kind::PostingsIncomplete, Kind::PostingsSurplus],
        "there are no postings of its label __name__",
    );
}

#[test]
fn postings_that_lie_over_each_other_are_not_read_again_and_again() {
    damaged(
        "floats",
        |block| {
            let longest = block.lists()[0];
            let places: Vec<_> = block.list_offsets().collect();
            for at in places {
                assert_eq!(uvarint(&block.index[at..]).1, 2);
                block.index[at] = u8::try_from(longest & 0x7f).unwrap() | 0x80;
                block.index[at + 1] = u8::try_from(longest >> 7).unwrap();
            }
            let table = block.section(POSTINGS_TABLE);
            block.seal_section(table);
        },
        &[Kind::IndexMalformed],
        "postings: so many lie out of order or over each other that the rest is not read",
    );
}

#[test]
fn symbols_that_are_out_of_order_are_found() {
    damaged(
        "floats",
        |block| {
            let symbols = block.section(SYMBOLS);
            let at = block.index[symbols..]
                .windows(3)
                .position(|bytes| bytes == b"\x03api")
                .unwrap_or_else(|| {
                    block.index[symbols..]
                        .windows(3)
                        .position(|bytes| bytes == b"api")
                        .unwrap()
                        - 1
                });
            block.index[symbols + at + 1] = b'~';
            block.seal_section(symbols);
        },
        &[Kind::SymbolsUnsorted, Kind::PostingsIncomplete],
        "symbols: ",
    );
}

#[test]
fn times_are_compared_with_the_blocks_and_with_what_meta_json_says() {
    damaged(
        "floats",
        |block| block.max_time -= 3_600_000,
        &[Kind::ChunkOutOfBlock],
        "in a block from",
    );
    damaged(
        "five-minutes",
        |block| block.min_time += 3_600_000,
        &[Kind::ChunkOutOfBlock],
        "in a block from",
    );
    // As Thanos has it: a chunk may end when its block does.
    let mut block = Memory::golden("floats");
    block.max_time -= 1;
    assert_eq!(block.found(), [""; 0]);
    damaged(
        "floats",
        |block| block.stats.samples = Some(1380),
        &[Kind::StatsDiffer],
        "stats-differ: meta.json: numSamples is 1380, but there are 1379",
    );
    damaged(
        "histograms",
        |block| block.stats.histogram_samples = Some(1),
        &[Kind::StatsDiffer],
        "numHistogramSamples is 1,",
    );
    damaged(
        "tombstones",
        |block| block.stats.tombstones = Some(1),
        &[Kind::StatsDiffer],
        "numTombstones is 1, but there are 3",
    );
}

#[test]
fn times_that_do_not_ascend_are_found() {
    damaged(
        "floats",
        |block| {
            // From one chunk to the next it is a minute: no time at all, in as many bytes.
            let minute = |bytes: &[u8]| bytes == [0xe0, 0xd4, 0x03];
            let found = block.series().into_iter().find_map(|(_, body)| {
                let at = block.index[body.clone()].windows(3).position(minute)?;
                Some((body.start + at, body))
            });
            let (at, body) = found.unwrap();
            block.index[at..at + 3].copy_from_slice(&[0x80, 0x80, 0]);
            block.seal(body);
        },
        &[Kind::ChunksOverlap, Kind::ChunkTimesDiffer],
        "behind one from",
    );
    damaged(
        "histograms",
        |block| {
            let (_, body) = block.series()[0].clone();
            let labels = block.index[body.start];
            block.index[body.start] = 0;
            block.index[body.start + 1] = 0;
            block.seal(body.clone());
            assert_eq!(labels, 1);
        },
        &[Kind::IndexMalformed],
        "series: the entry does not parse, although its checksum is right",
    );
    damaged(
        "label-indices",
        |block| {
            change_chunk(block, |chunk| {
                assert_eq!(chunk[17..20], [0xe0, 0xd4, 0x03], "a minute");
                chunk[17..20].copy_from_slice(&[0x80, 0x80, 0]);
            });
        },
        &[Kind::SamplesUnsorted],
        "a sample of 17",
    );
}

/// Changes the first chunk of a block, which is of that encoding, and writes the checksum that is right then.
fn change_chunk(block: &mut Memory, change: impl FnOnce(&mut [u8])) {
    let first = &block.segments[0].1[8..];
    let encoding = first[uvarint(first).1];
    change_chunk_of(block, encoding, change);
}

#[test]
fn what_is_newer_than_thanos_reads_is_told_as_such_and_checked_like_all() {
    let block = Memory::newer();
    let (counts, findings) = block.check();
    assert_eq!(block.kinds(), [Kind::UnreadableByThanos]);
    assert!(!findings.is_damaged());
    assert_eq!(counts.unreadable_chunks, counts.chunks);
    assert_eq!(findings.total(), counts.chunks);
    assert_eq!(block.stats.samples, Some(counts.samples));
    assert_eq!(block.stats.float_samples, Some(counts.float_samples));
    assert_eq!(
        block.stats.histogram_samples,
        Some(counts.histogram_samples)
    );
    let found = block.found();
    for encoding in 4..7 {
        let mut told = found.iter();
        let words = format!("chunk of encoding {encoding}, which Prometheus 3.11");
        assert!(told.any(|line| line.contains(&words)), "{found:#?}");
    }
    // The first chunk of each encoding.
    for encoding in 4..7 {
        let mut changed = Memory::newer();
        change_chunk_of(&mut changed, encoding, |chunk| chunk[2] -= 1);
        let kinds = changed.kinds();
        assert!(kinds.contains(&Kind::ChunkTimesDiffer), "{kinds:?}");
        assert!(kinds.contains(&Kind::UnreadableByThanos), "{kinds:?}");
        let mut changed = Memory::newer();
        change_chunk_of(&mut changed, encoding, |chunk| chunk[2] += 100);
        let kinds = changed.kinds();
        assert!(kinds.contains(&Kind::ChunkUndecodable), "{kinds:?}");
        let mut changed = Memory::newer();
        change_chunk_of(&mut changed, encoding, |chunk| chunk[0] = 1);
        assert!(changed.check().1.is_damaged());
    }
    let mut block = Memory::golden("floats");
    block.index[4] = 3;
    assert_eq!(block.kinds(), [Kind::UnreadableByThanos]);
    assert!(!block.check().1.is_damaged());
}

/// Changes the first chunk of an encoding, and writes the checksum that is right then.
fn change_chunk_of(block: &mut Memory, encoding: u8, change: impl FnOnce(&mut [u8])) {
    let bytes = &mut block.segments[0].1;
    let mut at = 8;
    let range = loop {
        let (length, prefix) = uvarint(&bytes[at..]);
        let range = at + prefix..at + prefix + 1 + length;
        if bytes[range.start] == encoding {
            break range;
        }
        at = range.end + 4;
    };
    change(&mut bytes[range.clone()]);
    let crc = crc32c(&bytes[range.clone()]);
    bytes[range.end..range.end + 4].copy_from_slice(&crc.to_be_bytes());
}

#[test]
fn chunks_that_say_other_than_the_index_are_found() {
    damaged(
        "floats",
        |block| change_chunk(block, |chunk| chunk[0] = 7),
        &[Kind::UnknownEncoding],
        "chunks/000001 at 8, series {",
    );
    damaged(
        "floats",
        |block| change_chunk(block, |chunk| chunk[2] -= 1),
        &[Kind::ChunkTimesDiffer, Kind::StatsDiffer],
        "but the index says from",
    );
    damaged(
        "floats",
        |block| change_chunk(block, |chunk| chunk[2] += 10),
        &[Kind::ChunkUndecodable],
        "the data ends within sample",
    );
    damaged(
        "histograms",
        |block| change_chunk(block, |chunk| chunk[2] += 100),
        &[Kind::ChunkUndecodable],
        "the data ends within sample",
    );
    for name in ["floats", "histograms"] {
        damaged(
            name,
            |block| change_chunk(block, |chunk| chunk[1..3].fill(0)),
            &[Kind::ChunkEmpty],
            "a chunk without samples",
        );
    }
    damaged(
        "five-minutes",
        |block| change_chunk(block, |chunk| chunk[1..3].fill(0x7f)),
        &[Kind::UnknownEncoding],
        "the aggregate count: chunk of encoding",
    );
    damaged(
        "five-minutes",
        |block| {
            change_chunk(block, |chunk| {
                chunk[1..4].copy_from_slice(&[0xff, 0xff, 0x7f]);
            });
        },
        &[Kind::ChunkUndecodable],
        "the aggregate count: longer than the chunk",
    );
}

//! In which parts an object is put.

use super::{Backend, EtagMeaning, Multipart};
use crate::block::{Checksum, Object};
use crate::error::{Error, Kind, Result};

/// How an object is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// In one request.
    Single,
    /// In parts of this many bytes; the last one may be smaller.
    Parts(u64),
}

const MIB: u64 = 1 << 20;

/// The size of parts where nothing else is asked for.
const PART: u64 = 16 * MIB;

/// What is put in one request at most: that much must fit into memory at once.
const SINGLE: u64 = 64 * MIB;

/// Providers allow 10,000 parts; a few are kept in reserve.
const MOST_PARTS: u64 = 9_500;

/// Part sizes that uploaders use, in MiB.
const USUAL: [u64; 12] = [5, 6, 8, 10, 12, 15, 16, 20, 25, 32, 50, 64];

/// Chooses the layout of the source where that is known, for then equal entity tags prove equal content.
pub(super) fn layout(object: &Object, source: &Backend, target: &Backend) -> Result<Layout> {
    let size = object.size_bytes;
    if target.multipart == Multipart::Never {
        if size > SINGLE {
            let attempt = format!("put {} of {size} bytes in one request", object.name);
            let why = format!(
                "disable_multipart is set, and objects above {SINGLE} bytes are put in parts"
            );
            return Err(Error::new(Kind::Unsupported, attempt).because(why));
        }
        return Ok(Layout::Single);
    }
    let comparable = source.etags == EtagMeaning::Content && target.etags == EtagMeaning::Content;
    let checksum = object.checksum.as_ref().filter(|_| comparable);
    let parts = checksum.map(Checksum::parts);
    let asked = target.part_size_bytes.filter(|part| *part <= SINGLE);
    Ok(match parts {
        Some(None) if size <= SINGLE => Layout::Single,
        Some(Some(parts)) => match part_of(size, u64::from(parts), asked) {
            Some(part) => Layout::Parts(part),
            None => own(size, asked),
        },
        Some(None) | None => own(size, asked),
    })
}

fn own(size: u64, asked: Option<u64>) -> Layout {
    let part = asked.unwrap_or(PART);
    if size <= part {
        return Layout::Single;
    }
    let least = size.div_ceil(MOST_PARTS).div_ceil(MIB) * MIB;
    Layout::Parts(part.max(least))
}

/// The usual part size that makes so many parts out of that size.
fn part_of(size: u64, parts: u64, asked: Option<u64>) -> Option<u64> {
    let usual = USUAL.iter().map(|mib| mib * MIB);
    asked
        .into_iter()
        .chain(usual)
        .find(|part| size.div_ceil(*part).max(1) == parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_parts_are_found_from_their_number() {
        for (size, parts, expected) in [
            (300 * MIB, 5, Some(64)),
            (300 * MIB, 19, Some(16)),
            (300 * MIB, 60, Some(5)),
            (3 * MIB, 1, Some(5)),
            (300 * MIB, 3, None),
        ] {
            assert_eq!(
                part_of(size, parts, None),
                expected.map(|mib: u64| mib * MIB)
            );
        }
        assert_eq!(part_of(300 * MIB, 43, Some(7 * MIB)), Some(7 * MIB));
    }

    #[test]
    fn parts_are_large_enough_for_every_size() {
        assert_eq!(own(16 * MIB, None), Layout::Single);
        assert_eq!(own(16 * MIB + 1, None), Layout::Parts(16 * MIB));
        assert_eq!(own(6 << 30, None), Layout::Parts(16 * MIB));
        let Layout::Parts(part) = own(5 << 40, None) else {
            panic!("5 TiB cannot be put at once");
        };
        assert!((5_u64 << 40).div_ceil(part) <= 10_000);
        assert_eq!(own(20 * MIB, Some(5 * MIB)), Layout::Parts(5 * MIB));
    }
}

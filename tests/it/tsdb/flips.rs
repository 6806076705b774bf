//! Every bit of a block matters to the check.

use std::env;

use super::block::Memory;
use super::random::Random;

/// How many bits of each file are flipped, unless `THANOS_BUCKET_ALL_BITS` asks for all.
const FLIPS: u64 = 300;

#[test]
fn whichever_bit_flips_it_is_found() {
    let all = env::var_os("THANOS_BUCKET_ALL_BITS").is_some();
    let mut random = Random::new();
    let mut flipped = 0_u64;
    for name in Memory::names() {
        let mut block = Memory::golden(&name);
        for number in 0.. {
            if number == 1 && block.tombstones.is_none() {
                continue;
            }
            let Some((file, bytes)) = block.file(number) else {
                break;
            };
            let bits = bytes.len() as u64 * 8;
            let flips: Vec<_> = if all || bits < FLIPS {
                (0..bits).collect()
            } else {
                (0..FLIPS).map(|_| random.below(bits)).collect()
            };
            for bit in flips {
                let (at, mask) = (usize::try_from(bit / 8).unwrap(), 1 << (bit % 8));
                block.file(number).unwrap().1[at] ^= mask;
                let (_, findings) = block.check();
                block.file(number).unwrap().1[at] ^= mask;
                let seed = random.seed();
                assert!(
                    !findings.is_empty(),
                    "bit {bit} of {name}/{file}, seed {seed}"
                );
                // What follows from a damage is not told as if it were another, but where all is read in another format.
                let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
                assert!(
                    findings.total() < 3 || (file == "index" && at == 4),
                    "bit {bit} of {name}/{file}, seed {seed}: {found:#?}"
                );
                flipped += 1;
            }
        }
        assert_eq!(block.found(), [""; 0], "{name} is as it was");
    }
    assert!(flipped > 3000, "{flipped}");
}

#[test]
fn wherever_a_file_is_cut_it_is_found() {
    let mut random = Random::new();
    for name in Memory::names() {
        let whole = Memory::golden(&name);
        for number in 0.. {
            let mut block = whole.clone();
            if number == 1 && block.tombstones.is_none() {
                continue;
            }
            let Some((file, bytes)) = block.file(number) else {
                break;
            };
            let size = bytes.len() as u64;
            let some = (0..100).map(|_| random.below(size));
            for length in some.chain([0, 1, 4, 5, 8, size - 1]) {
                let length = usize::try_from(length.min(size - 1)).unwrap();
                let mut block = whole.clone();
                block.file(number).unwrap().1.truncate(length);
                let found = block.found();
                assert!(
                    !found.is_empty(),
                    "{name}/{file} cut at {length}, seed {}",
                    random.seed()
                );
            }
        }
    }
}

#[test]
fn bytes_of_any_kind_end_in_findings() {
    let mut random = Random::new();
    for name in Memory::names() {
        let whole = Memory::golden(&name);
        for _ in 0..200 {
            let mut block = whole.clone();
            for number in 0.. {
                let Some((_, bytes)) = block.file(number) else {
                    break;
                };
                for _ in 0..random.below(8) {
                    let length = bytes.len() as u64;
                    if length == 0 {
                        continue;
                    }
                    let at = usize::try_from(random.below(length)).unwrap();
                    match random.below(4) {
                        0 => bytes[at] = 0xff,
                        1 => bytes[at] ^= 0x80,
                        2 => drop(bytes.splice(at..at, [0, 0xff, 0x7f])),
                        _ => drop(bytes.drain(at..(at + 9).min(bytes.len()))),
                    }
                }
            }
            // It ends, and one thread finds as much as three do.
            let (counts, findings) = block.check();
            let (same_counts, same) = block.check_with(3);
            assert_eq!(counts, same_counts, "seed {}", random.seed());
            assert_eq!(findings.counts(), same.counts(), "seed {}", random.seed());
            assert!(findings.iter().eq(same.iter()), "seed {}", random.seed());
        }
    }
}

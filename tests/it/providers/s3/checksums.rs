//! Checksums that a bucket keeps beside entity tags, and tells when it is asked for them.

use super::server_side::read_here;
use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Line, Proxy, Request};
use crate::support::run::OLD;

const MIB: usize = 1 << 20;

/// Two checksums of eight bytes.
const ONE: &str = "rosUhgp5mIg=";
const OTHER: &str = "AAAAAAAAAAA=";

fn is_asked_for(request: &Request) -> bool {
    request.method == "HEAD" && request.header("x-amz-checksum-mode").is_some()
}

/// A server that tells, of every object when it is asked, one checksum in the source and that one in the target.
fn telling(minio: &Minio, in_target: Option<&'static str>) -> Proxy {
    Line::to(minio.port())
        .edit(move |request, answer| {
            let is_in_target = request.path.starts_with("/cold/");
            let checksum = if is_in_target { in_target } else { Some(ONE) };
            if let Some(checksum) = checksum.filter(|_| is_asked_for(request)) {
                let header = format!("x-amz-checksum-crc64nvme: {checksum}");
                answer.headers.push(header);
            }
        })
        .open()
}

struct Case {
    /// The sizes of the parts in which the segment lies in each bucket, in MiB.
    source: &'static [usize],
    target: &'static [usize],
    /// Whether the target's segment has another byte.
    is_damaged: bool,
    /// What the target tells when it is asked.
    told: Option<&'static str>,
    is_read: bool,
    is_put_again: bool,
}

/// S-5.6, S-5.17
#[test]
fn checksums_that_both_buckets_tell_prove_or_disprove_what_entity_tags_do_not() {
    let minio = Minio::start();
    let block = Block::new(1).chunk_bytes(&[12 * MIB]);
    let segment = format!("{}/chunks/000001", block.id());
    let same = Case {
        source: &[6, 6],
        target: &[5, 7],
        is_damaged: false,
        told: Some(ONE),
        is_read: false,
        is_put_again: false,
    };
    for case in [
        Case { ..same },
        // Other numbers of parts, whose tags are not compared at all.
        Case {
            source: &[5, 5, 2],
            ..same
        },
        Case {
            told: Some(OTHER),
            is_read: true,
            ..same
        },
        Case {
            told: None,
            is_read: true,
            ..same
        },
        // Nothing but what they tell shows that something is wrong.
        Case {
            source: &[5, 5, 2],
            is_damaged: true,
            told: Some(OTHER),
            is_read: true,
            is_put_again: true,
            ..same
        },
    ] {
        let Case {
            source,
            target,
            is_damaged,
            told,
            is_read,
            is_put_again,
        } = case;
        let world = World::new(&minio, std::slice::from_ref(&block));
        let right = world.before[&segment].clone();
        let mut there = right.clone();
        there[MIB] ^= u8::from(is_damaged);
        let sizes = |parts: &[usize]| parts.iter().map(|size| size * MIB).collect::<Vec<_>>();
        world.source.put_in_parts(&segment, &right, &sizes(source));
        world.target.put_in_parts(&segment, &there, &sizes(target));
        let proxy = telling(&minio, told);
        let configs = world.configs_through(&proxy);
        let ran = run(&configs, &[OLD, "--output=json", "--copy=client"]).expect(0);
        world.assert_moved();
        let reads = read_here(&proxy);
        let read = reads.iter().filter(|name| name.ends_with(&segment)).count();
        assert_eq!(read > 0, is_read, "{source:?} {told:?}: {reads:?}");
        let outcome = &ran.json()["blocks"][0]["outcome"];
        let put = if is_put_again { 3 } else { 2 };
        assert_eq!(outcome["objects_put"], put, "{source:?} {told:?} {outcome}");
        let requests = proxy.requests();
        let asked: Vec<_> = requests
            .iter()
            .filter(|request| is_asked_for(request))
            .collect();
        assert!(
            asked.iter().all(|request| request.path.ends_with(&segment)),
            "{asked:?}"
        );
        if !is_put_again {
            assert_eq!(asked.len(), 2, "{asked:?}");
            assert_eq!(outcome["proof"], "checksum", "{outcome}");
        }
        minio.mc(&["rb", "--force", "minio/hot"]);
        minio.mc(&["rb", "--force", "minio/cold"]);
    }
}

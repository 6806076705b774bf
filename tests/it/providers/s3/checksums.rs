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

/// S-5.6, S-5.17
#[test]
fn where_entity_tags_tell_nothing_a_checksum_that_both_buckets_tell_spares_reading() {
    let minio = Minio::start();
    let block = Block::new(1).chunk_bytes(&[12 * MIB]);
    let segment = format!("{}/chunks/000001", block.id());
    for (in_target, is_read) in [(Some(ONE), false), (Some(OTHER), true), (None, true)] {
        let world = World::new(&minio, std::slice::from_ref(&block));
        let content = &world.before[&segment];
        world
            .source
            .put_in_parts(&segment, content, &[6 * MIB, 6 * MIB]);
        world
            .target
            .put_in_parts(&segment, content, &[5 * MIB, 7 * MIB]);
        let proxy = telling(&minio, in_target);
        let configs = world.configs_through(&proxy);
        let ran = run(&configs, &[OLD, "--output=json"]).expect(0);
        world.assert_moved();
        let reads = read_here(&proxy);
        let read = reads.iter().filter(|name| name.ends_with(&segment)).count();
        assert_eq!(read > 0, is_read, "{in_target:?}: {reads:?}");
        let outcome = &ran.json()["blocks"][0]["outcome"];
        // What lies there at once has the same tag in both.
        assert_eq!(outcome["proof"], "checksum", "{outcome}");
        let asked = proxy.requests().into_iter().filter(is_asked_for);
        let asked: Vec<String> = asked.map(|request| request.path).collect();
        assert!(
            asked.iter().all(|path| path.ends_with(&segment)),
            "{asked:?}"
        );
        assert_eq!(asked.len(), 2, "{asked:?}");
        minio.mc(&["rb", "--force", "minio/hot"]);
        minio.mc(&["rb", "--force", "minio/cold"]);
    }
}

//! Objects that were put in parts: the target has them in the same ones, so that entity tags prove their content.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::blocks::Block;
use crate::support::minio::Minio;
use crate::support::pair::{OLD, Pair, QUICK_RETRIES, run};
use crate::support::proxy::{Fault, Line};

const MIB: usize = 1 << 20;

fn segment() -> String {
    format!("{}/chunks/000001", Block::new(1).id())
}

/// A block with a segment of 20 MiB, put into the source in parts of these sizes.
fn pair_with<'a>(minio: &'a Minio, sizes: &[usize]) -> Pair<'a> {
    let pair = Pair::new(minio, &[Block::new(1).chunk_bytes(&[20 * MIB])]);
    put_in_parts(&pair, sizes);
    pair
}

fn put_in_parts(pair: &Pair, sizes: &[usize]) {
    let sizes: Vec<usize> = sizes.iter().map(|size| size * MIB).collect();
    pair.hot
        .put_in_parts(&segment(), &pair.before[&segment()], &sizes);
}

/// S-5.17: asked once for each object; of the same size, of the usual ones and of others, and of uneven ones.
#[test]
fn an_object_is_put_in_the_parts_that_the_source_tells() {
    let minio = Minio::start();
    let pair = pair_with(&minio, &[7, 7, 6]);
    for (sizes, asked) in [
        (&[7, 7, 6][..], 1),
        (&[16, 4], 1),
        (&[5, 5, 5, 5], 1),
        (&[6, 9, 5], 3),
        (&[20], 0),
    ] {
        put_in_parts(&pair, sizes);
        let proxy = Line::to(minio.port()).open();
        let configs = pair.configs_through(&proxy);
        let report = run(&configs, &[OLD, "--output=json"]).expect(0).json();
        assert_eq!(
            report["blocks"][0]["outcome"]["proof"], "checksum",
            "{report}"
        );
        assert_eq!(
            pair.hot.tag(&segment()),
            pair.cold.tag(&segment()),
            "{sizes:?}"
        );
        let requests = proxy.requests();
        let count = |method, part: &str| {
            let found = requests.iter().filter(|request| request.is(method, part));
            found.count()
        };
        assert_eq!(count("HEAD", "partNumber"), asked, "{sizes:?}");
        assert_eq!(
            count("GET", "/000001"),
            sizes.len(),
            "nothing is read twice"
        );
        pair.assert_moved();
        pair.reset();
    }
}

/// S-5.17: Thanos' own parts are likely; what is not known is looked into.
#[test]
fn where_the_source_does_not_tell_its_parts_they_are_guessed() {
    let minio = Minio::start();
    let pair = pair_with(&minio, &[16, 4]);
    for (sizes, is_guessed) in [(&[16, 4][..], true), (&[7, 7, 6], false)] {
        put_in_parts(&pair, sizes);
        for answer in [Fault::Answer(501, ""), Fault::Answer(403, ""), Fault::Reset] {
            let proxy = Line::to(minio.port())
                .fault(move |request| {
                    if request.is("HEAD", "partNumber") {
                        answer
                    } else {
                        Fault::None
                    }
                })
                .open();
            let arguments = [&QUICK_RETRIES[..], &["--output=json"]].concat();
            let report = run(&pair.configs_through(&proxy), &arguments)
                .expect(0)
                .json();
            let outcome = &report["blocks"][0]["outcome"];
            assert_eq!(outcome["proof"], "checksum", "{outcome}");
            let requests = proxy.requests();
            let reads = requests
                .iter()
                .filter(|request| request.is("GET", "/000001"));
            assert_eq!(reads.count() == sizes.len(), is_guessed);
            pair.assert_moved();
            pair.reset();
        }
    }
}

/// S-5.6: unequal tags of parts prove nothing.
#[test]
fn what_lies_in_the_target_in_other_parts_is_not_put_again() {
    let minio = Minio::start();
    let pair = pair_with(&minio, &[7, 7, 6]);
    for is_published in [true, false] {
        for (name, content) in &pair.before {
            if is_published || !name.ends_with("/meta.json") {
                pair.cold.put(name, content.clone());
            }
        }
        let sizes = [8 * MIB, 8 * MIB, 4 * MIB];
        pair.cold
            .put_in_parts(&segment(), &pair.before[&segment()], &sizes);
        let plan = run(&pair.configs(), &[OLD, "--dry-run", "--output=json"])
            .expect(0)
            .json();
        let action = if is_published {
            "already-there"
        } else {
            "copy"
        };
        assert_eq!(plan["blocks"][0]["action"], action, "{plan}");
        let report = run(&pair.configs(), &[OLD, "--output=json"])
            .expect(0)
            .json();
        let sent = &report["blocks"][0]["outcome"]["bytes_sent"];
        assert!(sent.as_u64().unwrap() < MIB as u64, "{report}");
        pair.assert_moved();
        pair.reset();
    }
}

/// S-6.1: a server that takes no parts of uneven sizes.
#[test]
fn parts_that_the_target_refuses_are_put_in_others() {
    const REFUSED: &str = "<Error><Code>InvalidPart</Code><Message>All parts must have the same size.</Message></Error>";
    let minio = Minio::start();
    let pair = pair_with(&minio, &[6, 9, 5]);
    let proxy = Line::to(minio.port())
        .fault({
            let ends = AtomicUsize::new(0);
            move |request| {
                let is_end = request.is("POST", "uploadId");
                if is_end && ends.fetch_add(1, Ordering::SeqCst) == 0 {
                    Fault::Answer(400, REFUSED)
                } else {
                    Fault::None
                }
            }
        })
        .open();
    run(&pair.configs_through(&proxy), &QUICK_RETRIES).expect(0);
    pair.assert_moved();
}

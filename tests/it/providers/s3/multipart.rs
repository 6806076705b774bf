//! Objects that were put in parts: the target has them in the same ones, so that entity tags prove their content.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{COPIED_HERE, OLD};

const MIB: usize = 1 << 20;

fn segment() -> String {
    format!("{}/chunks/000001", Block::new(1).id())
}

/// A block with a segment of 20 MiB, put into the source in parts of these sizes.
fn pair_with<'a>(minio: &'a Minio, sizes: &[usize]) -> World<'a> {
    let world = World::new(minio, &[Block::new(1).chunk_bytes(&[20 * MIB])]);
    put_in_parts(&world, sizes);
    world
}

fn put_in_parts(world: &World, sizes: &[usize]) {
    let sizes: Vec<usize> = sizes.iter().map(|size| size * MIB).collect();
    world
        .source
        .put_in_parts(&segment(), &world.before[&segment()], &sizes);
}

/// S-5.17: asked once for each object; of the same size, of the usual ones and of others, and of uneven ones.
#[test]
fn an_object_is_put_in_the_parts_that_the_source_tells() {
    let minio = Minio::start();
    let world = pair_with(&minio, &[7, 7, 6]);
    for (sizes_in_mib, questions) in [
        (&[7, 7, 6][..], 1),
        (&[16, 4], 1),
        (&[5, 5, 5, 5], 1),
        (&[6, 9, 5], 3),
        (&[20], 0),
    ] {
        put_in_parts(&world, sizes_in_mib);
        let proxy = Line::to(minio.port()).open();
        let configs = world.configs_through(&proxy);
        let report = run(&configs, &[OLD, "--copy=client", "--output=json"])
            .expect(0)
            .json();
        assert_eq!(
            report["blocks"][0]["outcome"]["proof"], "checksum",
            "{report}"
        );
        assert_eq!(
            world.source.tag(&segment()),
            world.target.tag(&segment()),
            "{sizes_in_mib:?}"
        );
        let requests = proxy.requests();
        let count = |method, part: &str| {
            let found = requests.iter().filter(|request| request.is(method, part));
            found.count()
        };
        let asked = count("HEAD", "partNumber");
        assert_eq!(asked, questions, "{sizes_in_mib:?}");
        assert_eq!(
            count("GET", "/000001"),
            sizes_in_mib.len(),
            "nothing is read twice"
        );
        world.assert_moved();
        world.reset();
    }
}

/// S-5.17: Thanos' own parts are likely; what is not known is looked into.
#[test]
fn where_the_source_does_not_tell_its_parts_they_are_guessed() {
    let minio = Minio::start();
    let world = pair_with(&minio, &[16, 4]);
    for (sizes, is_guessed) in [(&[16, 4][..], true), (&[7, 7, 6], false)] {
        put_in_parts(&world, sizes);
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
            let arguments = [&COPIED_HERE[..], &["--output=json"]].concat();
            let report = run(&world.configs_through(&proxy), &arguments)
                .expect(0)
                .json();
            let outcome = &report["blocks"][0]["outcome"];
            assert_eq!(outcome["proof"], "checksum", "{outcome}");
            let requests = proxy.requests();
            let reads = requests
                .iter()
                .filter(|request| request.is("GET", "/000001"));
            assert_eq!(reads.count() == sizes.len(), is_guessed);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-5.6: unequal tags of parts prove nothing.
#[test]
fn what_lies_in_the_target_in_other_parts_is_not_put_again() {
    let minio = Minio::start();
    let world = pair_with(&minio, &[7, 7, 6]);
    for is_published in [true, false] {
        for (name, content) in &world.before {
            if is_published || !name.ends_with("/meta.json") {
                world.target.put(name, content.clone());
            }
        }
        let sizes = [8 * MIB, 8 * MIB, 4 * MIB];
        world
            .target
            .put_in_parts(&segment(), &world.before[&segment()], &sizes);
        let plan = run(&world.configs(), &[OLD, "--dry-run", "--output=json"])
            .expect(0)
            .json();
        let action = if is_published {
            "already-there"
        } else {
            "copy"
        };
        assert_eq!(plan["blocks"][0]["action"], action, "{plan}");
        let report = run(&world.configs(), &[OLD, "--output=json"])
            .expect(0)
            .json();
        let sent = &report["blocks"][0]["outcome"]["bytes_sent"];
        assert!(sent.as_u64().unwrap() < MIB as u64, "{report}");
        world.assert_moved();
        world.reset();
    }
}

/// S-6.1: a server that takes no parts of uneven sizes.
#[test]
fn parts_that_the_target_refuses_are_put_in_others() {
    const REFUSED: &str = "<Error><Code>InvalidPart</Code><Message>All parts must have the same size.</Message></Error>";
    let minio = Minio::start();
    let world = pair_with(&minio, &[6, 9, 5]);
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
    run(&world.configs_through(&proxy), &COPIED_HERE).expect(0);
    world.assert_moved();
}

//! Bytes and sizes that change on their way to the binary, where a listing can tell.

use std::sync::atomic::{AtomicUsize, Ordering};

use regex::Regex;

use super::wrong_answers::run_edited;
use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::World;
use crate::support::world::{Contents, three};

/// S-5.4: `meta.json` is read twice before it is published, and nobody wrote it in between.
#[test]
fn a_meta_json_that_is_read_wrong_once_is_never_published_and_never_taken_for_rewritten() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let path = format!("/hot/{}/meta.json", Block::new(1).id());
    // The first read is the survey's: what it saw never comes again.
    for (read_that_is_wrong, exit_code) in [(0, 3), (1, 0)] {
        let (path, reads) = (path.clone(), AtomicUsize::new(0));
        let ran = run_edited(&world, &minio, move |request, answer| {
            let is_read = request.is("GET", &path);
            if is_read && reads.fetch_add(1, Ordering::SeqCst) == read_that_is_wrong {
                let body = answer.text().replace("sidecar", "sideCar");
                answer.body = body.into_bytes();
            }
        })
        .expect(exit_code);
        assert!(!ran.stdout.contains("superseded"), "{}", ran.stdout);
        world.assert_heals();
    }
}

/// S-5.6: what is read is as long as what was listed, or it is not what was listed.
#[test]
fn a_size_that_is_listed_too_small_cuts_nothing_off() {
    let minio = Minio::start();
    let block = Block::new(1).without_file_list();
    let world = World::new(&minio, std::slice::from_ref(&block));
    let name = format!("{}/chunks/000001", block.id());
    let size = Regex::new(&format!("(?s)(<Key>{name}</Key>.*?<Size>)1500(</Size>)")).unwrap();
    let ran = run_edited(&world, &minio, move |request, answer| {
        if request.lists("/hot") {
            let page = size.replace(&answer.text(), "${1}1499${2}").into_owned();
            answer.body = page.into_bytes();
        }
    })
    .expect(3);
    assert!(ran.stderr.contains("it has 1500 bytes"), "{}", ran.stderr);
    assert!(world.source.marked().is_empty());
    world.assert_heals();
}

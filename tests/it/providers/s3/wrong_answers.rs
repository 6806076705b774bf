//! Answers that are wrong, given to the binary between it and a real MinIO: pages of listings, entity tags, and bytes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use regex::Regex;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::minio::Minio;
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::{Answer, Fault, Line, Proxy, Request};
use crate::support::run::{COPIED_HERE, Ran};
use crate::support::world::{Contents, three};

const ENOUGH: Duration = Duration::from_mins(1);

/// Runs through a proxy that changes answers.
pub(crate) fn run_edited(
    servers: &Servers,
    minio: &Minio,
    edit: impl Fn(&Request, &mut Answer) + Send + Sync + 'static,
) -> Ran {
    let proxy: Proxy = Line::to(minio.port()).edit(edit).open();
    let mut arguments = COPIED_HERE.to_vec();
    arguments.push("--output=json");
    run(&servers.configs_through(&proxy), &arguments)
}

/// S-4.9: a listing is whole or fails.
#[test]
fn what_is_no_page_of_a_listing_ends_the_run_before_anything_is_written() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let pages: [fn(String) -> String; 6] = [
        |_| String::new(),
        |_| "<html><body>Please log in</body></html>".to_owned(),
        |_| "<Error><Code>AccessDenied</Code></Error>".to_owned(),
        |page| page.split_at(page.len() / 2).0.to_owned(),
        |page| page.replace("</Size>", ""),
        |page| page.replace("<IsTruncated>false", "<IsTruncated>true"),
    ];
    for page in pages {
        for bucket in ["/hot", "/cold"] {
            let ran = run_edited(&servers, &minio, move |request, answer| {
                // An empty listing has no sizes to be spoilt.
                if request.lists(bucket) {
                    let listed = answer.text().replace(
                        "<KeyCount>",
                        "<Contents><Key>a</Key><Size>1</Size></Contents><KeyCount>",
                    );
                    answer.body = page(listed).into_bytes();
                }
            })
            .expect(1);
            assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
            assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
            assert!(servers.target.tree().is_empty());
            servers.assert_heals();
        }
    }
}

/// A server whose listings have two pages, made by these functions of the one that there is: the first page and the second, without what
/// surrounds the objects.
fn two_pages(
    cut: impl Fn(&[String], usize) -> Vec<String> + Send + Sync,
) -> impl Fn(&Request, &mut Answer) + Send + Sync {
    let whole: Mutex<HashMap<String, String>> = Mutex::default();
    let object = Regex::new("(?s)<Contents>.*?</Contents>").unwrap();
    let token = Regex::new("&?continuation-token=([^&]*)").unwrap();
    move |request, answer| {
        if !request.lists("/") || request.path.contains("delimiter") {
            return;
        }
        let key = token.replace(&request.path, "").replace("?&", "?");
        let mut whole = whole.lock().unwrap();
        let number = match token.captures(&request.path) {
            None => 0,
            Some(found) => found[1].trim_start_matches("page-").parse().unwrap(),
        };
        if number == 0 {
            whole.insert(key.clone(), answer.text());
        }
        let page = &whole[&key];
        let objects: Vec<_> = object
            .find_iter(page)
            .map(|found| found.as_str().to_owned())
            .collect();
        let some = cut(&objects, number);
        let bare = object.replace_all(page, "");
        let more = if some.last() == objects.last() && number > 0 {
            "<IsTruncated>false</IsTruncated>".to_owned()
        } else {
            let next = number + 1;
            format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>page-{next}</NextContinuationToken>"
            )
        };
        let page = bare.replace("<IsTruncated>false</IsTruncated>", &more);
        let page = page.replace(
            "</ListBucketResult>",
            &format!("{}</ListBucketResult>", some.concat()),
        );
        (answer.status, answer.body) = (200, page.into_bytes());
    }
}

/// S-4.9: a page that comes twice changes nothing.
#[test]
fn a_page_that_comes_twice_is_read_once() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    // 0, 0, 1 of two halves.
    let ran = run_edited(
        &servers,
        &minio,
        two_pages(|objects, number| {
            let (one, other) = objects.split_at(objects.len() / 2);
            if number < 2 { one } else { other }.to_vec()
        }),
    )
    .expect(0);
    assert_eq!(ran.json()["totals"]["selected"]["blocks"], 3);
    servers.assert_moved();
    servers.reset();
    // All of it, again and again: what comes after it is asked for anew.
    let ran = run_edited(
        &servers,
        &minio,
        two_pages(|objects, number| {
            let mut objects = objects.to_vec();
            let turns = usize::from(number > 0 && objects.len() > 1);
            objects.rotate_left(turns);
            objects
        }),
    )
    .expect(0);
    assert!(ran.stderr.contains("again and again"), "{}", ran.stderr);
    servers.assert_moved();
}

/// A listing whose pages go on and bring nothing new.
struct Circle {
    of_listing: &'static str,
    names: &'static str,
    /// How many there are before the first comes again.
    tokens: usize,
    exit_code: i32,
}

/// S-4.9: for the listing of a bucket, of a block, and of all blocks; with ever new tokens, and with two that take turns.
#[test]
fn a_listing_that_brings_nothing_new_any_more_ends() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &[Block::new(1)]);
    let block = Block::new(1).id();
    let prefixes: &str =
        format!("<CommonPrefixes><Prefix>{block}/</Prefix></CommonPrefixes>").leak();
    let empty = |of_listing, exit_code| Circle {
        of_listing,
        names: "",
        tokens: usize::MAX,
        exit_code,
    };
    let in_a_circle = Circle {
        of_listing: "delimiter",
        names: prefixes,
        tokens: 2,
        exit_code: 3,
    };
    for case in [
        empty("/hot?", 1),
        empty("prefix=01", 3),
        empty("delimiter", 3),
        in_a_circle,
    ] {
        let count = AtomicUsize::new(0);
        let ran = run_edited(&servers, &minio, move |request, answer| {
            if request.lists("/hot?") && request.path.contains(case.of_listing) {
                let token = count.fetch_add(1, Ordering::SeqCst) % case.tokens;
                let names = case.names;
                let page = format!(
                    "<ListBucketResult><IsTruncated>true</IsTruncated>{names}\
                     <NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>"
                );
                (answer.status, answer.body) = (200, page.into_bytes());
            }
        })
        .expect(case.exit_code);
        assert!(ran.stderr.contains("no new name"), "{}", ran.stderr);
        assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
        servers.assert_heals();
    }
}

/// S-7.1: pages, refusals, and parts of objects; what is on its way when a connection is closed counts here too.
#[test]
fn an_answer_that_does_not_end_is_read_no_further_than_it_may_be_long() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &[Block::new(1).chunk_bytes(&[30 << 20])]);
    for (part, status, exit_code) in [
        ("/hot?", 200, 1),
        ("/hot?", 503, 1),
        ("/cold?", 403, 1),
        ("/hot/01", 206, 3),
        ("/meta.json", 503, 1),
    ] {
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                let whole = status == 206 && request.header("range").is_none();
                if request.is("GET", part) && !whole {
                    Fault::Endless(status)
                } else {
                    Fault::None
                }
            })
            .open();
        let configs = servers.configs_with(&proxy, "  max_retries: 1\n");
        let ran = run(&configs, &COPIED_HERE).expect(exit_code);
        let longest = proxy.longest();
        assert!(longest > 0, "{part} was never asked for");
        assert!(longest < 64 << 20, "{part} {status}: {longest}");
        assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
        servers.assert_heals();
    }
}

/// Moves a block out of a folder, so large that a segment of it is put in parts; tells how many uploads were begun.
fn put_in_parts(minio: &Minio, proxy: &Proxy) -> (Ran, usize) {
    let world = World::new(&[Block::new(1).chunk_bytes(&[20 << 20])]);
    let target = minio.bucket(&format!("parts-{}", proxy.port()));
    let config = target.config_for("parts.yaml", target.root(), proxy.port(), "");
    let ran = run(&(world.source_config(), config), &COPIED_HERE);
    let requests = proxy.requests();
    let begun = requests
        .iter()
        .filter(|request| request.is("POST", "uploads"));
    (ran, begun.count())
}

/// S-7.1: what the beginning of an upload is answered with.
#[test]
fn an_upload_that_is_answered_without_an_end_fails() {
    let minio = Minio::start();
    let proxy = Line::to(minio.port())
        .fault(|request| {
            if request.is("POST", "uploads") {
                Fault::Endless(200)
            } else {
                Fault::None
            }
        })
        .open();
    let (ran, _) = put_in_parts(&minio, &proxy);
    let ran = ran.expect(3);
    assert!(ran.stderr.contains("longer than"), "{}", ran.stderr);
    assert!((1..64 << 20).contains(&proxy.longest()));
}

/// S-5.6, S-6.6: what a listing leaves out is not there, and nothing is concluded from it that does harm.
#[test]
fn a_page_that_is_skipped_costs_time_and_nothing_else() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    for skipped in 1..10 {
        run_edited(
            &servers,
            &minio,
            two_pages(move |objects, number| {
                if number == 0 || objects.len() < 2 {
                    objects.first().into_iter().cloned().collect()
                } else {
                    objects[skipped.min(objects.len() - 1)..].to_vec()
                }
            }),
        )
        .expect_an_end();
        servers.assert_heals();
    }
}

/// S-5.4: a name that comes late may not be the only one.
#[test]
fn a_listing_that_is_not_sorted_ends_the_run() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let ran = run_edited(
        &servers,
        &minio,
        two_pages(|objects, number| {
            let (one, other) = objects.split_at(objects.len() / 2);
            if number == 0 { other } else { one }.to_vec()
        }),
    )
    .expect(1);
    assert!(ran.stderr.contains("not sorted"), "{}", ran.stderr);
    servers.assert_heals();
}

const WRONG: &str = "0123456789abcdef0123456789abcdef";

/// S-6.1: begun anew, and not without an end.
#[test]
fn an_upload_whose_end_is_refused_for_its_parts_is_begun_anew() {
    let minio = Minio::start();
    for (times_wrong, exit_code) in [(1, 0), (usize::MAX, 3)] {
        let seen = AtomicUsize::new(0);
        let proxy = Line::to(minio.port())
            .edit(move |request, answer| {
                let is_part = request.is("PUT", "partNumber=1");
                if is_part && seen.fetch_add(1, Ordering::SeqCst) < times_wrong {
                    answer
                        .headers
                        .retain(|header| !header.to_ascii_lowercase().starts_with("etag:"));
                    answer.headers.push(format!("ETag: \"{WRONG}\""));
                }
            })
            .open();
        let (ran, uploads) = put_in_parts(&minio, &proxy);
        let ran = ran.expect(exit_code);
        assert!(ran.stderr.contains("InvalidPart"), "{}", ran.stderr);
        assert!((2..10).contains(&uploads), "{uploads}");
    }
    let ended = [
        ("InvalidPartOrder", 400),
        ("EntityTooSmall", 400),
        ("NoSuchUpload", 404),
    ];
    for (code, status) in ended {
        let error: &str = format!("<Error><Code>{code}</Code></Error>").leak();
        let seen = AtomicUsize::new(0);
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                let is_end = request.is("POST", "uploadId");
                if is_end && seen.fetch_add(1, Ordering::SeqCst) == 0 {
                    Fault::Answer(status, error)
                } else {
                    Fault::None
                }
            })
            .open();
        let (ran, uploads) = put_in_parts(&minio, &proxy);
        ran.expect(0);
        assert_eq!(uploads, 2, "{code}");
    }
}

/// S-5.6: a proof is read from the target.
#[test]
fn a_wrong_entity_tag_never_makes_a_proof() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    run_edited(&servers, &minio, |request, answer| {
        if request.method == "PUT" {
            answer
                .headers
                .retain(|header| !header.to_ascii_lowercase().starts_with("etag:"));
            answer.headers.push(format!("ETag: \"{WRONG}\""));
        }
    })
    .expect(0);
    servers.assert_moved();
    servers.reset();
    let id = Block::new(1).id();
    for (bucket, name) in [
        ("/hot", "index"),
        ("/cold", "index"),
        ("/hot", "meta.json"),
        ("/cold", "meta.json"),
    ] {
        let tag = Regex::new(&format!(
            "(?s)(<Key>{id}/{name}</Key>.*?<ETag>).*?(</ETag>)"
        ))
        .unwrap();
        run_edited(&servers, &minio, move |request, answer| {
            if request.lists(bucket) {
                let page = tag
                    .replace(&answer.text(), format!("${{1}}{WRONG}${{2}}"))
                    .into_owned();
                answer.body = page.into_bytes();
            }
        })
        .expect(3);
        assert!(!servers.source.marked().contains(&id));
        assert!(!servers.target.published().contains(&id));
        servers.assert_heals();
    }
}

/// Flips a bit of each `index` that is read from the source, as often as asked.
fn corrupted(times: usize) -> impl Fn(&Request, &mut Answer) + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |request, answer| {
        if request.is("GET", "/hot/01")
            && request.path.ends_with("/index")
            && seen.fetch_add(1, Ordering::SeqCst) < times
        {
            answer.body[100] ^= 1;
        }
    }
}

/// S-5.6: where both buckets tell checksums, they must agree.
#[test]
fn a_byte_that_is_corrupted_on_its_way_is_found_by_the_checksums_of_both_buckets() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let ran = run_edited(&servers, &minio, corrupted(1)).expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
    }
    servers.assert_moved();
    servers.reset();
    run_edited(&servers, &minio, corrupted(usize::MAX)).expect(3);
    assert!(servers.source.marked().is_empty());
    assert!(servers.target.published().is_empty());
    servers.assert_heals();
}

/// S-5.6: where one of them tells none, the proof says so.
#[test]
fn without_checksums_a_proof_is_one_of_sizes() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let tag = Regex::new("<ETag>[^<]*</ETag>").unwrap();
    let ran = run_edited(&servers, &minio, move |request, answer| {
        if request.lists("/cold") {
            let page = tag
                .replace_all(&answer.text(), "<ETag>opaque</ETag>")
                .into_owned();
            answer.body = page.into_bytes();
        }
    })
    .expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "size", "{block}");
    }
    servers.assert_moved();
}

//! What production does to requests, done to them between the binary and a real MinIO. Whatever happens: nothing is torn, nothing is marked
//! that the target does not hold, and the next run without faults finishes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use regex::Regex;

use crate::support::blocks::Block;
use crate::support::minio::Minio;
use crate::support::pair::{OLD, Pair, QUICK_RETRIES, run, three};
use crate::support::proxy::{Answer, Fault, Line, Proxy, Request};
use crate::support::run::{Ran, blocks_with};

/// A server that is silent for so long counts as gone.
const SHORT: &str = "  http_config:\n    response_header_timeout: 2s\n";

const ENOUGH: Duration = Duration::from_secs(60);

/// What is read and written in a run: data, `meta.json`, and listings.
const KINDS: [(&str, &str); 5] = [
    ("GET", "/index"),
    ("GET", "/meta.json"),
    ("GET", "list-type=2"),
    ("PUT", "/index"),
    ("PUT", "/meta.json"),
];

fn is_of(request: &Request, (method, part): (&str, &str)) -> bool {
    request.is(method, part)
}

/// The fault for the first so many requests of a kind.
fn first(
    count: usize,
    kind: (&'static str, &'static str),
    fault: Fault,
) -> impl Fn(&Request) -> Fault + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |request| {
        if is_of(request, kind) && seen.fetch_add(1, Ordering::SeqCst) < count {
            fault
        } else {
            Fault::None
        }
    }
}

fn always(
    kind: (&'static str, &'static str),
    fault: Fault,
) -> impl Fn(&Request) -> Fault + Send + Sync {
    first(usize::MAX, kind, fault)
}

/// Runs through a proxy with these faults.
fn run_with(
    pair: &Pair,
    minio: &Minio,
    fault: impl Fn(&Request) -> Fault + Send + Sync + 'static,
) -> Ran {
    let proxy = Line::to(minio.port()).fault(fault).open();
    run(&pair.configs_through(&proxy), &QUICK_RETRIES)
}

/// S-6.1: every status that may pass, for each kind of request.
#[test]
fn a_server_in_trouble_is_asked_again() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    for status in [429, 500, 502, 503, 504] {
        for kind in KINDS {
            run_with(&pair, &minio, first(2, kind, Fault::Answer(status, ""))).expect(0);
            pair.assert_moved();
            pair.reset();
        }
    }
}

/// S-6.9: in seconds, for each kind of request.
#[test]
fn a_server_that_asks_for_time_is_given_it() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &[Block::new(1)]);
    for (status, kind) in [429, 503, 500]
        .into_iter()
        .flat_map(|status| KINDS.map(|kind| (status, kind)))
    {
        let proxy = Line::to(minio.port())
            .fault(first(1, kind, Fault::AnswerHead(status, "Retry-After: 1")))
            .open();
        run(&pair.configs_through(&proxy), &QUICK_RETRIES).expect(0);
        let requests = proxy.requests();
        let refused = requests
            .iter()
            .find(|request| is_of(request, kind))
            .unwrap();
        let repeated = requests
            .iter()
            .find(|later| later.number > refused.number && later.path == refused.path)
            .unwrap();
        let waited = repeated.at - refused.at;
        assert!(
            waited >= Duration::from_secs(1),
            "{status} {kind:?}: {waited:?}"
        );
        pair.assert_moved();
        pair.reset();
    }
}

/// S-6.1: before, in and after the body, in both directions.
#[test]
fn connections_that_break_at_any_stage_are_made_anew() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    for fault in [
        Fault::Reset,
        Fault::ResetRequest(0),
        Fault::ResetRequest(300),
        Fault::LoseAnswer,
        Fault::ResetAnswer(0),
        Fault::ResetAnswer(300),
        Fault::CutAnswer(0),
        Fault::CutAnswer(300),
    ] {
        for kind in KINDS {
            run_with(&pair, &minio, first(2, kind, fault)).expect(0);
            pair.assert_moved();
            pair.reset();
        }
    }
}

/// S-6.2: the other blocks go on.
#[test]
fn a_body_that_is_always_cut_short_fails_its_block_alone() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    for (what, fault) in [
        ("index", Fault::CutAnswer(0)),
        ("index", Fault::ResetAnswer(0)),
        ("chunks/000001", Fault::CutAnswer(0)),
    ] {
        let path: &str = format!("/hot/{}/{what}", Block::new(1).id()).leak();
        run_with(&pair, &minio, always(("GET", path), fault)).expect(3);
        assert_eq!(blocks_with(&pair.hot.tree(), "deletion-mark.json").len(), 2);
        pair.assert_heals();
    }
}

/// S-6.8: in the head and in the body of an answer, and in the body of a request.
#[test]
fn a_request_that_stands_still_ends_and_is_repeated() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &[Block::new(1).chunk_bytes(&[30 << 20])]);
    let faults = KINDS
        .map(|kind| (kind, Fault::StallAnswer(0)))
        .into_iter()
        .chain([
            (("GET", "/index"), Fault::StallAnswer(300)),
            (("GET", "/000001"), Fault::StallAnswer(10 << 20)),
            (("GET", "/index"), Fault::Stall),
            (("PUT", "/000001"), Fault::Stall),
        ]);
    for (kind, fault) in faults {
        let proxy = Line::to(minio.port()).fault(first(1, kind, fault)).open();
        let ran = run(&pair.configs_with(&proxy, SHORT), &QUICK_RETRIES).expect(0);
        assert!(
            ran.elapsed < ENOUGH,
            "{kind:?} {fault:?}: {:?}",
            ran.elapsed
        );
        pair.assert_moved();
        pair.reset();
    }
}

/// S-6.8: longer than the limit for silence, in both directions, and without a second request.
#[test]
fn a_body_that_moves_slowly_is_not_cut() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &[Block::new(1).chunk_bytes(&[30 << 20])]);
    let time = Duration::from_secs(6);
    for (kind, fault) in [
        (("GET", "/000001"), Fault::SlowAnswer(time)),
        (("PUT", "/000001"), Fault::SlowRequest(time)),
    ] {
        let proxy = Line::to(minio.port()).fault(always(kind, fault)).open();
        let ran = run(&pair.configs_with(&proxy, SHORT), &QUICK_RETRIES).expect(0);
        assert!(ran.elapsed >= time, "{:?}", ran.elapsed);
        let requests = proxy.requests();
        assert_eq!(
            requests
                .iter()
                .filter(|request| is_of(request, kind))
                .count(),
            1
        );
        pair.assert_moved();
        pair.reset();
    }
}

/// S-6.3: credentials that expire at any request, and a clock that is wrong.
#[test]
fn credentials_that_are_refused_in_the_middle_end_the_run_with_a_clear_word() {
    const EXPIRED: &str = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>";
    const SKEWED: &str = "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>";
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    for (body, word) in [
        (EXPIRED, "ExpiredToken: The provided token has expired"),
        (SKEWED, "clock"),
    ] {
        for number in [0, 1, 3, 6, 10, 15, 20, 25, 30] {
            let ran = run_with(&pair, &minio, move |request| {
                if request.number >= number {
                    Fault::Answer(403, body)
                } else {
                    Fault::None
                }
            })
            .expect(1);
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
            assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
            pair.assert_heals();
        }
    }
}

/// S-6.3: neither followed nor repeated without an end.
#[test]
fn a_bucket_in_another_region_ends_the_run_with_a_clear_word() {
    const MOVED: &str =
        "<Error><Code>PermanentRedirect</Code><Message>The bucket is elsewhere.</Message></Error>";
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    for fault in [
        Fault::Answer(301, MOVED),
        Fault::AnswerHead(301, "x-amz-bucket-region: eu-west-1"),
        Fault::AnswerHead(301, "Location: http://127.0.0.1:1/hot"),
        Fault::AnswerHead(307, "Location: /hot?list-type=2"),
    ] {
        for bucket in ["/hot", "/cold"] {
            let proxy = Line::to(minio.port())
                .fault(move |request| {
                    if request.path.starts_with(bucket) {
                        fault
                    } else {
                        Fault::None
                    }
                })
                .open();
            let ran = run(&pair.configs_through(&proxy), &QUICK_RETRIES).expect(1);
            assert!(ran.stderr.contains("config.region"), "{}", ran.stderr);
            assert!(proxy.requests().len() < 12, "{:?}", proxy.requests());
            pair.assert_heals();
        }
    }
}

/// Runs through a proxy that changes answers.
fn run_edited(
    pair: &Pair,
    minio: &Minio,
    edit: impl Fn(&Request, &mut Answer) + Send + Sync + 'static,
) -> Ran {
    let proxy: Proxy = Line::to(minio.port()).edit(edit).open();
    let mut arguments = QUICK_RETRIES.to_vec();
    arguments.push("--output=json");
    run(&pair.configs_through(&proxy), &arguments)
}

fn is_listing(request: &Request, bucket: &str) -> bool {
    request.is("GET", bucket) && request.path.contains("list-type=2")
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// S-4.9: a listing is whole or fails.
#[test]
fn what_is_no_page_of_a_listing_ends_the_run_before_anything_is_written() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
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
            let ran = run_edited(&pair, &minio, move |request, answer| {
                // An empty listing has no sizes to be spoilt.
                if is_listing(request, bucket) {
                    let listed = text(answer).replace(
                        "<KeyCount>",
                        "<Contents><Key>a</Key><Size>1</Size></Contents><KeyCount>",
                    );
                    answer.body = page(listed).into_bytes();
                }
            })
            .expect(1);
            assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
            assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
            assert!(pair.cold.tree().is_empty());
            pair.assert_heals();
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
        if !is_listing(request, "/") || request.path.contains("delimiter") {
            return;
        }
        let key = token.replace(&request.path, "").replace("?&", "?");
        let mut whole = whole.lock().unwrap();
        let number = match token.captures(&request.path) {
            None => 0,
            Some(found) => found[1].trim_start_matches("page-").parse().unwrap(),
        };
        if number == 0 {
            whole.insert(key.clone(), text(answer));
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
    let pair = Pair::new(&minio, &three());
    // 0, 0, 1 of two halves.
    let ran = run_edited(
        &pair,
        &minio,
        two_pages(|objects, number| {
            let (one, other) = objects.split_at(objects.len() / 2);
            if number < 2 { one } else { other }.to_vec()
        }),
    )
    .expect(0);
    assert_eq!(ran.json()["totals"]["selected"]["blocks"], 3);
    pair.assert_moved();
    pair.reset();
    // All of it, again and again.
    let ran = run_edited(
        &pair,
        &minio,
        two_pages(|objects, _| objects[..objects.len().saturating_sub(1)].to_vec()),
    )
    .expect(1);
    assert!(ran.stderr.contains("again and again"), "{}", ran.stderr);
    pair.assert_heals();
}

/// S-5.6, S-6.6: what a listing leaves out is not there, and nothing is concluded from it that does harm.
#[test]
fn a_page_that_is_skipped_costs_time_and_nothing_else() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    for skipped in 1..10 {
        let ran = run_edited(
            &pair,
            &minio,
            two_pages(move |objects, number| {
                if number == 0 || objects.len() < 2 {
                    objects.first().into_iter().cloned().collect()
                } else {
                    objects[skipped.min(objects.len() - 1)..].to_vec()
                }
            }),
        );
        assert!(
            ran.status
                .code()
                .is_some_and(|code| [0, 1, 3].contains(&code)),
            "{ran:?}"
        );
        pair.assert_heals();
    }
}

/// S-5.4: a name that comes late may not be the only one.
#[test]
fn a_listing_that_is_not_sorted_ends_the_run() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    let ran = run_edited(
        &pair,
        &minio,
        two_pages(|objects, number| {
            let (one, other) = objects.split_at(objects.len() / 2);
            if number == 0 { other } else { one }.to_vec()
        }),
    )
    .expect(1);
    assert!(ran.stderr.contains("not sorted"), "{}", ran.stderr);
    pair.assert_heals();
}

const WRONG: &str = "00000000000000000000000000000000";

/// S-5.6: a proof is read from the target.
#[test]
fn a_wrong_entity_tag_never_makes_a_proof() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    run_edited(&pair, &minio, |request, answer| {
        if request.method == "PUT" {
            answer
                .headers
                .retain(|header| !header.to_ascii_lowercase().starts_with("etag:"));
            answer.headers.push(format!("ETag: \"{WRONG}\""));
        }
    })
    .expect(0);
    pair.assert_moved();
    pair.reset();
    let id = Block::new(1).id();
    for bucket in ["/hot", "/cold"] {
        let tag = Regex::new(&format!("(?s)(<Key>{id}/index</Key>.*?<ETag>).*?(</ETag>)")).unwrap();
        run_edited(&pair, &minio, move |request, answer| {
            if is_listing(request, bucket) {
                let page = tag
                    .replace(&text(answer), format!("${{1}}{WRONG}${{2}}"))
                    .into_owned();
                answer.body = page.into_bytes();
            }
        })
        .expect(3);
        assert!(!blocks_with(&pair.hot.tree(), "deletion-mark.json").contains(&id));
        assert!(!blocks_with(&pair.cold.tree(), "meta.json").contains(&id));
        pair.assert_heals();
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
    let pair = Pair::new(&minio, &three());
    let ran = run_edited(&pair, &minio, corrupted(1)).expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
    }
    pair.assert_moved();
    pair.reset();
    run_edited(&pair, &minio, corrupted(usize::MAX)).expect(3);
    assert!(blocks_with(&pair.hot.tree(), "deletion-mark.json").is_empty());
    assert!(blocks_with(&pair.cold.tree(), "meta.json").is_empty());
    pair.assert_heals();
}

/// S-5.6: where one of them tells none, the proof says so.
#[test]
fn without_checksums_a_proof_is_one_of_sizes() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &three());
    let tag = Regex::new("<ETag>[^<]*</ETag>").unwrap();
    let ran = run_edited(&pair, &minio, move |request, answer| {
        if is_listing(request, "/cold") {
            let page = tag
                .replace_all(&text(answer), "<ETag>opaque</ETag>")
                .into_owned();
            answer.body = page.into_bytes();
        }
    })
    .expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "size", "{block}");
    }
    pair.assert_moved();
}

/// S-6.8: every request to it ends by itself.
#[test]
fn a_target_that_only_stalls_does_not_hold_the_run_for_ever() {
    let minio = Minio::start();
    let pair = Pair::new(&minio, &[Block::new(1)]);
    let more = "  max_retries: 1\n  http_config:\n    response_header_timeout: 200ms\n";
    let proxy = Line::to(minio.port())
        .fault(always(("PUT", "/cold/01J"), Fault::Stall))
        .open();
    let arguments = [OLD, "--max-retries=1", "--retry.initial-backoff=1ms"];
    let ran = run(&pair.configs_with(&proxy, more), &arguments).expect(3);
    assert!(ran.stderr.contains("nothing came for"), "{}", ran.stderr);
    assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
    pair.assert_heals();
}

//! The same answers in the words of other servers: nothing that Thanos' own client understands keeps a block from moving.

use regex::Regex;

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Answer, Line, Request};
use crate::support::run::{COPIED_HERE, OLD};
use crate::support::world::three;

/// Moves everything through a proxy that changes answers, and finds nothing left to do in another run.
fn assert_moves(
    world: &World,
    minio: &Minio,
    what: &str,
    edit: impl Fn(&Request, &mut Answer) + Send + Sync + 'static,
) {
    let proxy = Line::to(minio.port()).edit(edit).open();
    let configs = world.configs_with(&proxy, "  part_size: 5242880\n");
    for _ in 0..2 {
        let ran = run(&configs, &COPIED_HERE);
        assert_eq!(ran.status.code(), Some(0), "{what}: {}", ran.stderr);
    }
    world.assert_moved();
    world.reset();
}

/// The header of that name, by what it becomes of its value; none takes it away.
fn with_header(answer: &mut Answer, name: &str, value: Option<&str>) {
    let begins = format!("{}:", name.to_ascii_lowercase());
    answer
        .headers
        .retain(|header| !header.to_ascii_lowercase().starts_with(&begins));
    answer
        .headers
        .extend(value.map(|value| format!("{name}: {value}")));
}

/// S-4.9, S-6.15: what a page leaves out is unknown, and what it spells in another way is the same.
#[test]
fn listings_are_read_in_every_dialect() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let times = "<LastModified>[^<]*</LastModified>";
    let tags = "<ETag>(?:&#34;|&quot;)?([0-9a-f-]*)(?:&#34;|&quot;)?</ETag>";
    let ends = "<IsTruncated>false</IsTruncated>";
    for (what, becomes) in [
        (times, ""),
        (times, "<LastModified/>"),
        (times, "<LastModified>soon</LastModified>"),
        (times, "<LastModified>0001-01-01T00:00:00Z</LastModified>"),
        (
            times,
            "<LastModified>Wed, 21 Oct 2015 07:28:00 GMT</LastModified>",
        ),
        (times, "<LastModified>2015-10-21 07:28:00</LastModified>"),
        (tags, ""),
        (tags, "<ETag></ETag>"),
        (tags, "<ETag>&quot;&quot;</ETag>"),
        (tags, "<ETag>$1</ETag>"),
        (tags, "<ETag>W/&quot;$1&quot;</ETag>"),
        (tags, "<ETag>&quot;$1&#x1;&quot;</ETag>"),
        (tags, "<ETag>&quot;$1\n&quot;</ETag>"),
        (tags, "<ETag>\n  \"$1\"\n</ETag>"),
        (tags, "<ETag><![CDATA[\"$1\"]]></ETag>"),
        (ends, ""),
        (ends, "<IsTruncated/>"),
        (ends, "<IsTruncated>\nfalse </IsTruncated>"),
        (
            ends,
            "<IsTruncated>False</IsTruncated><NextContinuationToken>more</NextContinuationToken>",
        ),
        ("<Size>([0-9]*)</Size>", "<Size>\n  $1 </Size>"),
        ("<Key>([^<]*)</Key>", "<Key><![CDATA[$1]]></Key>"),
        ("<Key>([^<]*)/([^<]*)</Key>", "<Key>$1&#47;$2</Key>"),
        ("<(/?)([A-Z])", "<${1}s3:$2"),
        ("<Contents>", "<!-- an object --><Contents a=\"b\">"),
        (
            "<Name>",
            "<Unknown><Contents><Key>no</Key></Contents></Unknown><Name>",
        ),
        (
            "<EncodingType>url</EncodingType>",
            "<EncodingType>URL</EncodingType>",
        ),
        ("^", "\u{feff}"),
    ] {
        let pattern = Regex::new(what).unwrap();
        let becomes = becomes.to_owned();
        assert_moves(
            &world,
            &minio,
            &format!("{what} {becomes}"),
            move |request, answer| {
                if request.is("GET", "list-type=2") {
                    let page = pattern.replace_all(&answer.text(), &becomes).into_owned();
                    // A prefix wants to be declared.
                    let page = page.replace(
                        "<s3:ListBucketResult",
                        "<s3:ListBucketResult xmlns:s3=\"x\"",
                    );
                    answer.body = page.into_bytes();
                }
            },
        );
    }
}

/// S-6.15: an object is its bytes, whatever stands before them.
#[test]
fn objects_are_read_in_every_dialect() {
    let minio = Minio::start();
    let world = World::new(
        &minio,
        &[Block::new(1).chunk_bytes(&[6 << 20]), Block::new(2)],
    );
    for (name, value) in [
        ("Transfer-Encoding", Some("chunked")),
        ("ETag", None),
        ("ETag", Some("")),
        ("ETag", Some("\"\"")),
        ("Last-Modified", None),
        ("Last-Modified", Some("2015-10-21T07:28:00Z")),
        ("Last-Modified", Some("soon")),
        ("Content-Range", None),
        ("Content-Range", Some("nonsense")),
        ("Content-Type", None),
        ("Content-Type", Some("text/html")),
        ("Content-Type", Some("\u{e9}")),
        ("Cache-Control", Some("\u{e9}")),
        ("x-amz-meta-a", Some("\u{e9}")),
        ("x-amz-version-id", Some("\u{e9}")),
        ("x-amz-request-id", None),
        ("Server", None),
        ("X-Odd", Some("a\u{1}b")),
        ("X Odd", Some("a")),
    ] {
        assert_moves(
            &world,
            &minio,
            &format!("{name}: {value:?}"),
            move |request, answer| {
                let is_object = request.is("GET", "/01") && !request.path.contains("list-type=2");
                if is_object && matches!(answer.status, 200 | 206) {
                    with_header(answer, name, value);
                }
            },
        );
    }
    let tag = Regex::new("(?i)^(etag: *)\"?([0-9a-f-]*)\"?$").unwrap();
    for becomes in ["etag:$2", "ETAG:   W/\"$2\"", "ETag: $2"] {
        let tag = tag.clone();
        assert_moves(&world, &minio, becomes, move |_, answer| {
            for header in &mut answer.headers {
                *header = tag.replace(header, becomes).into_owned();
            }
        });
    }
    assert_moves(&world, &minio, "no total", |request, answer| {
        for header in &mut answer.headers {
            if request.is("GET", "/01") && header.starts_with("Content-Range:") {
                *header = header.split('/').next().unwrap().to_owned() + "/*";
            }
        }
    });
}

/// S-6.15: what was put is there, whatever is said of it.
#[test]
fn receipts_are_read_in_every_dialect() {
    let minio = Minio::start();
    let world = World::new(
        &minio,
        &[Block::new(1).chunk_bytes(&[6 << 20]), Block::new(2)],
    );
    for (status, is_stripped) in [(200, true), (204, true), (201, false), (204, false)] {
        assert_moves(
            &world,
            &minio,
            &format!("{status}"),
            move |request, answer| {
                let is_part = request.path.contains("partNumber");
                if matches!(request.method.as_str(), "PUT") && answer.status == 200 {
                    // Without the tags of its parts no upload can be completed.
                    if is_stripped && !is_part {
                        answer.headers.clear();
                    }
                    answer.status = status;
                }
            },
        );
    }
    for (what, becomes) in [
        ("<ETag>[^<]*</ETag>", ""),
        ("<(/?)([A-Z])", "<${1}s3:$2"),
        ("^", "\n \n"),
        (
            "<UploadId>([^<]*)</UploadId>",
            "<UploadId>\n$1\n</UploadId>",
        ),
    ] {
        let pattern = Regex::new(what).unwrap();
        assert_moves(&world, &minio, becomes, move |request, answer| {
            if request.method == "POST" {
                let body = pattern.replace_all(&answer.text(), becomes).into_owned();
                answer.body = body.into_bytes();
            }
        });
    }
}

/// S-6.15: of a server that knows version 1 only, whose pages are not the last ones.
#[test]
fn a_server_that_knows_version_one_only_is_told_of() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let two = Regex::new(
        "<(KeyCount|StartAfter|ContinuationToken|NextContinuationToken)>[^<]*</[A-Za-z]*>",
    )
    .unwrap();
    let proxy = Line::to(minio.port())
        .edit(move |request, answer| {
            if request.is("GET", "/hot?") {
                let page = two.replace_all(&answer.text(), "").into_owned();
                let page = page.replace("<IsTruncated>false", "<IsTruncated>true");
                answer.body = page.into_bytes();
            }
        })
        .open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect(1);
    assert!(
        ran.stderr.contains("list_objects_version: v1"),
        "{}",
        ran.stderr
    );
    world.assert_heals();
}

/// S-6.15: where a listing tells no versions, the parts of an object are of one all the same.
#[test]
fn an_object_that_changes_while_it_is_read_is_never_put_together_of_two() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1).chunk_bytes(&[6 << 20])]);
    let tag = Regex::new("<ETag>[^<]*</ETag>").unwrap();
    let proxy = Line::to(minio.port())
        .edit(move |request, answer| {
            if request.is("GET", "list-type=2") {
                answer.body = tag
                    .replace_all(&answer.text(), "")
                    .into_owned()
                    .into_bytes();
            }
            let is_second = request
                .header("range")
                .is_some_and(|range| !range.starts_with("bytes=0-"));
            if is_second && request.is("GET", "/hot/01") {
                with_header(answer, "ETag", Some("\"another\""));
            }
        })
        .open();
    let configs = world.configs_with(&proxy, "  part_size: 5242880\n");
    let ran = run(&configs, &COPIED_HERE).expect(3);
    assert!(ran.stderr.contains("a moment ago"), "{}", ran.stderr);
    world.assert_heals();
}

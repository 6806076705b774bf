//! How queriers are spoken to, and wrong usage: one line, or one for each fault of a file; and no secret is ever printed.

use std::fs;

use serde_json::json;

use super::{ALONE, Two, up};
use crate::support::answering::Answer;
use crate::support::complaint::assert_names;
use crate::support::querier::{Querier, matrix, text};
use crate::support::run::{Ran, binary, repository};

/// A querier that lets in whoever shows these headers.
fn guarded(headers: &'static [(&'static str, &'static str)]) -> Querier {
    Querier::guarded(move |asked| {
        let is_shown = |(name, value): &(&str, &str)| {
            let mut found = asked.headers.iter();
            found.any(|(shown, with)| shown == name && with == value)
        };
        (!headers.iter().all(is_shown)).then(|| {
            // Some repeat what they refuse.
            let words: Vec<_> = asked.headers.iter().map(|it| it.1.as_str()).collect();
            text(401, &format!("not you: {}", words.join(" ")))
        })
    })
    .series("up", &[up(&[(10, "1")])])
}

/// S-21.17
#[test]
fn credentials_come_from_files_and_are_never_printed() {
    const BASIC: (&str, &str) = ("authorization", "Basic b3BlcmF0b3I6aHVudGVyMg==");
    for (config, headers) in [
        (
            "basic_auth: {username: operator, password_file: secret}",
            &[BASIC] as &'static [(&str, &str)],
        ),
        (
            "basic_auth:\n  username: operator\n  password: hunter2\n",
            &[BASIC],
        ),
        (
            "authorization: {credentials_file: secret}",
            &[("authorization", "Bearer hunter2")],
        ),
        (
            "authorization: {type: Token, credentials: hunter2}",
            &[("authorization", "Token hunter2")],
        ),
        (
            "bearer_token_file: secret",
            &[("authorization", "Bearer hunter2")],
        ),
        (
            "bearer_token: hunter2",
            &[("authorization", "Bearer hunter2")],
        ),
        (
            "http_headers:\n  X-Scope-OrgID: {values: [tenant]}\n  X-Key: {secrets: [hunter2]}\n  X-File: {files: [secret]}\n",
            &[
                ("x-scope-orgid", "tenant"),
                ("x-key", "hunter2"),
                ("x-file", "hunter2"),
            ],
        ),
        (
            "http_config:\n  bearer_token: hunter2\n",
            &[("authorization", "Bearer hunter2")],
        ),
        ("follow_redirects: true\nenable_http2: false\n", &[]),
    ] {
        let two = Two::new(guarded(headers), guarded(&[]));
        fs::write(two.path("secret"), "hunter2\n").unwrap();
        fs::write(two.path("http.yaml"), config).unwrap();
        let file = two.flag("query.source.http-config-file", "http.yaml");
        let ran = two.run(&[&file, "--log.level=debug"]).expect(0);
        assert!(
            !format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"),
            "{config}"
        );
        // Whoever is not let in sees no secret either, though the server repeats it.
        if !headers.is_empty() {
            let wrong = Two::new(guarded(&[("x-other", "none")]), guarded(&[]));
            fs::write(wrong.path("secret"), "hunter2\n").unwrap();
            fs::write(wrong.path("http.yaml"), config).unwrap();
            let file = wrong.flag("query.source.http-config-file", "http.yaml");
            let ran = wrong.run(&[&file]).expect(1);
            let shown = format!("{}{}", ran.stdout, ran.stderr);
            assert!(shown.contains("not you"), "{shown}");
            for secret in ["hunter2", "b3BlcmF0b3I6aHVudGVyMg"] {
                assert!(!shown.contains(secret), "{config}: {shown}");
            }
        }
    }
}

/// S-21.17
#[test]
fn a_user_in_the_url_is_never_printed() {
    let two = Two::new(
        guarded(&[("authorization", "Basic b3BlcmF0b3I6aHVudGVyMg==")]),
        guarded(&[]),
    );
    let url = two
        .source
        .url()
        .replace("http://", "http://operator:hunter2@");
    let run = |further: &[&str]| {
        let mut command = binary();
        command
            .args(["cutover-check", "--no-parity"])
            .arg(format!("--query.source={url}/api/v1/"))
            .arg(format!("--query.target={}", two.target.url()))
            .arg(two.flag("queries", "queries.yaml"))
            .args([ALONE, "--min-time=2025-06-01", "--max-time=2025-06-02"])
            .args(further);
        Ran::of(command)
    };
    let trail = two.flag("report-file", "trail.ndjson");
    let page = two.flag("markdown", "page.md");
    let ran = run(&["--log.level=debug", &trail, &page]).expect(0);
    let files = ["trail.ndjson", "page.md"].map(|name| fs::read_to_string(two.path(name)).unwrap());
    let shown = format!("{}{}{}", ran.stdout, ran.stderr, files.concat());
    assert!(shown.contains(&two.source.url()), "{shown}");
    for secret in ["hunter2", "b3BlcmF0b3I6aHVudGVyMg", "operator"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// S-21.18
#[test]
fn redirects_lead_no_further_than_to_the_same_server() {
    let moved = |to: String| Answer {
        headers: vec![("location", to)],
        ..text(307, "")
    };
    let inside = Querier::guarded(move |asked| {
        let path = asked.path.strip_prefix("/api")?;
        Some(moved(format!("/prometheus/api{path}")))
    })
    .series("up", &[up(&[(10, "1")])]);
    let two = Two::new(inside, guarded(&[]));
    two.run(&[]).expect(0);
    fs::write(two.path("http.yaml"), "follow_redirects: false").unwrap();
    let file = two.flag("query.source.http-config-file", "http.yaml");
    let ran = two.run(&[&file]).expect(1);
    assert!(
        ran.stderr.contains("follow_redirects is false"),
        "{}",
        ran.stderr
    );
    let outside =
        Querier::guarded(move |_| Some(moved("http://127.0.0.2:1/login?token=hunter2".to_owned())));
    let two = Two::new(outside, guarded(&[]));
    let ran = two.run(&[]).expect(1);
    assert!(
        ran.stderr.contains("http://127.0.0.2:1/login"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

/// S-21.19
#[test]
fn forms_are_not_needed_and_answers_may_come_packed() {
    let packed = |body: &[u8]| {
        use std::io::Write as _;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(body).unwrap();
        packer.finish().unwrap()
    };
    let gets_alone = Querier::guarded(move |asked| {
        if asked.method == "POST" {
            return Some(text(405, "method not allowed"));
        }
        (asked.path.starts_with("/api/v1/query_range")).then(|| {
            assert_eq!(asked.header("accept-encoding"), Some("gzip"));
            let plain = matrix(&[up(&[(10, "1")])]);
            Answer {
                headers: vec![("content-encoding", "gzip".to_owned())],
                body: packed(&plain.body),
                ..plain
            }
        })
    });
    let two = Two::new(gets_alone, guarded(&[]));
    two.run(&[]).expect(0);
    let posts = two
        .source
        .seen()
        .into_iter()
        .filter(|asked| asked.method == "POST");
    assert_eq!(posts.count(), 1, "it is tried once");
    // What is packed small and is large is bounded, too.
    let bomb = Querier::guarded(move |asked| {
        asked
            .path
            .starts_with("/api/v1/query_range")
            .then(|| Answer {
                status: 200,
                headers: vec![("content-encoding", "gzip".to_owned())],
                body: packed(&vec![b' '; 10 << 20]),
            })
    });
    let ran = Two::new(bomb, guarded(&[]))
        .run(&["--query.max-response-bytes=1MiB"])
        .expect(3);
    assert!(
        ran.stdout.contains("more than the 1048576 bytes"),
        "{}",
        ran.stdout
    );
}

/// What is printed of a wrong command line, which contacts nobody.
fn complaint(two: &Two, arguments: &[&str]) -> String {
    let mut command = binary();
    command.arg("cutover-check").args(arguments);
    let ran = Ran::of(command).expect(2);
    assert!(two.source.seen().is_empty() && two.target.seen().is_empty());
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    ran.stderr.trim_end().to_owned()
}

const RANGE: [&str; 2] = ["--min-time=2025-06-01", "--max-time=2025-06-02"];

/// S-21.20
#[test]
fn wrong_usage_is_one_line_that_names_the_flag() {
    let two = Two::new(Querier::start(), Querier::start());
    let hot = format!("--query.source={}", two.source.url());
    let cold = format!("--query.target={}", two.target.url());
    let both = [hot.as_str(), cold.as_str()];
    let same = format!("--query.target={}/", two.source.url());
    for (arguments, names) in [
        (vec![cold.as_str()], vec!["--query.source", "URL"]),
        (vec![&hot], vec!["--query.target", "URL"]),
        (
            vec![&hot, &same, RANGE[0], RANGE[1]],
            vec!["--query.source", "--query.target", "same"],
        ),
        (both.to_vec(), vec!["--min-time", "--max-time"]),
        (
            [
                &both[..],
                &["--min-time=2025-06-02", "--max-time=2025-06-02"],
            ]
            .concat(),
            vec!["--max-time", "--min-time"],
        ),
        (
            [&both[..], &RANGE, &["--deep"]].concat(),
            vec!["--deep", "--objstore.config-file"],
        ),
        (
            [&both[..], &RANGE, &["--objstore.config-file=/nowhere"]].concat(),
            vec!["--objstore"],
        ),
        (
            [&both[..], &RANGE, &["--waive=all"]].concat(),
            vec!["--waive", "query-failed"],
        ),
        (
            [&both[..], &RANGE, &["--tolerance.relative=-1"]].concat(),
            vec!["--tolerance.relative", "1e-9"],
        ),
        (
            [&both[..], &RANGE, &["--tolerance.absolute=NaN"]].concat(),
            vec!["--tolerance.absolute"],
        ),
        (
            [&both[..], &RANGE, &["--query.max-source-resolution=2m"]].concat(),
            vec!["--query.max-source-resolution", "auto"],
        ),
        (
            [&both[..], &RANGE, &["--queries=/nowhere.yaml"]].concat(),
            vec!["--queries", "/nowhere.yaml"],
        ),
        (
            vec![
                "--query.source=ftp://u:hunter2@x",
                &cold,
                RANGE[0],
                RANGE[1],
            ],
            vec!["--query.source", "http://"],
        ),
        (
            vec![
                "--query.source=http://x/?token=hunter2",
                &cold,
                RANGE[0],
                RANGE[1],
            ],
            vec!["--query.source", "query"],
        ),
    ] {
        let line = complaint(&two, &arguments);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_names(&line, &names);
    }
}

/// S-21.20
#[test]
fn a_wrong_http_config_is_one_line_that_names_the_key() {
    let two = Two::new(Querier::start(), Querier::start());
    let hot = format!("--query.source={}", two.source.url());
    let cold = format!("--query.target={}", two.target.url());
    let file = two.flag("query.source.http-config-file", "http.yaml");
    fs::write(two.path("secret"), "hunter2").unwrap();
    for (config, names) in [
        ("basic_auht: {}", vec!["basic_auth"]),
        (
            "basic_auth: {username: a, user: b}",
            vec!["basic_auth", "line 1"],
        ),
        (
            "basic_auth: {password: hunter2, password_file: secret}",
            vec!["basic_auth.password", "password_file"],
        ),
        (
            "basic_auth: {username: a}\nbearer_token: hunter2",
            vec!["basic_auth", "bearer_token"],
        ),
        (
            "authorization: {type: Basic, credentials: hunter2}",
            vec!["authorization.type", "basic_auth"],
        ),
        ("authorization: {type: Bearer}", vec!["credentials_file"]),
        (
            "bearer_token_file: /nowhere/token",
            vec!["bearer_token_file", "/nowhere/token"],
        ),
        ("oauth2: {client_secret: hunter2}", vec!["oauth2"]),
        ("tls_config: {ca_file: secret}", vec!["tls_config.ca_file"]),
        (
            "tls_config: {cert_file: secret}",
            vec!["tls_config.key_file"],
        ),
        (
            "tls_config: {min_version: SSL3}",
            vec!["tls_config.min_version", "TLS12"],
        ),
        (
            "tls_config: {max_version: TLS11}",
            vec!["tls_config.max_version", "TLS12"],
        ),
        ("proxy_url: 'ftp://u:hunter2@x'", vec!["proxy_url"]),
        ("no_proxy: x", vec!["no_proxy", "proxy_url"]),
        (
            "proxy_from_environment: true\nproxy_url: http://x",
            vec!["proxy_from_environment", "proxy_url"],
        ),
        (
            "proxy_connect_header: {a: [b]}",
            vec!["proxy_connect_header"],
        ),
        (
            "http_headers: {Authorization: {values: [hunter2]}}",
            vec!["http_headers.authorization"],
        ),
        ("http_headers: {'a b': {values: [x]}}", vec!["http_headers"]),
        (
            "http_headers: {a: {values: [\"x\\ny\"]}}",
            vec!["http_headers.a"],
        ),
        ("http_headers: {a: {value: x}}", vec!["http_headers.a"]),
        ("follow_redirects: maybe", vec!["follow_redirects", "true"]),
        ("- a", vec!["mapping"]),
        ("a: b\na: c", vec!["twice"]),
    ] {
        fs::write(two.path("http.yaml"), config).unwrap();
        let line = complaint(&two, &[&hot, &cold, RANGE[0], RANGE[1], &file]);
        assert_eq!(line.lines().count(), 1, "{config}: {line}");
        assert_names(
            &line,
            &[
                &names[..],
                &["--query.source.http-config-file", "http.yaml"],
            ]
            .concat(),
        );
    }
}

/// S-21.21
#[test]
fn all_that_is_wrong_with_a_file_of_queries_is_told_line_by_line() {
    let two = Two::new(Querier::start(), Querier::start())
        .asking("- expr: ''\n- {expr: up, stpe: 5m}\n- {expr: up, time: soon}\n");
    let hot = format!("--query.source={}", two.source.url());
    let cold = format!("--query.target={}", two.target.url());
    let queries = two.flag("queries", "queries.yaml");
    let arguments = [&hot, &cold, RANGE[0], RANGE[1], &queries];
    let told = complaint(&two, &arguments);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    for (line, words) in lines.iter().zip([
        "line 1: expr is missing",
        "line 2: unknown key stpe",
        "line 3: time: expected",
    ]) {
        assert!(line.contains("--queries") && line.contains(words), "{line}");
    }
    let mut command = binary();
    command
        .arg("cutover-check")
        .args(arguments)
        .arg("--output=json");
    let document = Ran::of(command).expect(2).json();
    assert_eq!(document["kind"], json!("error"));
}

/// S-21.21
#[test]
fn the_example_of_queries_is_asked() {
    let two = Two::new(guarded(&[]), guarded(&[]));
    let example = format!(
        "--queries={}",
        repository("examples/queries.yaml").display()
    );
    let mut command = two.command(&[ALONE, "--output=json"]);
    // The later one would be a second.
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let others = arguments
        .iter()
        .filter(|it| !it.to_string_lossy().starts_with("--queries"));
    command = binary();
    command.args(others).arg(example);
    let document = Ran::of(command).expect(3).json();
    let queries = document["queries"].as_array().unwrap();
    assert_eq!(queries.len(), 6);
    assert!(
        queries
            .iter()
            .all(|query| { query["time_ms"].is_number() || query["step_ms"].is_number() })
    );
}

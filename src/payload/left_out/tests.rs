//! What cannot be read and is left out, in each format.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::Malformed;
use crate::payload::testing::{finish, read_with};
use crate::payload::{Options, Reader, otlp, statsd};

const RECEIVED_MS: i64 = 5000;

/// What is read of a payload whose unreadable lines are left out; metadata is not shown.
fn read(options: Options, body: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(options).with_malformed(Malformed::LeaveOut);
    let read = read_with(&mut reader, body, Some(RECEIVED_MS));
    let mut lines = read.unwrap_or_else(|why| panic!("{why}"));
    lines.extend(finish(reader));
    lines.retain(|line| !line.ends_with(", : "));
    lines
}

/// S-24.90
#[test]
fn lines_that_cannot_be_read_are_left_out_whole_and_counted_with_the_first_for_an_example() {
    let statsd = || Options::Statsd(statsd::Options::default());
    let too_long = [&vec![b'x'; (16 << 20) + 2][..], b"\nlast 7 8"].concat();
    for (options, body, expected) in [
        (
            Options::GraphitePlaintext(None),
            &b"a 1 1\nb\xff 1 1\na\na 2 2\n\na x 3\n"[..],
            &[
                "left out: 3 malformed, such as test: line 2: it is not UTF-8",
                "a 1@1000 2@2000",
            ][..],
        ),
        (
            Options::GraphitePlaintext(None),
            &too_long,
            &[
                "left out: 1 malformed, such as test: line 1: it is longer than 16777216 bytes",
                "last 7@8000",
            ],
        ),
        // Of a line that holds one wrong value none counts.
        (
            statsd(),
            b"a:1|c\na:1:x|c\na:2|c|Tx\na:4:8|c\nb:1|g:2|q\n_e{1,1}:a|b",
            &[
                "left out: 1 event, such as test: line 6: _e",
                "left out: 3 malformed, such as test: line 2: \"x\" is no number",
                "a 13@5000",
            ],
        ),
        (
            Options::InfluxLineProtocol,
            b"m f=1 1000000\nm f=1,g=x 2000000\nm f=3,t=\"u\" 3000000\nm\n",
            &[
                "left out: 2 malformed, such as test: line 2: field \"g\": \"x\" is no number, truth or text in quotes",
                "left out: 1 text-field, such as test: line 3: field \"t\" of \"m\"",
                "m_f 1@1 3@3",
            ],
        ),
        // A quote that was forgotten takes nothing else along: neither what closes it, nor all that follows.
        (
            Options::InfluxLineProtocol,
            b"m f=1 1000000\nm t=\"cut\nm f=2,t=\"u\nv\" 2000000\nm f=3 3000000\nm t=\"open\nm f=4 4000000",
            &[
                "left out: 2 malformed, such as test: line 2: something follows the text of a field: \"t\"",
                "left out: 1 text-field, such as test: line 3: field \"t\" of \"m\"",
                "m_f 1@1 2@2 3@3 4@4",
            ],
        ),
    ] {
        let lines = read(options.clone(), body);
        let mut sorted: Vec<&str> = lines.iter().map(String::as_str).collect();
        sorted.sort_by_key(|line| line.starts_with("left out"));
        let mut expected = expected.to_vec();
        expected.sort_by_key(|line| line.starts_with("left out"));
        let series: Vec<String> = sorted.iter().map(|line| line.replace(['{', '}'], "")).collect();
        assert_eq!(series, expected, "{}", String::from_utf8_lossy(body.get(..80).unwrap_or(body)));
        let refused = read_with(&mut Reader::new(options), body, Some(RECEIVED_MS));
        assert!(refused.unwrap_err().starts_with("read test: line "));
    }
    // What promtool refuses is refused.
    let mut reader = Reader::new(Options::Openmetrics).with_malformed(Malformed::LeaveOut);
    assert!(read_with(&mut reader, b"a 1 1\na\n# EOF\n", None).is_err());
}

/// S-24.90
#[test]
fn requests_that_cannot_be_read_are_left_out_and_the_next_one_is_found() {
    let request = |seconds: u64| {
        format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","gauge":{{"dataPoints":[{{"timeUnixNano":"{seconds}000000000","asInt":"{seconds}"}}]}}}}]}}]}}]}}"#
        )
    };
    let pretty = request(4).replace("[{", "[\n  {\n");
    let (one, two) = (request(1), request(2));
    let cut = two.get(..90).unwrap_or_default();
    for (body, samples, malformed) in [
        (format!("{one}\n{two}\n"), 2, 0),
        (format!("{one}\n{cut}\n{two}\n{pretty}\n"), 3, 1),
        // Cut within a text, and within a number, a list and an object.
        (
            format!("{one}\n{{\"resourceMetrics\":[{{\"scope\n{two}"),
            2,
            1,
        ),
        // What follows goes on with a list that is open.
        (format!("{{\"resourceMetrics\":[\n{one}\n{two}"), 1, 1),
        (format!("{{\"a\":1\n  {one}\n\n{{\"a\":1\n{two}"), 2, 2),
        (format!("xyz\n{one}\nxyz {two}\n{two}\n\0\0\0\n{one}"), 3, 4),
        (format!("{one}\n{cut}"), 1, 1),
        (format!("[{one},{two},{{]"), 2, 1),
        (format!("{one}{{\"resourceMetrics\":5}}{two}\n{two}"), 2, 1),
    ] {
        let body = if body.starts_with('x') {
            format!("{{\n{body}")
        } else {
            body
        };
        let lines = read(Options::Otlp(otlp::Options::default()), body.as_bytes());
        let left_out: Vec<&String> = lines.iter().filter(|it| it.starts_with("left")).collect();
        let counted = format!("left out: {malformed} malformed, such as test: line ");
        assert!(
            left_out.len() == usize::from(malformed > 0)
                && left_out.iter().all(|it| it.starts_with(&counted)),
            "{body}\n{left_out:?}"
        );
        assert_eq!(lines.len() - left_out.len(), samples, "{body}\n{lines:?}");
    }
}

/// S-24.90
#[test]
fn of_a_list_of_requests_only_what_cannot_be_read_is_left_out() {
    let of = |name: &str| {
        format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"{name}","gauge":{{"dataPoints":[{{"timeUnixNano":"1000000000","asInt":"1"}}]}}}}]}}]}}]}}"#
        )
    };
    let (one, two) = (of("one"), of("two"));
    let body = format!(r#"[{one},{{"resourceMetrics":5}},{two}]"#);
    let lines = read(Options::Otlp(otlp::Options::default()), body.as_bytes());
    for begin in [
        "left out: 1 malformed, such as test: request 2 of the list: invalid type",
        "one",
        "two",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(begin)),
            "{lines:?}"
        );
    }
}

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use crate::payload::testing::{read_with, shown};
use crate::payload::{Options, Reader};

fn read(text: &str) -> Result<Vec<String>, String> {
    read_with(
        &mut Reader::new(Options::Openmetrics),
        text.as_bytes(),
        None,
    )
}

/// S-24.36
#[test]
fn the_examples_of_the_specification_are_read_as_promtool_reads_them() {
    for (text, expected) in [
        ("# EOF\n", &[][..]),
        ("# EOF", &[]),
        (
            "# TYPE acme_http_router_request_seconds summary\n\
             # UNIT acme_http_router_request_seconds seconds\n\
             # HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.\n\
             acme_http_router_request_seconds_sum{path=\"/api/v1\",method=\"GET\"} 9036.32 1395066363.000\n\
             acme_http_router_request_seconds_count{path=\"/api/v1\",method=\"GET\"} 807283.0 1395066363.5\n\
             acme_http_router_request_seconds_created{path=\"/api/v1\",method=\"GET\"} 1605281325.0 1395066363\n\
             # TYPE go_goroutines gauge\n\
             # HELP go_goroutines Number of goroutines that currently exist.\n\
             go_goroutines 69 1395066363\n\
             # TYPE process_cpu_seconds counter\n\
             # UNIT process_cpu_seconds seconds\n\
             # HELP process_cpu_seconds Total user and system CPU time spent in seconds.\n\
             process_cpu_seconds_total 4.20072246e+06 1395066363\n\
             # EOF\n",
            &[
                r"acme_http_router_request_seconds: summary, seconds: Latency though all of ACME's HTTP request router.",
                r"go_goroutines: gauge, : Number of goroutines that currently exist.",
                r"process_cpu_seconds: counter, seconds: Total user and system CPU time spent in seconds.",
                r#"acme_http_router_request_seconds_sum{method="GET", path="/api/v1"} 9036.32@1395066363000"#,
                r#"acme_http_router_request_seconds_count{method="GET", path="/api/v1"} 807283@1395066363500"#,
                r#"acme_http_router_request_seconds_created{method="GET", path="/api/v1"} 1605281325@1395066363000"#,
                r"go_goroutines 69@1395066363000",
                r"process_cpu_seconds_total 4200722.46@1395066363000",
            ],
        ),
        (
            "# TYPE foo histogram\n\
             foo_bucket{le=\"0.01\"} 0 1\n\
             foo_bucket{le=\"0.1\"} 8 1 # {} 0.054\n\
             foo_bucket{le=\"1\"} 11 1 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n\
             foo_bucket{le=\"10\"} 17 1 # {trace_id=\"oHg5SJYRHA0\"} 9.8 1520879607.789\n\
             foo_bucket{le=\"+Inf\"} 17 1\n\
             foo_count 17 1\n\
             foo_sum 324789.3 1\n\
             # TYPE other gauge\n\
             other{le=\"1\"} 1 1\n\
             # EOF\n",
            &[
                r#"exemplar of foo_bucket{le="0.1"}: {} 0.054@1000"#,
                r#"exemplar of foo_bucket{le="1.0"}: {trace_id="KOO5S4vxi0o"} 0.67@1000"#,
                r#"exemplar of foo_bucket{le="10.0"}: {trace_id="oHg5SJYRHA0"} 9.8@1520879607789"#,
                "foo: histogram, : ",
                "other: gauge, : ",
                r#"foo_bucket{le="0.01"} 0@1000"#,
                r#"foo_bucket{le="0.1"} 8@1000"#,
                r#"foo_bucket{le="1.0"} 11@1000"#,
                r#"foo_bucket{le="10.0"} 17@1000"#,
                r#"foo_bucket{le="+Inf"} 17@1000"#,
                "foo_count 17@1000",
                "foo_sum 324789.3@1000",
                r#"other{le="1"} 1@1000"#,
            ],
        ),
        (
            "# TYPE build info\nbuild_info{entity=\"controller\",version=\"8.2.7\"} 1 1\n\
             # TYPE feature stateset\nfeature{feature=\"a\"} 1 1\nfeature{feature=\"b\"} 0 1\n\
             # TYPE g gaugehistogram\ng_bucket{le=\"1\"} 2 1\ng_gcount 2 1\ng_gsum 1 1\n\
             # TYPE s summary\ns{quantile=\"1\"} 5 1\n\
             # TYPE u unknown\nu 1 1\n# EOF\n",
            &[
                "build: info, : ",
                "feature: stateset, : ",
                "g: gaugehistogram, : ",
                "s: summary, : ",
                "u: unknown, : ",
                r#"build_info{entity="controller", version="8.2.7"} 1@1000"#,
                r#"feature{feature="a"} 1@1000"#,
                r#"feature{feature="b"} 0@1000"#,
                r#"g_bucket{le="1"} 2@1000"#,
                "g_gcount 2@1000",
                "g_gsum 1@1000",
                r#"s{quantile="1.0"} 5@1000"#,
                "u 1@1000",
            ],
        ),
        (
            "a{b=\"c\",} 1 1\na{b=\"c\"} 2 2\n{\"a\",b=\"c\"} 3 3\n{b=\"c\",\"a\"} 4 4\na{d=\"\",b=\"c\"} 5 5\na{} 6 6\n# EOF\n",
            &[r#"a{b="c"} 1@1000 2@2000 3@3000 4@4000 5@5000"#, "a 6@6000"],
        ),
        (
            "{\"http.server.duration\",\"service.name\"=\"a\\\"b\\\\c\\nd\\te\"} NaN 1.0019\nx +Inf -1.5\nx -inf 0\n# EOF\n",
            &[
                r#"{__name__="http.server.duration", "service.name"="a\"b\\c\nd\\te"} NaN@1001"#,
                "x inf@-1500 -inf@0",
            ],
        ),
        (
            "# HELP \"a b\" two \\\"words\\\"\\n\n# TYPE \"a b\" gauge\n# HELP empty \n# EOF\n",
            &["a b: gauge, : two \"words\"\n", "empty: unknown, : "],
        ),
    ] {
        assert_eq!(read(text).unwrap(), expected, "{text}");
    }
    assert_eq!(shown(&crate::samples::Value::Float(f64::NAN)), "NaN",);
}

/// S-24.36
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_promtool_refuses_is_refused_by_line_and_with_the_reason() {
    for (text, expected) in [
        ("", "it does not end with # EOF"),
        ("a 1 1\n", "it does not end with # EOF"),
        ("a 1 1", "line 1: the text ends within the line"),
        ("# TYPE a gauge", "line 1: the text ends within the line"),
        ("# EOF\n\n", "line 2: there is more behind # EOF"),
        (
            "# EOF\na 1 1\n# EOF\n",
            "line 2: there is more behind # EOF",
        ),
        ("# EOF\r\n", "line 1: comments are none but"),
        ("\n# EOF\n", "line 1: the line is empty"),
        ("# a comment\n# EOF\n", "line 1: comments are none but"),
        (
            "#\n# EOF\n",
            "line 1: expected a metric's name or a comment, got \"#\"",
        ),
        (
            "# TYPE a\n# EOF\n",
            "line 1: expected a space behind the metric's name",
        ),
        (
            "# TYPE a untyped\n# EOF\n",
            "line 1: \"untyped\" is no type of metrics",
        ),
        (
            "# TYPE a gauge \n# EOF\n",
            "line 1: \"gauge \" is no type of metrics",
        ),
        (
            "# TYPE 1 gauge\n# EOF\n",
            "line 1: expected a metric's name",
        ),
        (
            "# UNIT a_seconds meters\n# EOF\n",
            "line 1: the name \"a_seconds\" does not end in its unit",
        ),
        (
            "# UNIT seconds seconds\n# EOF\n",
            "line 1: the name \"seconds\" does not end in its unit",
        ),
        ("a 1 1\na 1\n# EOF\n", "line 2: the sample has no time"),
        (
            "a 1 1\na 1 # {} 1\n# EOF\n",
            "line 2: the sample has no time",
        ),
        (
            "a\n# EOF\n",
            "line 1: expected a space and the value, and the line ends",
        ),
        ("a  1 1\n# EOF\n", "line 1: expected a space and the value"),
        ("a 1  1\n# EOF\n", "line 1: expected a space and the time"),
        (
            "a 1 1 \n# EOF\n",
            "line 1: expected the end of the line or an exemplar",
        ),
        (
            "a 1 1\r\n# EOF\n",
            "line 1: expected a space and the time in seconds, got \" 1\\r\"",
        ),
        ("a 1_0 1\n# EOF\n", "line 1: expected a space and the value"),
        (
            "a 0x1p0 1\n# EOF\n",
            "line 1: expected a space and the value",
        ),
        (
            "a 1e400 1\n# EOF\n",
            "line 1: expected a space and the value",
        ),
        ("a 1 NaN\n# EOF\n", "line 1: expected a time in seconds"),
        ("a 1 Inf\n# EOF\n", "line 1: expected a time in seconds"),
        (
            "a{b=c} 1 1\n# EOF\n",
            "line 1: expected a label's value in quotes",
        ),
        ("a{b=\"c\"\n} 1 1\n# EOF\n", "line 1: expected a comma or }"),
        ("a{b=\"c\n\"} 1 1\n# EOF\n", "line 1: a quote has no end"),
        ("a{b=\"c\" } 1 1\n# EOF\n", "line 1: expected a comma or }"),
        (
            "a{ b=\"c\"} 1 1\n# EOF\n",
            "line 1: expected a label's name",
        ),
        ("a{,} 1 1\n# EOF\n", "line 1: expected a label's name"),
        (
            "a{b=\"c\",,} 1 1\n# EOF\n",
            "line 1: expected a label's name",
        ),
        (
            "a{b:c=\"d\"} 1 1\n# EOF\n",
            "line 1: expected a label's name",
        ),
        (
            "a{b=\"c\",b=\"d\"} 1 1\n# EOF\n",
            "line 1: label b is given twice",
        ),
        (
            "a{__name__=\"b\"} 1 1\n# EOF\n",
            "line 1: label __name__ is given twice",
        ),
        ("a{\"b\"} 1 1\n# EOF\n", "line 1: it has two names"),
        ("{\"a\",\"b\"} 1 1\n# EOF\n", "line 1: it has two names"),
        ("{b=\"c\"} 1 1\n# EOF\n", "line 1: expected a metric's name"),
        ("{} 1 1\n# EOF\n", "line 1: expected a metric's name"),
        (
            "a{}{} 1 1\n# EOF\n",
            "line 1: expected a space and the value",
        ),
        ("1a 1 1\n# EOF\n", "line 1: expected a metric's name"),
        (
            "a 1 1 # {b=\"c\"}\n# EOF\n",
            "line 1: expected a space and the value of the exemplar",
        ),
        (
            "a 1 1 # {\"b\"} 1\n# EOF\n",
            "line 1: expected = behind a label's name",
        ),
        (
            "a 1 1 # {b=\"c\"} 1 x\n# EOF\n",
            "line 1: expected a space and the time",
        ),
        (
            "a 1 1 # {b=\"c\"} 1 1 1\n# EOF\n",
            "line 1: expected the end of the line",
        ),
        (
            "a 1 1 # b\n# EOF\n",
            "line 1: expected the end of the line or an exemplar",
        ),
    ] {
        let why = read(text).unwrap_err();
        assert!(
            why.starts_with("read test") && why.contains(expected),
            "{text}: {why}"
        );
    }
    let mut reader = Reader::new(Options::Openmetrics);
    let why = read_with(&mut reader, b"a{b=\"\xff\"} 1 1\n# EOF\n", None).unwrap_err();
    assert_eq!(why, "read test: line 1: what is quoted is not UTF-8");
}

/// S-24.36
#[test]
fn texts_stand_for_themselves_and_samples_keep_their_order() {
    let mut reader = Reader::new(Options::Openmetrics);
    let first = b"# TYPE a histogram\na{le=\"1\"} 1 5\na{x=\"1\",y=\"2\"} 1 5\na{y=\"2\",x=\"1\"} 2 5\n# EOF\n";
    assert_eq!(
        read_with(&mut reader, first, None).unwrap(),
        [
            "a: histogram, : ",
            r#"a{le="1.0"} 1@5000"#,
            r#"a{x="1", y="2"} 1@5000 2@5000"#
        ]
    );
    // What the first text said of types does not count for the second.
    let second = b"a{le=\"1\"} 1\n# EOF\n";
    assert_eq!(
        read_with(&mut reader, second, Some(7)).unwrap(),
        [r#"a{le="1"} 1@7"#]
    );
}

/// S-24.36
#[test]
fn a_text_of_any_size_is_read_in_bounded_memory_and_loses_nothing() {
    let mut text = String::new();
    for time in 0..40 {
        for series in 0..5000 {
            let long = "x".repeat(900);
            let line = format!("metric_{series}{{a=\"{long}\"}} {time} {time}\n");
            text.push_str(&line);
        }
    }
    text += "# EOF\n";
    let mut samples = std::collections::BTreeMap::new();
    let mut largest = 0;
    let read = Reader::new(Options::Openmetrics).read(
        &mut crate::payload::Payload {
            body: &mut text.as_bytes(),
            received_at_ms: None,
            query_params: &std::collections::BTreeMap::new(),
            place: "test",
        },
        &mut |item| {
            if let crate::samples::Item::Piece(piece) = item
                && let crate::samples::Told::Samples(told) = piece.told
            {
                largest = largest.max(told.len());
                let times = told.iter().map(|sample| sample.time_ms);
                samples
                    .entry(piece.labels)
                    .or_insert_with(Vec::new)
                    .extend(times);
            }
            Ok(())
        },
    );
    read.unwrap();
    assert_eq!(samples.len(), 5000);
    let expected: Vec<i64> = (0..40).map(|time| time * 1000).collect();
    assert!(samples.values().all(|times| *times == expected));
    assert!(largest <= 40);
}

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::Mapping;
use crate::payload::testing::read_with;
use crate::payload::{Options, Reader};

fn read(mapping: Option<&str>, text: &str) -> Result<Vec<String>, String> {
    let mapping = mapping.map(|mapping| Mapping::parse(mapping).unwrap());
    let mut reader = Reader::new(Options::GraphitePlaintext(mapping));
    read_with(&mut reader, text.as_bytes(), Some(7))
}

/// S-24.34
#[test]
fn lines_are_read_as_graphite_exporter_reads_them() {
    for (text, expected) in [
        (
            "my.simple.metric 9001 1534620625",
            &["my_simple_metric 9001@1534620625000"][..],
        ),
        (
            "my.simple.metric 1 1534620625.5\nmy.simple.metric 2 1534620626\n\nother:x -3e2 0",
            &[
                "my_simple_metric 1@1534620625500 2@1534620626000",
                "other:x -300@0",
            ],
        ),
        (
            "a 1 -1\na 2 N\na 3\n\ta   4\t-1.0 \r\n",
            &["a 1@7 2@7 3@7 4@7"],
        ),
        ("a 1 -2", &["a 1@-2000"]),
        ("\u{feff}a 1 1\n", &["a 1@1000"]),
        ("a NaN 1\nb +Inf 1", &["a NaN@1000", "b inf@1000"]),
        (
            "my_simple_metric_with_tags;tag1=value1;tag2=value2 1 1",
            &[r#"my_simple_metric_with_tags{tag1="value1", tag2="value2"} 1@1000"#],
        ),
        (
            "a;tag1=value3;tag2;tag3=v=4;;x= 1 1\na;tag2 2 1\na;tag1=value3;tag3=v=4 3 2",
            &[
                r#"a{tag1="value3", tag3="v=4"} 1@1000 3@2000"#,
                "a 2@1000",
                "left out: 2 malformed-tag, such as test: line 1: tag2",
            ],
        ),
        (
            "a;host.name=x;1=y 1 1\na;b=1;b=2 1 1",
            &[
                r#"a{_1="y", host_name="x"} 1@1000"#,
                r#"a{b="2"} 1@1000"#,
                "left out: 1 repeated-tag, such as test: line 2: b=2",
            ],
        ),
        (
            "disk.used;datacenter=dc1;rack=a1;server=web01 42 1534620625",
            &[r#"disk_used{datacenter="dc1", rack="a1", server="web01"} 42@1534620625000"#],
        ),
        ("rspamd.actions.add header 1 1", &[]),
        (
            "test.web-server.foo.bar 1 1\n1min.load 2 1",
            &["test_web_server_foo_bar 1@1000", "_1min_load 2@1000"],
        ),
    ] {
        if expected.is_empty() {
            assert!(read(None, text).is_err(), "{text}");
        } else {
            assert_eq!(read(None, text).unwrap(), expected, "{text}");
        }
    }
}

/// S-24.30, S-24.34
#[test]
fn what_graphite_cannot_read_is_refused_by_line_and_with_the_reason() {
    for (text, expected) in [
        ("a", "line 1: it is not path, value and time"),
        ("b 1 1\na 1 1 1", "line 2: it is not path, value and time"),
        ("a x 1", "line 1: value \"x\" is no number"),
        ("a 1,5 1", "line 1: value \"1,5\" is no number"),
        ("a 1 x", "line 1: \"x\" is no time in seconds"),
        ("a 1 NaN", "line 1: \"NaN\" is no time in seconds"),
        ("a 1 1e300", "line 1: \"1e300\" is no time in seconds"),
        (";a=b 1 1", "line 1: it has no path"),
    ] {
        let why = read(None, text).unwrap_err();
        assert_eq!(why, format!("read test: {expected}"), "{text}");
    }
    let mut reader = Reader::new(Options::GraphitePlaintext(None));
    for (body, expected) in [
        (
            &b"a 1 -1"[..],
            "line 1: it has no time, nor was received_at_ms told",
        ),
        (b"a\xff 1 1", "line 1: it is not UTF-8"),
    ] {
        let why = read_with(&mut reader, body, None).unwrap_err();
        assert_eq!(why, format!("read test: {expected}"));
    }
}

const README: &str = r"
mappings:
- match: test.dispatcher.*.*.*
  name: dispatcher_events_total
  labels:
    action: $2
    job: test_dispatcher
    outcome: $3
    processor: $1
- match: '*.signup.*.*'
  name: signup_events_total
  labels:
    job: ${1}_server
    outcome: $3
    provider: $2
- match: 'servers\.(.*)\.networking\.subnetworks\.transmissions\.([a-z0-9-]+)\.(.*)'
  match_type: regex
  name: 'servers_networking_transmissions_${3}'
  labels:
    hostname: ${1}
    device: ${2}
";

/// S-24.35
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn mappings_are_those_of_graphite_exporter() {
    let backtracking = "defaults: {glob_disable_ordering: true}\nmappings:\n\
        - {match: backtrack.*.bbb, name: testb, labels: {label: '${1}_foo'}}\n\
        - {match: backtrack.justatest.aaa, name: testa, labels: {label: '${1}_foo'}}\n";
    let unordered = "defaults: {glob_disable_ordering: true}\nmappings:\n\
        - {match: noorder.*.*, name: testa, labels: {label: '${1}_foo'}}\n\
        - {match: noorder.*.bbb, name: testb, labels: {label: '${1}_foo'}}\n\
        - {match: noorder.ccc.bbb, name: testc, labels: {label: ccc_foo}}\n";
    let ordered = "mappings:\n\
        - {match: order.*.*, name: testa, labels: {label: '${1}_foo'}}\n\
        - {match: order.*.bbb, name: testb, labels: {label: '${1}_foo'}}\n";
    let rules = "defaults: {match_type: regex, ttl: 5m}\nmappings:\n\
        - {match: 'secret', name: x, action: drop}\n\
        - {match: '(?P<host>[^.]+)\\.(?i:CPU)\\.(\\d+)$', name: 'cpu_$1', labels: {n: '$2', h: '${host}', all: '$0', none: '$2x', cash: '$$'}, help: h}\n\
        - {match: counted.*, match_type: glob, name: counted, match_metric_type: counter}\n\
        - {match: scaled, match_type: glob, name: scaled_kib, scale: 1e-3, match_metric_type: gauge, honor_labels: true, labels: {a: mapping, b: mapping}}\n\
        - {match: '^empty\\.(.*)', name: '$1'}\n";
    for (mapping, line, expected) in [
        (
            README,
            "test.dispatcher.FooProcessor.send.success 1 1",
            r#"dispatcher_events_total{action="send", job="test_dispatcher", outcome="success", processor="FooProcessor"} 1@1000"#,
        ),
        (
            README,
            "foo_product.signup.facebook.failure 1 1",
            r#"signup_events_total{job="foo_product_server", outcome="failure", provider="facebook"} 1@1000"#,
        ),
        (
            README,
            "test.web-server.foo.bar 1 1",
            "test_web_server_foo_bar 1@1000",
        ),
        (
            README,
            "servers.rack-003-server-c4de.networking.subnetworks.transmissions.eth0.failure.mean_rate 1 1",
            r#"servers_networking_transmissions_failure_mean_rate{device="eth0", hostname="rack-003-server-c4de"} 1@1000"#,
        ),
        (
            README,
            "test.dispatcher.a.b.c.d 1 1",
            "test_dispatcher_a_b_c_d 1@1000",
        ),
        (
            README,
            "a.signup.b.c;job=tag;x=y 1 1",
            r#"signup_events_total{job="a_server", outcome="c", provider="b", x="y"} 1@1000"#,
        ),
        (
            backtracking,
            "backtrack.good.bbb 1 1",
            r#"testb{label="good_foo"} 1@1000"#,
        ),
        (
            backtracking,
            "backtrack.justatest.bbb 1 1",
            r#"testb{label="justatest_foo"} 1@1000"#,
        ),
        (
            backtracking,
            "backtrack.justatest.aaa 1 1",
            r#"testa{label="_foo"} 1@1000"#,
        ),
        (
            unordered,
            "noorder.good.bbb 1 1",
            r#"testb{label="good_foo"} 1@1000"#,
        ),
        (
            unordered,
            "noorder.ccc.bbb 1 1",
            r#"testc{label="ccc_foo"} 1@1000"#,
        ),
        (
            ordered,
            "order.good.bbb 1 1",
            r#"testa{label="good_foo"} 1@1000"#,
        ),
        (
            rules,
            "my.secret.path 1 1",
            "left out: 1 dropped-by-mapping, such as test: line 1: my.secret.path",
        ),
        (
            rules,
            "a.web-1.cpu.17 1 1",
            r#"cpu_web_1{all="web-1.cpu.17", cash="$", h="web-1", n="17"} 1@1000"#,
        ),
        (rules, "counted.x 1 1", "counted_x 1@1000"),
        (
            rules,
            "scaled;a=tag 1024 1",
            r#"scaled_kib{a="tag", b="mapping"} 1.024@1000"#,
        ),
        (
            rules,
            "empty. 1 1",
            "left out: 1 empty-name, such as test: line 1: empty.",
        ),
        (
            "strict_match: true\nmappings:\n- {match: a, name: b}\n",
            "a.b 1 1",
            "left out: 1 unmapped, such as test: line 1: a.b",
        ),
        ("", "a.b 1 1", "a_b 1@1000"),
    ] {
        assert_eq!(read(Some(mapping), line).unwrap(), [expected], "{line}");
    }
    let three = "mappings: [{match: a.*, name: a, action: drop}]\n";
    assert_eq!(
        read(Some(three), "a.b 1 1\na.c 1 1\na.b 1 1\nb 1 1").unwrap(),
        [
            "b 1@1000",
            "left out: 3 dropped-by-mapping, such as test: line 1: a.b"
        ]
    );
}

/// S-24.35
#[test]
fn mappings_that_graphite_exporter_refuses_are_refused_by_line() {
    for (mapping, expected) in [
        (
            "mappings: [{match: a.b}]",
            "line 1: mappings[0]: name \"\" is no metric's name",
        ),
        (
            "mappings:\n- {match: a, name: b}\n- {match: a, name: 1b}",
            "line 3: mappings[1]: name \"1b\" is no metric's name",
        ),
        (
            "mappings: [{match: 'a b', name: b}]",
            "line 1: mappings[0]: match \"a b\" is no glob",
        ),
        (
            "mappings: [{match: '1a.b', name: b}]",
            "line 1: mappings[0]: match \"1a.b\" is no glob",
        ),
        (
            "mappings: [{match: 'a.b*', name: b}]",
            "line 1: mappings[0]: match \"a.b*\" is no glob",
        ),
        (
            "mappings: [{match: '(', match_type: regex, name: b}]",
            "line 1: mappings[0]: match \"(\": missing closing )",
        ),
        (
            "mappings: [{match: 'a(?=b)', match_type: regex, name: b}]",
            "line 1: mappings[0]: match \"a(?=b)\": invalid or unsupported Perl syntax",
        ),
        (
            "mappings: [{match: a, match_type: regexp, name: b}]",
            "line 1: match_type \"regexp\": expected glob or regex",
        ),
        (
            "mappings: [{match: a, name: b, action: keep}]",
            "line 1: mappings[0]: action \"keep\": expected map or drop",
        ),
        (
            "mappings: [{match: a, name: b, labels: {a-b: c}}]",
            "line 1: mappings[0]: labels: \"a-b\" is no label's name",
        ),
        (
            "mappings: [{match: a, name: b, scale: x}]",
            "line 1: mappings[0]: scale \"x\" is no number",
        ),
        (
            "mappings: [{match: a, name: b, match_metric_type: x}]",
            "line 1: mappings[0]: match_metric_type \"x\": expected gauge, counter or observer",
        ),
        (
            "mappings: [{match: a, nmae: b}]",
            "line 1: unknown key mappings[0].nmae: expected one of",
        ),
        (
            "maping: []",
            "line 1: unknown key maping: expected one of defaults, mappings, strict_match; did you mean mappings?",
        ),
        ("mappings: a", "line 1: expected a list"),
    ] {
        let why = Mapping::parse(mapping).unwrap_err().to_string();
        assert!(why.starts_with(expected), "{mapping}: {why}");
    }
}

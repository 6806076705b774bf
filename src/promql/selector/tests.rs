#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

fn parsed(text: &str) -> Selector {
    text.parse().unwrap()
}

/// S-24.10
#[test]
fn selectors_are_read_as_promql_reads_them_and_shown_so_that_they_read_the_same() {
    for (text, shown) in [
        ("up", "up"),
        (" up { } ", "up"),
        ("job:up:sum5m", "job:up:sum5m"),
        ("sum", "sum"),
        (":", ":"),
        (r#"up{job="a"}"#, r#"up{job="a"}"#),
        (
            "up{ job = 'a' , b!=\"c\",d=~`e\\d+`, f !~ \"g\", }",
            r#"up{job="a",b!="c",d=~"e\\d+",f!~"g"}"#,
        ),
        ("{job=\"a\"} # everything\n", r#"{job="a"}"#),
        (r#"{__name__="up"}"#, "up"),
        (r#"{"up"}"#, "up"),
        (
            r#"{"http.requests",job="a"}"#,
            r#"{__name__="http.requests",job="a"}"#,
        ),
        (
            r#"{'http.requests', "service.name"=~'x'}"#,
            r#"{__name__="http.requests","service.name"=~"x"}"#,
        ),
        (
            r#"{"bar",__name__="baz"}"#,
            r#"{__name__="bar",__name__="baz"}"#,
        ),
        (r#"{__name__=~"up|down"}"#, r#"{__name__=~"up|down"}"#),
        (r#"{"inf"}"#, r#"{__name__="inf"}"#),
        (r#"{on="x",by="y",nan="z"}"#, r#"{on="x",by="y",nan="z"}"#),
        (
            r#"{a="\x41\101B\U0001F600\\\"\n\a"}"#,
            "{a=\"AAB\u{1f600}\\\\\\\"\\n\\u0007\"}",
        ),
        (r#"{a='it\'s "x"'}"#, r#"{a="it's \"x\""}"#),
        (r#"{a="\xc3\xa9e\u0301"}"#, "{a=\"\u{e9}e\u{301}\"}"),
        ("{a=`\n\\n`}", r#"{a="\n\\n"}"#),
        ("{\"\u{e9}\"=\"1\"}", "{\"\u{e9}\"=\"1\"}"),
    ] {
        let selector = parsed(text);
        assert_eq!(selector.to_string(), shown);
        assert_eq!(parsed(shown), selector);
    }
}

/// S-24.10
#[test]
fn what_promql_does_not_take_for_a_selector_is_refused_in_one_line() {
    for (text, why) in [
        ("", "it is empty"),
        ("{}", "at least one"),
        (r#"{a=""}"#, "at least one"),
        (r#"{a!="x"}"#, "at least one"),
        (r#"{a=~".*",b!~"x"}"#, "at least one"),
        (r#"up{__name__="down"}"#, "given twice"),
        (r#"up{"down"}"#, "given twice"),
        (r#"{"up","down"}"#, "given twice"),
        ("up{", "it ends"),
        ("up}", "not expected"),
        ("up[5m]", "not expected"),
        ("up offset 5m", "not expected"),
        ("up @ 0", "not expected"),
        ("sum(up)", "not expected"),
        ("1up", "not expected"),
        ("NaN", "is a number"),
        ("up{a}", "expected =, !=, =~ or !~"),
        ("up{a=b}", "expected a quoted value"),
        (r#"up{a=="b"}"#, "expected a quoted value"),
        (r#"up{a="b" c="d"}"#, "a comma or a closing brace"),
        (r"up{,}", "the name of a label"),
        (r#"up{a:b="c"}"#, "expected =, !=, =~ or !~"),
        (r#"up{""="c"}"#, "the name of a label"),
        (r#"up{a="b}"#, "no end"),
        ("up{a=\"b\nc\"}", "no end"),
        (r#"up{a="\d"}"#, "no escape"),
        (r#"up{a="\'"}"#, "no escape"),
        (r#"up{a='\"'}"#, "no escape"),
        (r#"up{a="\x4"}"#, "no escape"),
        (r#"up{a="\ud800"}"#, "no escape"),
        (r#"up{a="\400"}"#, "no escape"),
        (r#"up{a="\xff"}"#, "not UTF-8"),
        (r#"up{a=~"("}"#, "missing closing )"),
        (r#"up{a=~"(?<=x)"}"#, "a=~"),
    ] {
        let err = text.parse::<Selector>().unwrap_err().to_string();
        assert!(err.contains(why), "{text:?}: {err}");
        assert!(!err.contains('\n'), "{err}");
    }
}

/// S-24.10
#[test]
fn series_are_matched_as_prometheus_matches_them() {
    let labels: Labels =
        serde_json::from_str(r#"{"__name__":"up","job":"api","x":"1\n2"}"#).unwrap();
    for (text, matches) in [
        ("up", true),
        ("down", false),
        (r#"up{job="api"}"#, true),
        (r#"up{job="ap"}"#, false),
        (r#"up{job=~"ap"}"#, false),
        (r#"up{job=~"ap."}"#, true),
        (r#"up{job=~"x|api"}"#, true),
        (r#"up{job!~"ap"}"#, true),
        (r#"up{job!~"a.*"}"#, false),
        (r#"up{job=~"(?i)API"}"#, true),
        (r#"up{x=~"1.2"}"#, true),
        (r#"up{missing=""}"#, true),
        (r#"up{missing!=""}"#, false),
        (r#"up{missing=~".*"}"#, true),
        (r#"up{missing=~".+"}"#, false),
        (r#"up{missing!="a"}"#, true),
        (r#"{job=~".+",__name__!="down"}"#, true),
        (r#"{job="api",job="web"}"#, false),
    ] {
        assert_eq!(parsed(text).matches(&labels), matches, "{text}");
    }
}

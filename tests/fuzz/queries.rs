//! What queriers answer, and files of queries: what is read is equal to itself, and what is said against the rest is plain.

use chrono::DateTime;
use thanos_bucket::cutover::{self, QueryFile, Tolerance, reach};
use thanos_bucket::promql;

use super::corpus::{examples, texts};
use super::promise::{Promise, READ, assert_plain, text_of};

pub const PROMISES: [Promise; 2] = [
    Promise {
        name: "querier",
        seeds: || texts(&ANSWERS),
        tokens: JSON,
        slowest: READ,
        check: querier,
    },
    Promise {
        name: "queries",
        seeds: || [examples("queries.yaml"), texts(&[RULES])].concat(),
        tokens: PROMQL,
        slowest: READ,
        check: queries,
    },
];

const ANSWERS: [&str; 6] = [
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1748736000.123,"NaN"]}]},"warnings":["a"]}"#,
    r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},"values":[[1748736000,"1e+06"],[1748736060,"+Inf"]]}]}}"#,
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1748736000,{"count":"3","sum":"1.5","buckets":[[0,"0.5","1","2"],[3,"-1","1","1"]]}]}]}}"#,
    r#"{"status":"success","data":{"resultType":"scalar","result":[1748736000,"2"]},"infos":["b"]}"#,
    r#"{"status":"error","errorType":"bad_data","error":"1:1: parse error"}"#,
    r#"{"status":"success","data":[{"__name__":"up","job":"a"}]}"#,
];

const JSON: &[&str] = &[
    r#""resultType":"string","#,
    r#""result":["#,
    r#""values":[[0,"1"],[0,"1"]]"#,
    r#""histograms":[[0,{"count":"0","sum":"0"}]]"#,
    r#""value":[1e400,"0x1p-2"]"#,
    r#"{"metric":{"a":"b","a":"c"}},"#,
    r#""data":null"#,
    r#""error":"""#,
    "[[[[[[[[[[[[[[[[",
];

const RULES: &str = "groups:\n- name: a\n  rules:\n  - record: b:c\n    expr: sum(rate(d[5m] offset -1h)) by (e)\n  - alert: f\n    expr: up @ 1748736000 == 0\n";

const PROMQL: &[&str] = &[
    "- ",
    "expr: ",
    "start: ",
    "end: end-1h\n",
    "step: 1ms\n",
    "time: 2025-06-01T00:00:00Z\n",
    "tolerance:\n  absolute: 1e308\n",
    "[99999999999999999999y]",
    "[5m:1m]",
    " offset -",
    " @ ",
    " @ end()",
    "`",
    "# ",
    "\"\\\"",
];

fn querier(input: &[u8]) {
    match promql::read_data(input) {
        Ok(answered) => {
            let compared = cutover::compare(&answered.value, &answered.value, Tolerance::USUAL);
            let different: Vec<&str> = compared
                .findings
                .at(None)
                .map(|finding| finding.kind)
                .filter(|kind| *kind != "duplicate-series")
                .collect();
            assert!(different.is_empty(), "{different:?} of {answered:?}");
        }
        Err(why) => assert_plain(&why),
    }
    for told in [
        promql::read_labels(input).err(),
        promql::read_names(input).err(),
    ] {
        told.iter().for_each(assert_plain);
    }
}

fn queries(input: &[u8]) {
    let text = text_of(input);
    let _ = reach(&text);
    let file = QueryFile {
        now: DateTime::UNIX_EPOCH,
        tolerance: Tolerance::USUAL,
    };
    if let Err(faults) = file.parse(&text) {
        assert!(!faults.is_empty());
        faults.iter().for_each(assert_plain);
    }
}

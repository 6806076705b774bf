//! Answers as servers give them, and as they should not.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

fn result(kind: &str, result: &str) -> Result<Data, String> {
    let document =
        format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
    read_data(document.as_bytes()).map(|answer| answer.value)
}

#[test]
fn each_type_of_result_is_read() {
    let vector = r#"[{"metric":{"__name__":"up","job":"a"},"value":[1435781430.781,"1"]}]"#;
    let vector = result("vector", vector).unwrap();
    let [series] = vector.series() else {
        panic!("{vector:?}");
    };
    assert_eq!(series.labels.to_string(), r#"up{job="a"}"#);
    let point = Point {
        time_ms: 1_435_781_430_781,
        sample: Sample::Float(1.0),
    };
    assert_eq!(series.points, [point]);
    let matrix = r#"[{"metric":{},"values":[[2,"2"],[1,1]],"histograms":[[3,{"count":"3","sum":"1.5","buckets":[[0,"1","2","3"]]}]]}]"#;
    let matrix = result("matrix", matrix).unwrap();
    let times: Vec<_> = matrix.series().iter().flat_map(|it| &it.points).collect();
    let times: Vec<_> = times.iter().map(|point| point.time_ms).collect();
    assert_eq!(times, [1000, 2000, 3000], "samples come by time");
    assert_eq!(result("scalar", r#"[1,"2"]"#).unwrap().kind(), "scalar");
    assert_eq!(result("string", r#"[1,"a"]"#).unwrap().kind(), "string");
    for none in ["[]", "null"] {
        assert!(result("vector", none).unwrap().is_empty());
        assert!(result("matrix", none).unwrap().is_empty());
    }
}

#[test]
fn what_makes_no_sense_is_never_an_empty_answer() {
    for (kind, json) in [
        ("vector", "{}"),
        ("vector", r#"[{"metric":{}}]"#),
        ("vector", r#"[{"metric":{},"value":null}]"#),
        ("vector", r#"[{"metric":{},"values":[[1,"1"]]}]"#),
        (
            "vector",
            r#"[{"metric":{},"value":[1,"1"],"histogram":[1,{"count":"1","sum":"1"}]}]"#,
        ),
        ("vector", r#"[{"metric":{},"value":[1]}]"#),
        ("vector", r#"[{"metric":{},"value":[1,"1",1]}]"#),
        ("vector", r#"[{"metric":{},"value":[1,"one"]}]"#),
        ("vector", r#"[{"metric":{},"value":["now","1"]}]"#),
        (
            "vector",
            r#"[{"metric":{"a":"1","a":"2"},"value":[1,"1"]}]"#,
        ),
        ("vector", r#"[{"metric":{"a":1},"value":[1,"1"]}]"#),
        ("vector", "[null]"),
        ("matrix", r#"[{"metric":{},"value":[1,"1"]}]"#),
        ("matrix", r#"[{"metric":{}}]"#),
        ("matrix", r#"[{"metric":{},"values":[[1,"1"],[1,"2"]]}]"#),
        (
            "matrix",
            r#"[{"metric":{},"values":[[1,"1"]],"values":[]}]"#,
        ),
        (
            "matrix",
            r#"[{"metric":{},"histograms":[[1,{"count":"1"}]]}]"#,
        ),
        (
            "matrix",
            r#"[{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[[7,"1","2","3"]]}]]}]"#,
        ),
        ("scalar", "[]"),
        ("scalar", "null"),
        ("string", "[1,2]"),
        ("streams", "[]"),
        ("", "[]"),
    ] {
        assert!(result(kind, json).is_err(), "{kind} {json}");
    }
    for document in [
        r#"{"status":"success","data":null}"#,
        r#"{"status":"success","data":{}}"#,
        r#"{"status":"success","data":[]}"#,
        r#"{"status":"success","data":{"result":[]}}"#,
        r#"{"status":"success","data":{"resultType":"vector"}}"#,
        r#"{"status":"success","data":{"resultType":"vector","resultType":"matrix","result":[]}}"#,
        r#"{"status":"error","errorType":"bad_data","error":"no"}"#,
        r#"{"status":"success"}"#,
        "null",
        "",
        "<html></html>",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"val"#,
    ] {
        assert!(read_data(document.as_bytes()).is_err(), "{document}");
    }
}

#[test]
fn lists_are_read() {
    let names = br#"{"status":"success","data":["b","a"],"warnings":["w"]}"#;
    let names = read_names(names).unwrap();
    assert_eq!(names.value.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(names.warnings, ["w"]);
    let series = br#"{"status":"success","data":[{"__name__":"up"}]}"#;
    assert_eq!(read_labels(series).unwrap().value.len(), 1);
    let none = br#"{"status":"success","data":null}"#;
    assert!(read_names(none).unwrap().value.is_empty());
    for wrong in [
        r#"{"status":"success","data":[1]}"#,
        r#"{"status":"success","data":{}}"#,
    ] {
        assert!(read_names(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

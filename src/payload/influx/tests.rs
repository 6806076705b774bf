#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use crate::payload::testing::read_of;
use crate::payload::{Options, Reader};

fn read(text: &str, parameters: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let mut reader = Reader::new(Options::InfluxLineProtocol);
    read_of(&mut reader, text.as_bytes(), Some(7), parameters)
}

/// S-24.32
#[test]
fn lines_of_the_documentation_become_series_as_influxdb_exporter_names_them() {
    for (text, expected) in [
        // Of InfluxDB's documentation.
        (
            "weather,location=us-midwest temperature=82 1465839830100400200",
            &[r#"weather_temperature{location="us-midwest"} 82@1465839830100"#][..],
        ),
        (
            "weather,location=us-midwest,season=summer temperature=82,bug_concentration=98 1465839830100400200",
            &[
                r#"weather_temperature{location="us-midwest", season="summer"} 82@1465839830100"#,
                r#"weather_bug_concentration{location="us-midwest", season="summer"} 98@1465839830100"#,
            ],
        ),
        (
            "myMeasurement,tag1=value1,tag2=value2 fieldKey=\"fieldValue\" 1556813561098000000",
            &[
                "left out: 1 text-field, such as test: line 1: field \"fieldKey\" of \"myMeasurement\"",
            ],
        ),
        (
            "myMeasurement fieldKey=1.0\nmyMeasurement fieldKey=1\nmyMeasurement fieldKey=-1.234456e+78",
            &[
                "myMeasurement_fieldKey 1@7 1@7 -1234456000000000000000000000000000000000000000000000000000000000000000000000000@7",
            ],
        ),
        (
            "myMeasurement fieldKey=1i\nmyMeasurement fieldKey=12485903u\nmyMeasurement fieldKey=-12485903i",
            &["myMeasurement_fieldKey 1@7 12485903@7 -12485903@7"],
        ),
        (
            "m fieldKey=true,b=t,c=T,d=True,e=TRUE,f=f,g=F,h=false,i=False,j=FALSE 0",
            &[
                "m_fieldKey 1@0",
                "m_b 1@0",
                "m_c 1@0",
                "m_d 1@0",
                "m_e 1@0",
                "m_f 0@0",
                "m_g 0@0",
                "m_h 0@0",
                "m_i 0@0",
                "m_j 0@0",
            ],
        ),
        (
            "my\\ Measurement fieldKey=\"string value\"\n\
             myMeasurement fieldKey=\"\\\"string\\\" within a string\"\n\
             myMeasurement,tag\\ Key1=tag\\ Value1,tag\\ Key2=tag\\ Value2 fieldKey=100\n\
             myMeasurement,tagKey=🍭 fieldKey=\"Launch 🚀\" 1556813561098000000",
            &[
                r#"myMeasurement_fieldKey{tag_Key1="tag Value1", tag_Key2="tag Value2"} 100@7"#,
                "left out: 3 text-field, such as test: line 1: field \"fieldKey\" of \"my Measurement\"",
            ],
        ),
        // Of Telegraf's.
        (
            "cpu,cpu=cpu0,host=raynor usage_guest=0,usage_idle=98.52631578947369,usage_system=0.7368421052631579 1519090060000000000\n\
             docker_container_cpu,container_name=telegraf,com.example.team=a usage_percent=0.5,container_id=\"0f\" 1519090060000000000",
            &[
                r#"cpu_usage_guest{cpu="cpu0", host="raynor"} 0@1519090060000"#,
                r#"cpu_usage_idle{cpu="cpu0", host="raynor"} 98.52631578947368@1519090060000"#,
                r#"cpu_usage_system{cpu="cpu0", host="raynor"} 0.7368421052631579@1519090060000"#,
                r#"docker_container_cpu_usage_percent{com_example_team="a", container_name="telegraf"} 0.5@1519090060000"#,
                "left out: 1 text-field, such as test: line 2: field \"container_id\" of \"docker_container_cpu\"",
            ],
        ),
        // A field that is called value adds nothing to the name.
        (
            "temp.in,room=a value=21.5 1000000",
            &[r#"temp_in{room="a"} 21.5@1"#],
        ),
        // What senders write without being asked.
        ("\n  # a comment\n \t\n m f=1 1000000 \r\n", &["m_f 1@1"]),
        (
            "m f=.5,g=1.,h=+1 -1500000",
            &["m_f 0.5@-2", "m_g 1@-2", "m_h 1@-2"],
        ),
        (
            "m f=\"a\nb, c=1 \\\" 2\n\",g=2 5000000\nm g=3 6000000",
            &[
                "m_g 2@5 3@6",
                "left out: 1 text-field, such as test: line 1: field \"f\" of \"m\"",
            ],
        ),
        (
            "1m,a\\,b=c\\,d,e\\=f=g\\=h,__name__=x,i=j\\k f\\=1=1 0",
            &[r#"_1m_f_1{a_b="c,d", e_f="g=h", i="j\\k"} 1@0"#],
        ),
        (
            "m f=18446744073709551615u,g=9007199254740993i 0",
            &["m_f 18446744073709552000@0", "m_g 9007199254740992@0"],
        ),
    ] {
        assert_eq!(read(text, &[]).unwrap(), expected, "{text}");
    }
}

/// S-24.32
#[test]
fn of_tags_that_become_one_label_the_last_counts_and_they_are_told() {
    assert_eq!(
        read(
            "\u{feff}m,a.b=1,a_b=2 f=1,g=2 0\nm,a-b=1,db=x f=1 0\nm,a_b=2 f=3 1000000\nm,a_b=2 f=4,f=5 2000000",
            &[("db", "y")]
        )
        .unwrap(),
        [
            // Of two fields the one that counts comes first.
            r#"m_f{a_b="2", db="y"} 1@0 3@1 5@2 4@2"#,
            r#"m_g{a_b="2", db="y"} 2@0"#,
            r#"m_f{a_b="1", db="x"} 1@0"#,
            "left out: 2 repeated-tag, such as test: line 1: a.b",
        ]
    );
}

/// S-24.32
#[test]
fn parameters_of_the_request_are_labels_and_the_unit_of_times() {
    let parameters = [
        ("db", "telegraf"),
        ("rp", "week"),
        ("bucket", "b/c"),
        ("org", "me"),
        ("u", "x"),
    ];
    assert_eq!(
        read("m,a=b f=1 1000000", &parameters).unwrap(),
        [r#"m_f{a="b", bucket="b/c", db="telegraf", org="me", rp="week"} 1@1"#]
    );
    assert_eq!(read("m value=1 1", &[("db", "")]).unwrap(), ["m 1@0"]);
    // One reader, and the same value of two parameters.
    let mut reader = Reader::new(Options::InfluxLineProtocol);
    for parameter in ["db", "rp"] {
        let read = read_of(&mut reader, b"m value=1 1", None, &[(parameter, "x")]);
        assert_eq!(read.unwrap(), [format!("m{{{parameter}=\"x\"}} 1@0")]);
    }
    for (precision, time, expected) in [
        ("", "1700000000123456789", 1_700_000_000_123_i64),
        ("ns", "1700000000123456789", 1_700_000_000_123),
        ("n", "1700000000123456789", 1_700_000_000_123),
        ("u", "1700000000123456", 1_700_000_000_123),
        ("us", "1700000000123456", 1_700_000_000_123),
        ("µs", "1700000000123456", 1_700_000_000_123),
        ("μs", "1700000000123456", 1_700_000_000_123),
        ("ms", "1700000000123", 1_700_000_000_123),
        ("s", "1700000000", 1_700_000_000_000),
        ("m", "28333333", 1_699_999_980_000),
        ("h", "472222", 1_699_999_200_000),
        ("s", "-1", -1000),
        ("ns", "-1", -1),
        ("auto", "1700000000", 1_700_000_000_000),
        ("auto", "1700000000123", 1_700_000_000_123),
        ("auto", "1700000000123456", 1_700_000_000_123),
        ("auto", "1700000000123456789", 1_700_000_000_123),
    ] {
        let read = read(&format!("m value=1 {time}"), &[("precision", precision)]);
        assert_eq!(read.unwrap(), [format!("m 1@{expected}")], "{precision}");
    }
    assert_eq!(
        read("m value=1", &[("precision", "d")]).unwrap_err(),
        "read test: query_params: precision \"d\": expected ns, us, ms, s, m, h or auto"
    );
}

/// S-24.30, S-24.32
#[test]
fn what_influxdb_refuses_is_refused_by_line_and_with_the_reason() {
    for (text, expected) in [
        ("m f=1\nm", "line 2: a field has no name"),
        ("m ", "line 1: a field has no name"),
        (",a=b f=1", "line 1: it has no measurement"),
        ("m,a f=1", "line 1: a tag has no value: \"a\""),
        (
            "m,a= f=1",
            "line 1: a tag's value is missing or holds =: \"a\"",
        ),
        (
            "m,a=b=c f=1",
            "line 1: a tag's value is missing or holds =: \"a\"",
        ),
        ("m,=a f=1", "line 1: a tag has no name"),
        ("m,,a=b f=1", "line 1: a tag has no value: \"\""),
        ("m,a=b,a=c f=1", "line 1: a tag is given twice: \"a\""),
        ("m f=1,", "line 1: a field has no name"),
        ("m f", "line 1: a field has no value: \"f\""),
        ("m f=", "line 1: field \"f\": \"\" is no number"),
        ("m =1", "line 1: a field has no name"),
        ("m f=1e400", "line 1: field \"f\": \"1e400\" is no number"),
        ("m f=NaN", "line 1: field \"f\": \"NaN\" is no number"),
        ("m f=Inf", "line 1: field \"f\": \"Inf\" is no number"),
        ("m f=1.5i", "line 1: field \"f\": \"1.5i\" is no number"),
        ("m f=-1u", "line 1: field \"f\": \"-1u\" is no number"),
        (
            "m f=9223372036854775808i",
            "line 1: field \"f\": \"9223372036854775808i\" is no number",
        ),
        ("m f=tRUE", "line 1: field \"f\": \"tRUE\" is no number"),
        ("m f=a", "line 1: field \"f\": \"a\" is no number"),
        (
            "m f=\"a\"b 1",
            "line 1: something follows the text of a field: \"f\"",
        ),
        ("m g=1\nm f=\"a\nb\nc", "line 2: a quote has no end"),
        (
            &format!(
                "m{} f=1",
                (0..257)
                    .map(|tag| format!(",a{tag}=b"))
                    .collect::<Vec<_>>()
                    .concat()
            ),
            "line 1: it has more than 256 tags",
        ),
        (
            &format!("m,a={} f=1", "b".repeat(65_535)),
            "line 1: measurement and tags are more than 65535 bytes",
        ),
        ("m f=1 x", "line 1: \"x\" is no time"),
        ("m f=1 1.5", "line 1: \"1.5\" is no time"),
        ("m f=1 1 2", "line 1: \"1 2\" is no time"),
        (
            "m f=1 9223372036854775808",
            "line 1: \"9223372036854775808\" is no time",
        ),
    ] {
        let why = read(text, &[]).unwrap_err();
        let expected = format!("read test: {expected}");
        assert!(why.starts_with(&expected), "{text}: {why}");
    }
    let mut reader = Reader::new(Options::InfluxLineProtocol);
    for (body, expected) in [
        (
            &b"m f=1"[..],
            "line 1: it has no time, nor was received_at_ms told",
        ),
        (b"\nm,a=\xff f=1", "line 2: it is not UTF-8"),
    ] {
        let why = read_of(&mut reader, body, None, &[]).unwrap_err();
        assert_eq!(why, format!("read test: {expected}"));
    }
    assert_eq!(
        read("m f=1 9223372036854775807", &[("precision", "h")]).unwrap_err(),
        "read test: line 1: 9223372036854775807 is out of range for a time"
    );
}

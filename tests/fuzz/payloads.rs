//! Payloads of other systems: what is read does not depend on how the bytes come, takes no more memory than they do, and what is said against the
//! rest is plain.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor};

use thanos_bucket::payload::{Options, Payload, Reader, capture, graphite, statsd};
use thanos_bucket::samples::{Item, Told};
use thanos_bucket::{Error, Result};

use super::corpus::texts;
use super::promise::{Promise, READ, assert_plain, text_of};

pub const PROMISES: [Promise; 6] = [
    Promise {
        name: "capture",
        seeds: || texts(&MANIFESTS),
        tokens: &[
            "[{",
            "}]",
            "},{",
            "\"path\":\"a\"",
            "\"body\":\"",
            "\"body_base64\":\"H4sIAAAAAAAA/8vPSwUAxMEhbQMAAAA=\"",
            "\"received_at_ms\":",
            "\"query_params\":{",
            "null",
            "\\u0000",
            "\\ud800",
            "[[[[[[[[[[[[[[[[",
        ],
        slowest: READ,
        check: manifest,
    },
    Promise {
        name: "influx",
        seeds: || texts(&LINES_OF_INFLUX),
        tokens: &[
            ",t=u",
            " f=1",
            ",g=2i",
            ",h=3u",
            "=t",
            "=\"",
            "\"",
            "\\\"",
            "\\ ",
            "\\,",
            "\\=",
            "\\",
            " -1",
            "#",
            "value=",
            "__name__=x",
        ],
        slowest: READ,
        check: |input| read(|| Options::InfluxLineProtocol, input),
    },
    Promise {
        name: "statsd",
        seeds: || texts(&LINES_OF_STATSD),
        tokens: &[
            ":1", "|c", "|g", "|ms", "|h", "|d", "|s", "|@0.1", "|#a:b", ",c:d", "|T1", "|c:id",
            "|e:x", "_e{1,1}:", "_sc|", "[a=b]", "#a=b", ":+1", ":-1", ":NaN",
        ],
        slowest: READ,
        check: |input| {
            read(|| Options::Statsd(statsd::Options::default()), input);
            read(
                || {
                    Options::Statsd(statsd::Options {
                        observer_type: statsd::ObserverType::Summary,
                        ..statsd::Options::default()
                    })
                },
                input,
            );
        },
    },
    Promise {
        name: "graphite",
        seeds: || texts(&LINES_OF_GRAPHITE),
        tokens: &["a.b", ";c=d", ";", " 1", " NaN", " -1", " N", "\t", "."],
        slowest: READ,
        check: |input| read(|| Options::GraphitePlaintext(None), input),
    },
    Promise {
        name: "mapping",
        seeds: || texts(&MAPPINGS),
        tokens: &[
            "mappings:\n",
            "- match: ",
            "  name: ",
            "  match_type: regex\n",
            "  labels: {a: $1}\n",
            "  action: drop\n",
            "  scale: 1e3\n",
            "defaults: {glob_disable_ordering: true}\n",
            "strict_match: true\n",
            "${1}",
            "$$",
            "*.*",
            "(.*)",
            "(?P<a>b)",
            "(?i)",
        ],
        slowest: READ,
        check: mapping,
    },
    Promise {
        name: "openmetrics",
        seeds: || texts(&OPENMETRICS),
        tokens: &[
            "# EOF\n",
            "# TYPE a histogram\n",
            "# TYPE a summary\n",
            "# HELP a b\n",
            "# UNIT a_b b\n",
            "a{le=\"1\"} 1 1\n",
            "{\"a\",",
            " # {b=\"c\"} 1",
            "=\"",
            "\\\"",
            "\\n",
            "} ",
            "+Inf",
            "NaN",
        ],
        slowest: READ,
        check: |input| read(|| Options::Openmetrics, input),
    },
];

const MANIFESTS: [&str; 3] = [
    r#"[{"path":"a.txt","received_at_ms":1700000000000,"query_params":{"db":"x","precision":"s","n":1}},{"body":"a:1|c\n"}]"#,
    r#"[{"body_base64":"H4sIAAAAAAAA/8vPSwUAxMEhbQMAAAA=","received_at_ms":-1,"path":null},{"body_base64":"dGV4dA=="}]"#,
    "[]",
];

const LINES_OF_INFLUX: [&str; 3] = [
    "weather,location=us-midwest,season=summer temperature=82,bug_concentration=98i,n=3u,ok=t 1465839830100400200\n# c\nm value=1\n",
    "my\\ m,t\\,u=1,v=a\\=b f=\"a \\\"b\\\" \n c\",g=-1.5e3 -1\r\n",
    "m a=true,b=F,c=.5,d=1.",
];

const LINES_OF_STATSD: [&str; 4] = [
    "a:1|c\nb:+5|g|#x:y,z\nc:320|ms|@0.1\nd:u1|s\n",
    "e:1:2:3|h|#a:b|c:83c0a99|T1656581400\nf#g=h:1|d\ni,j=k:1|c:2|c|@0.5:3|g\n",
    "_e{5,4}:title|text\n_sc|name|0\n[a=b]l.m:1|c",
    "a:1|c\na:1|g\na_bucket:1|ms\na:-1|c",
];

const LINES_OF_GRAPHITE: [&str; 2] = [
    "a.b.c 1.5 1534620625\nd;e=f;g=h NaN -1\n",
    "x\t-3e2\nx 1 1.5\n\nx 1 N",
];

const MAPPINGS: [&str; 3] = [
    "mappings:\n- match: a.*.c\n  name: x_${1}\n  labels: {l: $1, m: \"${2}\"}\n  scale: 2\n",
    "defaults: {match_type: regex}\nmappings:\n- match: '^(\\w+)\\.(?P<n>\\d+)'\n  name: y_$1\n  labels: {n: '$n', z: '$$1'}\n- {match: drop, name: d, action: drop}\n",
    "strict_match: true\ndefaults: {glob_disable_ordering: true, ttl: 1m}\nmappings: [{match: '*', name: a, honor_labels: true}, {match: b, name: c}]\n",
];

const OPENMETRICS: [&str; 3] = [
    "# TYPE a histogram\n# HELP a text \\\"x\\\"\n# UNIT a_s s\na_bucket{le=\"1\",x=\"y\\n\"} 1 1.5 # {t=\"u\"} 0.5 2\na_sum 1e3 2\n# EOF\n",
    "{\"a.b\",\"c d\"=\"e\"} NaN 1\nx{} +Inf -1\ny{z=\"\",} 1 1\n# EOF",
    "# TYPE s summary\ns{quantile=\"0.50\"} 1 1\ns{quantile=\"0.50\"} 2 2\n# EOF\n",
];

/// What a reader made of an input.
#[derive(Default)]
struct Made {
    items: usize,
    samples: usize,
    /// The first items, and the error.
    shown: Vec<String>,
}

const SHOWN: usize = 50;

impl Made {
    fn take(&mut self, item: &Item) {
        self.items += 1;
        match item {
            Item::Piece(piece) => match &piece.told {
                Told::Samples(samples) => self.samples += samples.len(),
                Told::Chunk(_) => panic!("a chunk"),
            },
            Item::LeftOut(left_out) => assert_plain(&left_out.example),
            Item::Metadata(_) | Item::Exemplar(_) => {}
            Item::Mark | Item::TakenBack => panic!("{item:?}"),
        }
        if self.shown.len() < SHOWN {
            self.shown.push(format!("{item:?}"));
        }
    }

    fn fail(&mut self, err: &Error) {
        assert_plain(err);
        self.shown.push(format!("{err:#}"));
    }
}

/// Reads the input as two payloads that say the same.
fn made(options: Options, open: &dyn Fn() -> Box<dyn BufRead>, received: Option<i64>) -> Made {
    let mut made = Made::default();
    let mut reader = Reader::new(options);
    let query_params = BTreeMap::from([("db".to_owned(), "x".to_owned())]);
    for later in 0..2 {
        let mut payload = Payload {
            body: &mut *open(),
            received_at_ms: received.map(|time| time + later),
            query_params: &query_params,
            place: "test",
        };
        let read = reader.read(&mut payload, &mut |item| {
            made.take(&item);
            Ok(())
        });
        if let Err(err) = read {
            made.fail(&err);
            return made;
        }
    }
    let finished = reader.finish(&mut |item| {
        made.take(&item);
        Ok(())
    });
    finished.unwrap();
    made
}

fn read(options: fn() -> Options, input: &[u8]) {
    let input = input.to_vec();
    for received in [None, Some(1_700_000_000_000)] {
        let at_once = made(
            options(),
            &|| Box::new(Cursor::new(input.clone())),
            received,
        );
        let by_bytes = made(
            options(),
            &|| Box::new(BufReader::with_capacity(3, Cursor::new(input.clone()))),
            received,
        );
        assert_eq!(at_once.shown, by_bytes.shown);
        assert_eq!(at_once.samples, by_bytes.samples);
        // A value of StatsD has two bytes at least, and makes 14 samples at most; both payloads count.
        assert!(
            at_once.samples <= 14 * (input.len() + 1) && at_once.items <= 14 * (input.len() + 1)
        );
    }
}

fn mapping(input: &[u8]) {
    match graphite::Mapping::parse(&text_of(input)) {
        Ok(mapping) => {
            let lines = b"a.b.c 1 1\na.1;l=m 2 2\ndrop 3 3\nb 4 4\nexample 5 5\n";
            let options = Options::GraphitePlaintext(Some(mapping));
            let read = made(options, &|| Box::new(Cursor::new(lines)), None);
            assert!(read.samples <= 10);
        }
        Err(err) => assert_plain(&err),
    }
}

fn manifest(input: &[u8]) {
    let mut entries = 0;
    let mut bytes = 0;
    let open = |_: &str, place: &str| -> Result<capture::Body> {
        assert_plain(&place);
        Ok(Box::new(Cursor::new(b"file")))
    };
    let read = capture::each_payload_with(input, "capture.json", &open, &mut |mut captured| {
        entries += 1;
        let mut payload = captured.payload();
        assert_plain(&payload.place);
        bytes += payload.whole(1 << 20)?.len();
        Ok(())
    });
    if let Err(err) = read {
        assert_plain(&err);
    }
    assert!(entries <= input.len());
    // What is compressed may be 1,032 times as long.
    assert!(bytes <= 1100 * (input.len() + 1));
}

#[test]
fn real_payloads_are_read() {
    let whole = |options: fn() -> Options, texts: &[&'static str]| {
        for text in texts {
            let text = *text;
            let read = made(options(), &|| Box::new(Cursor::new(text)), Some(1));
            assert!(read.samples > 0, "{text}: {:?}", read.shown);
        }
    };
    whole(|| Options::InfluxLineProtocol, &LINES_OF_INFLUX);
    whole(|| Options::GraphitePlaintext(None), &LINES_OF_GRAPHITE);
    whole(|| Options::Openmetrics, &OPENMETRICS);
    whole(
        || Options::Statsd(statsd::Options::default()),
        &LINES_OF_STATSD,
    );
    for mapping in MAPPINGS {
        graphite::Mapping::parse(mapping).unwrap();
    }
}

//! What is written of the small worlds of tests, by a run whose id is `RUN` and by version `VERSION`.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::json;

use super::{Document, Form, Header, Output, Rows};
use crate::block::{BlockId, RunId};
use crate::cutover::{Side, Times, Tolerance, Weight};
use crate::history::{self, Backfilled, Beside, Ending, Range, WindowOutcome};
use crate::outcome::testing::World;
use crate::outcome::{
    Bill, BroughtBack, Carrier, Charted, Estimate, Freed, Overview, Prices, Results, Review, Sums,
    Verification,
};
use crate::reconciled::{
    Compared, Comparison, Documents, Founds, OfQuery, Reconciled, Scope, Target, capabilities,
};
use crate::samples::{Labels, STALE, Sample, Value};

/// With the default rows, and lines of any length.
pub(super) fn written(world: &World, output: Output, results: Option<&Results>) -> String {
    let form = Form {
        output,
        rows: Rows::Auto,
        columns: None,
    };
    written_as(world, form, results)
}

/// The text of a verification, with the default rows, and lines of any length.
pub(super) fn written_verification(found: &Verification) -> String {
    let form = Form {
        output: Output::Text,
        rows: Rows::Auto,
        columns: None,
    };
    let header = header();
    told(form, &header, &Document::of_verification(&header, found))
}

/// What became of blocks that were to be brought back, in lines of a screen.
pub(super) fn written_undelete(brought: &BroughtBack, output: Output) -> String {
    let form = Form {
        output,
        rows: Rows::Auto,
        columns: Some(80),
    };
    let header = Header {
        target: None,
        cutoff: None,
        ..header()
    };
    told(form, &header, &Document::of_undelete(&header, brought))
}

pub(super) fn written_as(world: &World, form: Form, results: Option<&Results>) -> String {
    let header = header();
    let plan = world.plan();
    let review = Review::new(&plan, &world.rules, results);
    told(form, &header, &Document::of_migration(&header, &review))
}

/// A map, with the default rows.
pub(super) fn map_written(charted: &Charted, output: Output, columns: Option<usize>) -> String {
    let form = Form {
        output,
        rows: Rows::Auto,
        columns,
    };
    map_written_as(charted, form)
}

pub(super) fn map_written_as(charted: &Charted, form: Form) -> String {
    let has_target = charted.map.has_target;
    let header = Header {
        target: Some("s3://cold".to_owned()).filter(|_| has_target),
        cutoff: charted.cutoff,
        ..header()
    };
    let overview = Overview::new(charted);
    told(form, &header, &Document::of_status(&header, &overview))
}

/// The plan with its sums, and what it costs at 100 MiB a second and by the prices of the example.
pub(super) fn written_in_full(world: &World, output: Output, group_by: &[&str]) -> String {
    let header = header();
    let plan = world.plan();
    let review = Review::new(&plan, &world.rules, None).carried_by(Carrier::Service);
    let labels: Vec<String> = group_by.iter().map(|label| (*label).to_owned()).collect();
    let sums = Sums::of(&review, &labels);
    let estimate = Estimate::of(&review, Carrier::Service, NonZeroU64::new(100 << 20));
    let freed = Freed::Later("the source keeps versions".to_owned());
    let prices = include_str!("../../examples/prices.yaml");
    let bill = Bill::of(&review, &estimate, &Prices::parse(prices).unwrap());
    let costs = (&estimate, &freed);
    let document = Document::of_plan(&header, &review, &sums, costs, Some(&bill), None);
    let form = Form {
        output,
        rows: Rows::None,
        columns: Some(80),
    };
    told(form, &header, &document)
}

/// What was found of a backfill that lacks a series and a sample, on whose target a histogram differs.
pub(super) fn reconciled() -> Reconciled {
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let samples = |values: &[(i64, f64)]| -> Vec<Sample> {
        let values = values.iter().map(|(minute, value)| Sample {
            time_ms: 1_704_067_200_000 + minute * 60_000,
            value: Value::Float(*value),
        });
        values.collect()
    };
    let series = |instance| labels(&[("__name__", "up"), ("instance", instance)]);
    let selectors = ["up", "down", "other"].map(|one| one.parse().unwrap());
    let external_labels = labels(&[("cluster", "a")]);
    let mut comparison = Comparison::new(
        selectors.to_vec(),
        external_labels.clone(),
        Tolerance::USUAL,
    );
    let stale = f64::from_bits(STALE);
    let three = samples(&[(0, 1.0), (1, 0.0), (2, stale)]);
    comparison.series(&series("a:9100"), &three, &three);
    let other = samples(&[(0, 1.5), (2, 1.0)]);
    comparison.series(&series("b:9100"), &three, &other);
    comparison.series(&series("c|`:9100"), &three, &[]);
    comparison.series(&labels(&[("__name__", "down")]), &other, &other);
    let (selectors, beside) = comparison.finish();
    let mut others = Founds::default();
    let key = (Weight::Note, "other-external-labels", Some(Side::Target));
    others.say(key, "01J9ZK3M7Q8T5V6W7X8Y9Z0A11: {cluster=\"b\"}");
    let mut found = Reconciled::of(Scope {
        range: Range {
            start_ms: 1_704_067_200_000,
            end_ms: 1_704_153_600_000,
        },
        external_labels,
        target: Target::Blocks(12),
    });
    found.selectors = selectors;
    found.compared = Compared {
        metadata: 1,
        exemplars: 2,
    };
    found.queries = Some(vec![OfQuery {
        query: "sum(up)".to_owned(),
        times: Times::Range {
            start_ms: 1_704_067_560_000,
            end_ms: 1_704_153_599_999,
            step_ms: 30_000,
        },
        series: 1,
        samples: 2868,
        found: Vec::new(),
    }]);
    found.capabilities = Some(capabilities(&Documents {
        buildinfo: Some(json!({"version": "3.2.1", "goVersion": "go1.26"})),
        flags: Some(json!({"storage.tsdb.path": "data", "enable-feature": ""})),
        runtimeinfo: Some(json!({"storageRetention": "15d"})),
        tsdb: Some(json!({"headStats": {"numSeries": 1234}})),
        ..Documents::default()
    }));
    found.others = others.at(None).chain(beside).collect();
    found
}

/// A backfill of four windows, of which one was in the way of others, and one held what Thanos could not show.
pub(super) fn backfilled() -> Backfilled {
    let range = |from: i64, to: i64| Range {
        start_ms: 1_704_067_200_000 + from * 7_200_000,
        end_ms: 1_704_067_200_000 + to * 7_200_000,
    };
    let block = |time_ms, rest| BlockId::of(time_ms, [rest; 10]);
    let window = |number, ending, block, why: Option<&str>| WindowOutcome {
        range: range(number, number + 1),
        ending,
        block,
        sums: history::Sums::default(),
        why: why.map(str::to_owned),
    };
    let (written, there, left) = (block(1, 1), block(2, 2), block(3, 3));
    let beside =
        block(4, 4).map(|id| format!("{id} holds {}, and appeared meanwhile", range(2, 3)));
    let unfit = "1 series with another value of the plan's external label cluster, such as a|b";
    let left_out = [
        ("external-label", (1, "up{cluster=\"other\"}".to_owned())),
        (
            "text-field",
            (12, "capture.json: payload 1: line 3".to_owned()),
        ),
    ];
    Backfilled {
        range: Some(range(0, 6)),
        windows: vec![
            WindowOutcome {
                sums: history::Sums {
                    series: 12,
                    chunks: 60,
                    samples: 5760,
                    histograms: 1200,
                    duplicates: 3,
                    conflicting: 2,
                    out_of_order: 1,
                    bytes: 123_456,
                },
                ..window(0, Ending::Written, written, None)
            },
            window(1, Ending::AlreadyThere, there, None),
            window(2, Ending::Refused, left, beside.as_deref()),
            window(3, Ending::Refused, None, Some(unfit)),
            window(4, Ending::Empty, None, None),
            window(5, Ending::Empty, None, None),
        ],
        beside: Beside {
            exemplars: 4,
            metadata: 5,
            outside: 6,
            came: None,
            passed_over: 7,
            repeats: 8,
            left_out: left_out.into_iter().collect(),
        },
        left_behind: left.into_iter().collect(),
        warnings: vec!["the selector down means no series of what the source told".to_owned()],
        elapsed: Duration::from_secs(3),
        ..Backfilled::default()
    }
}

/// The document of what a backfill brought, in lines of a screen.
pub(super) fn written_backfilled(done: &Backfilled, output: Output) -> String {
    let form = Form {
        output,
        rows: Rows::Auto,
        columns: Some(80),
    };
    let header = header_of_backfill();
    told(form, &header, &Document::of_backfill(&header, done))
}

/// The document of what was found of a backfill, in lines of a screen.
pub(super) fn written_reconciled(found: &Reconciled, output: Output) -> String {
    let form = Form {
        output,
        rows: Rows::Auto,
        columns: Some(80),
    };
    let header = header_of_backfill();
    told(form, &header, &Document::of_reconciled(&header, found))
}

/// The page of Markdown of it.
pub(super) fn page_reconciled(found: &Reconciled) -> String {
    let header = header_of_backfill();
    let mut out = Vec::new();
    super::write_reconciled(&header, found, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.replace(&header.run.to_string(), "RUN")
}

fn header_of_backfill() -> Header {
    Header {
        source: "http://prometheus:9090/api/v1/read".to_owned(),
        cutoff: None,
        ..header()
    }
}

pub(super) fn header() -> Header {
    Header {
        run: RunId::generate(),
        started: "2025-07-01T00:00:00Z".parse().unwrap(),
        source: "s3://hot".to_owned(),
        target: Some("s3://cold".to_owned()),
        cutoff: "2025-06-01T00:00:00Z".parse().ok(),
    }
}

fn told(form: Form, header: &Header, document: &Document<'_>) -> String {
    let mut out = Vec::new();
    super::write(form, document, &mut out).unwrap();
    String::from_utf8(out)
        .unwrap()
        .replace(&header.run.to_string(), "RUN")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

//! What is written of the small worlds of tests, by a run whose id is `RUN` and by version `VERSION`.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::num::NonZeroU64;

use super::{Document, Form, Header, Output, Rows};
use crate::block::RunId;
use crate::outcome::testing::World;
use crate::outcome::{
    Bill, BroughtBack, Carrier, Charted, Estimate, Freed, Overview, Prices, Results, Review, Sums,
    Verification,
};

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

fn header() -> Header {
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

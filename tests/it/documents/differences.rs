//! What is said of providers is what the code goes by.

use thanos_bucket::bucket::differences;

use crate::support::run::repository;

/// What stands before and after the table.
const MARKS: [&str; 2] = ["<!-- differences -->\n", "<!-- end of differences -->\n"];

/// Set, it has the table written instead of compared.
const WRITE: &str = "THANOS_BUCKET_WRITE_DOCUMENTS";

/// One column for each provider.
fn table() -> String {
    let columns: Vec<_> = differences()
        .map(|(kind, differences)| (kind, differences.told()))
        .collect();
    let row = |first: &str, cells: Vec<&str>| format!("| {first} | {} |\n", cells.join(" | "));
    let kinds = columns.iter().map(|(kind, _)| *kind);
    let mut table = row("", kinds.collect());
    table.push_str(&row("---", vec!["---"; columns.len()]));
    for (number, (name, _)) in columns[0].1.iter().enumerate() {
        let cells = columns.iter().map(|(_, told)| told[number].1.as_str());
        table.push_str(&row(name, cells.collect()));
    }
    table
}

/// S-3.20. With `THANOS_BUCKET_WRITE_DOCUMENTS=1` the table is written.
#[test]
fn the_table_of_providers_is_what_the_code_goes_by() {
    let path = repository("SPECIFICATION.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(MARKS[0]).unwrap();
    let (written, after) = rest.split_once(MARKS[1]).unwrap();
    let table = table();
    if std::env::var_os(WRITE).is_some() {
        let [begin, end] = MARKS;
        std::fs::write(&path, [before, begin, &table, end, after].concat()).unwrap();
        return;
    }
    assert_eq!(written, table, "{WRITE}=1 has it written");
}

//! Report files: where a run writes one, and what stands there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::block::Block;
use super::folders::World;
use super::run::repository;
use super::world::{Contents, blocks_with};

/// The lines of a report file, each of which must be what the schema says.
#[track_caller]
pub fn lines(path: &Path) -> Vec<Value> {
    let (schemas, schema) = schema();
    let text = fs::read_to_string(repository("examples/report-file.schema.json")).unwrap();
    let published: Value = serde_json::from_str(&text).unwrap();
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "{text:?}");
    let lines: Vec<Value> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}")))
        .collect();
    for line in &lines {
        if let Err(err) = schemas.validate(line, schema) {
            panic!("{err:#}\n{line}");
        }
        for member in line.as_object().unwrap().keys() {
            assert!(
                published["properties"].get(member).is_some(),
                "{member} is not published"
            );
        }
    }
    lines
}

/// Whether the schema takes it for a line.
pub fn is_line(line: &Value) -> bool {
    let (schemas, schema) = schema();
    schemas.validate(line, schema).is_ok()
}

fn schema() -> (Schemas, SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let path = repository("examples/report-file.schema.json");
    let schema = compiler
        .compile(path.to_str().unwrap(), &mut schemas)
        .unwrap();
    (schemas, schema)
}

/// The events of a block in their order, one word each.
pub fn events<'a>(lines: &'a [Value], block: &Block) -> Vec<&'a str> {
    let of_block = lines.iter().filter(|line| line["block"] == block.id());
    of_block
        .map(|line| line["event"].as_str().unwrap())
        .collect()
}

#[track_caller]
pub fn only<'a>(lines: &'a [Value], event: &str) -> &'a Value {
    let mut found = lines.iter().filter(|line| line["event"] == event);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {event} in {lines:?}"));
    assert!(found.next().is_none(), "{event} twice in {lines:?}");
    first
}

pub fn report_file(world: &World) -> (PathBuf, String) {
    let path = world.path("runs.ndjson");
    let flag = format!("--report-file={}", path.display());
    (path, flag)
}

/// So many blocks, one for each day.
pub fn days(many: i64) -> Vec<Block> {
    let block = |day: i64| Block::new(day.unsigned_abs()).days(day, day + 1);
    (0..many).map(block).collect()
}

/// The blocks of the lines in `text` that tell of that event; lines that are not whole are passed over.
pub fn told(text: &str, event: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told = lines.filter(|line| line["event"] == event);
    told.map(|line| line["block"].as_str().unwrap().to_owned())
        .collect()
}

pub fn marked(world: &World) -> BTreeSet<String> {
    blocks_with(&world.source.tree(), "deletion-mark.json")
        .into_iter()
        .collect()
}

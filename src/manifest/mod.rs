//! Manifests: what a bulk copier of a provider's is to copy in this tool's place. They list the data objects that a plan puts, each in the form
//! that the copier reads, and never `meta.json` or a mark: these are for a run to put once the data is there.

mod format;
mod place;
mod tally;

pub use format::Format;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use tracing::info;

use crate::block::{Inventory, NO_COMPACT_MARK, NO_DOWNSAMPLE_MARK, Object};
use crate::bucket::Location;
use crate::draft::{Draft, What, may_appear};
use crate::error::{Error, Kind, Result};
use crate::plan::{Action, Plan, Put, Selected, Unit};
use place::Place;
use tally::Tally;

/// How many files there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// One, with everything.
    None,
    /// One for each unit, in a folder.
    Unit,
}

/// A manifest to be. Nothing lies yet where it will.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    format: Format,
    split: Split,
    source: Place,
}

impl Manifest {
    /// Of objects of that source, to be written at `path`.
    ///
    /// Errors, of kind [`Kind::Usage`]: something lies there.
    pub fn new(path: PathBuf, format: Format, split: Split, source: &Location) -> Result<Self> {
        let what = match split {
            Split::None => What::File,
            Split::Unit => What::Folder,
        };
        may_appear(&path, what)?;
        Ok(Self {
            path,
            format,
            split,
            source: Place::of(source),
        })
    }

    /// Writes what the plan copies: whole or not at all, and over nothing. The log tells how much that is, and what was left out.
    pub fn write(&self, plan: &Plan) -> Result<()> {
        let mut tally = Tally::default();
        self.write_all(plan, &mut tally).map_err(|err| {
            let attempt = format!("write the manifest {}", self.path.display());
            Error::new(Kind::Other, attempt).because(err)
        })?;
        tally.tell();
        info!(
            manifest = %self.path.display(),
            objects = tally.objects,
            bytes = tally.bytes,
            left_out = tally.left_out(),
            "manifest written"
        );
        Ok(())
    }

    fn write_all(&self, plan: &Plan, tally: &mut Tally) -> io::Result<()> {
        let copied: Vec<&Selected> = plan.selected.iter().filter(|one| is_copied(one)).collect();
        let draft = Draft::beside(&self.path)?;
        match self.split {
            Split::None => {
                self.write_file(draft.path(), &copied, tally)?;
                draft.becomes_file(&self.path)
            }
            Split::Unit => {
                fs::create_dir(draft.path())?;
                // The plan has them by unit.
                for unit in copied.chunk_by(|one, next| one.unit == next.unit) {
                    let Some(first) = unit.first() else { continue };
                    let name = file_name(&first.unit, self.format.extension());
                    let labels = format!("{:?}", first.unit.labels().as_map());
                    info!(
                        file = name,
                        labels,
                        blocks = unit.len(),
                        "unit in the manifest"
                    );
                    self.write_file(&draft.path().join(name), unit, tally)?;
                }
                draft.becomes_folder(&self.path)
            }
        }
    }

    fn write_file(&self, path: &Path, blocks: &[&Selected], tally: &mut Tally) -> io::Result<()> {
        let mut file = BufWriter::new(fs::File::create_new(path)?);
        for selected in blocks {
            let objects = selected.block.objects();
            for object in to_copy(selected, &objects) {
                let name = selected.block.id.object(&object.name);
                match self
                    .format
                    .line(&self.source, name.as_str(), object.size_bytes)
                {
                    Ok(line) => {
                        writeln!(file, "{line}")?;
                        tally.takes(object.size_bytes);
                    }
                    Err(why) => tally.leaves_out(why, &name, object.size_bytes),
                }
            }
        }
        file.flush()?;
        file.get_ref().sync_all()
    }
}

/// Whether somebody else may put the block's data. What is repaired is published, and of what is half overwritten a run puts everything anew.
fn is_copied(selected: &Selected) -> bool {
    let is_copy = matches!(
        selected.action,
        Action::Copy(Put::Differing | Put::Unproven)
    );
    is_copy && selected.goes_ahead()
}

/// The data objects that the target lacks, by name, without marks.
fn to_copy<'a>(selected: &'a Selected, objects: &'a Inventory) -> impl Iterator<Item = &'a Object> {
    let is_mark = |name: &str| matches!(name, NO_COMPACT_MARK | NO_DOWNSAMPLE_MARK);
    let is_there = |name: &str| selected.kept.iter().any(|kept| **kept == *name);
    let data = objects.data();
    data.filter(move |object| !is_mark(&object.name) && !is_there(&object.name))
}

/// The name of a unit's file: equal for equal units, whenever it is written.
fn file_name(unit: &Unit, extension: &str) -> String {
    let start = unit.start_ms();
    let day = DateTime::from_timestamp_millis(start).map_or_else(
        || start.to_string(),
        |start| start.format("%Y-%m-%d").to_string(),
    );
    format!("{day}-{:016x}.{extension}", unit.hash())
}

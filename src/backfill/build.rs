//! A window of a spool becomes a block in the staging folder.

use std::sync::Arc;

use super::staging::Staging;
use crate::block::{BlockId, Labels, Sha256Sum};
use crate::error::{Error, Kind, Result};
use crate::history::{Beside, Made, Range, Sums};
use crate::human;
use crate::progress::Progress;
use crate::samples::{self, Chunk, Item, LeftOut};
use crate::spool::{Counts, Spool, Window};
use crate::tsdb::encode;
use crate::tsdb::write::{About, Writer};

/// What a block that is made says of itself.
#[derive(Debug, Clone)]
pub(super) struct Says {
    pub(super) labels: Labels,
    pub(super) plan: Sha256Sum,
}

/// A block that lies in the staging folder.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) id: BlockId,
    pub(super) window: Range,
    /// From its first sample to the end of its window.
    pub(super) range: Range,
    pub(super) sums: Sums,
}

/// What takes the items of a source.
pub(super) struct Taking {
    pub(super) spool: Spool,
    pub(super) beside: Beside,
    pub(super) progress: Arc<Progress>,
    /// Of the blocks to come.
    pub(super) external_labels: Labels,
}

/// The labels without those that the block has for all its series: a server tells them with each.
fn without(labels: samples::Labels, external: &Labels) -> samples::Labels {
    let is_external =
        |(name, value): &(&str, &str)| external.as_map().get(*name).is_some_and(|own| own == value);
    if !labels.iter().any(|label| is_external(&label)) {
        return labels;
    }
    let own = labels.iter().filter(|label| !is_external(label));
    own.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Series that have another value of an external label. Thanos shows the block's in its place, and several series become one: no block is made of such.
#[derive(Debug, Default)]
struct Others {
    series: u64,
    /// Of the first one.
    example: String,
    name: String,
}

impl Others {
    /// Takes the series if it is one.
    fn take(&mut self, labels: &samples::Labels, external: &Labels) -> bool {
        // Those of the same value are gone by now.
        let mut names = labels.iter().map(|(name, _)| name);
        let Some(name) = names.find(|name| external.as_map().contains_key(*name)) else {
            return false;
        };
        if self.series == 0 {
            name.clone_into(&mut self.name);
            self.example = labels.to_string();
        }
        self.series += 1;
        true
    }

    /// Why no block is made, if so.
    fn say(self, external: &Labels) -> Option<Part> {
        let Self {
            series,
            example,
            name,
        } = self;
        if series == 0 {
            return None;
        }
        let shown = external.as_map().get(&name).cloned().unwrap_or_default();
        let why = format!(
            "{} series with another value of the plan's external label {name}, such as {example}: Thanos would show {shown:?} in its place; expected external labels that no series has otherwise, or selectors that leave these out",
            human::number(series),
        );
        let left_out = LeftOut {
            kind: "external-label",
            count: series,
            example,
        };
        Some(Part::Unfit(why, left_out))
    }
}

/// What becomes of a part of a window.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// It has no samples.
    Empty,
    /// It lies in the staging folder.
    Block(Built),
    /// No block can be made of it, for that reason.
    Unfit(String, LeftOut),
}

/// Takes one item.
pub(super) fn take(taking: &mut Taking, item: Item) -> Result<()> {
    match item {
        Item::Piece(mut piece) => {
            taking.progress.reads(piece.told.samples());
            if let Some(times) = piece.told.times_ms() {
                taking.beside.comes(times);
            }
            piece.labels = without(piece.labels, &taking.external_labels);
            taking.spool.take(piece)?;
        }
        Item::Metadata(_) => taking.beside.metadata += 1,
        Item::Exemplar(_) => taking.beside.exemplars += 1,
        Item::LeftOut(one) => taking.beside.leave_out(one),
        Item::Mark => taking.spool.mark()?,
        Item::TakenBack => taking.spool.take_back(),
    }
    Ok(())
}

/// Writes a block of each part of the window, and tells what became of them in the order of the parts. Parts do not meet, and hold all of the window
/// that was spooled. Blocks.
pub(super) fn build(
    window: &mut Window<'_>,
    parts: &[(usize, Range)],
    staging: &Staging,
    says: &Says,
) -> Result<Vec<Part>> {
    let mut works = Vec::with_capacity(parts.len());
    for (number, range) in parts {
        let draft = staging.clean_draft(*number)?;
        let writer = Writer::create(draft.path())?;
        works.push((*range, draft, writer, Others::default()));
    }
    let mut counts = Counts::default();
    while let Some(series) = window.next_series()? {
        if let [(_, _, writer, others)] = works.as_mut_slice() {
            // A part of which no block is made is not written any further.
            if others.take(&series.labels, &says.labels) || others.series > 0 {
                continue;
            }
            let mut chunks: Vec<Chunk> = Vec::new();
            series.chunks(&mut counts, &mut |chunk| {
                chunks.push(chunk);
                Ok(())
            })?;
            writer.series(&series.labels, &chunks)?;
            continue;
        }
        let samples = series.samples(&mut counts).collect::<Result<Vec<_>>>()?;
        for (range, _, writer, others) in &mut works {
            let mut inside = samples
                .iter()
                .filter(|one| range.contains(one.time_ms))
                .peekable();
            let is_other = inside.peek().is_some() && others.take(&series.labels, &says.labels);
            if is_other || others.series > 0 {
                continue;
            }
            let chunks = encode::chunks(inside.cloned()).collect::<Result<Vec<_>, _>>();
            let chunks = chunks.map_err(|err| {
                Error::new(Kind::Corrupt, format!("encode {}", series.labels)).because(err)
            })?;
            writer.series(&series.labels, &chunks)?;
        }
    }
    let parts = works.into_iter().map(|(range, draft, writer, others)| {
        if let Some(unfit) = others.say(&says.labels) {
            return Ok(unfit);
        }
        // What was put in order is told once.
        let counts = std::mem::take(&mut counts);
        let Some(built) = finish(writer, range, says, counts)? else {
            return Ok(Part::Empty);
        };
        staging.becomes_block(&draft, built.id)?;
        Ok(Part::Block(built))
    });
    parts.collect()
}

fn finish(writer: Writer, range: Range, says: &Says, counts: Counts) -> Result<Option<Built>> {
    let about = About {
        max_time_ms: range.end_ms,
        labels: says.labels.as_map().clone(),
        extensions: Some(Made::of(says.plan, range).extensions()),
    };
    let Some(written) = writer.finish(&about)? else {
        return Ok(None);
    };
    let stats = written.stats;
    Ok(Some(Built {
        id: written.id,
        window: range,
        range: Range {
            start_ms: written.min_time_ms,
            end_ms: written.max_time_ms,
        },
        sums: Sums {
            series: stats.series.unwrap_or_default(),
            chunks: stats.chunks.unwrap_or_default(),
            samples: stats.samples.unwrap_or_default(),
            histograms: stats.histogram_samples.unwrap_or_default(),
            duplicates: counts.duplicates,
            conflicting: counts.conflicting,
            out_of_order: counts.out_of_order,
            bytes: written.files.iter().map(|file| file.size_bytes).sum(),
        },
    }))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::block::RunId;
    use crate::samples::{Piece, Sample, Told, Value};

    /// S-24.72
    #[test]
    fn of_a_window_that_makes_no_block_nothing_stays_in_the_staging_folder() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::generate();
        let staging = Staging::create(folder.path(), &run).unwrap();
        let external: Labels = [("cluster".to_owned(), "a".to_owned())]
            .into_iter()
            .collect();
        let says = Says {
            labels: external,
            plan: Sha256Sum([7; 32]),
        };
        let range = |start_ms, end_ms| Range { start_ms, end_ms };
        let (whole, cut) = (range(0, 4000), [range(0, 2000), range(2000, 4000)]);
        for (name, odd_ms, parts, expected) in [
            ("whole", None, &[whole][..], "block"),
            ("with an odd series", Some(1), &[whole], "unfit"),
            ("of a second part", Some(3000), &cut, "block unfit"),
            ("without samples there", None, &cut, "block empty"),
        ] {
            let windows = crate::spool::Windows::ONE;
            let mut spool = Spool::create(staging.spools(), 1 << 20, windows, 0..4000).unwrap();
            let series = |name: &str, cluster: Option<&str>, time_ms| {
                let labels = [("__name__", Some(name)), ("cluster", cluster)];
                let labels = labels.into_iter();
                let value = Value::Float(1.0);
                Piece {
                    labels: labels
                        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
                        .collect(),
                    told: Told::Samples(vec![Sample { time_ms, value }]),
                }
            };
            spool.take(series("a", None, 1)).unwrap();
            if let Some(time_ms) = odd_ms {
                spool.take(series("b", Some("b"), time_ms)).unwrap();
                spool.take(series("c", None, time_ms)).unwrap();
            }
            let mut sorted = spool.finish().unwrap();
            let mut window = sorted.next_window().unwrap().unwrap();
            let parts: Vec<_> = parts.iter().copied().enumerate().collect();
            let built = build(&mut window, &parts, &staging, &says).unwrap();
            let words = built.iter().map(|part| match part {
                Part::Empty => "empty",
                Part::Block(built) => {
                    staging.remove_block(built.id);
                    "block"
                }
                Part::Unfit(..) => "unfit",
            });
            assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{name}");
            drop(sorted);
            let left = std::fs::read_dir(staging.spools()).unwrap();
            let left: Vec<_> = left.map(|one| one.unwrap().file_name()).collect();
            assert!(
                !left
                    .iter()
                    .any(|one| one.to_string_lossy().starts_with("draft")),
                "{name}: {left:?}"
            );
        }
    }
}

//! `OpenMetrics` text, as `promtool tsdb create-blocks-from openmetrics` reads it: what that refuses is refused.
//!
//! Files are read line by line and once, so that their size does not matter. Not for the older text format of Prometheus, which that command does not
//! read either.

mod labels;
mod metadata;
#[cfg(test)]
mod tests;

use super::gathered::Gathered;
use super::lines::{Line, Lines};
use super::number;
use super::received::{Payload, Sink};
use crate::error::Result;
use crate::samples::{Builder, Exemplar, Item, Labels, METRIC_NAME, Metadata};
use labels::{Of, braced, end_of_series, expected};
use metadata::Told;

/// Reads texts, each of which stands for itself.
#[derive(Debug, Default)]
pub struct Reader {
    gathered: Gathered,
    /// How the series of the line in hand is spelled, and what its bounds are.
    spelling: Vec<u8>,
}

/// What is known of the text so far.
struct Text {
    has_ended: bool,
    bounds: Bounds,
    /// The family of which the last lines of metadata told.
    family: Option<Metadata>,
    received_at_ms: Option<i64>,
}

impl Reader {
    /// Reads a text. A sample without a time is an error, unless the payload says when it was received.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let mut lines = Lines::default();
        let mut text = Text {
            has_ended: false,
            bounds: Bounds::None,
            family: None,
            received_at_ms: payload.received_at_ms,
        };
        while let Some(line) = lines.next(payload)? {
            let number = line.number;
            let item = self.line(&mut text, line);
            if let Some(item) = item.map_err(|why| payload.malformed(Some(number), why))? {
                sink(item)?;
            }
            self.gathered.give_if_full(sink)?;
        }
        if !text.has_ended {
            let why = "it does not end with # EOF: it may have been cut off";
            return Err(payload.malformed(None, why));
        }
        if let Some(family) = text.family {
            sink(Item::Metadata(family))?;
        }
        self.gathered.give(sink)
    }

    fn line(&mut self, text: &mut Text, line: Line) -> Result<Option<Item>, String> {
        line.whole()?;
        if text.has_ended {
            return Err("there is more behind # EOF".to_owned());
        }
        if line.bytes == b"# EOF" {
            text.has_ended = true;
            return Ok(None);
        }
        if !line.has_end {
            return Err("the text ends within the line, without # EOF".to_owned());
        }
        if let Some(comment) = line.bytes.strip_prefix(b"# ") {
            let (family, told) = metadata::read(comment)?;
            return Ok(text.learn(family, told).map(Item::Metadata));
        }
        let exemplar = self.sample(text, line.bytes)?;
        Ok(exemplar.map(Item::Exemplar))
    }

    /// Reads a sample; gives its exemplar, where it has one.
    fn sample(&mut self, text: &Text, line: &[u8]) -> Result<Option<Exemplar>, String> {
        let (series, rest) = line
            .split_at_checked(end_of_series(line))
            .unwrap_or_default();
        if line.is_empty() {
            return Err("the line is empty".to_owned());
        }
        if series.is_empty() {
            return Err(expected("a metric's name or a comment", rest));
        }
        self.spelling.clear();
        self.spelling.extend_from_slice(series);
        self.spelling.push(text.bounds.mark());
        let labels = || labels_of(series, text.bounds);
        let slot = self.gathered.slot(&self.spelling, labels)?;
        let (value, rest) = a_float(rest, "value")?;
        let (time_ms, rest) = if rest.is_empty() || rest.starts_with(EXEMPLAR) {
            let time = text.received_at_ms;
            (time.ok_or("the sample has no time")?, rest)
        } else {
            a_time(rest)?
        };
        self.gathered.add(slot, time_ms, value);
        if rest.is_empty() {
            return Ok(None);
        }
        if !rest.starts_with(EXEMPLAR) {
            return Err(expected("the end of the line or an exemplar", rest));
        }
        let series = self.gathered.labels(slot).cloned().unwrap_or_default();
        exemplar(rest, series, time_ms).map(Some)
    }
}

impl Text {
    /// Takes what a line tells of a family; gives the family before, of which no more is told.
    fn learn(&mut self, family: String, told: Told) -> Option<Metadata> {
        // As Prometheus has it: for all that follows, whatever its name is.
        if let Told::Kind(kind) = told {
            self.bounds = match kind {
                "histogram" => Bounds::Le,
                "summary" => Bounds::Quantile,
                _ => Bounds::None,
            };
        }
        let before = self.family.take_if(|before| before.family != family);
        let known = self.family.get_or_insert_with(|| metadata::of(family));
        match told {
            Told::Kind(kind) => known.kind = kind,
            Told::Help(help) => known.help = help,
            Told::Unit(unit) => known.unit = unit,
        }
        before
    }
}

/// Which label holds a number that is spelled anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounds {
    /// None does.
    None,
    /// `le`, in a histogram.
    Le,
    /// `quantile`, in a summary.
    Quantile,
}

impl Bounds {
    fn mark(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Le => 1,
            Self::Quantile => 2,
        }
    }
}

fn labels_of(series: &[u8], bounds: Bounds) -> Result<Labels, String> {
    let (name, rest) = series
        .split_at_checked(labels::name_length(series))
        .unwrap_or_default();
    let (braced, rest) = if rest.is_empty() {
        (labels::Braced::default(), rest)
    } else if rest.starts_with(b"{") {
        braced(rest, Of::Series)?
    } else {
        return Err(expected("a metric's name or a comment", rest));
    };
    if !rest.is_empty() {
        return Err(expected("a space", rest));
    }
    let name = match (name.is_empty(), braced.name) {
        (false, None) => String::from_utf8_lossy(name).into_owned(),
        (true, Some(name)) => name,
        (true, None) => return Err(expected("a metric's name", series)),
        (false, Some(_)) => return Err("it has two names".to_owned()),
    };
    let mut builder = Builder::default();
    builder.add(METRIC_NAME, name);
    for (label, value) in braced.labels {
        let is_bound = match bounds {
            Bounds::None => false,
            Bounds::Le => label == "le",
            Bounds::Quantile => label == "quantile",
        };
        let bound = is_bound.then(|| number::float(&value)).flatten();
        builder.add(label, bound.map_or(value, number::openmetrics));
    }
    let labels = builder.build().map_err(|twice| twice.to_string())?;
    if labels.is_empty() {
        return Err("the series has no labels".to_owned());
    }
    Ok(labels)
}

/// What an exemplar begins with.
const EXEMPLAR: &[u8] = b" # {";

/// Reads an exemplar of a sample that was taken at `time_ms`.
fn exemplar(text: &[u8], series: Labels, time_ms: i64) -> Result<Exemplar, String> {
    let (braced, rest) = braced(text.get(3..).unwrap_or_default(), Of::Exemplar)?;
    let mut builder = Builder::default();
    for (label, value) in braced.labels {
        builder.add(label, value);
    }
    let (value, rest) = a_float(rest, "value of the exemplar")?;
    let (time_ms, rest) = if rest.is_empty() {
        (time_ms, rest)
    } else {
        a_time(rest)?
    };
    if !rest.is_empty() {
        return Err(expected("the end of the line", rest));
    }
    Ok(Exemplar {
        series,
        labels: builder.build().map_err(|twice| twice.to_string())?,
        value,
        time_ms,
    })
}

/// Takes a space and a number off the front.
fn a_float<'a>(text: &'a [u8], what: &str) -> Result<(f64, &'a [u8]), String> {
    let wrong = || expected(&format!("a space and the {what}"), text);
    let word = text.strip_prefix(b" ").ok_or_else(wrong)?;
    let length = word.iter().position(|byte| *byte == b' ');
    let (word, rest) = word
        .split_at_checked(length.unwrap_or(word.len()))
        .unwrap_or_default();
    let float = str::from_utf8(word).ok().and_then(number::float);
    Ok((float.ok_or_else(wrong)?, rest))
}

fn a_time(text: &[u8]) -> Result<(i64, &[u8]), String> {
    let (seconds, rest) = a_float(text, "time in seconds")?;
    let time_ms = number::milliseconds(seconds);
    Ok((
        time_ms.ok_or_else(|| expected("a time in seconds", text))?,
        rest,
    ))
}

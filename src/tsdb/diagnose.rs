//! Which labels and series postings are wrong about, once it is known that they are.

use std::collections::HashMap;

use super::compare::{PARTS, Pair, short};
use super::finding::{Finding, Findings, Kind};
use super::labels::{self, Labels};
use super::postings;
use super::series;
use super::source::BlockFiles;
use super::symbols::{self, Symbols};
use super::toc::{INDEX, Toc};

/// How many pairs of a label and a series are looked at on each side.
const MOST_PAIRS: usize = 1 << 20;

/// In how many parts of the labels.
const MOST_PARTS: usize = 64;

/// How many labels are remembered by name.
const MOST_NAMES: usize = 64 << 10;

/// Reads series and postings once more and says what differs in the parts of the labels that do.
pub(crate) fn postings<S: BlockFiles>(
    source: &S,
    toc: &Toc,
    symbols: &mut Symbols,
    parts: &[usize],
    series: u64,
    findings: &mut Findings,
) -> Result<(), S::Error> {
    // The series of all labels of one part are few, but where one of these is that of all series.
    let too_many = |part: &usize| *part == Pair::all().part() && series > MOST_PAIRS as u64 / 2;
    let parts = parts
        .iter()
        .copied()
        .filter(|part| !too_many(part))
        .take(MOST_PARTS);
    let mut looked_at = vec![false; PARTS];
    for part in parts {
        if let Some(looked_at) = looked_at.get_mut(part) {
            *looked_at = true;
        }
    }
    let wanted = |pair: Pair| looked_at.get(pair.part()).is_some_and(|wanted| *wanted);
    let mut said = Findings::new(0);
    let mut expected = Vec::new();
    let mut labels = Labels::default();
    loop {
        let first = symbols.is_first();
        series::walk(source, toc, &mut said, |entry, _, _| {
            let id = short(entry.id(toc.version));
            let mut add = |pair| {
                if wanted(pair) && expected.len() < MOST_PAIRS {
                    expected.push((pair, id));
                }
            };
            if first {
                add(Pair::all());
            }
            labels.each(source, symbols, entry, add)?;
            Ok(())
        })?;
        if !symbols.advance(source, toc)? {
            break;
        }
    }
    let mut found = Vec::new();
    let mut names = HashMap::new();
    postings::walk(
        source,
        toc,
        &mut said,
        |label, at, _| {
            if wanted(label.pair) && names.len() < MOST_NAMES {
                names.insert(label.pair, (at, label.text()));
            }
        },
        |label, id| {
            if wanted(label.pair) && found.len() < MOST_PAIRS {
                found.push((label.pair, id));
            }
        },
    )?;
    let before = findings.total();
    if expected.len() < MOST_PAIRS && found.len() < MOST_PAIRS {
        expected.sort_unstable();
        found.sort_unstable();
        let differ = Differ {
            source,
            toc,
            symbols,
            names: &names,
        };
        for (pair, id) in missing(&expected, &found) {
            differ.incomplete(pair, id, findings)?;
        }
        for (pair, id) in missing(&found, &expected) {
            differ.surplus(pair, id, findings)?;
        }
    }
    if findings.total() == before {
        let what = "postings do not hold the series that have their labels";
        findings.push(Finding::new(
            Kind::PostingsIncomplete,
            INDEX,
            toc.postings.start,
            what,
        ));
    }
    Ok(())
}

/// What is in the one, but not, or not as often, in the other; both are sorted.
fn missing<'a>(
    one: &'a [(Pair, u32)],
    other: &'a [(Pair, u32)],
) -> impl Iterator<Item = (Pair, u32)> {
    let mut other = other.iter().peekable();
    one.iter().copied().filter(move |pair| {
        while other.next_if(|next| *next < pair).is_some() {}
        other.next_if_eq(&pair).is_none()
    })
}

struct Differ<'a, S> {
    source: &'a S,
    toc: &'a Toc,
    symbols: &'a Symbols,
    names: &'a HashMap<Pair, (u64, String)>,
}

impl<S: BlockFiles> Differ<'_, S> {
    fn incomplete(&self, pair: Pair, id: u32, findings: &mut Findings) -> Result<(), S::Error> {
        const KIND: Kind = Kind::PostingsIncomplete;
        if !findings.wants(KIND) {
            findings.add(KIND, || Finding::new(KIND, INDEX, 0, ""));
            return Ok(());
        }
        let at = if self.toc.version == 1 {
            u64::from(id)
        } else {
            u64::from(id) * 16
        };
        let what = if pair == Pair::all() {
            "the postings of all series lack this one".to_owned()
        } else if let Some((_, name)) = self.names.get(&pair) {
            format!("the postings of {name} lack this series")
        } else {
            let entry = series::is_at(self.source, self.toc, u64::from(id))?.unwrap_or_default();
            let label = labels::find(self.source, self.symbols, &entry, pair)?;
            let (name, value) = label.unwrap_or_default();
            let label = symbols::label(name.as_bytes(), value.as_bytes());
            format!("there are no postings of its label {label}")
        };
        findings.push(Finding::new(KIND, INDEX, at, what).of_series(at));
        Ok(())
    }

    fn surplus(&self, pair: Pair, id: u32, findings: &mut Findings) -> Result<(), S::Error> {
        let (at, name) = match self.names.get(&pair) {
            Some((at, name)) => (*at, name.as_str()),
            None => (self.toc.postings_table.start, "a label"),
        };
        if !findings.wants(Kind::DanglingReference) && !findings.wants(Kind::PostingsSurplus) {
            findings.add(Kind::PostingsSurplus, || {
                Finding::new(Kind::PostingsSurplus, INDEX, at, "")
            });
            return Ok(());
        }
        match series::is_at(self.source, self.toc, u64::from(id))? {
            None => {
                let what =
                    format!("the postings of {name} refer to series {id}, where none begins");
                findings.push(Finding::new(Kind::DanglingReference, INDEX, at, what));
            }
            Some(entry) => {
                let what = format!(
                    "the postings of {name} hold a series that does not have it, or more often than once"
                );
                findings
                    .push(Finding::new(Kind::PostingsSurplus, INDEX, at, what).of_series(entry.at));
            }
        }
        Ok(())
    }
}

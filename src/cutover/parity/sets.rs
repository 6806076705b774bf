//! What one side lists and the other does not: names, values, series, and what is told beside samples.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Example, Findings};
use super::kinds::{Check, Difference};
use super::question::{labelled, selector};
use crate::samples::Labels;

/// What one side alone lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OneSided {
    /// The source.
    Missing,
    /// The target.
    Extra,
}

/// What only one of two sides lists, in order.
pub fn one_sided<'a, T: Ord>(
    source: &'a BTreeSet<T>,
    target: &'a BTreeSet<T>,
) -> impl Iterator<Item = (OneSided, &'a T)> {
    let missing = source.difference(target);
    let extra = target.difference(source);
    missing
        .map(|one| (OneSided::Missing, one))
        .chain(extra.map(|one| (OneSided::Extra, one)))
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Names of labels.
    LabelNames,
    /// Values of a label.
    LabelValues,
    /// Series of a metric.
    Series,
}

impl Listed {
    /// What it is when one side lacks it.
    #[must_use]
    pub fn difference(self, side: OneSided) -> Difference {
        match (self, side) {
            (Self::LabelNames, OneSided::Missing) => Difference::MissingLabelName,
            (Self::LabelNames, OneSided::Extra) => Difference::ExtraLabelName,
            (Self::LabelValues, OneSided::Missing) => Difference::MissingLabelValue,
            (Self::LabelValues, OneSided::Extra) => Difference::ExtraLabelValue,
            (Self::Series, OneSided::Missing) => Difference::MissingSeries,
            (Self::Series, OneSided::Extra) => Difference::ExtraSeries,
        }
    }

    /// The check that lists it.
    #[must_use]
    pub fn check(self) -> Check {
        match self {
            Self::LabelNames => Check::LabelNames,
            Self::LabelValues => Check::LabelValues,
            Self::Series => Check::Series,
        }
    }

    /// Notes that one side lacks something.
    pub fn note(self, side: OneSided, what: What, findings: &mut Findings) {
        let has = Some("has it".to_owned());
        let (source, target) = match side {
            OneSided::Missing => (has, None),
            OneSided::Extra => (None, has),
        };
        let (series, text) = match what {
            What::Series(labels) => (Some(labels), None),
            other => (None, Some(other.words())),
        };
        findings.add(self.difference(side).key(), || Example {
            series,
            source,
            target,
            text,
            ..Example::default()
        });
    }
}

/// Something that a side lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A series.
    Series(Labels),
    /// The name of a label.
    Name(String),
    /// A label and one of its values.
    Value(String, String),
}

impl What {
    /// The selector of the series that have it.
    #[must_use]
    pub fn selector(&self) -> String {
        match self {
            Self::Series(labels) => selector(labels.iter()),
            Self::Name(name) => labelled(name),
            Self::Value(name, value) => selector([(name.as_str(), value.as_str())]),
        }
    }

    /// It, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Series(labels) => labels.to_string(),
            Self::Name(name) => name.clone(),
            Self::Value(..) => self.selector(),
        }
    }
}

/// What is told beside samples: of each metric or series, one or several entries.
pub type Beside = BTreeMap<String, BTreeSet<String>>;

/// Which sides tell anything of a kind at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Had {
    /// None does, so that nothing was compared.
    ByNeither,
    /// The target does not, so that nothing was compared.
    BySourceAlone,
    /// The source does not, so that nothing was compared.
    ByTargetAlone,
    /// Both do, and were compared.
    ByBoth,
}

/// Notes each metric or series of which both sides do not tell the same, where both tell anything.
pub fn note_beside(
    difference: Difference,
    (source, target): (&Beside, &Beside),
    findings: &mut Findings,
) -> Had {
    match (source.is_empty(), target.is_empty()) {
        (true, true) => return Had::ByNeither,
        (false, true) => return Had::BySourceAlone,
        (true, false) => return Had::ByTargetAlone,
        (false, false) => {}
    }
    let names: BTreeSet<&String> = source.keys().chain(target.keys()).collect();
    let none = BTreeSet::new();
    for name in names {
        let of = |side: &'_ Beside| side.get(name).unwrap_or(&none).clone();
        let (source, target) = (of(source), of(target));
        if source != target {
            findings.add(difference.key(), || Example {
                source: Some(beside_text(&source, &target)),
                target: Some(beside_text(&target, &source)),
                text: Some(name.clone()),
                ..Example::default()
            });
        }
    }
    Had::ByBoth
}

/// The first entry that the other side lacks, and how many more of them there are.
fn beside_text(side: &BTreeSet<String>, other: &BTreeSet<String>) -> String {
    let own: Vec<&String> = side.difference(other).collect();
    match own.as_slice() {
        [] if side.is_empty() => "nothing".to_owned(),
        [] => "the same but for that".to_owned(),
        [one] => (*one).clone(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_one_side_alone_lists_is_told_by_side() {
        let (source, target) = (set(&["a", "b", "c"]), set(&["b", "d"]));
        let found: Vec<_> = one_sided(&source, &target)
            .map(|(side, name)| (side, name.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (OneSided::Missing, "a"),
                (OneSided::Missing, "c"),
                (OneSided::Extra, "d"),
            ]
        );
    }

    /// S-21.44
    #[test]
    fn what_neither_side_tells_is_not_equal_but_not_had() {
        let of = |entries: &[(&str, &[&str])]| -> Beside {
            let entries = entries.iter();
            entries
                .map(|(name, told)| ((*name).to_owned(), set(told)))
                .collect()
        };
        let none = of(&[]);
        let up = of(&[("up", &["gauge", "counter"])]);
        let other = of(&[("up", &["gauge"]), ("down", &["gauge"])]);
        for (source, target, had, differing) in [
            (&none, &none, Had::ByNeither, 0),
            (&up, &none, Had::BySourceAlone, 0),
            (&none, &up, Had::ByTargetAlone, 0),
            (&up, &up, Had::ByBoth, 0),
            (&up, &other, Had::ByBoth, 2),
        ] {
            let mut findings = Findings::default();
            let told = note_beside(Difference::Metadata, (source, target), &mut findings);
            assert_eq!(told, had);
            let counts: Vec<u64> = findings.at(None).map(|found| found.count).collect();
            assert_eq!(counts.iter().sum::<u64>(), differing, "{counts:?}");
        }
    }
}

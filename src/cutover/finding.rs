//! What was found: which kind of difference, how often, and the first of them in full.

use std::collections::BTreeMap;

use crate::samples::Labels;

/// One of the two that are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What answers from the hot blocks.
    Source,
    /// What answers from the cold blocks.
    Target,
}

impl Side {
    /// `source` or `target`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Source => "source",
            Side::Target => "target",
        }
    }
}

/// What a finding means for the hot blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Both sides differ.
    Difference,
    /// Something could not be looked at, or proves nothing.
    Unseen,
    /// Something to know.
    Note,
}

impl Weight {
    /// `difference`, `unseen` or `note`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Weight::Difference => "difference",
            Weight::Unseen => "unseen",
            Weight::Note => "note",
        }
    }
}

/// A value as it is shown.
pub type Shown = String;

/// One difference in full. What does not apply is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Example {
    /// The series.
    pub series: Option<Labels>,
    /// The time of the sample, in milliseconds since the epoch.
    pub time_ms: Option<i64>,
    /// What the source has; `None` also where it has nothing.
    pub source: Option<Shown>,
    /// What the target has; `None` also where it has nothing.
    pub target: Option<Shown>,
    /// What else there is to say, in a sentence without its full stop.
    pub text: Option<String>,
}

/// All of one kind that was found in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is, in a word, such as `missing-series`.
    pub kind: &'static str,
    /// Where: the name of a query or of what else was compared; `None` for what concerns everything.
    pub place: Option<String>,
    /// On which side, where it is of one side.
    pub side: Option<Side>,
    /// What it means.
    pub weight: Weight,
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Example,
}

/// What was found in one place, each kind counted, and the first of each kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings(BTreeMap<(Weight, &'static str, Option<Side>), (u64, Example)>);

impl Findings {
    /// Counts one; `example` makes what is kept of the first.
    pub fn add(
        &mut self,
        (weight, kind, side): (Weight, &'static str, Option<Side>),
        example: impl FnOnce() -> Example,
    ) {
        let (count, _) = self
            .0
            .entry((weight, kind, side))
            .or_insert_with(|| (0, example()));
        *count += 1;
    }

    /// Whether nothing was found but what is good to know.
    #[must_use]
    pub fn are_notes(&self) -> bool {
        self.0.keys().all(|(weight, ..)| *weight == Weight::Note)
    }

    /// All of them, found in that place.
    pub fn at(self, place: Option<&str>) -> impl Iterator<Item = Finding> {
        let place = place.map(str::to_owned);
        let found = self.0.into_iter();
        found.map(move |((weight, kind, side), (count, first))| Finding {
            kind,
            place: place.clone(),
            side,
            weight,
            count,
            first,
        })
    }
}

//! What sides tell beside samples: metadata and exemplars.

use std::collections::BTreeSet;

use super::slices::{Asked, each_slice};
use super::{Checking, Sides, both, in_words};
use crate::cutover::Weight;
use crate::cutover::parity::{
    Beside, Check, Difference, Had, MOST_SERIES, note_beside, slices as sliced,
};
use crate::error::{Kind, Result};

impl Checking<'_> {
    pub(super) async fn metadata(&mut self, sides: &Sides<'_>, metrics: &BTreeSet<&str>) {
        let asked = both(
            or_none(sides.source.metadata(metrics)),
            or_none(sides.target.metadata(metrics)),
        );
        match asked.await {
            Ok(told) => self.note_beside(Difference::Metadata, &told),
            Err(err) => self.not_seen(Check::Metadata, None, &err),
        }
    }

    pub(super) async fn exemplars(&mut self, sides: &Sides<'_>, metrics: &BTreeSet<&str>) {
        let range = self.task.range;
        let slices = sliced(metrics.iter().map(|name| (*name, 0)), MOST_SERIES);
        let asking = each_slice(slices, self.task.at_once, async |slice: &[&str]| {
            let asked = both(
                or_none(sides.source.exemplars(slice, range)),
                or_none(sides.target.exemplars(slice, range)),
            );
            asked.await
        });
        let Asked { answered, failed } = asking.await;
        for (name, why) in failed {
            self.not_seen(Check::Exemplars, Some(name), &why);
        }
        let was_answered = !answered.is_empty();
        let mut told: (Beside, Beside) = Default::default();
        for (_, (source, target)) in answered {
            told.0.extend(source);
            told.1.extend(target);
        }
        if !was_answered {
            return;
        }
        self.note_beside(Difference::Exemplars, &told);
    }

    fn note_beside(&mut self, difference: Difference, told: &(Beside, Beside)) {
        let had = note_beside(difference, (&told.0, &told.1), &mut self.findings);
        let kind = match difference {
            Difference::Metadata => "metadata-not-had",
            _ => "exemplars-not-had",
        };
        let text = match had {
            Had::ByNeither => "neither side tells any",
            Had::BySourceAlone => "the target tells none",
            Had::ByTargetAlone => "the source tells none",
            Had::ByBoth => return,
        };
        self.findings
            .add((Weight::Note, kind, None), || in_words(text));
    }
}

/// What is told, which is nothing where there is no such question.
async fn or_none(told: impl Future<Output = Result<Beside>>) -> Result<Beside> {
    match told.await {
        Err(err) if err.kind() == Kind::Unsupported => Ok(Beside::new()),
        told => told,
    }
}

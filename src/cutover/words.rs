//! What servers say beside their answers.

use std::collections::BTreeSet;

use super::finding::{Example, Findings, Side, Weight};

/// How annotations of the query engine begin. They tell of the query, and not of what was read.
const OF_THE_QUERY: &str = "PromQL ";

/// Warnings and remarks of both sides. A warning on one side is a difference; the same on both takes something from what is proven, unless it is
/// about the query; remarks are good to know where they differ.
pub fn beside(findings: &mut Findings, warnings: [&[String]; 2], infos: [&[String]; 2]) {
    let [source, target] = warnings.map(set);
    for (side, own, other) in [
        (Side::Source, &source, &target),
        (Side::Target, &target, &source),
    ] {
        for words in own.difference(other) {
            findings.add((Weight::Difference, "warnings", Some(side)), || said(words));
        }
    }
    for words in source.intersection(&target) {
        let weight = if words.starts_with(OF_THE_QUERY) {
            Weight::Note
        } else {
            Weight::Unseen
        };
        findings.add((weight, "warnings-of-both", None), || said(words));
    }
    let [source, target] = infos.map(set);
    for (side, own, other) in [
        (Side::Source, &source, &target),
        (Side::Target, &target, &source),
    ] {
        for words in own.difference(other) {
            findings.add((Weight::Note, "remarks", Some(side)), || said(words));
        }
    }
}

fn set(words: &[String]) -> BTreeSet<&str> {
    words.iter().map(String::as_str).collect()
}

fn said(words: &str) -> Example {
    Example {
        text: Some(words.to_owned()),
        ..Example::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_count_by_whether_both_sides_have_them() {
        let own = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        for (source, target, expected) in [
            (own(&[]), own(&[]), vec![]),
            (
                own(&["store down"]),
                own(&[]),
                vec![("warnings", Weight::Difference, Some(Side::Source))],
            ),
            (
                own(&[]),
                own(&["PromQL warning: a"]),
                vec![("warnings", Weight::Difference, Some(Side::Target))],
            ),
            (
                own(&["no store"]),
                own(&["no store"]),
                vec![("warnings-of-both", Weight::Unseen, None)],
            ),
            (
                own(&["PromQL warning: a"]),
                own(&["PromQL warning: a"]),
                vec![("warnings-of-both", Weight::Note, None)],
            ),
        ] {
            let mut findings = Findings::default();
            beside(&mut findings, [&source, &target], [&[], &[]]);
            let found: Vec<_> = findings
                .at(None)
                .map(|found| (found.kind, found.weight, found.side))
                .collect();
            assert_eq!(found, expected, "{source:?} {target:?}");
        }
        let mut findings = Findings::default();
        beside(&mut findings, [&[], &[]], [&own(&["i"]), &[]]);
        assert!(findings.are_notes() && findings != Findings::default());
    }
}

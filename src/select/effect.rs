//! What a selector does to the blocks at hand, told so that a slip shows: a rule that drops nothing, a label that no block bears.

use std::collections::BTreeSet;

use super::selector::{Action, BLOCK_ID, Rule, Selector, values};
use crate::block::{BlockId, Labels};
use crate::nearest::nearest;

/// What one rule did to the blocks that came to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The rule, counted from 1, in words.
    pub rule: String,
    /// How many blocks came to it: those that the rules before it kept.
    pub blocks: u64,
    /// How many of them it dropped.
    pub dropped: u64,
}

impl Selector {
    /// What each rule does to these blocks; rules that drop nothing by their nature are left out.
    #[must_use]
    pub fn effects<'a>(&self, blocks: impl Iterator<Item = (&'a Labels, BlockId)>) -> Vec<Effect> {
        let mut effects: Vec<(&Rule, Effect)> = self
            .rules
            .iter()
            .zip(1_usize..)
            .map(|(rule, number)| {
                let effect = Effect {
                    rule: format!("rule {number}, {}", described(rule)),
                    blocks: 0,
                    dropped: 0,
                };
                (rule, effect)
            })
            .collect();
        for (labels, id) in blocks {
            let mut values = values(labels, id);
            for (rule, effect) in &mut effects {
                effect.blocks += 1;
                if !rule.keeps(&mut values) {
                    effect.dropped += 1;
                    break;
                }
            }
        }
        let decides = |rule: &Rule| !matches!(rule.action, Action::HashMod { .. });
        effects.retain(|(rule, _)| decides(rule));
        effects.into_iter().map(|(_, effect)| effect).collect()
    }

    /// One line for each label that a rule looks at and that no block can have, where `borne` are the labels of all blocks.
    #[must_use]
    pub fn strange_labels(&self, borne: &BTreeSet<&str>) -> Vec<String> {
        let mut known = borne.clone();
        known.insert(BLOCK_ID);
        let mut strange = Vec::new();
        for (rule, number) in self.rules.iter().zip(1_usize..) {
            let labels = rule.source_labels.iter().map(String::as_str);
            for label in labels.filter(|label| !known.contains(label)) {
                let hint = match nearest(label, known.iter().copied()) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("they bear {}", few(borne)),
                };
                strange.push(format!(
                    "rule {number} looks at the label {label}, which no block of the source bears: {hint}"
                ));
            }
            if let Action::HashMod { target_label, .. } = &rule.action {
                known.insert(target_label);
            }
        }
        strange
    }
}

/// `keep cluster=~"eu-.*"`.
fn described(rule: &Rule) -> String {
    let labels = rule.source_labels.join(&rule.separator);
    match &rule.action {
        Action::Keep(pattern) => format!("keep {labels}=~{:?}", pattern.text),
        Action::Drop(pattern) => format!("drop {labels}=~{:?}", pattern.text),
        Action::HashMod {
            target_label,
            modulus,
        } => format!("hashmod {target_label}={labels}%{modulus}"),
    }
}

/// The first of the names, and how many more there are.
fn few(names: &BTreeSet<&str>) -> String {
    const FEW: usize = 10;
    let first: Vec<&str> = names.iter().take(FEW).copied().collect();
    match names.len().saturating_sub(FEW) {
        0 if first.is_empty() => "none".to_owned(),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn selector(rules: &str) -> Selector {
        Selector::parse(rules).unwrap()
    }

    /// S-8.4
    #[test]
    fn a_label_that_no_block_bears_is_told_with_what_was_meant() {
        let borne = BTreeSet::from(["cluster", "replica", "tenant_id"]);
        let hashed =
            "- {action: hashmod, source_labels: [__block_id], target_label: shard, modulus: 3}\n";
        for (rules, expected) in [
            (
                "- {action: keep, source_labels: [cluster, __block_id], regex: a}".to_owned(),
                None,
            ),
            (
                "- {action: drop, source_labels: [cluster, Replica], regex: a}".to_owned(),
                Some(
                    "rule 1 looks at the label Replica, which no block of the source bears: did you mean replica?",
                ),
            ),
            (
                "- {action: keep, source_labels: [region], regex: a}".to_owned(),
                Some(
                    "rule 1 looks at the label region, which no block of the source bears: they bear cluster, replica, tenant_id",
                ),
            ),
            (
                format!("{hashed}- {{action: keep, source_labels: [shard], regex: 0}}"),
                None,
            ),
            (
                format!("{hashed}- {{action: keep, source_labels: [shrad], regex: 0}}"),
                Some(
                    "rule 2 looks at the label shrad, which no block of the source bears: did you mean shard?",
                ),
            ),
            (
                format!("- {{action: keep, source_labels: [shard], regex: 0}}\n{hashed}"),
                Some(
                    "rule 1 looks at the label shard, which no block of the source bears: they bear cluster, replica, tenant_id",
                ),
            ),
        ] {
            let strange = selector(&rules).strange_labels(&borne);
            assert_eq!(strange.first().map(String::as_str), expected, "{rules}");
        }
    }

    /// S-8.4
    #[test]
    fn each_rule_counts_what_came_to_it_and_what_it_dropped() {
        let labels = |cluster: &str| -> Labels {
            [("cluster".to_owned(), cluster.to_owned())]
                .into_iter()
                .collect()
        };
        let id: BlockId = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap();
        let blocks = ["eu-1", "eu-1", "eu-2", "us-1"].map(labels);
        let rules = "- {action: keep, source_labels: [cluster], regex: eu-.*}\n\
                     - {action: hashmod, source_labels: [cluster], target_label: n, modulus: 1}\n\
                     - {action: drop, source_labels: [cluster, n], separator: /, regex: eu-1/0}";
        let effects = selector(rules).effects(blocks.iter().map(|labels| (labels, id)));
        let expected = [
            ("rule 1, keep cluster=~\"eu-.*\"", 4, 1),
            ("rule 3, drop cluster/n=~\"eu-1/0\"", 3, 2),
        ];
        let expected = expected.map(|(rule, blocks, dropped)| Effect {
            rule: rule.to_owned(),
            blocks,
            dropped,
        });
        assert_eq!(effects, expected);
    }
}

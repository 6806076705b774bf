//! `--selector.relabel-config`: keep, drop and hashmod, as Thanos' compactor evaluates them on blocks.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use regex::Regex;

use crate::block::{BlockId, Labels};
use crate::error::{Error, Result};
use crate::go::pattern;
use crate::nearest::nearest;
use crate::yaml::{self, Fields, Node, Unknown};

/// Relabelling rules, tried in order; the first that rejects a block ends it. Without rules every block is kept.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) source_labels: Vec<String>,
    pub(super) separator: String,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Keep(Pattern),
    Drop(Pattern),
    HashMod { target_label: String, modulus: u64 },
}

/// A pattern as it was given, and what it compiles to.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) text: String,
    regex: Regex,
}

/// The label that stands for the block's id.
pub(super) const BLOCK_ID: &str = "__block_id";

const ACTIONS: [&str; 3] = ["keep", "drop", "hashmod"];

impl Selector {
    /// Reads YAML text as Thanos does. Refused is what Thanos refuses, and every action but keep, drop and hashmod.
    pub fn parse(text: &str) -> Result<Self> {
        Self::of(yaml::parse(text)?, Unknown::Ignore)
    }

    /// The same, for rules that decide what is moved: refused is also what Thanos reads and does not heed, for a slip there would move
    /// everything. That is an unknown key, a key that is given twice, and a second document.
    pub fn parse_strictly(text: &str) -> Result<Self> {
        Self::of(yaml::parse_only(text)?, Unknown::Refuse)
    }

    fn of(document: Option<Node>, unknown: Unknown) -> Result<Self> {
        let Some(document) = document else {
            return Ok(Self::default());
        };
        let rules = document
            .sequence()
            .map_err(|err| Error::usage(format!("{err} of rules, each beginning with a dash")))?
            .iter()
            .enumerate()
            .map(|(number, node)| Rule::parse(node, number, unknown))
            .collect::<Result<_>>()?;
        Ok(Self { rules })
    }

    /// Whether it has no rules, so that it keeps every block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether the block is kept.
    #[must_use]
    pub fn keeps(&self, labels: &Labels, id: BlockId) -> bool {
        let mut values = values(labels, id);
        self.rules.iter().all(|rule| rule.keeps(&mut values))
    }
}

impl Pattern {
    pub(super) fn compile(text: &str) -> std::result::Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            regex: pattern::compile(text)?,
        })
    }
}

/// What rules see of a block.
pub(super) fn values(labels: &Labels, id: BlockId) -> BTreeMap<String, String> {
    let mut values = BTreeMap::from([(BLOCK_ID.to_owned(), id.to_string())]);
    values.extend(labels.as_map().clone());
    values
}

impl Rule {
    fn parse(node: &Node, number: usize, unknown: Unknown) -> Result<Self> {
        let at = format!("rule {}", number + 1);
        if node.is_null() {
            return Err(Error::usage(format!("{at} is empty")));
        }
        let mut fields = node.fields(&at, unknown)?;
        let source_labels = labels(&mut fields, &at)?;
        let separator = text(&mut fields, "separator", ";")?;
        let given = text(&mut fields, "regex", "(.*)")?;
        let modulus = fields.u64("modulus")?.unwrap_or(0);
        let target_label = text(&mut fields, "target_label", "")?;
        let _ = text(&mut fields, "replacement", "$1")?;
        let action = fields.string("action")?;
        fields.finish()?;
        let pattern = Pattern::compile(&given)
            .map_err(|why| Error::usage(format!("{at}: regex {given:?}: {why}")))?;
        let Some(action) = action else {
            return Err(Error::usage(format!(
                "{at}: action is missing: expected keep, drop or hashmod"
            )));
        };
        let action = match action.to_lowercase().as_str() {
            "keep" => Action::Keep(pattern),
            "drop" => Action::Drop(pattern),
            "hashmod" if modulus == 0 => {
                return Err(Error::usage(format!(
                    "{at}: hashmod needs a modulus that is not 0"
                )));
            }
            "hashmod" if target_label.is_empty() => {
                return Err(Error::usage(format!("{at}: hashmod needs a target_label")));
            }
            "hashmod" => Action::HashMod {
                target_label,
                modulus,
            },
            word => {
                let meant = nearest(word, ACTIONS);
                let meant = meant.map(|meant| format!("; did you mean {meant}?"));
                return Err(Error::usage(format!(
                    "{at}: action {action:?}: expected keep, drop or hashmod{}",
                    meant.unwrap_or_default()
                )));
            }
        };
        Ok(Self {
            source_labels,
            separator,
            action,
        })
    }

    /// Whether a block with these labels passes; hashmod adds one.
    pub(super) fn keeps(&self, labels: &mut BTreeMap<String, String>) -> bool {
        let values: Vec<&str> = self
            .source_labels
            .iter()
            .map(|name| labels.get(name).map_or("", String::as_str))
            .collect();
        let value = values.join(&self.separator);
        match &self.action {
            Action::Keep(pattern) => pattern.regex.is_match(&value),
            Action::Drop(pattern) => !pattern.regex.is_match(&value),
            Action::HashMod {
                target_label,
                modulus,
            } => {
                labels.insert(target_label.clone(), (hash(&value) % modulus).to_string());
                true
            }
        }
    }
}

/// The last eight bytes of the MD5, big endian.
fn hash(value: &str) -> u64 {
    let digest = Md5::digest(value);
    digest
        .iter()
        .skip(8)
        .fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

fn labels(fields: &mut Fields<'_>, at: &str) -> Result<Vec<String>> {
    let Some(node) = fields.take("source_labels") else {
        return Ok(Vec::new());
    };
    let wrong = |err: Error| Error::usage(format!("{at}.source_labels: {err}"));
    let names = node.sequence().map_err(wrong)?;
    names
        .iter()
        .map(|name| {
            let name = name.string().map_err(wrong)?;
            if name.is_empty() {
                return Err(wrong(Error::usage("an empty label name")));
            }
            Ok(name)
        })
        .collect()
}

/// An absent field has its default; an empty one or `null` is empty.
fn text(fields: &mut Fields<'_>, key: &'static str, default: &str) -> Result<String> {
    Ok(fields.string(key)?.unwrap_or_else(|| default.to_owned()))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn keeps(rules: &str, labels: &[(&str, &str)]) -> bool {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let id = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap();
        Selector::parse(rules).unwrap().keeps(&labels, id)
    }

    /// S-4.3
    #[test]
    fn rules_reject_in_order() {
        let eu = [("cluster", "eu-1"), ("replica", "a")];
        assert!(keeps("", &[]));
        assert!(keeps(
            "- {action: keep, source_labels: [cluster], regex: eu-.}",
            &eu
        ));
        assert!(!keeps(
            "- {action: keep, source_labels: [cluster], regex: eu}",
            &eu
        ));
        assert!(!keeps(
            "- {action: drop, source_labels: [cluster, replica], regex: eu-1;a}",
            &eu
        ));
        assert!(keeps(
            "- {action: keep, source_labels: [none, no], regex: ;}",
            &eu
        ));
        assert!(keeps(
            "- {action: KEEP, source_labels: [__block_id], regex: 01J9.*}",
            &eu
        ));
        assert!(!keeps("- {action: keep, regex: .+}", &eu));
    }

    /// S-4.3
    #[test]
    fn a_hash_splits_blocks_evenly_and_alike_everywhere() {
        let shard = |number: u64| {
            let rules = format!(
                "- {{action: hashmod, source_labels: [__block_id], target_label: shard, modulus: 3}}\n- {{action: keep, source_labels: [shard], regex: {number}}}"
            );
            keeps(&rules, &[])
        };
        assert_eq!((0..3).filter(|number| shard(*number)).count(), 1);
    }

    /// S-4.3
    #[test]
    fn what_is_wrong_is_refused_in_one_line() {
        for (rules, expected) in [
            ("a: b", "line 1: expected a list"),
            ("- ", "rule 1 is empty"),
            (
                "- {source_labels: [a], regex: b}",
                "rule 1: action is missing: expected keep, drop or hashmod",
            ),
            (
                "- {action: replace, source_labels: [a], regex: b}",
                "rule 1: action \"replace\": expected keep, drop or hashmod",
            ),
            (
                "- {action: dorp, source_labels: [a], regex: b}",
                "rule 1: action \"dorp\": expected keep, drop or hashmod; did you mean drop?",
            ),
            (
                "- {action: keep, source_labels: a}",
                "rule 1.source_labels: line 1: expected a list",
            ),
            (
                "- {action: keep, regex: 'a('}",
                "rule 1: regex \"a(\": missing closing )",
            ),
            ("- {action: hashmod, target_label: a}", "modulus"),
            ("- {action: hashmod, modulus: 2}", "target_label"),
        ] {
            let err = Selector::parse(rules).unwrap_err().to_string();
            assert!(err.contains(expected), "{rules}: {err}");
            assert_eq!(err.lines().count(), 1);
        }
    }

    /// S-4.3: what Thanos reads and does not heed would move everything.
    #[test]
    fn a_slip_that_thanos_overlooks_is_refused_at_the_door() {
        let sound = "- {action: keep, source_labels: [cluster], regex: eu-1, separator: '', replacement: x}\n---\n";
        assert!(Selector::parse_strictly(sound).is_ok());
        for (rules, expected) in [
            (
                "- {action: keep, source_labels: [cluster], regexp: eu-1}",
                "line 1: unknown key rule 1.regexp: expected one of action, modulus, regex, replacement, separator, source_labels, target_label; did you mean regex?",
            ),
            (
                "- action: keep\n  source_label: [cluster]\n  regex: eu-1",
                "; did you mean source_labels?",
            ),
            (
                "- {action: keep, sourceLabels: [cluster], regex: eu-1}",
                "; did you mean source_labels?",
            ),
            (
                "- {action: keep, source_labels: [cluster], Regex: eu-1}",
                "; did you mean regex?",
            ),
            (
                "- {action: drop, source_labels: [a], regex: b}\n- {action: drop, match: eu-1}",
                "line 2: unknown key rule 2.match: expected one of action, ",
            ),
            (
                "- {action: keep, source_labels: [cluster], regex: eu-1, regex: .*}",
                "line 1: rule 1.regex is given twice",
            ),
            (
                "- {action: drop, source_labels: [a], regex: b}\n---\n- {action: keep, source_labels: [cluster], regex: eu-1}",
                "line 3: a second document begins after ---: expected one",
            ),
            (
                "relabel_configs:\n- {action: keep, source_labels: [cluster], regex: eu-1}",
                "line 1: expected a list of rules, each beginning with a dash",
            ),
        ] {
            let err = Selector::parse_strictly(rules).unwrap_err().to_string();
            assert!(err.contains(expected), "{rules}: {err}");
            assert_eq!(err.lines().count(), 1);
        }
        // The evaluation itself stays Thanos' own.
        let ignored = "- {action: keep, source_labels: [cluster], regexp: eu-1}";
        assert!(keeps(ignored, &[("cluster", "eu-2")]));
    }
}

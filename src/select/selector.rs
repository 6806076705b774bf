//! `--selector.relabel-config`: keep, drop and hashmod, as Thanos' compactor evaluates them on blocks.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use regex::Regex;

use crate::block::{BlockId, Labels};
use crate::error::{Error, Result};
use crate::go::pattern;
use crate::yaml::{self, Fields, Node, Unknown};

/// Relabelling rules, tried in order; the first that rejects a block ends it. Without rules every block is kept.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    rules: Vec<Rule>,
    warnings: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    source_labels: Vec<String>,
    separator: String,
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    Keep(Regex),
    Drop(Regex),
    HashMod { target_label: String, modulus: u64 },
}

/// The label that stands for the block's id.
const BLOCK_ID: &str = "__block_id";

impl Selector {
    /// Reads YAML text. Refused is what Thanos refuses, and every action but keep, drop and hashmod.
    pub fn parse(text: &str) -> Result<Self> {
        let mut warnings = Vec::new();
        let Some(document) = yaml::parse(text)? else {
            return Ok(Self::default());
        };
        let rules = document
            .sequence()?
            .iter()
            .enumerate()
            .map(|(number, node)| Rule::parse(node, number, &mut warnings))
            .collect::<Result<_>>()?;
        Ok(Self { rules, warnings })
    }

    /// Whether the block is kept.
    #[must_use]
    pub fn keeps(&self, labels: &Labels, id: BlockId) -> bool {
        let mut values = BTreeMap::from([(BLOCK_ID.to_owned(), id.to_string())]);
        values.extend(labels.as_map().clone());
        self.rules.iter().all(|rule| rule.keeps(&mut values))
    }

    /// What was read and has no effect, as in Thanos.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Rule {
    fn parse(node: &Node, number: usize, warnings: &mut Vec<String>) -> Result<Self> {
        let at = format!("rule {}", number + 1);
        if node.is_null() {
            return Err(Error::usage(format!("{at} is empty")));
        }
        let mut fields = node.fields(&at, Unknown::Ignore)?;
        let source_labels = labels(&mut fields, &at)?;
        let separator = text(&mut fields, "separator", ";")?;
        let pattern = text(&mut fields, "regex", "(.*)")?;
        let modulus = fields.u64("modulus")?.unwrap_or(0);
        let target_label = text(&mut fields, "target_label", "")?;
        let _ = text(&mut fields, "replacement", "$1")?;
        let action = text(&mut fields, "action", "replace")?;
        warnings.extend(
            fields
                .left()
                .map(|key| format!("{at}: unknown key {key} is ignored, as Thanos does")),
        );
        let regex = pattern::compile(&pattern)
            .map_err(|why| Error::usage(format!("{at}: regex {pattern:?}: {why}")))?;
        let action = match action.to_lowercase().as_str() {
            "keep" => Action::Keep(regex),
            "drop" => Action::Drop(regex),
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
            _ => {
                return Err(Error::usage(format!(
                    "{at}: action {action:?}: expected keep, drop or hashmod"
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
    fn keeps(&self, labels: &mut BTreeMap<String, String>) -> bool {
        let values: Vec<&str> = self
            .source_labels
            .iter()
            .map(|name| labels.get(name).map_or("", String::as_str))
            .collect();
        let value = values.join(&self.separator);
        match &self.action {
            Action::Keep(regex) => regex.is_match(&value),
            Action::Drop(regex) => !regex.is_match(&value),
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
                "action \"replace\": expected keep, drop or hashmod",
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
        let typo = Selector::parse("- {action: keep, regexp: a}").unwrap();
        assert_eq!(
            typo.warnings(),
            ["rule 1: unknown key regexp is ignored, as Thanos does"]
        );
    }
}

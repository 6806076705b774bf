//! Mapping files of `graphite_exporter`, which are those of `statsd_exporter`.

use std::collections::BTreeMap;

use regex::Regex;

use super::glob::Glob;
use super::template;
use crate::error::{Error, Result};
use crate::go::pattern;
use crate::payload::{name, number};
use crate::yaml::{self, Fields, Node, Unknown};

/// Which paths become which series: a mapping file of `graphite_exporter`'s.
///
/// Beside what that reads, `strict_match: true` stands for its flag `--graphite.mapping-strict-match`.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    rules: Vec<Rule>,
    /// Of globs that match, the most exact one counts, not the first.
    by_exactness: bool,
    is_strict: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    matcher: Matcher,
    name: String,
    labels: BTreeMap<String, String>,
    honor_labels: bool,
    is_drop: bool,
    scale: f64,
}

#[derive(Debug, Clone)]
enum Matcher {
    Glob(Glob),
    Regex(Regex),
}

/// What a path becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapped {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    /// Tags win over labels of the same name.
    pub(super) honor_labels: bool,
    pub(super) scale: f64,
}

/// Why a path becomes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    /// A rule says so.
    ByRule,
    /// No rule matches, and only what one matches is wanted.
    Unmapped,
    /// The name of its series would be empty.
    Nameless,
}

impl Dropped {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ByRule => "dropped-by-mapping",
            Self::Unmapped => "unmapped",
            Self::Nameless => "empty-name",
        }
    }
}

impl Mapped {
    /// What a path becomes that nobody maps.
    pub(super) fn of_path(path: &str) -> Self {
        Self {
            name: name::legal_with_colons(path),
            labels: Vec::new(),
            honor_labels: false,
            scale: 1.0,
        }
    }
}

impl Mapping {
    /// Reads a mapping file's text.
    ///
    /// Errors: what `graphite_exporter` refuses; they name the line.
    pub fn parse(text: &str) -> Result<Self> {
        let Some(document) = yaml::parse(text)? else {
            return Ok(Self::default());
        };
        let mut fields = document.fields("", Unknown::Refuse)?;
        let mut mapping = Self {
            is_strict: fields.bool("strict_match")?.unwrap_or_default(),
            ..Self::default()
        };
        let mut usual = Type::Glob;
        if let Some(defaults) = fields.take("defaults") {
            let mut defaults = defaults.fields("defaults", Unknown::Refuse)?;
            usual = match_type(&mut defaults)?.unwrap_or(usual);
            mapping.by_exactness = defaults.bool("glob_disable_ordering")?.unwrap_or_default();
            without_effect(&mut defaults);
            defaults.finish()?;
        }
        let rules = fields.take("mappings").map(Node::sequence).transpose()?;
        for (number, rule) in rules.unwrap_or_default().iter().enumerate() {
            let at = format!("mappings[{number}]");
            let rule = Rule::read(rule, &at, usual)?;
            mapping.rules.extend(rule);
        }
        fields.finish()?;
        Ok(mapping)
    }

    /// What a path becomes: by the first glob that matches, or else by the first regular expression that does.
    pub(super) fn mapped(&self, path: &str) -> Result<Mapped, Dropped> {
        let globs = self.rules.iter().filter_map(|rule| match &rule.matcher {
            Matcher::Glob(glob) => Some((rule, glob, glob.captures(path)?)),
            Matcher::Regex(_) => None,
        });
        let mut globs = globs.peekable();
        let found = if self.by_exactness {
            globs.min_by_key(|(_, glob, _)| glob.vagueness())
        } else {
            globs.next()
        };
        if let Some((rule, _, captures)) = found {
            return rule.mapped(|template| template::of_glob(template, &captures));
        }
        let mut regexes = self.rules.iter().filter_map(|rule| match &rule.matcher {
            Matcher::Regex(regex) => Some((rule, regex.captures(path)?)),
            Matcher::Glob(_) => None,
        });
        if let Some((rule, captures)) = regexes.next() {
            return rule.mapped(|template| {
                let mut filled = String::new();
                captures.expand(template, &mut filled);
                filled
            });
        }
        if self.is_strict {
            Err(Dropped::Unmapped)
        } else {
            Ok(Mapped::of_path(path))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Glob,
    Regex,
}

impl Rule {
    /// Reads a rule; `None` for one that gauges never match, which all metrics of Graphite are.
    fn read(node: &Node, at: &str, usual: Type) -> Result<Option<Self>> {
        let mut fields = node.fields(at, Unknown::Refuse)?;
        let line = node.line();
        let wrong = |why: String| Error::usage(format!("line {line}: {at}: {why}"));
        let name = fields.string("name")?.unwrap_or_default();
        let labels = fields.string_map("labels")?.unwrap_or_default();
        let text = fields.string("match")?.unwrap_or_default();
        let match_type = match_type(&mut fields)?.unwrap_or(usual);
        let action = fields.string("action")?.unwrap_or_default();
        let kind = fields.string("match_metric_type")?.unwrap_or_default();
        let scale = fields.string("scale")?;
        let honor_labels = fields.bool("honor_labels")?.unwrap_or_default();
        fields.string("help")?;
        without_effect(&mut fields);
        // Before anything else: a name that is mistyped is missing, too.
        fields.finish()?;
        if !template::is_name(&name) {
            return Err(wrong(format!("name {name:?} is no metric's name")));
        }
        if let Some(label) = labels.keys().find(|label| !template::is_label(label)) {
            return Err(wrong(format!("labels: {label:?} is no label's name")));
        }
        let matcher = match match_type {
            Type::Glob => {
                let glob = Glob::of(&text);
                Matcher::Glob(glob.ok_or_else(|| wrong(format!("match {text:?} is no glob")))?)
            }
            Type::Regex => {
                let regex = pattern::compile_capturing(&text);
                Matcher::Regex(regex.map_err(|why| wrong(format!("match {text:?}: {why}")))?)
            }
        };
        let is_drop = match action.as_str() {
            "" | "map" => false,
            "drop" => true,
            _ => return Err(wrong(format!("action {action:?}: expected map or drop"))),
        };
        let is_of_gauges = match kind.as_str() {
            "" | "gauge" => true,
            "counter" | "observer" | "timer" => false,
            _ => {
                let expected = "expected gauge, counter or observer";
                return Err(wrong(format!("match_metric_type {kind:?}: {expected}")));
            }
        };
        let scale = match scale {
            None => 1.0,
            Some(scale) => number::float(&scale)
                .ok_or_else(|| wrong(format!("scale {scale:?} is no number")))?,
        };
        Ok(is_of_gauges.then_some(Self {
            matcher,
            name,
            labels,
            honor_labels,
            is_drop,
            scale,
        }))
    }

    fn mapped(&self, fill: impl Fn(&str) -> String) -> Result<Mapped, Dropped> {
        if self.is_drop {
            return Err(Dropped::ByRule);
        }
        let name = name::legal_with_colons(&fill(&self.name));
        if name.is_empty() {
            return Err(Dropped::Nameless);
        }
        let labels = self.labels.iter();
        Ok(Mapped {
            name,
            labels: labels
                .map(|(label, value)| (label.clone(), fill(value)))
                .collect(),
            honor_labels: self.honor_labels,
            scale: self.scale,
        })
    }
}

fn match_type(fields: &mut Fields) -> Result<Option<Type>> {
    let Some(node) = fields.take("match_type") else {
        return Ok(None);
    };
    match node.string()?.as_str() {
        "" => Ok(None),
        "glob" => Ok(Some(Type::Glob)),
        "regex" => Ok(Some(Type::Regex)),
        other => Err(Error::usage(format!(
            "line {}: match_type {other:?}: expected glob or regex",
            node.line()
        ))),
    }
}

/// What `graphite_exporter` reads as well, and uses for nothing.
fn without_effect(fields: &mut Fields) {
    for key in [
        "observer_type",
        "timer_type",
        "ttl",
        "summary_options",
        "histogram_options",
        "buckets",
        "quantiles",
    ] {
        fields.take(key);
    }
}

//! One rule: the command line of `migrate` that it stands for.

use std::ffi::OsString;
use std::num::NonZeroU64;

use chrono::{DateTime, TimeDelta, Utc};

use super::fault::without_line;
use super::vocabulary::Vocabulary;
use crate::bucket::{BucketConfig, Environment};
use crate::cli::flags::Origins;
use crate::command::migrate;
use crate::command::run::Rule;
use crate::error::{Error, Result};
use crate::policy::Hours;
use crate::select::{Cutoff, Selector};
use crate::yaml;

/// As compactors have it unless they are told.
const DELETE_DELAY: TimeDelta = TimeDelta::hours(48);

/// A rule that is being read.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Its place in the policy: `rules[0]`.
    pub(super) at: String,
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) hours: Option<Hours>,
    pub(super) hot_bytes: Option<NonZeroU64>,
    pub(super) delete_delay: Option<TimeDelta>,
    members: Vec<Member>,
}

/// A member, and the flag that it stands for.
#[derive(Debug, Clone)]
struct Member {
    flag: String,
    /// Its place in the policy, and the file that it names: `rules[0].source "hot.yaml"`.
    at: String,
    line: usize,
    /// Whether lines that errors name are of a text which nobody sees.
    is_inline: bool,
    values: Vec<String>,
}

/// The line of a fault, where it is known, and what it is.
pub(super) type Told = (Option<usize>, String);

impl Draft {
    pub(super) fn new(at: &str, line: usize) -> Self {
        Self {
            at: at.to_owned(),
            line,
            name: String::new(),
            hours: None,
            hot_bytes: None,
            delete_delay: None,
            members: Vec::new(),
        }
    }

    /// Adds a configuration, which stands in the policy or in the file of that path.
    pub(super) fn document(
        &mut self,
        (flag, at, line): (&str, String, usize),
        path: Option<&str>,
        text: String,
    ) {
        self.members.push(Member {
            flag: flag.to_owned(),
            at: path.map_or(at.clone(), |path| format!("{at} {path:?}")),
            line,
            is_inline: path.is_none(),
            values: vec![text],
        });
    }

    /// Adds a flag with its values; hands back its place.
    pub(super) fn flag(&mut self, flag: &str, at: String, line: usize, values: &[String]) -> usize {
        self.members.push(Member {
            flag: flag.to_owned(),
            at,
            line,
            is_inline: false,
            values: values.to_vec(),
        });
        self.members.len() - 1
    }

    /// What the command line says for the member of that place.
    pub(super) fn arguments_of(&self, place: usize) -> Vec<OsString> {
        self.members
            .get(place)
            .map_or_else(Vec::new, Member::arguments)
    }

    /// What an error says of flags, said of members; and the line of the first of them.
    pub(super) fn in_its_words(&self, text: &str) -> Told {
        let mut words = text.to_owned();
        let mut first: Option<(usize, &Member)> = None;
        // No flag may be taken for the beginning of a longer one.
        let mut members: Vec<&Member> = self.members.iter().collect();
        members.sort_by_key(|member| std::cmp::Reverse(member.flag.len()));
        for member in members {
            let flag = format!("--{}", member.flag);
            let Some(place) = text.find(&flag) else {
                continue;
            };
            if first.is_none_or(|(earliest, _)| place < earliest) {
                first = Some((place, member));
            }
            words = words.replace(&flag, &member.at);
        }
        let words = others(&words);
        match first {
            Some((_, member)) if member.is_inline => (Some(member.line), without_line(&words)),
            Some((_, member)) => (Some(member.line), words),
            None => (None, format!("{}: {words}", self.at)),
        }
    }

    /// The rule, whose migration can be asked for at any time.
    pub(super) fn rule(
        self,
        environment: &Environment,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Rule, Vec<Told>> {
        let told = self.judge_documents(environment, now);
        if !told.is_empty() {
            return Err(told);
        }
        let environment = environment.clone();
        let mut told = Vec::new();
        let request = self
            .request(&environment, now, &mut told)
            .map_err(|err| vec![self.in_its_words(&format!("{err:#}"))])?;
        warnings.extend(told.iter().map(|warning| self.in_its_words(warning).1));
        Ok(Rule {
            name: self.name.clone(),
            source: request.source.location().to_string(),
            target: request.target.location().to_string(),
            hours: self.hours.clone(),
            hot_bytes: self.hot_bytes,
            delete_delay: self.delete_delay.unwrap_or(DELETE_DELAY),
            request: Box::new(move |now| {
                let request = self.request(&environment, now, &mut Vec::new());
                request.map_err(|err| Error::usage(self.in_its_words(&format!("{err:#}")).1))
            }),
        })
    }

    /// What is wrong with texts, each judged alone, so that a fault in one hides none in another.
    pub(super) fn judge_documents(
        &self,
        environment: &Environment,
        now: DateTime<Utc>,
    ) -> Vec<Told> {
        let texts = self.members.iter().flat_map(|member| {
            let values = member.values.iter();
            values.map(|value| (member.flag.as_str(), value.as_str()))
        });
        let wrong = texts.filter_map(|(flag, text)| {
            let why = judge(flag, text, environment, now)?;
            Some(self.in_its_words(&format!("--{flag}{why}")))
        });
        wrong.collect()
    }

    fn request(
        &self,
        environment: &Environment,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<migrate::Request> {
        let arguments: Vec<OsString> = self.members.iter().flat_map(Member::arguments).collect();
        let origins = Origins {
            typed: &[],
            arguments: &arguments,
            environment,
        };
        let flags = Vocabulary::new().flags(&arguments, &origins)?;
        flags.request(&origins, now, warnings)
    }
}

/// What is wrong with what a flag is given, apart from all others, in words that follow its name.
fn judge(flag: &str, value: &str, environment: &Environment, now: DateTime<Utc>) -> Option<String> {
    let judged = match flag {
        "objstore.config" | "objstore-to.config" => {
            BucketConfig::parse(value, environment).map(drop)
        }
        "selector.relabel-config" => {
            let variable = |name: &str| environment.get(name).map(str::to_owned);
            let expanded = yaml::expand(value, &variable);
            expanded.and_then(|text| Selector::parse_strictly(&text).map(drop))
        }
        "older-than" => {
            let judged = Cutoff::parse(value, now).map(drop);
            return judged.err().map(|err| format!(" {value:?}: {err:#}"));
        }
        _ => Ok(()),
    };
    judged.err().map(|err| format!(": {err:#}"))
}

impl Member {
    fn arguments(&self) -> Vec<OsString> {
        let values = self.values.iter();
        values
            .map(|value| format!("--{}={value}", self.flag).into())
            .collect()
    }
}

/// The text, in which flags that the rule does not have are called by the names of their members.
fn others(text: &str) -> String {
    let mut said = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        let (before, flag) = rest.split_at(start);
        said.push_str(before);
        let name = flag.trim_start_matches('-');
        let is_of_name = |letter: char| letter.is_ascii_lowercase() || "-.".contains(letter);
        let end = name
            .find(|letter| !is_of_name(letter))
            .unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        said.push_str(&name.replace(['-', '.'], "_"));
        rest = after;
    }
    said.push_str(rest);
    said
}

//! From YAML to rules: what is there, what is missing, what nobody knows.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::fault::{Faults, without_line};
use super::readable::may_be_read_again;
use super::rule::Draft;
use super::vocabulary::{Form, Vocabulary};
use crate::bucket::Environment;
use crate::cli::document::Document;
use crate::cli::flags::Origins;
use crate::cli::values::{delete_delay, long_duration, long_duration_or_none, size_bytes};
use crate::command::run::{Policy, Rule};
use crate::error::Result;
use crate::nearest::nearest;
use crate::policy::{Hours, Jitter, Pace};
use crate::yaml::{self, Fields, Node, Unknown};

/// What a policy is read with.
pub(super) struct Reading<'a> {
    pub(super) vocabulary: Vocabulary,
    /// Where paths begin.
    pub(super) folder: PathBuf,
    pub(super) environment: &'a Environment,
    pub(super) now: DateTime<Utc>,
    /// Is told all that is read.
    pub(super) seen: &'a mut Sha256,
    pub(super) faults: &'a mut Faults,
}

/// What a member says.
enum Member<T> {
    Absent,
    /// What is wrong was noted.
    Wrong,
    Given(T),
}

impl<T> Member<T> {
    fn given(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }
}

/// Rules have a name in figures and addresses.
const LONGEST_NAME: usize = 64;

impl Reading<'_> {
    /// The policy, where nothing is wrong with it.
    pub(super) fn policy(mut self, node: Option<&Node>) -> Option<Policy> {
        let Some(node) = node.filter(|node| !node.is_null()) else {
            self.faults.add(1, "it is empty: expected rules");
            return None;
        };
        let mut fields = self.fields(node, "")?;
        let interval = self.text(&mut fields, "interval", "interval", interval);
        let jitter = self.text(&mut fields, "jitter", "jitter", |text| {
            Jitter::parse(text, long_duration_or_none)
        });
        let rules = fields.take("rules");
        self.refuse_unknown(&fields, "", ["interval", "jitter", "rules"].into_iter());
        let Some(rules) = rules.filter(|rules| !rules.is_null()) else {
            self.faults
                .add(node.line(), "rules is missing: expected a list of rules");
            return None;
        };
        let items = self
            .faults
            .unless(rules.line(), "rules", rules.sequence())?;
        if items.is_empty() {
            self.faults
                .add(rules.line(), "rules: expected at least one rule");
        }
        let drafts: Vec<Draft> = items
            .iter()
            .enumerate()
            .filter_map(|(number, node)| self.rule(node, &format!("rules[{number}]")))
            .collect();
        self.refuse_equal_names(&drafts);
        if self.faults.count() > 0 {
            // Where something is amiss already, the rest is judged piece by piece.
            for draft in &drafts {
                for (line, text) in draft.judge_documents(self.environment, self.now) {
                    self.faults.add(line.unwrap_or(draft.line), text);
                }
            }
            return None;
        }
        let mut warnings = Vec::new();
        let (environment, now) = (self.environment, self.now);
        let faults = &mut *self.faults;
        let mut rules = Vec::new();
        for draft in drafts {
            let line = draft.line;
            match draft.rule(environment, now, &mut warnings) {
                Ok(rule) => rules.push(rule),
                Err(told) => {
                    for (of, text) in told {
                        faults.add(of.unwrap_or(line), text);
                    }
                }
            }
        }
        warn_of_circles(&rules, &mut warnings);
        Some(Policy {
            pace: Pace {
                interval: interval.given().unwrap_or(Duration::from_hours(1)),
                jitter: jitter.given().unwrap_or(Jitter::Percent(10)),
            },
            rules,
            warnings,
        })
    }

    /// The members of a mapping.
    fn fields<'n>(&mut self, node: &'n Node, at: &str) -> Option<Fields<'n>> {
        match node.fields(at, Unknown::Refuse) {
            Ok(fields) => Some(fields),
            Err(err) => {
                let text = err.to_string();
                let place = if at.is_empty() { "the policy" } else { at };
                match line_of(&text) {
                    // Of the two it is the second one.
                    Some(line) => self.faults.add(line, without_line(&text)),
                    None => self
                        .faults
                        .add(node.line(), format!("{place}: expected a mapping")),
                }
                None
            }
        }
    }

    fn refuse_unknown<'n>(
        &mut self,
        fields: &Fields<'_>,
        at: &str,
        known: impl Iterator<Item = &'n str>,
    ) {
        let known: Vec<&str> = known.collect();
        for name in fields.left() {
            let line = fields.peek(name).map_or(1, Node::line);
            let meant = nearest(&name.replace(['-', '.'], "_"), known.iter().copied());
            let told = match meant {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("expected one of {}", known.join(", ")),
            };
            let path = if at.is_empty() {
                format!("{name:?}")
            } else {
                format!("{name:?} of {at}")
            };
            self.faults
                .add(line, format!("unknown member {path}: {told}"));
        }
    }

    /// A member that is one text.
    fn text<T>(
        &mut self,
        fields: &mut Fields<'_>,
        member: &'static str,
        at: &str,
        parse: impl FnOnce(&str) -> Result<T>,
    ) -> Member<T> {
        let Some(node) = fields.take(member) else {
            return Member::Absent;
        };
        let Some(text) = self.scalar(node, at) else {
            return Member::Wrong;
        };
        let parsed = parse(&text).map_err(|err| format!("{text:?}: {err:#}"));
        let parsed = self.faults.unless(node.line(), at, parsed);
        parsed.map_or(Member::Wrong, Member::Given)
    }

    /// The text of a value that is neither a list nor a mapping, nor nothing.
    fn scalar(&mut self, node: &Node, at: &str) -> Option<String> {
        if node.is_null() {
            self.faults
                .add(node.line(), format!("{at}: it is empty: expected a value"));
            return None;
        }
        let text = node.string().map_err(|_| "expected one value");
        self.faults.unless(node.line(), at, text)
    }

    fn rule(&mut self, node: &Node, at: &str) -> Option<Draft> {
        let mut fields = self.fields(node, at)?;
        let mut draft = Draft::new(at, node.line());
        let within = |member: &str| format!("{at}.{member}");
        match self.text(&mut fields, "name", &within("name"), name) {
            Member::Absent => self.missing(node, at, "name", "a name such as archive"),
            Member::Given(name) => draft.name = name,
            Member::Wrong => {}
        }
        for (member, flag) in [
            ("source", "objstore.config"),
            ("target", "objstore-to.config"),
            ("selector", "selector.relabel-config"),
        ] {
            match fields.take(member).filter(|node| !node.is_null()) {
                Some(node) => self.document(node, (member, flag), &mut draft),
                None if member == "selector" => {}
                None => self.missing(
                    node,
                    at,
                    member,
                    "a bucket, as Thanos' type and config or as the path of a file with them",
                ),
            }
        }
        if let Some(node) = fields.take("hours") {
            draft.hours = self.hours(node, &within("hours"));
        }
        let bytes = self.text(&mut fields, "hot_bytes", &within("hot_bytes"), size_bytes);
        draft.hot_bytes = bytes.given();
        let at_delay = within("delete_delay");
        let delay = self.text(&mut fields, "delete_delay", &at_delay, delete_delay);
        draft.delete_delay = delay.given();
        let left: Vec<String> = fields.left().map(str::to_owned).collect();
        let (flags, unknown): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|name| self.vocabulary.word(name).is_some());
        for member in flags {
            if let Some(value) = fields.peek(&member) {
                self.flag(&member, value, &mut draft);
            }
        }
        for name in unknown {
            let line = fields.peek(&name).map_or(node.line(), Node::line);
            self.unknown_member(&name, line, at);
        }
        if fields.peek("older_than").is_none() {
            self.missing(node, at, "older_than", "an age such as 30d");
        }
        Some(draft)
    }

    fn unknown_member(&mut self, name: &str, line: usize, at: &str) {
        let meant = nearest(&name.replace(['-', '.'], "_"), self.vocabulary.names());
        let told = match meant {
            Some(meant) => format!("did you mean {meant}?"),
            None => "expected a flag of migrate with _ for - and ., or one of name, source, target, selector, hours, hot_bytes, delete_delay"
                .to_owned(),
        };
        self.faults
            .add(line, format!("unknown member {name:?} of {at}: {told}"));
    }

    fn missing(&mut self, node: &Node, at: &str, member: &str, expected: &str) {
        self.faults.add(
            node.line(),
            format!("{at}.{member} is missing: expected {expected}"),
        );
    }

    /// A configuration that stands here, or in a file of which the path stands here.
    fn document(&mut self, node: &Node, (member, flag): (&str, &'static str), draft: &mut Draft) {
        let at = format!("{}.{member}", draft.at);
        let path = match node.string() {
            Err(_) => {
                draft.document((flag, at, node.line()), None, node.spelled());
                return;
            }
            // A block of text, as flags are given it.
            Ok(text) if text.contains('\n') => {
                let inner = yaml::parse_only(&text);
                if let Some(inner) = self.faults.unless(node.line(), &at, inner) {
                    let text = inner.map_or(String::new(), |inner| inner.spelled());
                    draft.document((flag, at, node.line()), None, text);
                }
                return;
            }
            Ok(path) => path,
        };
        let path = self.folder.join(path);
        let origins = Origins {
            typed: &[],
            arguments: &[],
            environment: &Environment::default(),
        };
        let read = may_be_read_again(&path)
            .and_then(|()| Document::read(flag, None, Some(path.clone()), &origins));
        let text = read.and_then(|document| {
            document.map_or(Ok(String::new()), |it| it.parse(|text| Ok(text.to_owned())))
        });
        match text {
            Ok(text) => {
                self.seen.update(path.as_os_str().as_encoded_bytes());
                self.seen.update(&text);
                let path = path.to_string_lossy().into_owned();
                draft.document((flag, at, node.line()), Some(&path), text);
            }
            Err(err) => {
                // What cannot be read has no content.
                self.seen.update(err.to_string());
                let flag = format!("--{flag}-file");
                let why = err.to_string();
                let why = if why.contains(&flag) {
                    why.replace(&flag, &at)
                } else {
                    format!("{at} {why}")
                };
                self.faults.add(node.line(), why);
            }
        }
    }

    fn hours(&mut self, node: &Node, at: &str) -> Option<Hours> {
        let items = match node.sequence() {
            Ok([]) => {
                self.faults.add(
                    node.line(),
                    format!("{at}: expected hours, or no such member"),
                );
                return None;
            }
            Ok(items) => items.to_vec(),
            Err(_) => vec![node.clone()],
        };
        let mut windows = Vec::new();
        for item in &items {
            let window = self.scalar(item, at)?;
            // Each is judged alone, so that all faults are told.
            let one = Hours::parse([window.as_str()]);
            if self.faults.unless(item.line(), at, one).is_some() {
                windows.push(window);
            }
        }
        Hours::parse(windows.iter().map(String::as_str)).ok()
    }

    /// A member that is a flag of `migrate`.
    fn flag(&mut self, member: &str, node: &Node, draft: &mut Draft) {
        let Some(word) = self.vocabulary.word(member).cloned() else {
            return;
        };
        let at = format!("{}.{member}", draft.at);
        let values = match (word.form, node.sequence()) {
            (Form::Boolean, _) => {
                if node.is_null() {
                    self.scalar(node, &at).map(|text| vec![text])
                } else {
                    let value = self.faults.unless(node.line(), &at, node.bool());
                    value.map(|value| vec![value.to_string()])
                }
            }
            (Form::Many, Ok(items)) if !items.is_empty() => {
                items.iter().map(|item| self.scalar(item, &at)).collect()
            }
            _ => self.scalar(node, &at).map(|text| vec![text]),
        };
        let Some(mut values) = values else { return };
        if word.flag == "cache-dir" {
            for path in &mut values {
                *path = self.folder.join(&*path).to_string_lossy().into_owned();
            }
        }
        let place = draft.flag(&word.flag, at, node.line(), &values);
        let origins = Origins {
            typed: &[],
            arguments: &[],
            environment: &Environment::default(),
        };
        for argument in draft.arguments_of(place) {
            let judged = self.vocabulary.judge(&word, &[argument], &origins);
            if let Err(err) = judged {
                let text = draft.in_its_words(&err.to_string()).1;
                self.faults.add(node.line(), text);
            }
        }
    }

    fn refuse_equal_names(&mut self, drafts: &[Draft]) {
        for (place, draft) in drafts.iter().enumerate() {
            let mut before = drafts.iter().take(place);
            let twin = before.find(|other| other.name == draft.name && !draft.name.is_empty());
            if let Some(twin) = twin {
                let (at, name, other) = (&draft.at, &draft.name, &twin.at);
                self.faults.add(
                    draft.line,
                    format!("{at}.name {name:?}: {other} has this name: expected another"),
                );
            }
        }
    }
}

/// What one rule takes away another brings back.
fn warn_of_circles(rules: &[Rule], warnings: &mut Vec<String>) {
    for (place, rule) in rules.iter().enumerate() {
        let mut before = rules.iter().take(place);
        let back = before.find(|other| other.source == rule.target && other.target == rule.source);
        if let Some(other) = back {
            let (one, other) = (&other.name, &rule.name);
            warnings.push(format!(
                "rule {other:?} moves back what rule {one:?} has moved, wherever both select it"
            ));
        }
    }
}

/// The line that an error of the reader begins with.
fn line_of(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("line ")?.split(':').next()?;
    digits.parse().ok()
}

fn interval(text: &str) -> Result<Duration> {
    let interval = long_duration(text).ok();
    let interval = interval.filter(|interval| *interval >= Duration::from_secs(1));
    interval.ok_or_else(|| {
        crate::Error::usage(
            "expected a duration such as 5m, 1h or 2days, at least 1s and at most 365days",
        )
    })
}

fn name(text: &str) -> Result<String> {
    let is_name = text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    if is_name {
        return Ok(text.to_owned());
    }
    Err(crate::Error::usage(format!(
        "expected up to {LONGEST_NAME} letters, digits, and . _ - between them"
    )))
}

//! What a check found, one line each.

use crate::bucket::{Policy, Role};
use crate::error::{Error, Kind};
use crate::exit::Exit;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The source, or the one bucket that there is.
    Source,
    /// The target.
    Target,
    /// What is between them.
    Both,
}

impl About {
    /// `source`, `target` or `both`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            About::Source => "source",
            About::Target => "target",
            About::Both => "both",
        }
    }
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was tried, and works.
    Fine,
    /// Something to know.
    Note,
    /// Something that may cost blocks, whatever a migration does.
    Risk,
    /// It was not tried.
    Untried,
    /// It was tried, and does not work: nor would a migration.
    Failed,
}

impl State {
    /// `ok`, `note`, `risk`, `untried` or `failed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Fine => "ok",
            State::Note => "note",
            State::Risk => "risk",
            State::Untried => "untried",
            State::Failed => "failed",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub about: About,
    /// What was looked at, in a word.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, in a sentence.
    pub text: String,
    /// Whether the configuration is what is wrong.
    is_usage: bool,
}

/// All that was found.
#[derive(Debug)]
pub struct Checked {
    /// In the order in which it was looked at.
    pub findings: Vec<Finding>,
    /// The least rights that a migration needs, for each bucket.
    pub policies: Vec<(Role, Policy)>,
}

impl Checked {
    /// How the process ends: as a migration would that meets the same.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let failed = self.failed();
        if failed.clone().any(|one| one.is_usage) {
            Exit::Misused
        } else if failed.count() > 0 {
            Exit::Aborted
        } else {
            Exit::Done
        }
    }

    /// What does not work.
    pub fn failed(&self) -> impl Iterator<Item = &Finding> + Clone {
        let findings = self.findings.iter();
        findings.filter(|one| one.state == State::Failed)
    }
}

/// What was found so far; nothing at first.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// It was tried, and works.
    pub fn fine(&mut self, about: About, name: &'static str, text: impl Into<String>) {
        self.add(about, name, State::Fine, text.into(), false);
    }

    /// Something to know.
    pub fn note(&mut self, about: About, name: &'static str, text: impl Into<String>) {
        self.add(about, name, State::Note, text.into(), false);
    }

    /// Something that may cost blocks.
    pub fn risk(&mut self, about: About, name: &'static str, text: impl Into<String>) {
        self.add(about, name, State::Risk, text.into(), false);
    }

    /// It was not tried, and why.
    pub fn untried(&mut self, about: About, name: &'static str, text: impl Into<String>) {
        self.add(about, name, State::Untried, text.into(), false);
    }

    /// It was tried, and does not work.
    pub fn failed(&mut self, about: About, name: &'static str, err: &Error) {
        let is_usage = err.kind() == Kind::Usage;
        self.add(about, name, State::Failed, format!("{err:#}"), is_usage);
    }

    /// Drops what was noted or not tried of it, because it is tried now.
    pub fn supersede(&mut self, about: About, name: &str) {
        let is_presumed = |one: &Finding| matches!(one.state, State::Note | State::Untried);
        self.0
            .retain(|one| one.about != about || one.name != name || !is_presumed(one));
    }

    /// Whether it was tried, and does not work.
    #[must_use]
    pub fn has_failed(&self, about: About, name: &str) -> bool {
        let mut failed = self.0.iter().filter(|one| one.state == State::Failed);
        failed.any(|one| one.about == about && one.name == name)
    }

    /// All of it, with the least rights that each bucket needs.
    #[must_use]
    pub fn checked(self, policies: Vec<(Role, Policy)>) -> Checked {
        Checked {
            findings: self.0,
            policies,
        }
    }

    fn add(&mut self, about: About, name: &'static str, state: State, text: String, usage: bool) {
        self.0.push(Finding {
            about,
            name,
            state,
            text,
            is_usage: usage,
        });
    }
}

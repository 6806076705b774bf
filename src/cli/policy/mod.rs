//! The file of a policy: what it says becomes rules that need no further checking, or a line for each fault.
//!
//! A rule's members are the flags of `migrate`, with `_` in the place of `-` and `.`, and mean what those mean: they are judged by the same parser.

mod fault;
mod readable;
mod reading;
mod rule;
mod vocabulary;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::document::Document;
use super::flags::Origins;
use crate::bucket::Environment;
use crate::command::run::{Loaded, Policy};
use crate::error::{Error, Result};
use crate::yaml;
use fault::Faults;
use readable::may_be_read_again;
use reading::Reading;
use vocabulary::Vocabulary;

/// Where a policy stands.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) text: Option<String>,
    pub(super) path: Option<PathBuf>,
    pub(super) environment: Environment,
}

impl Source {
    /// Reads it and the files that it names, as they are now.
    pub(super) fn load(&self, now: DateTime<Utc>) -> Loaded {
        let mut seen = Sha256::new();
        let policy = self.read(now, &mut seen);
        Loaded {
            print: seen.finalize().into(),
            policy,
        }
    }

    fn read(&self, now: DateTime<Utc>, seen: &mut Sha256) -> Result<Policy, Vec<String>> {
        let origins = Origins {
            typed: &[],
            arguments: &[],
            environment: &self.environment,
        };
        let one = |err: Error| vec![format!("{err:#}")];
        let (text, path) = (self.text.clone(), self.path.clone());
        let regular = path.as_deref().map_or(Ok(()), |path| {
            may_be_read_again(path).map_err(|err| Error::usage(format!("--policy-file {err}")))
        });
        let document = regular.and_then(|()| Document::read("policy", text, path, &origins));
        let document = document.map_err(|err| {
            // What cannot be read has no content.
            seen.update(err.to_string());
            one(err)
        })?;
        let document = document.ok_or_else(|| one(missing()))?;
        let text = document.parse(|text| Ok(text.to_owned())).map_err(one)?;
        seen.update(&text);
        let variable = |name: &str| self.environment.get(name).map(str::to_owned);
        let node = document
            .parse(|text| yaml::parse_only(&yaml::expand(text, &variable)?))
            .map_err(one)?;
        let folder = self.path.as_ref().and_then(|path| path.parent());
        let mut faults = Faults::new(document.name());
        let policy = Reading {
            vocabulary: Vocabulary::new(),
            folder: folder.map(PathBuf::from).unwrap_or_default(),
            environment: &self.environment,
            now,
            seen,
            faults: &mut faults,
        }
        .policy(node.as_ref());
        match (policy, faults.end()) {
            (Some(policy), faults) if faults.is_empty() => Ok(policy),
            (_, faults) => Err(faults),
        }
    }
}

/// No policy is given.
pub(super) fn missing() -> Error {
    Error::usage(
        "--policy or --policy-file is required: expected a policy, as YAML text or its path",
    )
}

#[cfg(test)]
mod tests;

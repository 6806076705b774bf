//! What a bucket says of how it keeps its objects, as far as it may be asked: an operator wants to know it before a migration.

use super::prefix::Prefix;

/// An answer to a question that not every bucket may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<T> {
    /// It was answered.
    Yes(T),
    /// It was not, and why.
    No(String),
}

/// What a bucket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// What becomes of objects that are overwritten or deleted.
    pub versions: Told<Versions>,
    /// What cannot be removed for a while; `None` where everything can at any time.
    pub locked: Told<Option<Lock>>,
    /// What happens to objects as they grow old, each rule by itself; those that are switched off are not among them.
    pub rules: Told<Vec<Rule>>,
}

/// What becomes of objects that are overwritten or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// They are gone.
    Gone,
    /// They stay, unseen and paid for, until somebody removes them.
    Kept,
    /// They are gone, but for those of a time when they stayed.
    NoMore,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What it is on.
    pub on: LockedOn,
    /// For how long, in words such as "for 30 days".
    pub how: String,
}

/// What a lock is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockedOn {
    /// An object can be neither overwritten nor deleted.
    Objects,
    /// An object can be overwritten and deleted by its name, and what it was stays, unseen, as a version that nobody can delete.
    Versions,
}

impl Lock {
    /// A lock on objects.
    pub(super) fn on_objects(how: impl Into<String>) -> Self {
        let (on, how) = (LockedOn::Objects, how.into());
        Self { on, how }
    }

    /// A lock on versions.
    pub(super) fn on_versions(how: impl Into<String>) -> Self {
        let (on, how) = (LockedOn::Versions, how.into());
        Self { on, how }
    }
}

impl Keeping {
    /// Whether what is deleted stays, unseen.
    #[must_use]
    pub fn keeps_deleted(&self) -> bool {
        self.versions == Told::Yes(Versions::Kept) || matches!(self.locked, Told::Yes(Some(_)))
    }
}

/// A rule by which a bucket changes objects as they grow old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What the bucket calls it; may be empty.
    pub name: String,
    /// What the names begin with of the objects that it is for; empty where it is for all. `None` where it picks them in another way too.
    pub prefix: Option<String>,
    /// What it does.
    pub acts: Vec<Act>,
}

impl Rule {
    /// Whether it may be for some of what lies below a prefix: a rule's own ends anywhere in a name.
    pub(super) fn concerns(&self, prefix: &Prefix) -> bool {
        let Some(rules) = &self.prefix else {
            return true;
        };
        let ours = match prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        ours.starts_with(rules.as_str()) || rules.starts_with(&ours)
    }
}

/// A number of units, in words.
pub(super) fn count(number: &str, unit: &str) -> String {
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Objects are deleted; when, in words such as "after 30 days".
    Delete(String),
    /// Objects go to another storage class, after so long.
    Move {
        /// Its name.
        class: String,
        /// Whether nobody can read them there before a restore.
        archived: bool,
        /// When, in such words.
        after: String,
    },
    /// Uploads that nobody completes are removed.
    RemoveUploads,
    /// Versions that are no longer the newest are deleted.
    DeleteOldVersions,
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_rule_concerns_what_its_prefix_and_the_buckets_have_in_common() {
        for (rules, ours, expected) in [
            (Some(""), "prom", true),
            (Some("logs/"), "prom", false),
            (Some("pro"), "prom", true),
            (Some("prom"), "prom", true),
            (Some("prom/01"), "prom", true),
            (Some("prometheus/"), "prom", false),
            (Some("logs/"), "", true),
            (None, "prom", true),
        ] {
            let rule = Rule {
                name: String::new(),
                prefix: rules.map(str::to_owned),
                acts: Vec::new(),
            };
            let prefix = Prefix::new(ours).unwrap();
            assert_eq!(rule.concerns(&prefix), expected, "{rules:?} {ours}");
        }
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(count("1", "day"), "1 day");
        assert_eq!(count("30", "day"), "30 days");
    }
}

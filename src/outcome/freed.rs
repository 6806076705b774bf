//! When the space of deleted blocks is freed in the source, by what it says of how it keeps objects.

use crate::bucket::{Act, Keeping, LockedOn, Rule, Told, Versions};

/// When the space of deleted blocks is freed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freed {
    /// A bucket of this kind does not say.
    NotTold,
    /// With their deletion.
    WithDeletion,
    /// Later, and why.
    Later(String),
    /// It was asked and did not say, and why.
    Unknown(String),
}

impl Freed {
    /// What follows from what the source says.
    #[must_use]
    pub fn by(keeping: Option<&Keeping>) -> Self {
        let Some(keeping) = keeping else {
            return Self::NotTold;
        };
        if let Told::Yes(Some(lock)) = &keeping.locked {
            let what = match lock.on {
                LockedOn::Objects => "objects",
                LockedOn::Versions => "versions",
            };
            return Self::Later(format!(
                "the source locks {what} {}: nothing of them is freed before",
                lock.how
            ));
        }
        match &keeping.versions {
            Told::Yes(Versions::Kept) => Self::Later(format!(
                "the source keeps versions: what is deleted there stays, unseen and paid for, and nothing is freed until noncurrent versions expire{}",
                by_which_rule(&keeping.rules)
            )),
            Told::Yes(Versions::Gone | Versions::NoMore) => Self::WithDeletion,
            Told::No(why) => Self::Unknown(why.clone()),
        }
    }
}

fn by_which_rule(rules: &Told<Vec<Rule>>) -> String {
    let Told::Yes(rules) = rules else {
        return String::new();
    };
    let deletes = |rule: &&Rule| rule.acts.contains(&Act::DeleteOldVersions);
    match rules.iter().find(deletes) {
        Some(rule) => format!("; its rule {:?} deletes them", rule.name),
        None => "; none of its rules deletes them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::Lock;

    fn keeping(versions: Told<Versions>, locked: Option<&str>, acts: Vec<Act>) -> Keeping {
        Keeping {
            versions,
            locked: Told::Yes(locked.map(|how| Lock {
                on: LockedOn::Objects,
                how: how.to_owned(),
            })),
            rules: Told::Yes(vec![Rule {
                name: "tidy".to_owned(),
                prefix: None,
                acts,
            }]),
        }
    }

    /// S-17.9
    #[test]
    fn what_a_bucket_keeps_of_deleted_blocks_is_told() {
        let kept = || Told::Yes(Versions::Kept);
        let refused = || Told::No("AccessDenied".to_owned());
        for (given, expected) in [
            (None, Freed::NotTold),
            (
                Some(keeping(Told::Yes(Versions::Gone), None, vec![])),
                Freed::WithDeletion,
            ),
            (
                Some(keeping(refused(), None, vec![])),
                Freed::Unknown("AccessDenied".to_owned()),
            ),
        ] {
            assert_eq!(Freed::by(given.as_ref()), expected);
        }
        for (given, words) in [
            (
                keeping(kept(), None, vec![]),
                "none of its rules deletes them",
            ),
            (
                keeping(kept(), None, vec![Act::DeleteOldVersions]),
                "its rule \"tidy\" deletes them",
            ),
            (
                keeping(refused(), Some("for 30 days"), vec![]),
                "locks objects for 30 days: ",
            ),
        ] {
            let freed = Freed::by(Some(&given));
            assert!(
                matches!(&freed, Freed::Later(why) if why.contains(words)),
                "{freed:?}"
            );
        }
    }
}

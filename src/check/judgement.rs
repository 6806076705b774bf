//! What it means to a migration how buckets are kept, and what they have in common.

use crate::bucket::{
    Act, BucketConfig, BucketReader, Keeping, Lock, LockedOn, Readable, Rule, ServerSide, Told,
    Versions,
};
use crate::error::Error;
use crate::outcome::{About, Findings};

/// What a bucket says of how it keeps objects, and what that means.
pub(super) fn keeping(about: About, keeping: Option<Keeping>, findings: &mut Findings) {
    let Some(keeping) = keeping else { return };
    match keeping.versions {
        Told::No(why) => findings.untried(about, "versions", why),
        Told::Yes(Versions::Gone) => {
            findings.note(about, "versions", "what is deleted is gone, and no more paid for");
        }
        Told::Yes(Versions::NoMore) => findings.note(
            about,
            "versions",
            "versions are kept no more, and those that were kept are paid for until a lifecycle rule removes them",
        ),
        Told::Yes(Versions::Kept) => findings.note(
            about,
            "versions",
            match about {
                About::Source => {
                    "versions are kept: what the compactor deletes stays paid for until a lifecycle rule removes old versions"
                }
                _ => "versions are kept: what is put again is paid for twice until a lifecycle rule removes old versions",
            },
        ),
    }
    match keeping.locked {
        Told::No(why) => findings.untried(about, "object-lock", why),
        Told::Yes(None) => findings.note(about, "object-lock", "none"),
        Told::Yes(Some(lock)) => findings.note(about, "object-lock", locked(about, &lock)),
    }
    match keeping.rules {
        Told::No(why) => findings.untried(about, "lifecycle", why),
        Told::Yes(rules) if rules.is_empty() => {
            findings.note(about, "lifecycle", "no rule concerns what lies here");
        }
        Told::Yes(rules) => {
            for rule in &rules {
                for act in &rule.acts {
                    let told = meaning(about, rule, act);
                    if is_risky(about, act) {
                        findings.risk(about, "lifecycle", told);
                    } else {
                        findings.note(about, "lifecycle", told);
                    }
                }
            }
        }
    }
}

fn locked(about: About, lock: &Lock) -> String {
    let how = &lock.how;
    match (lock.on, about) {
        (LockedOn::Objects, About::Source) => format!(
            "objects are locked {how}: the compactor cannot delete them before, and a mark can be put"
        ),
        (LockedOn::Objects, _) => format!(
            "objects are locked {how}: what a run would remove of its own stays until then, and --overwrite-existing does not work"
        ),
        (LockedOn::Versions, About::Source) => format!(
            "versions are locked {how}: the compactor can delete, which frees nothing before, and a mark can be put"
        ),
        (LockedOn::Versions, _) => format!(
            "versions are locked {how}: a run is not hindered, and what it puts again or removes is paid for until then"
        ),
    }
}

/// Whether Thanos loses blocks by it, or cannot read them.
fn is_risky(about: About, act: &Act) -> bool {
    match act {
        Act::Delete(_) => true,
        Act::Move { archived, .. } => *archived && about == About::Target,
        Act::RemoveUploads | Act::DeleteOldVersions => false,
    }
}

/// In which classes objects are put. Returns that of chunks, where it is not that of everything else.
pub(super) fn storage_classes(target: &BucketConfig, findings: &mut Findings) -> Option<String> {
    let own = target.own_storage_class();
    let asked = target.storage_classes();
    let told = |class: &Option<String>| match (class, own) {
        (Some(class), _) => class.clone(),
        (None, Some((key, class))) => format!("{class}, by {key}"),
        (None, None) => "the bucket's own".to_owned(),
    };
    if own.is_some() || asked.chunks.is_some() || asked.rest.is_some() {
        let (chunks, rest) = (told(&asked.chunks), told(&asked.rest));
        let text = format!("chunks: {chunks}; everything else: {rest}");
        findings.note(About::Target, "storage-class", text);
    }
    for (what, class) in [("chunks", &asked.chunks), ("everything else", &asked.rest)] {
        let class = class.as_deref().or(own.map(|(_, class)| class));
        if let Some(class) = class.filter(|class| is_archive(target, class)) {
            let text = format!(
                "{what}: what is put into {class} has to be restored before anybody can read it, so that Thanos cannot"
            );
            findings.risk(About::Target, "storage-class", text);
        }
    }
    let (chunks, rest) = (told(&asked.chunks), told(&asked.rest));
    (chunks != rest).then_some(chunks)
}

/// Whether nobody can read what was put into that class. What it is called is the server's to judge.
fn is_archive(target: &BucketConfig, class: &str) -> bool {
    target.storage_class(class) == Ok(Readable::AfterRestore)
}

fn meaning(about: About, rule: &Rule, act: &Act) -> String {
    let name = match rule.name.as_str() {
        "" => "a rule".to_owned(),
        name => format!("rule {name:?}"),
    };
    let which = match rule.prefix.as_deref() {
        None => "some objects".to_owned(),
        Some("") => "all objects".to_owned(),
        Some(prefix) => format!("objects below {prefix:?}"),
    };
    match act {
        Act::Delete(after) => format!(
            "{name} deletes {which} {after}: blocks are torn or lost, whatever Thanos or a migration make of them"
        ),
        Act::Move {
            class,
            archived: true,
            after,
        } => match about {
            About::Source => format!(
                "{name} moves {which} to {class} {after}: what lies there has to be restored before it can be moved"
            ),
            _ => {
                format!("{name} moves {which} to {class} {after}: Thanos cannot read blocks there")
            }
        },
        Act::Move { class, after, .. } => {
            format!("{name} moves {which} to {class} {after}")
        }
        Act::RemoveUploads => {
            format!("{name} removes uploads that nobody completed, as a killed run may leave them")
        }
        Act::DeleteOldVersions => format!("{name} deletes old versions of {which}"),
    }
}

/// What copies and proofs between the two will be.
pub(super) fn between(
    source: &BucketReader,
    target: &BucketReader,
    service: Result<&ServerSide, &Error>,
    findings: &mut Findings,
) {
    match service {
        Ok(service) if service.is_there() => findings.note(
            About::Both,
            "copy",
            "both are on one service, which is asked to copy by itself; where it refuses, objects go through this machine",
        ),
        Ok(_) => findings.note(
            About::Both,
            "copy",
            "there is no one endpoint by which both are reached and which copies: every byte goes through this machine",
        ),
        Err(err) => findings.failed(About::Both, "copy", err),
    }
    findings.note(About::Both, "proof", proof(source, target));
}

fn proof(source: &BucketReader, target: &BucketReader) -> &'static str {
    if source.tells_content() && target.tells_content() {
        "by checksum, where both buckets tell the same kind of checksum of an object; else by name and size, and --verify=content reads every object in both"
    } else if target.tells_what_passed() {
        "by checksum: what passes through this machine is hashed, and the target tells the same digest"
    } else {
        "by name and size, where the two do not tell the same kind of checksum of an object; --verify=content reads every object in both"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_by_what_they_do_to_blocks() {
        let rule = |prefix: Option<&str>| Rule {
            name: "old".to_owned(),
            prefix: prefix.map(str::to_owned),
            acts: Vec::new(),
        };
        let archive = Act::Move {
            class: "GLACIER".to_owned(),
            archived: true,
            after: "after 90 days".to_owned(),
        };
        for (about, prefix, act, expected) in [
            (
                About::Target,
                Some(""),
                &archive,
                "rule \"old\" moves all objects to GLACIER after 90 days: Thanos cannot read",
            ),
            (
                About::Source,
                Some("a/"),
                &archive,
                "moves objects below \"a/\" to GLACIER after 90 days: what lies there has to be restored",
            ),
            (
                About::Source,
                None,
                &Act::Delete("on 2030-01-01".to_owned()),
                "deletes some objects on 2030-01-01",
            ),
        ] {
            let told = meaning(about, &rule(prefix), act);
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_lock_on_versions_hinders_nobody() {
        let lock = |on| Lock {
            on,
            how: "for 30 days".to_owned(),
        };
        for (about, on, expected) in [
            (About::Source, LockedOn::Objects, "cannot delete them"),
            (About::Target, LockedOn::Objects, "does not work"),
            (
                About::Source,
                LockedOn::Versions,
                "the compactor can delete",
            ),
            (About::Target, LockedOn::Versions, "is not hindered"),
        ] {
            let told = locked(about, &lock(on));
            assert!(told.contains(expected), "{told}");
        }
    }
}

//! What S3 says of how a bucket keeps its objects: versioning, object lock and lifecycle rules. Each may be forbidden to ask for, or unknown to a
//! server.

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::ask::{Asker, generic};
use super::asked::Asked;
use super::class;
use super::meaning;
use crate::bucket::classify;
use crate::bucket::keeping::{Act, Keeping, Lock, Rule, Told, Versions, count};
use crate::error::Kind;
use crate::http::ask::Request;
use crate::http::xml;

/// Asks for all of it: three requests.
pub(super) async fn keeping(asker: &Asker) -> Keeping {
    let (versions, locked, rules) = futures::join!(
        ask(asker, "versioning", Versions::Gone, versions),
        ask(asker, "object-lock", None, locked),
        ask(asker, "lifecycle", Vec::new(), rules),
    );
    Keeping {
        versions,
        locked,
        rules,
    }
}

/// What the bucket says of it, or that it is `absent`.
async fn ask<T>(
    asker: &Asker,
    what: &str,
    absent: T,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Told<T> {
    let url = match Url::parse(&format!("{}/?{what}", asker.bucket)) {
        Ok(url) => url,
        Err(err) => return Told::No(generic(err).to_string()),
    };
    let mut request = Request::new(Method::GET, url, asker.retries);
    request.extensions.insert(Asked::About);
    let read = |_: &HeaderMap, body: &[u8]| Ok(read(body));
    match asker.server.ask(&request, read).await {
        Ok(Some(told)) => Told::Yes(told),
        Ok(None) => Told::No("the answer is none that S3 gives".to_owned()),
        Err(err) => {
            let err = classify::error(err, &meaning::meaning, format!("ask for its {what}"));
            match err.kind() {
                Kind::NotFound => Told::Yes(absent),
                _ => Told::No(format!("{err:#}")),
            }
        }
    }
}

/// `None` for what is no such document.
fn versions(body: &[u8]) -> Option<Versions> {
    let (mut versions, mut is_one) = (Versions::Gone, false);
    let is_whole = xml::walk(body, |element| match (element.path, element.text.trim()) {
        (["VersioningConfiguration" | "GetBucketVersioningResponse"], _) => is_one = true,
        (
            [
                "VersioningConfiguration" | "GetBucketVersioningResponse",
                "Status",
            ],
            "Enabled",
        ) => versions = Versions::Kept,
        (
            [
                "VersioningConfiguration" | "GetBucketVersioningResponse",
                "Status",
            ],
            "Suspended",
        ) => versions = Versions::NoMore,
        _ => {}
    });
    (is_whole && is_one).then_some(versions)
}

/// How long objects are locked, if they are; `None` for what is no such document.
#[expect(clippy::option_option, reason = "no lock is an answer, too")]
fn locked(body: &[u8]) -> Option<Option<Lock>> {
    let (mut is_enabled, mut mode, mut period, mut is_one) = (false, None, None, false);
    let is_whole = xml::walk(body, |element| {
        let text = element.text.trim();
        match element.path {
            ["ObjectLockConfiguration"] => is_one = true,
            ["ObjectLockConfiguration", "ObjectLockEnabled"] => is_enabled = text == "Enabled",
            [.., "DefaultRetention", "Mode"] => mode = Some(text.to_ascii_lowercase()),
            [.., "DefaultRetention", "Days"] => period = Some(count(text, "day")),
            [.., "DefaultRetention", "Years"] => period = Some(count(text, "year")),
            _ => {}
        }
    });
    let lock = is_enabled.then(|| {
        Lock::on_versions(match (mode, period) {
            (Some(mode), Some(period)) => format!("for {period} ({mode})"),
            _ => "where somebody asks for it, and not by default".to_owned(),
        })
    });
    (is_whole && is_one).then_some(lock)
}

fn rules(body: &[u8]) -> Option<Vec<Rule>> {
    let mut rules = Vec::new();
    let of_everything = || Rule {
        name: String::new(),
        prefix: Some(String::new()),
        acts: Vec::new(),
    };
    let mut current = of_everything();
    let (mut is_enabled, mut after, mut class) = (false, String::new(), String::new());
    let mut is_one = false;
    let is_whole = xml::walk(body, |element| {
        let text = element.text.trim();
        let ["LifecycleConfiguration", "Rule", below @ ..] = element.path else {
            is_one |= element.path == ["LifecycleConfiguration"];
            return;
        };
        match below {
            [] => {
                let rule = std::mem::replace(&mut current, of_everything());
                if std::mem::take(&mut is_enabled) {
                    rules.push(rule);
                }
            }
            ["ID"] => text.clone_into(&mut current.name),
            ["Status"] => is_enabled = text == "Enabled",
            ["Prefix" | "Filter", ..] => picks(&mut current.prefix, below, text),
            [.., "Days"] => after = format!("after {}", count(text, "day")),
            [.., "Date"] => after = format!("on {text}"),
            ["Transition", "StorageClass"] => text.clone_into(&mut class),
            ["Transition"] => {
                let class = std::mem::take(&mut class);
                current.acts.push(Act::Move {
                    archived: class::is_archive(&class),
                    class,
                    after: std::mem::take(&mut after),
                });
            }
            ["Expiration"] if !after.is_empty() => {
                current.acts.push(Act::Delete(std::mem::take(&mut after)));
            }
            ["AbortIncompleteMultipartUpload"] => current.acts.push(Act::RemoveUploads),
            ["NoncurrentVersionExpiration"] => current.acts.push(Act::DeleteOldVersions),
            _ => {}
        }
    });
    (is_whole && is_one).then_some(rules)
}

/// Which objects a rule is for: by what their names begin with, or in another way, which is not told here.
fn picks(prefix: &mut Option<String>, path: &[&str], text: &str) {
    match path {
        ["Prefix"] | ["Filter", "Prefix"] | ["Filter", "And", "Prefix"] => {
            if let Some(prefix) = prefix {
                text.clone_into(prefix);
            }
        }
        ["Filter"] | ["Filter", "And"] => {}
        _ => *prefix = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: u32) -> String {
        format!("after {days} days")
    }

    #[test]
    fn rules_say_what_becomes_of_objects() {
        let document = br#"<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Rule><ID>cold</ID><Filter><Prefix>a/</Prefix></Filter><Status>Enabled</Status>
              <Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>
              <Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>
              <Expiration><Days>365</Days></Expiration></Rule>
            <Rule><ID>off</ID><Prefix/><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>
            <Rule><Filter><And><Prefix>b</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status>
              <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>
              <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>
              <NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration></Rule>
            </LifecycleConfiguration>"#;
        let moved = |class: &str, archived, after| Act::Move {
            class: class.to_owned(),
            archived,
            after,
        };
        let expected = [
            Rule {
                name: "cold".to_owned(),
                prefix: Some("a/".to_owned()),
                acts: vec![
                    moved("STANDARD_IA", false, days(30)),
                    moved("GLACIER", true, days(90)),
                    Act::Delete(days(365)),
                ],
            },
            Rule {
                name: String::new(),
                prefix: None,
                acts: vec![Act::RemoveUploads, Act::DeleteOldVersions],
            },
        ];
        assert_eq!(rules(document).as_deref(), Some(&expected[..]));
        assert_eq!(rules(b"<html>"), None);
    }

    #[test]
    fn versions_and_locks_are_read() {
        let on = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        let no_more =
            b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
        for (document, expected) in [
            (&on[..], Some(Versions::Kept)),
            (no_more, Some(Versions::NoMore)),
            (b"<VersioningConfiguration/>", Some(Versions::Gone)),
            // What something else answers.
            (b"<ListBucketResult/>", None),
            (b"", None),
        ] {
            assert_eq!(versions(document), expected);
        }
        let lock = |rule: &str| {
            let document = format!(
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
            );
            locked(document.as_bytes()).flatten()
        };
        let retention = "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule>";
        assert_eq!(
            lock(retention),
            Some(Lock::on_versions("for 30 days (governance)"))
        );
        assert!(lock("").is_some());
        assert_eq!(locked(b"<ObjectLockConfiguration/>"), Some(None));
        assert_eq!(locked(b"<ListBucketResult/>"), None);
        assert_eq!(rules(b"<ListBucketResult/>"), None);
    }
}

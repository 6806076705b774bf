//! What a bucket says of how it keeps its objects: versioning and tiers, retention rules, and the lifecycle policy, in an answer each; not everybody
//! may ask for all of them.

use object_store::Result;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ask::Asker;
use super::asked::Asked;
use super::fault::Fault;
use super::meaning;
use crate::bucket::classify;
use crate::bucket::keeping::{Act, Keeping, Lock, Rule, Told, Versions, count};
use crate::error::Kind;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    versioning: Option<String>,
    auto_tiering: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Many<T> {
    items: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Retention {
    duration: Option<Time>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Time {
    time_amount: u64,
    time_unit: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ruling {
    #[serde(default)]
    name: String,
    action: String,
    #[serde(flatten)]
    time: Time,
    #[serde(default)]
    is_enabled: bool,
    target: Option<String>,
    object_name_filter: Option<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    inclusion_prefixes: Option<Vec<String>>,
    inclusion_patterns: Option<Vec<String>>,
    exclusion_patterns: Option<Vec<String>>,
}

/// Asks for all of it: three requests.
pub(super) async fn keeping(asker: &Asker) -> Keeping {
    let fields = [("fields", "autoTiering")];
    let bucket: Told<Bucket> = told(asked(asker, "", &fields).await);
    let locks: Told<Many<Retention>> = told(asked(asker, "/retentionRules", &[]).await);
    let rules = match asked(asker, "/l", &[]).await {
        // There is no such policy.
        Err(err) if kind(&err) == Some(Kind::NotFound) => Ok(Many { items: Vec::new() }),
        rules => rules,
    };
    let rules: Told<Many<Ruling>> = told(rules);
    put_together(bucket, locks, rules)
}

fn put_together(
    bucket: Told<Bucket>,
    locks: Told<Many<Retention>>,
    rules: Told<Many<Ruling>>,
) -> Keeping {
    let tiering = match &bucket {
        Told::Yes(bucket) => bucket.auto_tiering.clone(),
        Told::No(_) => None,
    };
    let tiering = tiering.filter(|tier| tier != "Disabled").map(|class| Rule {
        name: "auto-tiering".to_owned(),
        prefix: Some(String::new()),
        acts: vec![Act::Move {
            class,
            archived: false,
            after: "when they are seldom read".to_owned(),
        }],
    });
    Keeping {
        versions: map(bucket, |bucket| match bucket.versioning.as_deref() {
            Some("Enabled") => Versions::Kept,
            Some("Suspended") => Versions::NoMore,
            _ => Versions::Gone,
        }),
        locked: map(locks, |locks| {
            let how = locks.items.into_iter().map(|rule| match rule.duration {
                Some(time) => format!("for {}", in_words(&time)),
                None => "until the rule is removed".to_owned(),
            });
            how.reduce(|all, one| format!("{all}, {one}"))
                .map(Lock::on_objects)
        }),
        rules: map(rules, |rules| {
            let rules = rules.items.into_iter().filter(|rule| rule.is_enabled);
            tiering
                .into_iter()
                .chain(rules.flat_map(rules_of))
                .collect()
        }),
    }
}

async fn asked<T: DeserializeOwned>(
    asker: &Asker,
    rest: &str,
    query: &[(&str, &str)],
) -> Result<T> {
    let url = asker.url(rest, query).await?;
    let request = asker.request(Method::GET, url, Asked::About);
    let read = |_: &HeaderMap, body: &[u8]| {
        serde_json::from_slice(body).map_err(|_| Fault::NoObject.final_one())
    };
    asker.server.ask(&request, read).await
}

fn kind(err: &object_store::Error) -> Option<Kind> {
    crate::causes::chain(err)
        .find_map(meaning::meaning)
        .map(|meaning| meaning.kind)
}

fn told<T>(answered: Result<T>) -> Told<T> {
    match answered {
        Ok(answer) => Told::Yes(answer),
        Err(err) => {
            let err = classify::error(err, &meaning::meaning, "ask how it keeps objects");
            Told::No(format!("{err:#}"))
        }
    }
}

fn map<T, U>(told: Told<T>, into: impl FnOnce(T) -> U) -> Told<U> {
    match told {
        Told::Yes(answer) => Told::Yes(into(answer)),
        Told::No(why) => Told::No(why),
    }
}

fn in_words(time: &Time) -> String {
    let unit = time.time_unit.to_ascii_lowercase();
    count(&time.time_amount.to_string(), unit.trim_end_matches('s'))
}

/// One for each prefix that it is for.
fn rules_of(ruling: Ruling) -> Vec<Rule> {
    let after = format!("after {}", in_words(&ruling.time));
    let target = ruling.target.as_deref().unwrap_or("objects");
    let act = match (target, ruling.action.as_str()) {
        ("multipart-uploads", _) => Act::RemoveUploads,
        ("previous-object-versions", "DELETE") => Act::DeleteOldVersions,
        ("objects", "DELETE") => Act::Delete(after),
        ("objects", "ARCHIVE") => Act::Move {
            class: "Archive".to_owned(),
            archived: true,
            after,
        },
        ("objects", "INFREQUENT_ACCESS") => Act::Move {
            class: "InfrequentAccess".to_owned(),
            archived: false,
            after,
        },
        _ => return Vec::new(),
    };
    let filter = ruling.object_name_filter.unwrap_or_default();
    let is_some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let picks_otherwise =
        is_some(&filter.inclusion_patterns) || is_some(&filter.exclusion_patterns);
    let prefixes = filter.inclusion_prefixes.filter(|list| !list.is_empty());
    let prefixes = prefixes.unwrap_or_else(|| vec![String::new()]);
    prefixes
        .into_iter()
        .map(|prefix| Rule {
            name: ruling.name.clone(),
            prefix: (!picks_otherwise).then_some(prefix),
            acts: vec![act.clone()],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn read(bucket: &str, locks: &str, rules: &str) -> Keeping {
        put_together(
            Told::Yes(serde_json::from_str(bucket).unwrap()),
            Told::Yes(serde_json::from_str(locks).unwrap()),
            Told::Yes(serde_json::from_str(rules).unwrap()),
        )
    }

    /// S-3.77
    #[test]
    fn what_a_bucket_says_is_understood() {
        let none = r#"{"items": []}"#;
        let plain = read(
            r#"{"versioning": "Disabled", "autoTiering": "Disabled"}"#,
            none,
            none,
        );
        assert_eq!(plain.versions, Told::Yes(Versions::Gone));
        assert_eq!(plain.locked, Told::Yes(None));
        assert_eq!(plain.rules, Told::Yes(Vec::new()));
        let kept = read(
            r#"{"versioning": "Enabled", "autoTiering": "InfrequentAccess"}"#,
            r#"{"items": [{"id": "1", "displayName": "x", "duration": {"timeAmount": 30, "timeUnit": "DAYS"}}, {"id": "2"}]}"#,
            r#"{"items": [
                {"name": "a", "action": "ARCHIVE", "timeAmount": 7, "timeUnit": "DAYS", "isEnabled": true, "objectNameFilter": {"inclusionPrefixes": ["a/", "b/"]}},
                {"name": "b", "action": "DELETE", "timeAmount": 1, "timeUnit": "YEARS", "isEnabled": true, "target": "objects", "objectNameFilter": {"inclusionPatterns": ["*.x"]}},
                {"name": "c", "action": "DELETE", "timeAmount": 1, "timeUnit": "DAYS", "isEnabled": true, "target": "previous-object-versions"},
                {"name": "d", "action": "ABORT", "timeAmount": 1, "timeUnit": "DAYS", "isEnabled": true, "target": "multipart-uploads"},
                {"name": "e", "action": "DELETE", "timeAmount": 1, "timeUnit": "DAYS", "isEnabled": false}]}"#,
        );
        assert_eq!(kept.versions, Told::Yes(Versions::Kept));
        let lock = Lock::on_objects("for 30 days, until the rule is removed");
        assert_eq!(kept.locked, Told::Yes(Some(lock)));
        let Told::Yes(rules) = kept.rules else {
            panic!("{:?}", kept.rules);
        };
        let prefixes: Vec<_> = rules.iter().map(|rule| rule.prefix.as_deref()).collect();
        assert_eq!(
            prefixes,
            [Some(""), Some("a/"), Some("b/"), None, Some(""), Some("")]
        );
        let acts: Vec<Act> = rules.into_iter().flat_map(|rule| rule.acts).collect();
        let archive = Act::Move {
            class: "Archive".to_owned(),
            archived: true,
            after: "after 7 days".to_owned(),
        };
        assert_eq!(acts.get(1), Some(&archive));
        assert_eq!(acts.get(3), Some(&Act::Delete("after 1 year".to_owned())));
        assert_eq!(
            acts.get(4..),
            Some(&[Act::DeleteOldVersions, Act::RemoveUploads][..])
        );
    }
}

//! What a bucket says of how it keeps its objects: versioning, retention and lifecycle rules, all in one answer, which not everybody may ask for.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::ask::Asker;
use super::asked::Asked;
use super::fault::Fault;
use super::meaning;
use crate::bucket::classify;
use crate::bucket::keeping::{Act, Keeping, Lock, Rule, Told, Versions, count};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    versioning: Option<Enabled>,
    retention_policy: Option<Retention>,
    object_retention: Option<Value>,
    #[serde(default)]
    default_event_based_hold: bool,
    soft_delete_policy: Option<SoftDelete>,
    lifecycle: Option<Lifecycle>,
}

#[derive(Debug, Deserialize)]
struct Enabled {
    #[serde(default)]
    enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Retention {
    #[serde(default)]
    retention_period: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SoftDelete {
    #[serde(default)]
    retention_duration_seconds: Value,
}

#[derive(Debug, Deserialize)]
struct Lifecycle {
    #[serde(default)]
    rule: Vec<Ruling>,
}

#[derive(Debug, Deserialize)]
struct Ruling {
    action: Action,
    #[serde(default)]
    condition: Condition,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    storage_class: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    age: Option<u64>,
    created_before: Option<String>,
    is_live: Option<bool>,
    num_newer_versions: Option<u64>,
    days_since_noncurrent_time: Option<u64>,
    noncurrent_time_before: Option<String>,
    days_since_custom_time: Option<u64>,
    custom_time_before: Option<String>,
    matches_storage_class: Option<Vec<String>>,
    matches_suffix: Option<Vec<String>>,
    matches_prefix: Option<Vec<String>>,
}

/// Asks for all of it: one request.
pub(super) async fn keeping(asker: &Asker) -> Keeping {
    let telling = async {
        let url = asker.url("", &asker.of_bucket(""), &[])?;
        let request = asker.request(Method::GET, url, Asked::About);
        let read = |_: &HeaderMap, body: &[u8]| {
            serde_json::from_slice(body).map_err(|_| Fault::NoObject.final_one())
        };
        asker.server.ask(&request, read).await
    };
    match telling.await {
        Ok(bucket) => told(bucket),
        Err(err) => {
            let err = classify::error(err, &meaning::meaning, "ask how it keeps objects");
            let why = format!("{err:#}");
            Keeping {
                versions: Told::No(why.clone()),
                locked: Told::No(why.clone()),
                rules: Told::No(why),
            }
        }
    }
}

fn told(bucket: Bucket) -> Keeping {
    let is_versioned = bucket.versioning.is_some_and(|it| it.enabled);
    let is_soft = bucket
        .soft_delete_policy
        .and_then(|policy| seconds(&policy.retention_duration_seconds))
        .is_some_and(|seconds| seconds > 0);
    let period = bucket
        .retention_policy
        .and_then(|policy| seconds(&policy.retention_period));
    let locked = match period {
        Some(seconds) if seconds > 0 => Some(format!("for {}", in_words(seconds))),
        _ if bucket.default_event_based_hold => Some("until a hold is released".to_owned()),
        _ => bucket
            .object_retention
            .map(|_| "where somebody asks for it, and not by default".to_owned()),
    };
    let rules = bucket.lifecycle.map(|lifecycle| lifecycle.rule);
    Keeping {
        // What is softly deleted is paid for as well, until its time is over.
        versions: Told::Yes(if is_versioned || is_soft {
            Versions::Kept
        } else {
            Versions::Gone
        }),
        locked: Told::Yes(locked.map(Lock::on_objects)),
        rules: Told::Yes(
            rules
                .unwrap_or_default()
                .into_iter()
                .flat_map(rules_of)
                .collect(),
        ),
    }
}

/// As a text, which the service gives, or as a number, which others may.
fn seconds(value: &Value) -> Option<u64> {
    let in_text = value.as_str().and_then(|text| text.parse().ok());
    in_text.or_else(|| value.as_u64())
}

fn in_words(seconds: u64) -> String {
    match seconds / 86_400 {
        0 => count(&seconds.to_string(), "second"),
        days => count(&days.to_string(), "day"),
    }
}

/// One for each prefix that it is for.
fn rules_of(ruling: Ruling) -> Vec<Rule> {
    let Ruling { action, condition } = ruling;
    let is_of_old_versions = condition.is_live == Some(false)
        || condition.num_newer_versions.is_some()
        || condition.days_since_noncurrent_time.is_some()
        || condition.noncurrent_time_before.is_some();
    let picks_otherwise = condition.matches_storage_class.is_some()
        || condition.matches_suffix.is_some()
        || condition.days_since_custom_time.is_some()
        || condition.custom_time_before.is_some();
    let after = match (condition.age, condition.created_before) {
        (Some(days), _) => format!("after {}", count(&days.to_string(), "day")),
        (None, Some(date)) => format!("on {date}"),
        (None, None) => "at a time that depends on more".to_owned(),
    };
    let act = match action.kind.as_str() {
        "AbortIncompleteMultipartUpload" => Act::RemoveUploads,
        "Delete" if is_of_old_versions => Act::DeleteOldVersions,
        "Delete" => Act::Delete(after),
        "SetStorageClass" => Act::Move {
            class: action.storage_class,
            // All classes can be read at once.
            archived: false,
            after,
        },
        _ => return Vec::new(),
    };
    let prefixes = condition
        .matches_prefix
        .unwrap_or_else(|| vec![String::new()]);
    prefixes
        .into_iter()
        .map(|prefix| Rule {
            name: String::new(),
            prefix: (!picks_otherwise).then_some(prefix),
            acts: vec![act.clone()],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn read(text: &str) -> Keeping {
        told(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn what_a_bucket_says_is_understood() {
        let plain = read(r#"{"name": "hot"}"#);
        assert_eq!(plain.versions, Told::Yes(Versions::Gone));
        assert_eq!(plain.locked, Told::Yes(None));
        assert_eq!(plain.rules, Told::Yes(Vec::new()));
        let kept = read(
            r#"{"versioning": {"enabled": true}, "retentionPolicy": {"retentionPeriod": "172800"}, "lifecycle": {"rule": [
                {"action": {"type": "Delete"}, "condition": {"age": 30, "matchesPrefix": ["a/", "b/"]}},
                {"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 7, "matchesStorageClass": ["STANDARD"]}},
                {"action": {"type": "Delete"}, "condition": {"isLive": false, "age": 1}},
                {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}]}}"#,
        );
        assert_eq!(kept.versions, Told::Yes(Versions::Kept));
        assert_eq!(kept.locked, Told::Yes(Some(Lock::on_objects("for 2 days"))));
        let Told::Yes(rules) = kept.rules else {
            panic!("{:?}", kept.rules);
        };
        let prefixes: Vec<_> = rules.iter().map(|rule| rule.prefix.as_deref()).collect();
        assert_eq!(prefixes, [Some("a/"), Some("b/"), None, Some(""), Some("")]);
        let acts: Vec<_> = rules.into_iter().flat_map(|rule| rule.acts).collect();
        assert_eq!(acts[0], Act::Delete("after 30 days".to_owned()));
        assert_eq!(acts[3..], [Act::DeleteOldVersions, Act::RemoveUploads]);
        let soft = read(r#"{"softDeletePolicy": {"retentionDurationSeconds": "604800"}}"#);
        assert_eq!(soft.versions, Told::Yes(Versions::Kept));
        let in_numbers = read(r#"{"retentionPolicy": {"retentionPeriod": 172800}}"#);
        assert_eq!(
            in_numbers.locked,
            Told::Yes(Some(Lock::on_objects("for 2 days")))
        );
    }
}

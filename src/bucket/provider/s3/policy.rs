//! The least rights for a migration, as a policy of IAM's, which other servers of S3 read too.

use serde::Serialize;
use serde_json::{Value, json};

use super::config::{Config, Encryption, KEY_ID};
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// What an object's headers ask for, and which right that takes beside the one to put it, in a statement of that name.
const RIGHTS_OF_HEADERS: [(&str, &str, &str); 3] = [
    ("x-amz-acl", "SetAcl", "s3:PutObjectAcl"),
    ("x-amz-grant-", "SetAcl", "s3:PutObjectAcl"),
    (
        "x-amz-object-lock-",
        "SetRetention",
        "s3:PutObjectRetention",
    ),
];

/// The objects below that name, as policies name them.
pub(super) fn objects(config: &Config, prefix: &Prefix, below: &str) -> String {
    let slash = if prefix.as_str().is_empty() { "" } else { "/" };
    let prefix = literal(config, prefix.as_str());
    format!("{}/{prefix}{slash}{below}", bucket(config))
}

/// Text that is to mean itself in a resource. Only Amazon has escapes for what means something else there; what other servers would put something else in
/// the place of is any one letter to them.
fn literal(config: &Config, text: &str) -> String {
    if !config.endpoint.is_amazon() {
        return text.replace("${", "?{");
    }
    let mut literal = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' => literal.push_str("${*}"),
            '?' => literal.push_str("${?}"),
            '$' => literal.push_str("${$}"),
            other => literal.push(other),
        }
    }
    literal
}

/// The partition, as resources are named there; elsewhere they are named as in Amazon's own.
fn partition(config: &Config) -> &'static str {
    match config.endpoint.amazons_partition() {
        Some(".amazonaws.com.cn") => "aws-cn",
        Some("us-gov") => "aws-us-gov",
        _ => "aws",
    }
}

fn bucket(config: &Config) -> String {
    let partition = partition(config);
    format!("arn:{partition}:s3:::{}", config.bucket)
}

/// The policy for whoever works on that bucket, and has the service copy from another.
pub(super) fn policy(
    config: &Config,
    prefix: &Prefix,
    role: Role,
    copied_from: Option<&str>,
) -> Policy {
    let allow = |sid, action: &[&'static str], resource| Statement {
        sid,
        effect: "Allow",
        action: action.to_vec(),
        resource,
        condition: None,
    };
    let inside = |below| objects(config, prefix, below);
    let mut list = allow("List", &["s3:ListBucket"], vec![bucket(config)]);
    if config.region.is_none() && config.endpoint.region().is_none() {
        list.action.push("s3:GetBucketLocation");
    }
    let mut statement = vec![list];
    let written = match role {
        Role::Source => {
            let marks = ["*/deletion-mark.json", "*/no-compact-mark.json"].map(inside);
            statement.push(allow("Read", &["s3:GetObject"], vec![inside("*")]));
            statement.push(allow("Mark", &["s3:PutObject"], marks.to_vec()));
            marks.to_vec()
        }
        Role::Target => {
            let rights = [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
            ];
            statement.push(allow("ReadAndWrite", &rights, vec![inside("*")]));
            let source = copied_from.map(str::to_owned).into_iter();
            statement.extend(
                source.map(|source| allow("CopyFromSource", &["s3:GetObject"], vec![source])),
            );
            vec![inside("*")]
        }
    };
    for (header, sid, right) in RIGHTS_OF_HEADERS {
        let is_sent = config
            .headers
            .iter()
            .any(|(name, _)| name.starts_with(header));
        if is_sent && statement.iter().all(|other| other.sid != sid) {
            statement.push(allow(sid, &[right], written.clone()));
        }
    }
    if let Some(Encryption::KeyService(headers)) = &config.encryption {
        let id = headers.iter().find(|(name, _)| name == KEY_ID);
        let (key, condition) = key(config, id.map_or("", |(_, id)| id));
        let rights = ["kms:Decrypt", "kms:GenerateDataKey"];
        statement.push(Statement {
            condition,
            ..allow("UseTheKey", &rights, vec![key])
        });
    }
    let language = language(config, prefix, &statement);
    let document = Document {
        version: "2012-10-17",
        statement,
    };
    Policy::of_json(language, &document)
}

/// The key of that id, as policies name it, and on which condition. They name keys alone: an alias is what a key is to have.
fn key(config: &Config, id: &str) -> (String, Option<Value>) {
    let (service, name) = match id.rsplit_once(':') {
        Some((service, name)) => (service.to_owned(), name),
        // Whose it is and where it is, the key's own name does not tell.
        None => (format!("arn:{}:kms:*:*", partition(config)), id),
    };
    if name.starts_with("alias/") {
        let condition = json!({"ForAnyValue:StringEquals": {"kms:ResourceAliases": name}});
        return (format!("{service}:key/*"), Some(condition));
    }
    let name = literal(config, name.strip_prefix("key/").unwrap_or(name));
    (format!("{service}:key/{name}"), None)
}

/// What it is written in, and what other servers than Amazon's make of it.
fn language(config: &Config, prefix: &Prefix, statement: &[Statement]) -> String {
    let mut language = "IAM policy".to_owned();
    if config.endpoint.is_amazon() {
        return language;
    }
    let unknown = ["SetAcl", "UseTheKey"];
    let unknown: Vec<&str> = unknown
        .into_iter()
        .filter(|sid| statement.iter().any(|it| it.sid == *sid))
        .collect();
    if !unknown.is_empty() {
        language.push_str("; a server that knows no such rights, as MinIO, takes it without ");
        language.push_str(&unknown.join(" and "));
    }
    if prefix.as_str().contains(['*', '?']) || prefix.as_str().contains("${") {
        language.push_str("; what * and ? stand for in the prefix is wider than the prefix, for only Amazon has escapes for them");
    }
    language
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use super::super::super::configured::Section;
    use super::*;
    use crate::environment::Environment;
    use crate::yaml;

    const AMAZON: &str = "s3.eu-west-1.amazonaws.com";

    fn config(endpoint: &str, more: &str) -> Config {
        let text = format!(
            "{{bucket: cold, endpoint: '{endpoint}', access_key: k, secret_key: s, region: eu-west-1{more}}}"
        );
        let node = yaml::parse(&text).unwrap().unwrap();
        Config::parse(Section {
            config: &node,
            environment: &Environment::default(),
            warnings: &mut Vec::new(),
        })
        .unwrap()
    }

    fn printed(config: &Config, prefix: &str, role: Role) -> (String, Vec<Value>) {
        let policy = policy(config, &Prefix::new(prefix).unwrap(), role, None);
        let document: Value = serde_json::from_str(&policy.text).unwrap();
        let statements = document["Statement"].as_array().unwrap().clone();
        (policy.language, statements)
    }

    fn of(statements: &[Value], sid: &str) -> Option<Value> {
        statements.iter().find(|one| one["Sid"] == sid).cloned()
    }

    /// S-12.3
    #[test]
    fn a_prefix_means_itself_where_there_are_escapes_and_never_less() {
        for (endpoint, prefix, resource) in [
            (AMAZON, "a/b", "a/b"),
            (AMAZON, "a*b?", "a${*}b${?}"),
            (AMAZON, "${aws:username}", "${$}{aws:username}"),
            (AMAZON, "$x", "${$}x"),
            ("minio:9000", "a*b?", "a*b?"),
            ("minio:9000", "$x${aws:username}", "$x?{aws:username}"),
        ] {
            let (language, statements) = printed(&config(endpoint, ""), prefix, Role::Target);
            let written = of(&statements, "ReadAndWrite").unwrap();
            let resource = format!("arn:aws:s3:::cold/{resource}/*");
            assert_eq!(
                written["Resource"],
                json!([resource]),
                "{endpoint} {prefix}"
            );
            let is_wider = endpoint != AMAZON;
            assert_eq!(language.contains("wider"), is_wider, "{language}");
        }
    }

    /// S-12.3
    #[test]
    fn the_policy_is_for_the_key_that_is_configured() {
        let account = "arn:aws:kms:eu-west-1:111122223333";
        for (id, key, alias) in [
            (
                format!("{account}:key/k-1"),
                format!("{account}:key/k-1"),
                None,
            ),
            (
                format!("{account}:alias/cold"),
                format!("{account}:key/*"),
                Some("alias/cold"),
            ),
            ("k-1".to_owned(), "arn:aws:kms:*:*:key/k-1".to_owned(), None),
            (
                "alias/cold".to_owned(),
                "arn:aws:kms:*:*:key/*".to_owned(),
                Some("alias/cold"),
            ),
        ] {
            let more = format!(", sse_config: {{type: SSE-KMS, kms_key_id: '{id}'}}");
            for role in [Role::Source, Role::Target] {
                let (language, statements) = printed(&config(AMAZON, &more), "", role);
                let used = of(&statements, "UseTheKey").unwrap();
                assert_eq!(used["Resource"], json!([key]), "{id}");
                let condition = &used["Condition"]["ForAnyValue:StringEquals"];
                assert_eq!(condition["kms:ResourceAliases"].as_str(), alias, "{id}");
                assert_eq!(language, "IAM policy");
            }
            let (language, _) = printed(&config("minio:9000", &more), "", Role::Target);
            assert!(language.ends_with("without UseTheKey"), "{language}");
        }
    }

    /// S-12.3
    #[test]
    fn what_goes_along_with_objects_takes_rights_of_its_own() {
        let no_statement: Option<(&str, &str)> = None;
        for (header, statement) in [
            ("x-amz-acl", Some(("SetAcl", "s3:PutObjectAcl"))),
            ("X-Amz-Grant-Read", Some(("SetAcl", "s3:PutObjectAcl"))),
            (
                "X-Amz-Object-Lock-Mode",
                Some(("SetRetention", "s3:PutObjectRetention")),
            ),
            (
                "x-amz-object-lock-retain-until-date",
                Some(("SetRetention", "s3:PutObjectRetention")),
            ),
            // Metadata like any other.
            ("x-amz-object-lock-legal-hold", no_statement),
            ("team", no_statement),
        ] {
            let config = config(AMAZON, &format!(", put_user_metadata: {{{header}: x}}"));
            for (role, put) in [(Role::Source, "Mark"), (Role::Target, "ReadAndWrite")] {
                let (_, statements) = printed(&config, "", role);
                for sid in ["SetAcl", "SetRetention"] {
                    let found = of(&statements, sid);
                    let expected = statement.filter(|(name, _)| *name == sid);
                    let rights = found.as_ref().map(|one| one["Action"].clone());
                    assert_eq!(
                        rights,
                        expected.map(|(_, right)| json!([right])),
                        "{header}"
                    );
                    if let Some(found) = found {
                        let put = of(&statements, put).unwrap();
                        assert_eq!(found["Resource"], put["Resource"], "{header}");
                    }
                }
            }
        }
    }
}

//! What was understood of a bucket's section, for people. No secret is in it.

use super::config::{Account, Config, Credentials, Origin, Subject};

/// Key by key, as Thanos spells them.
pub(super) fn understood(config: &Config) -> Vec<(&'static str, String)> {
    let mut told = vec![
        ("bucket", config.bucket.clone()),
        ("endpoint", config.endpoint.base().to_owned()),
        ("credentials", credentials(&config.credentials)),
    ];
    if let Some(project) = &config.quota_project {
        told.push(("quota project", project.clone()));
    }
    if let Some(size) = config.part_size_bytes {
        told.push(("chunk_size_bytes", size.to_string()));
    }
    if let Some(attempts) = config.max_attempts {
        told.push((
            "max_retries",
            format!("each request is tried {attempts} times"),
        ));
    }
    told
}

fn credentials(credentials: &Credentials) -> String {
    match credentials {
        Credentials::Account(account, origin) => {
            let place = match origin {
                Origin::Configuration => "config.service_account",
                Origin::Variable => "the file that GOOGLE_APPLICATION_CREDENTIALS names",
                Origin::Gcloud => "the file that gcloud keeps",
            };
            format!("{}, by {place}; secrets hidden", who(account))
        }
        Credentials::Machine(host) => {
            format!("those of this machine, as the metadata server at {host} gives them")
        }
        Credentials::Nobody => "none: an emulator is asked".to_owned(),
    }
}

fn who(account: &Account) -> String {
    match account {
        Account::Service(account) => format!("the service account {}", account.email),
        Account::User(_) => "an authorized user".to_owned(),
        Account::External(external) => {
            let by = match external.subject {
                Subject::File(..) => "a token in a file",
                Subject::Url(..) => "a token at an address",
                Subject::Aws(_) => "AWS",
                Subject::Program(_) => "a program",
                Subject::Certificate(_) => "a certificate",
            };
            format!("an external account that {by} vouches for (workload identity federation)")
        }
        Account::Impersonated { by, .. } => format!("a service account that {} acts as", who(by)),
    }
}

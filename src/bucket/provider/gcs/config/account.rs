//! Who the requests come from, as the JSON of Google's credentials says it: one of several types, each with members of its own.
//!
//! Members that are not known are ignored, as Google's clients do.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rsa::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use serde::Deserialize;

use super::document::{TOKEN_URL, given, missing, needed, url};
use super::external::{self, Source, Subject, Wanted};
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};

/// Who the requests come from.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) enum Account {
    /// An account with a key of its own.
    Service(ServiceAccount),
    /// A person, or what acts for one.
    User(User),
    /// Whoever another identity provider vouches for.
    External(Box<External>),
    /// A service account that somebody else may act as.
    Impersonated {
        /// Where its tokens are asked for.
        url: Url,
        delegates: Vec<String>,
        lifetime_secs: u64,
        /// Who acts as it.
        by: Box<Account>,
    },
}

#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct ServiceAccount {
    pub(in crate::bucket::provider::gcs) email: String,
    pub(in crate::bucket::provider::gcs) key: Key,
    pub(in crate::bucket::provider::gcs) key_id: Option<String>,
    pub(in crate::bucket::provider::gcs) token_url: Url,
    pub(in crate::bucket::provider::gcs) audience: String,
}

/// A private key.
#[derive(Clone)]
pub(in crate::bucket::provider::gcs) struct Key(pub(in crate::bucket::provider::gcs) Arc<KeyPair>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct User {
    pub(in crate::bucket::provider::gcs) client_id: String,
    pub(in crate::bucket::provider::gcs) client_secret: Secret,
    pub(in crate::bucket::provider::gcs) refresh_token: Secret,
    pub(in crate::bucket::provider::gcs) token_url: Url,
}

/// An identity of another provider's, which a token service takes for one of Google's.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct External {
    pub(in crate::bucket::provider::gcs) audience: String,
    pub(in crate::bucket::provider::gcs) subject_token_type: String,
    pub(in crate::bucket::provider::gcs) token_url: Url,
    /// What the token service knows this client by, with its password.
    pub(in crate::bucket::provider::gcs) client: Option<(String, Secret)>,
    pub(in crate::bucket::provider::gcs) user_project: Option<String>,
    pub(in crate::bucket::provider::gcs) subject: Subject,
}

/// What was read of the document.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) account: Account,
    pub(super) quota_project: Option<String>,
    pub(super) universe: Option<String>,
}

const EXCHANGE_URL: &str = "https://sts.googleapis.com/v1/token";

/// How long the tokens of an impersonated account are good where nothing else is asked for.
const LIFETIME_SECS: u64 = 3600;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type", default)]
    kind: String,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    audience: Option<String>,
    subject_token_type: Option<String>,
    token_url: Option<String>,
    service_account_impersonation_url: Option<String>,
    service_account_impersonation: Option<Impersonation>,
    #[serde(default)]
    delegates: Vec<String>,
    credential_source: Option<Source>,
    workforce_pool_user_project: Option<String>,
    source_credentials: Option<Box<Document>>,
    quota_project_id: Option<String>,
    universe_domain: Option<String>,
}

#[derive(Deserialize)]
struct Impersonation {
    token_lifetime_seconds: Option<u64>,
}

/// Reads the document; `at` names where it stands.
pub(super) fn parse(at: &str, text: &[u8], environment: &Environment) -> Result<Parsed> {
    let document: Document = serde_json::from_slice(text).map_err(|err| {
        let why = if err.is_data() {
            "has a member of another type than credentials of Google's have"
        } else {
            "is no JSON, as credentials of Google's are"
        };
        Error::usage(format!("{at} {why} (line {})", err.line()))
    })?;
    Ok(Parsed {
        quota_project: given(document.quota_project_id.clone()),
        universe: given(document.universe_domain.clone()),
        account: account(at, document, environment)?,
    })
}

fn account(at: &str, document: Document, environment: &Environment) -> Result<Account> {
    match document.kind.as_str() {
        "service_account" => service(at, document).map(Account::Service),
        "authorized_user" => Ok(Account::User(User {
            client_id: needed(at, "client_id", document.client_id)?,
            client_secret: Secret::new(needed(at, "client_secret", document.client_secret)?),
            refresh_token: Secret::new(needed(at, "refresh_token", document.refresh_token)?),
            token_url: url(at, "token_uri", document.token_uri, TOKEN_URL)?,
        })),
        "external_account" => federated(at, document, environment),
        "impersonated_service_account" => {
            let Some(source) = document.source_credentials else {
                return Err(missing(at, "source_credentials"));
            };
            if source.kind == "impersonated_service_account" {
                return Err(Error::usage(format!(
                    "{at}: source_credentials are themselves of the type impersonated_service_account: expected delegates in their place"
                )));
            }
            let to = needed(
                at,
                "service_account_impersonation_url",
                document.service_account_impersonation_url,
            )?;
            Ok(Account::Impersonated {
                url: url(at, "service_account_impersonation_url", Some(to), "")?,
                delegates: document.delegates,
                lifetime_secs: lifetime(document.service_account_impersonation.as_ref()),
                by: Box::new(account(
                    &format!("{at}: source_credentials"),
                    *source,
                    environment,
                )?),
            })
        }
        "" => Err(missing(at, "type")),
        "external_account_authorized_user" | "gdch_service_account" => Err(Error::usage(format!(
            "{at}: credentials of the type {} are not supported: expected {KINDS}",
            document.kind
        ))),
        // What stands there may be anything.
        _ => Err(Error::usage(format!(
            "{at}: its type is none of Google's: expected {KINDS}"
        ))),
    }
}

const KINDS: &str =
    "service_account, authorized_user, external_account or impersonated_service_account";

fn service(at: &str, document: Document) -> Result<ServiceAccount> {
    let pem = needed(at, "private_key", document.private_key)?;
    let Some(key) = key(&pem) else {
        return Err(Error::usage(format!(
            "{at}: private_key is no RSA key in PEM: expected it as in the file that Google gave, with \\n for ends of line"
        )));
    };
    // Signed as it is spelled.
    let spelled = given(document.token_uri.clone()).unwrap_or_else(|| TOKEN_URL.to_owned());
    Ok(ServiceAccount {
        email: needed(at, "client_email", document.client_email)?,
        key,
        key_id: given(document.private_key_id),
        token_url: url(at, "token_uri", document.token_uri, TOKEN_URL)?,
        audience: given(document.audience).unwrap_or(spelled),
    })
}

fn federated(at: &str, document: Document, environment: &Environment) -> Result<Account> {
    let source = document
        .credential_source
        .ok_or_else(|| missing(at, "credential_source"))?;
    let audience = needed(at, "audience", document.audience)?;
    let subject_token_type = needed(at, "subject_token_type", document.subject_token_type)?;
    let to = given(document.service_account_impersonation_url);
    let wanted = Wanted {
        audience: &audience,
        token_type: &subject_token_type,
        impersonation_url: to.as_deref(),
    };
    let at_source = format!("{at}: credential_source");
    let subject = external::subject(&at_source, source, &wanted, environment)?;
    let client = given(document.client_id).map(|id| {
        let password = document.client_secret.unwrap_or_default();
        (id, Secret::new(password))
    });
    let user_project = given(document.workforce_pool_user_project);
    let account = Account::External(Box::new(External {
        audience,
        subject_token_type,
        token_url: url(at, "token_url", document.token_url, EXCHANGE_URL)?,
        user_project: user_project.filter(|_| client.is_none()),
        client,
        subject,
    }));
    let Some(to) = to else {
        return Ok(account);
    };
    Ok(Account::Impersonated {
        url: url(at, "service_account_impersonation_url", Some(to), "")?,
        delegates: Vec::new(),
        lifetime_secs: lifetime(document.service_account_impersonation.as_ref()),
        by: Box::new(account),
    })
}

fn lifetime(asked: Option<&Impersonation>) -> u64 {
    let asked = asked.and_then(|asked| asked.token_lifetime_seconds);
    asked
        .filter(|seconds| *seconds > 0)
        .unwrap_or(LIFETIME_SECS)
}

/// The first key of a PEM document, as PKCS#8 or as PKCS#1 has it.
fn key(pem: &str) -> Option<Key> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let text: String = body.split_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    let key = match label {
        "PRIVATE KEY" => KeyPair::from_pkcs8(&der),
        "RSA PRIVATE KEY" => KeyPair::from_der(&der),
        _ => return None,
    };
    key.ok().map(|key| Key(Arc::new(key)))
}

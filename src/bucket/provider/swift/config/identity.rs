//! Who asks, and of whom: by which version of the service that gives tokens, with what proof, and for which project. It is decided as Thanos' client
//! does.

use reqwest::Url;

use crate::bucket::values::{self, text};
use crate::environment::Secret;
use crate::error::{Error, Result};
use crate::yaml::Fields;

/// Where tokens are asked for, and how.
#[derive(Debug)]
pub(in crate::bucket::provider::swift) struct Auth {
    /// As it is given, without a slash at the end.
    pub(in crate::bucket::provider::swift) url: Url,
    pub(in crate::bucket::provider::swift) how: How,
    /// What the section calls the project, whatever tokens are asked for.
    pub(in crate::bucket::provider::swift) project: Option<String>,
}

/// How a token is asked for.
#[derive(Debug)]
pub(in crate::bucket::provider::swift) enum How {
    /// By two headers, as Swift's own `tempauth` wants it.
    V1 { user: String, key: Secret },
    /// Of Keystone's second version, or of what plays it.
    V2 {
        user: String,
        password: Secret,
        tenant_id: Option<String>,
        tenant_name: Option<String>,
    },
    /// Of Keystone's third version.
    V3 { who: Who, scope: Option<Scope> },
}

/// What proves who asks.
#[derive(Debug)]
pub(in crate::bucket::provider::swift) enum Who {
    Password {
        user: User,
        password: Secret,
    },
    /// An application credential by its id.
    Credential {
        id: String,
        secret: Secret,
    },
    /// An application credential of that user's.
    UsersCredential {
        name: String,
        user: User,
        secret: Secret,
    },
    /// A token that somebody has.
    Token(Secret),
}

/// Whose password or credential it is.
#[derive(Debug, Default)]
pub(in crate::bucket::provider::swift) struct User {
    pub(in crate::bucket::provider::swift) id: Option<String>,
    pub(in crate::bucket::provider::swift) name: Option<String>,
    pub(in crate::bucket::provider::swift) domain: Option<Domain>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bucket::provider::swift) enum Domain {
    Id(String),
    Name(String),
}

/// For which project the token is.
#[derive(Debug)]
pub(in crate::bucket::provider::swift) enum Scope {
    Project(String),
    ProjectOfName(String, Domain),
}

/// The keys that say it.
pub(super) const TEXTS: [&str; 13] = [
    "username",
    "user_id",
    "password",
    "domain_id",
    "domain_name",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "project_id",
    "project_name",
    "project_domain_id",
    "project_domain_name",
    "region_name",
];

/// What is given of it.
#[derive(Debug)]
pub(super) struct Given {
    version: i64,
    url: Option<String>,
    username: Option<String>,
    user_id: Option<String>,
    password: Option<Secret>,
    domain: [Option<String>; 2],
    credential: [Option<String>; 2],
    credential_secret: Option<Secret>,
    project: [Option<String>; 2],
    project_domain: [Option<String>; 2],
}

impl Given {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.i64("auth_version")?.unwrap_or(0);
        if !(0..=3).contains(&version) {
            return Err(Error::usage(format!(
                "config.auth_version \"{version}\": expected 1, 2 or 3, or 0 for what config.auth_url names"
            )));
        }
        let mut of = |key: &'static str| {
            let value = text(fields, key)?;
            let checked =
                value.map(|value| values::checked(&format!("config.{key}"), value, fault));
            checked.transpose()
        };
        Ok(Self {
            version,
            url: of("auth_url")?,
            username: of("username")?,
            user_id: of("user_id")?,
            password: of("password")?.map(Secret::new),
            domain: [of("domain_id")?, of("domain_name")?],
            credential: [
                of("application_credential_id")?,
                of("application_credential_name")?,
            ],
            credential_secret: of("application_credential_secret")?.map(Secret::new),
            project: [of("project_id")?, of("project_name")?],
            project_domain: [of("project_domain_id")?, of("project_domain_name")?],
        })
    }

    pub(super) fn auth(self) -> Result<Auth> {
        let url = self.checked_url()?;
        let version = match self.version {
            0 => of_url(url.as_str())?,
            version => version,
        };
        let project = self.project();
        let how = match version {
            1 => self.of_version_1()?,
            2 => self.of_version_2()?,
            _ => self.of_version_3()?,
        };
        Ok(Auth { url, how, project })
    }

    /// Its id, or its domain and its name.
    fn project(&self) -> Option<String> {
        let [id, name] = &self.project;
        let given = |pair: &[Option<String>; 2]| pair.iter().rev().flatten().next().cloned();
        let domain = given(&self.project_domain).or_else(|| given(&self.domain));
        let named = || {
            let domain = domain.unwrap_or_else(|| "Default".to_owned());
            name.as_ref().map(|name| format!("{domain}:{name}"))
        };
        id.clone().or_else(named)
    }

    fn checked_url(&self) -> Result<Url> {
        let expected = "expected the address of Keystone, such as https://keystone.example:5000/v3";
        let Some(url) = &self.url else {
            return Err(Error::usage(format!(
                "config.auth_url is missing: {expected}"
            )));
        };
        let parsed = Url::parse(url.trim_end_matches('/')).ok();
        let is_plain = |url: &Url| {
            ["http", "https"].contains(&url.scheme())
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        // It is not repeated: a secret may stand in it.
        parsed
            .filter(is_plain)
            .ok_or_else(|| Error::usage(format!("config.auth_url: {expected}")))
    }

    fn of_version_1(self) -> Result<How> {
        let user = self.username.ok_or_else(|| missing("username"))?;
        let key = self.password.ok_or_else(|| missing("password"))?;
        Ok(How::V1 { user, key })
    }

    fn of_version_2(self) -> Result<How> {
        let user = self.username.ok_or_else(|| missing("username"))?;
        let password = self.password.ok_or_else(|| missing("password"))?;
        let [tenant_id, tenant_name] = self.project;
        Ok(How::V2 {
            user,
            password,
            tenant_id,
            tenant_name,
        })
    }

    fn of_version_3(self) -> Result<How> {
        let [domain_id, domain_name] = self.domain;
        let name_first = |id: Option<String>, name: Option<String>| {
            name.map(Domain::Name).or(id.map(Domain::Id))
        };
        let id_first = |id: Option<String>, name: Option<String>| {
            id.map(Domain::Id).or(name.map(Domain::Name))
        };
        let [credential_id, credential_name] = self.credential;
        if let Some(secret) = self.credential_secret {
            if let Some(id) = credential_id {
                return Ok(How::V3 {
                    who: Who::Credential { id, secret },
                    scope: None,
                });
            }
            if let Some(name) = credential_name {
                let user = if self.user_id.is_some() {
                    User {
                        id: self.user_id,
                        ..User::default()
                    }
                } else {
                    let at = "config.application_credential_name";
                    if self.username.is_none() {
                        return Err(Error::usage(format!(
                            "{at} takes config.user_id, or config.username and its domain"
                        )));
                    }
                    let domain = id_first(domain_id, domain_name);
                    if domain.is_none() {
                        return Err(Error::usage(format!(
                            "{at} with config.username takes config.domain_id or config.domain_name"
                        )));
                    }
                    User {
                        id: None,
                        name: self.username,
                        domain,
                    }
                };
                return Ok(How::V3 {
                    who: Who::UsersCredential { name, user, secret },
                    scope: None,
                });
            }
        }
        let Some(password) = self.password else {
            return Err(if credential_id.is_some() || credential_name.is_some() {
                missing("application_credential_secret")
            } else {
                missing("password")
            });
        };
        let domain = name_first(domain_id, domain_name);
        let [project_id, project_name] = self.project;
        let [project_domain_id, project_domain_name] = self.project_domain;
        let scope = project_id.map(Scope::Project).or_else(|| {
            let domain = name_first(project_domain_id, project_domain_name)
                .or_else(|| domain.clone())
                .unwrap_or_else(|| Domain::Name("Default".to_owned()));
            project_name.map(|name| Scope::ProjectOfName(name, domain))
        });
        let who = if self.username.is_none() && self.user_id.is_none() {
            Who::Token(password)
        } else {
            let user = User {
                id: self.user_id,
                name: self.username,
                domain,
            };
            Who::Password { user, password }
        };
        Ok(How::V3 { who, scope })
    }
}

fn missing(key: &str) -> Error {
    Error::usage(format!("config.{key} is missing"))
}

/// The version that the address names, as Thanos' client looks for it.
fn of_url(url: &str) -> Result<i64> {
    let mut versions = [3, 2, 1].into_iter();
    let named = versions.find(|version| url.contains(&format!("v{version}")));
    named.ok_or_else(|| {
        Error::usage(
            "config.auth_version is missing, and config.auth_url names none: expected 1, 2 or 3",
        )
    })
}

/// What no name and no password has in it.
fn fault(value: &str) -> Option<&'static str> {
    if value.ends_with(['\n', '\r']) {
        Some("ends in a line break")
    } else if value.contains(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
}

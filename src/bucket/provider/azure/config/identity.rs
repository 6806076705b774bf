//! As whom requests are made, in the order in which Thanos decides it: connection string, key, client secret, a managed identity, and else whatever
//! the environment offers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::bucket::values::{self, checked, fault, fault_of_line};
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};

/// As whom requests are made.
#[derive(Debug, Clone)]
pub(in super::super) enum Identity {
    /// The account's own key, in base64.
    Key(Secret),
    /// A shared access signature, as it stands in a query.
    Signature(Secret),
    /// A token of one kind.
    Token(Link),
    /// The first of these that gives a token.
    Chain(Chain),
}

/// What a run without credentials in its configuration looks for.
#[derive(Debug, Clone)]
pub(in super::super) struct Chain {
    /// In this order.
    pub(in super::super) links: Vec<Link>,
    /// Why others are not among them.
    pub(in super::super) absent: Vec<String>,
}

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(in super::super) enum Link {
    /// Entra, for a secret.
    Secret {
        principal: Principal,
        secret: Secret,
    },
    /// Entra, for what the key of a certificate signs, both in a file.
    Certificate {
        principal: Principal,
        file: String,
        /// Whether Entra is shown the certificate, with those that vouch for it.
        sends_chain: bool,
    },
    /// Entra, for what stands in a file.
    Federated { principal: Principal, file: String },
    /// The machine or the service that the program runs on.
    Managed {
        /// The client id of the identity; `None` for the machine's own.
        client: Option<String>,
        /// The address to ask and the value of its header, where a service gives them.
        service: Option<(String, Option<Secret>)>,
        /// Whether it is first found out whether anybody answers.
        probes: bool,
    },
    /// `az`.
    CommandLine,
}

/// Who asks Entra for a token, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Principal {
    /// Such as `https://login.microsoftonline.com`, without a slash at its end.
    pub(in super::super) authority: String,
    pub(in super::super) tenant: String,
    pub(in super::super) client: String,
}

/// What the section says of it.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) key: Option<Secret>,
    pub(super) connection_string: Option<Secret>,
    pub(super) tenant: Option<String>,
    pub(super) client: Option<String>,
    pub(super) secret: Option<Secret>,
    pub(super) user_assigned: Option<String>,
}

/// Of Azure's public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// The variable that picks links of the chain.
const PICKS: &str = "AZURE_TOKEN_CREDENTIALS";

impl Given {
    /// What cannot be together, in the words of Thanos.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let principal = [
            self.tenant.is_some(),
            self.client.is_some(),
            self.secret.is_some(),
        ];
        let (any, all) = (principal.contains(&true), !principal.contains(&false));
        let managed = self.user_assigned.is_some();
        [
            (
                managed && self.key.is_some(),
                "user_assigned_id cannot be set when using storage_account_key authentication",
            ),
            (
                managed && self.connection_string.is_some(),
                "user_assigned_id cannot be set when using storage_connection_string authentication",
            ),
            (
                managed && self.client.is_some(),
                "user_assigned_id cannot be set when using client_id authentication",
            ),
            (
                any && !all,
                "az_tenant_id, client_id, and client_secret must be set together",
            ),
            (
                self.key.is_some() && self.connection_string.is_some(),
                "storage_account_key and storage_connection_string cannot both be set",
            ),
        ]
        .into_iter()
        .filter_map(|(is_so, fault)| is_so.then_some(fault))
        .collect()
    }

    /// As whom requests are made that no connection string authorises.
    pub(super) fn identity(
        self,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Identity> {
        if let Some(key) = &self.key {
            if self.secret.is_some() {
                warnings.push(
                    "config.client_secret has no effect here: storage_account_key is given"
                        .to_owned(),
                );
            }
            return Ok(Identity::Key(account_key(
                "config.storage_account_key",
                key,
            )?));
        }
        if let (Some(tenant), Some(client), Some(secret)) = (self.tenant, self.client, self.secret)
        {
            let secret = checked(
                "config.client_secret",
                secret.expose().to_owned(),
                fault_of_line,
            )?;
            let principal = Principal::new("config.az_tenant_id", environment, tenant, client)?;
            return Ok(Identity::Token(Link::Secret {
                principal,
                secret: Secret::new(secret),
            }));
        }
        match self.user_assigned {
            Some(client) => Ok(Identity::Token(managed(environment, Some(client), false)?)),
            None => Ok(Identity::Chain(Chain::of(environment)?)),
        }
    }
}

impl Identity {
    /// What must not be printed.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let of_link = |link: &Link| match link {
            Link::Secret { secret, .. } => Some(secret.clone()),
            Link::Managed { service, .. } => {
                service.as_ref().and_then(|(_, header)| header.clone())
            }
            Link::Certificate { .. } | Link::Federated { .. } | Link::CommandLine => None,
        };
        match self {
            Self::Key(secret) => vec![secret.clone()],
            Self::Signature(query) => {
                // The signature itself, however the rest of the query is told.
                let of_name = query
                    .expose()
                    .split('&')
                    .filter_map(|pair| pair.strip_prefix("sig="));
                of_name
                    .map(|signature| Secret::new(signature.to_owned()))
                    .chain([query.clone()])
                    .collect()
            }
            Self::Token(link) => of_link(link).into_iter().collect(),
            Self::Chain(chain) => chain.links.iter().filter_map(of_link).collect(),
        }
    }
}

impl Principal {
    /// Where its tokens are asked for.
    pub(in super::super) fn token_url(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.authority, self.tenant)
    }

    /// `at` names what says the tenant.
    fn new(at: &str, environment: &Environment, tenant: String, client: String) -> Result<Self> {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if !tenant.chars().all(is_fit) {
            return Err(Error::usage(format!(
                "{at}: expected the id of a tenant, or its domain"
            )));
        }
        let authority = variable(environment, "AZURE_AUTHORITY_HOST")?;
        let authority = authority.unwrap_or_else(|| AUTHORITY.to_owned());
        let url = reqwest::Url::parse(&authority).ok();
        let is_safe = url.as_ref().is_some_and(|url| {
            let is_near = || {
                url.host_str()
                    .is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"))
            };
            url.scheme() == "https" || (url.scheme() == "http" && is_near())
        });
        if !is_safe {
            return Err(Error::usage(
                "AZURE_AUTHORITY_HOST: expected an address with https://",
            ));
        }
        Ok(Self {
            authority: authority.trim_end_matches('/').to_owned(),
            tenant,
            client,
        })
    }
}

impl Chain {
    /// What the environment offers, in the order in which Azure's client looks.
    fn of(environment: &Environment) -> Result<Self> {
        let picks = picks(environment)?;
        let mut chain = Self {
            links: Vec::new(),
            absent: Vec::new(),
        };
        let [tenant, client] =
            ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"].map(|name| variable(environment, name));
        let (tenant, client) = (tenant?, client?);
        let principal = match (&tenant, &client) {
            (Some(tenant), Some(client)) => Some(Principal::new(
                "AZURE_TENANT_ID",
                environment,
                tenant.clone(),
                client.clone(),
            )?),
            _ => None,
        };
        if picks.contains(&Pick::Environment) {
            let secret = secret(environment, "AZURE_CLIENT_SECRET")?;
            let certificate = line(environment, "AZURE_CLIENT_CERTIFICATE_PATH")?;
            match (&principal, secret, certificate) {
                (Some(principal), Some(secret), _) => chain.links.push(Link::Secret {
                    principal: principal.clone(),
                    secret,
                }),
                (Some(principal), None, Some(file)) => chain.links.push(Link::Certificate {
                    principal: principal.clone(),
                    file,
                    sends_chain: environment
                        .get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                        .is_some_and(|it| it == "1" || it.eq_ignore_ascii_case("true")),
                }),
                (Some(_), None, None) => {
                    refuse_others(environment)?;
                    chain.absent.push(
                        "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set"
                            .to_owned(),
                    );
                }
                (None, ..) => chain
                    .absent
                    .push("AZURE_TENANT_ID and AZURE_CLIENT_ID are not both set".to_owned()),
            }
        }
        if picks.contains(&Pick::Workload) {
            match (principal, variable(environment, "AZURE_FEDERATED_TOKEN_FILE")?) {
                (Some(principal), Some(file)) => chain.links.push(Link::Federated { principal, file }),
                _ => chain.absent.push("no workload identity, for which AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and AZURE_CLIENT_ID are to be set".to_owned()),
            }
        }
        if picks.contains(&Pick::Managed) {
            chain
                .links
                .push(managed(environment, client, picks.len() > 1)?);
        }
        if picks.contains(&Pick::CommandLine) {
            chain.links.push(Link::CommandLine);
        }
        Ok(chain)
    }
}

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Environment,
    Workload,
    Managed,
    CommandLine,
}

/// Which links of the chain are looked at.
fn picks(environment: &Environment) -> Result<&'static [Pick]> {
    const ALL: [Pick; 4] = [
        Pick::Environment,
        Pick::Workload,
        Pick::Managed,
        Pick::CommandLine,
    ];
    const PRODUCTION: [Pick; 3] = [Pick::Environment, Pick::Workload, Pick::Managed];
    let Some(picks) = environment.get(PICKS) else {
        return Ok(&ALL);
    };
    match picks.to_ascii_lowercase().as_str() {
        "prod" => Ok(&PRODUCTION),
        "dev" | "azureclicredential" => Ok(&[Pick::CommandLine]),
        "environmentcredential" => Ok(&[Pick::Environment]),
        "workloadidentitycredential" => Ok(&[Pick::Workload]),
        "managedidentitycredential" => Ok(&[Pick::Managed]),
        _ => Err(Error::usage(format!(
            "{PICKS}: expected prod, dev, EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential or AzureCLICredential"
        ))),
    }
}

/// What Azure's client would take from the environment and this one does not know.
fn refuse_others(environment: &Environment) -> Result<()> {
    let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    if is_set("AZURE_USERNAME") {
        return Err(Error::usage(
            "AZURE_USERNAME: a user's password is not supported: expected AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE",
        ));
    }
    Ok(())
}

/// The identity of the machine, or of the service that the environment tells of.
fn managed(environment: &Environment, client: Option<String>, probes: bool) -> Result<Link> {
    let endpoint = match variable(environment, "IDENTITY_ENDPOINT")? {
        Some(endpoint) => Some((endpoint, secret(environment, "IDENTITY_HEADER")?)),
        None => variable(environment, "MSI_ENDPOINT")?
            .map(|endpoint| {
                let header = secret(environment, "MSI_SECRET");
                header.map(|header| (endpoint, header))
            })
            .transpose()?,
    };
    if let Some((endpoint, _)) = &endpoint {
        let url = reqwest::Url::parse(endpoint).ok();
        if !url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(Error::usage(
                "IDENTITY_ENDPOINT or MSI_ENDPOINT: expected an address with http:// or https://",
            ));
        }
    }
    for (name, what) in [
        ("IDENTITY_SERVER_THUMBPRINT", "Service Fabric"),
        ("IMDS_ENDPOINT", "Azure Arc"),
    ] {
        if endpoint.is_some() && environment.get(name).is_some_and(|value| !value.is_empty()) {
            return Err(Error::usage(format!(
                "{name}: managed identities of {what} are not supported"
            )));
        }
    }
    Ok(Link::Managed {
        client,
        probes: probes && endpoint.is_none(),
        service: endpoint,
    })
}

/// A variable that goes out as it is; an empty one counts as not set.
fn variable(environment: &Environment, name: &str) -> Result<Option<String>> {
    let value = environment.get(name).filter(|value| !value.is_empty());
    value
        .map(|value| checked(name, value.to_owned(), fault))
        .transpose()
}

/// The same, of what may hold any letters.
fn line(environment: &Environment, name: &str) -> Result<Option<String>> {
    let value = environment.get(name).filter(|value| !value.is_empty());
    value
        .map(|value| checked(name, value.to_owned(), fault_of_line))
        .transpose()
}

fn secret(environment: &Environment, name: &str) -> Result<Option<Secret>> {
    Ok(line(environment, name)?.map(Secret::new))
}

/// The key, which is base64.
pub(super) fn account_key(at: &str, key: &Secret) -> Result<Secret> {
    let key = checked(at, key.expose().to_owned(), values::fault)?;
    match STANDARD.decode(&key) {
        Ok(bytes) if !bytes.is_empty() => Ok(Secret::new(key)),
        _ => Err(Error::usage(format!(
            "{at}: expected base64, as the account's access keys are"
        ))),
    }
}

/// The signature, as it stands in a query.
pub(super) fn signature(at: &str, query: &str) -> Result<Secret> {
    let query = checked(at, query.to_owned(), values::fault)?;
    let query = query.trim_start_matches('?');
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    let is_fit = |c: char| c.is_ascii_graphic() && !"\"<>#".contains(c);
    if has("sig") && query.chars().all(is_fit) {
        return Ok(Secret::new(query.to_owned()));
    }
    Err(Error::usage(format!(
        "{at}: expected a shared access signature such as sv=…&sp=…&sig=…"
    )))
}

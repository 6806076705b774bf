//! A connection string, as the portal of Azure shows it: `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=…`.

use std::collections::BTreeMap;

use super::super::service::Service;
use super::identity::{Identity, account_key, signature};
use crate::environment::Secret;
use crate::error::{Error, Result};

/// What a connection string says.
#[derive(Debug)]
pub(super) struct ConnectionString {
    pub(super) service: Service,
    pub(super) identity: Identity,
}

const AT: &str = "config.storage_connection_string";

/// The account of Azure's emulators and its key, which are no secret.
const EMULATOR: &str = "AccountName=devstoreaccount1;\
    AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;\
    BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

impl ConnectionString {
    /// Reads it as Azure's client for Go does. `account` is what is configured beside it.
    pub(super) fn parse(text: &str, account: &str, warnings: &mut Vec<String>) -> Result<Self> {
        let said = members(text)?;
        let says = |name: &str| said.get(name).copied();
        let is_emulator =
            says("UseDevelopmentStorage").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if is_emulator && says("BlobEndpoint").is_none() && says("AccountName").is_none() {
            warnings.push(format!("{AT}: Thanos does not know UseDevelopmentStorage"));
            return Self::parse(EMULATOR, account, warnings);
        }
        let name = says("AccountName");
        let service = match (says("BlobEndpoint"), name) {
            (Some(endpoint), _) => Service::of_url(AT, endpoint, name.unwrap_or(account))?,
            (None, Some(name)) => {
                let scheme = says("DefaultEndpointsProtocol").unwrap_or("https");
                let suffix = says("EndpointSuffix").unwrap_or("core.windows.net");
                Service::of_url(AT, &format!("{scheme}://{name}.blob.{suffix}"), name)?
            }
            (None, None) => {
                return Err(Error::usage(format!(
                    "{AT} needs either AccountName or BlobEndpoint"
                )));
            }
        };
        if name.is_some_and(|name| name != account) {
            warnings.push("config.storage_account has no effect here: storage_connection_string names another account".to_owned());
        }
        let identity = match (name, says("AccountKey"), says("SharedAccessSignature")) {
            (Some(_), Some(key), _) => Identity::Key(account_key(
                &format!("{AT}: AccountKey"),
                &Secret::new(key.to_owned()),
            )?),
            (_, _, Some(given)) => {
                Identity::Signature(signature(&format!("{AT}: SharedAccessSignature"), given)?)
            }
            _ => {
                return Err(Error::usage(format!(
                    "{AT} needs either AccountKey (with AccountName) or SharedAccessSignature"
                )));
            }
        };
        Ok(Self { service, identity })
    }
}

/// The members by their names; the last one of a name counts.
fn members(text: &str) -> Result<BTreeMap<&str, &str>> {
    let members = text.trim_end_matches(';').split(';');
    let pairs: Option<BTreeMap<&str, &str>> =
        members.map(|member| member.split_once('=')).collect();
    pairs.ok_or_else(|| {
        Error::usage(format!(
            "{AT} is malformed: expected pairs such as AccountName=… separated by semicolons"
        ))
    })
}

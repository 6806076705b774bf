//! As whom requests are signed, as far as the configuration and the environment say it.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::region;
use crate::bucket::values::{checked, fault, fault_of_line, plain, text};
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};
use crate::small_file;
use crate::yaml::Fields;

#[derive(Debug)]
pub(in crate::bucket::provider::s3) enum Credentials {
    /// From the configuration or from `AWS_ACCESS_KEY_ID` and its like.
    Static {
        access_key: String,
        secret_key: Secret,
        session_token: Option<Secret>,
    },
    /// As the AWS SDK finds them; without any the run ends.
    Sdk,
    /// As found; without any, requests are anonymous.
    Found,
}

/// A token that Kubernetes gives, and the role that it may take on.
#[derive(Debug)]
pub(in crate::bucket::provider::s3) struct WebIdentity {
    pub(in crate::bucket::provider::s3) token_file: String,
    pub(in crate::bucket::provider::s3) role_arn: Option<String>,
    pub(in crate::bucket::provider::s3) session_name: Option<String>,
    /// `AWS_STS_REGIONAL_ENDPOINTS=legacy`: older regions ask the one service for all.
    pub(in crate::bucket::provider::s3) legacy: bool,
}

pub(super) fn credentials(
    fields: &mut Fields<'_>,
    environment: &Environment,
) -> Result<Credentials> {
    let sdk = fields.bool("aws_sdk_auth")?.unwrap_or(false);
    let access_key = plain(fields, "access_key")?;
    let secret_key = text(fields, "secret_key")?;
    let secret_key = secret_key
        .map(|key| checked("config.secret_key", key, fault_of_line))
        .transpose()?;
    let session_token = plain(fields, "session_token")?;
    match (access_key, secret_key) {
        (Some(_), _) | (_, Some(_)) if sdk => Err(Error::usage(
            "config.aws_sdk_auth and config.access_key exclude each other",
        )),
        (Some(access_key), Some(secret_key)) => Ok(Credentials::Static {
            access_key,
            secret_key: Secret::new(secret_key),
            session_token: session_token.map(Secret::new),
        }),
        (Some(_), None) => Err(Error::usage(
            "config.secret_key is missing although config.access_key is given",
        )),
        (None, Some(_)) => Err(Error::usage(
            "config.access_key is missing although config.secret_key is given",
        )),
        (None, None) if session_token.is_some() => Err(Error::usage(
            "config.session_token needs config.access_key and config.secret_key",
        )),
        (None, None) if sdk => Ok(Credentials::Sdk),
        (None, None) => from_environment(environment),
    }
}

fn from_environment(environment: &Environment) -> Result<Credentials> {
    let first = |names: [&'static str; 2], fault| {
        let mut values = names
            .into_iter()
            .filter_map(|name| given(environment, name, fault).transpose());
        values.next().transpose()
    };
    let access_key = first(["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"], fault)?;
    let secret_key = first(["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"], fault_of_line)?;
    let session_token = given(environment, "AWS_SESSION_TOKEN", fault)?;
    Ok(match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => Credentials::Static {
            access_key,
            secret_key: Secret::new(secret_key),
            session_token: session_token.map(Secret::new),
        },
        _ => Credentials::Found,
    })
}

pub(super) fn web_identity(environment: &Environment) -> Result<Option<WebIdentity>> {
    let get = |name| given(environment, name, fault);
    let Some(token_file) = environment
        .get("AWS_WEB_IDENTITY_TOKEN_FILE")
        .filter(|path| !path.is_empty())
    else {
        return Ok(None);
    };
    Ok(Some(WebIdentity {
        token_file: token_file.to_owned(),
        role_arn: get("AWS_ROLE_ARN")?,
        session_name: get("AWS_ROLE_SESSION_NAME")?,
        legacy: environment.get("AWS_STS_REGIONAL_ENDPOINTS") == Some("legacy"),
    }))
}

/// The AWS SDK reads the files that these variables name to their end.
pub(super) fn check_files(environment: &Environment) -> Result<()> {
    for name in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
        let Some(path) = environment.get(name).map(Path::new) else {
            continue;
        };
        // What a pipe holds can be read once only. Whether there is a file at all is the SDK's affair.
        let is_pipe = path.metadata().is_ok_and(|file| file.file_type().is_fifo());
        if !is_pipe
            && let Err(err) = small_file::read(path)
            && err.kind() == ErrorKind::FileTooLarge
        {
            return Err(Error::usage(format!("environment variable {name}: {err}")));
        }
    }
    Ok(())
}

/// The region that the environment names.
pub(super) fn region(environment: &Environment) -> Result<Option<String>> {
    let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let mut given = names.into_iter().filter_map(|name| {
        let region = environment.get(name).filter(|region| !region.is_empty())?;
        let at = format!("environment variable {name}");
        Some(region::named(&at, region.to_owned()))
    });
    given.next().transpose()
}

/// A variable that is set to something.
fn given(
    environment: &Environment,
    name: &str,
    fault: fn(&str) -> Option<&'static str>,
) -> Result<Option<String>> {
    let value = environment.get(name).filter(|value| !value.is_empty());
    value
        .map(|value| {
            let at = format!("environment variable {name}");
            checked(&at, value.to_owned(), fault)
        })
        .transpose()
}

//! Where credentials are looked for, in the order in which Thanos looks: the configuration, the file that a variable names, the file that `gcloud`
//! keeps, and the machine itself.

use std::io::ErrorKind;
use std::path::Path;

use super::account::{self, Account, Parsed};
use crate::bucket::values;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::small_file;
use crate::small_file::shown_path;

/// Who the requests come from.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) enum Credentials {
    /// Whom a document names, and where it was found.
    Account(Account, Origin),
    /// The machine, which asks its own cloud; the host and port of the server there.
    Machine(String),
    /// Nobody: an emulator does not ask.
    Nobody,
}

/// Where a document was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider::gcs) enum Origin {
    Configuration,
    Variable,
    Gcloud,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) credentials: Credentials,
    pub(super) quota_project: Option<String>,
    pub(super) universe: Option<String>,
}

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// Where a machine in Google's cloud asks for what it needs.
const METADATA_HOST: &str = "169.254.169.254";

/// The file that `gcloud auth application-default login` writes.
const GCLOUD_FILE: &str = "application_default_credentials.json";

/// Looks for credentials; files are read, and nothing is contacted.
pub(super) fn find(
    inline: Option<&str>,
    environment: &Environment,
    is_emulator: bool,
) -> Result<Found> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let quota_project = quota_project(variable("GOOGLE_CLOUD_QUOTA_PROJECT"))?;
    let document = if let Some(text) = inline {
        Some((of_configuration(text, environment)?, Origin::Configuration))
    } else if let Some(path) = variable(VARIABLE) {
        Some((of_variable(path, environment)?, Origin::Variable))
    } else if is_emulator {
        // Whoever has logged in with `gcloud` has not meant whatever plays the service.
        None
    } else {
        of_gcloud(environment)?.map(|parsed| (parsed, Origin::Gcloud))
    };
    if let Some((parsed, origin)) = document {
        return Ok(Found {
            credentials: Credentials::Account(parsed.account, origin),
            quota_project: match quota_project {
                Some(project) => Some(project),
                None => checked_project("the credentials: quota_project_id", parsed.quota_project)?,
            },
            universe: parsed.universe,
        });
    }
    let host = variable("GCE_METADATA_HOST");
    let credentials = match host {
        Some(host) => Credentials::Machine(checked_host(host)?),
        None if is_emulator => Credentials::Nobody,
        None => Credentials::Machine(METADATA_HOST.to_owned()),
    };
    Ok(Found {
        credentials,
        quota_project,
        universe: None,
    })
}

fn of_configuration(text: &str, environment: &Environment) -> Result<Parsed> {
    let at = "config.service_account";
    if !text.trim_start().starts_with('{') {
        return Err(Error::usage(format!(
            "{at} is no JSON: expected the content of a file of credentials; the path of one is given in {VARIABLE}"
        )));
    }
    account::parse(at, text.as_bytes(), environment)
}

fn of_variable(path: &str, environment: &Environment) -> Result<Parsed> {
    let at = format!("environment variable {VARIABLE}");
    let text = small_file::read(Path::new(path)).map_err(|err| {
        // Somebody may have put there what belongs into the file.
        let shown = if Path::new(path).is_absolute() {
            format!("{path:?}")
        } else {
            shown_path(path)
        };
        Error::usage(format!("{at}: could not read {shown}: {err}"))
    })?;
    account::parse(&format!("{at}: the file {path:?}"), &text, environment)
}

/// `None` where there is no such file.
fn of_gcloud(environment: &Environment) -> Result<Option<Parsed>> {
    let folder = |name: &str| environment.get(name).filter(|path| !path.is_empty());
    // Google's Go libraries, and so Thanos, know no other place.
    let folder = folder("HOME").map(|home| Path::new(home).join(".config/gcloud"));
    let Some(file) = folder.map(|folder| folder.join(GCLOUD_FILE)) else {
        return Ok(None);
    };
    let at = format!("the file {:?}", file.to_string_lossy());
    match small_file::read(&file) {
        Ok(text) => account::parse(&at, &text, environment).map(Some),
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(err) => Err(Error::usage(format!(
            "{at} of gcloud could not be read: {err}"
        ))),
    }
}

fn quota_project(variable: Option<&str>) -> Result<Option<String>> {
    let at = "environment variable GOOGLE_CLOUD_QUOTA_PROJECT";
    checked_project(at, variable.map(str::to_owned))
}

/// It goes into a header.
fn checked_project(at: &str, project: Option<String>) -> Result<Option<String>> {
    project
        .map(|project| values::checked(at, project, values::fault))
        .transpose()
}

/// A host, and perhaps a port; it becomes part of an address.
fn checked_host(host: &str) -> Result<String> {
    let url = reqwest::Url::parse(&format!("http://{host}"));
    let is_host = |url: &reqwest::Url| {
        values::fault(host).is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && !host.ends_with('/')
    };
    match url {
        Ok(url) if is_host(&url) => Ok(host.to_owned()),
        _ => Err(Error::usage(
            "environment variable GCE_METADATA_HOST: expected a host such as 169.254.169.254, or a host and a port",
        )),
    }
}

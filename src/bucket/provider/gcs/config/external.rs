//! An identity of another provider's, as the JSON of Google's credentials names it: what vouches for it, or what that is made of.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

use super::document::{given, missing, needed, url};
use crate::bucket::values;
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};

/// Where the other provider's token is.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) enum Subject {
    File(String, SubjectText),
    Url(Url, Vec<(String, Secret)>, SubjectText),
    /// A request to Amazon's service that tells who asks, signed and not sent.
    Aws(Box<Aws>),
    /// A program prints it.
    Program(Program),
    /// A certificate, which is shown to the token service.
    Certificate(Certificate),
}

/// What is found in a file or at an address.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) enum SubjectText {
    /// The token itself.
    Plain,
    /// A document with the token in this member.
    Member(String),
}

/// What is given, or the address at which a machine asks for it.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) enum Given<T> {
    Here(T),
    At(Url),
}

/// An identity of AWS.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct Aws {
    pub(in crate::bucket::provider::gcs) region: Given<String>,
    pub(in crate::bucket::provider::gcs) keys: Given<AwsKeys>,
    /// Where a machine asks for what it needs to ask for the others.
    pub(in crate::bucket::provider::gcs) session_url: Option<Url>,
    /// The address of Amazon's service, with [`REGION`] in the place of the region.
    pub(in crate::bucket::provider::gcs) verification_url: String,
}

/// What requests to AWS are signed with.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct AwsKeys {
    pub(in crate::bucket::provider::gcs) id: String,
    pub(in crate::bucket::provider::gcs) secret: Secret,
    pub(in crate::bucket::provider::gcs) session: Option<Secret>,
}

/// A program that prints a token, and may keep it in a file.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct Program {
    /// Its name and its arguments; never empty.
    pub(in crate::bucket::provider::gcs) command: Vec<String>,
    pub(in crate::bucket::provider::gcs) is_allowed: bool,
    pub(in crate::bucket::provider::gcs) timeout: Duration,
    pub(in crate::bucket::provider::gcs) output_file: Option<String>,
    /// What it is told.
    pub(in crate::bucket::provider::gcs) variables: Vec<(&'static str, String)>,
}

/// A certificate, and those up to its authority.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct Certificate {
    /// The file that names those of the certificate and its key.
    pub(in crate::bucket::provider::gcs) config_file: String,
    pub(in crate::bucket::provider::gcs) chain_file: Option<String>,
}

/// What stands for the region in an address.
pub(in crate::bucket::provider::gcs) const REGION: &str = "{region}";

/// The variable that allows programs to be started.
pub(in crate::bucket::provider::gcs) const ALLOWED: &str =
    "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";

const VERIFICATION_URL: &str =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/// How long a program may take, where nothing else is asked for, and what may be asked for.
const PATIENCE_MILLIS: u64 = 30_000;
const LEAST_MILLIS: u64 = 5_000;
const MOST_MILLIS: u64 = 120_000;

/// As it stands in the document.
#[derive(Deserialize)]
pub(super) struct Source {
    file: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    environment_id: Option<String>,
    region_url: Option<String>,
    regional_cred_verification_url: Option<String>,
    imdsv2_session_token_url: Option<String>,
    executable: Option<Executable>,
    certificate: Option<Presented>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Executable {
    command: Option<String>,
    timeout_millis: Option<i64>,
    output_file: Option<String>,
}

#[derive(Deserialize)]
struct Presented {
    #[serde(default)]
    use_default_certificate_config: bool,
    certificate_config_location: Option<String>,
    trust_chain_path: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "type", default)]
    kind: String,
    subject_token_field_name: Option<String>,
}

/// For whom the token is to be.
pub(super) struct Wanted<'a> {
    pub(super) audience: &'a str,
    pub(super) token_type: &'a str,
    /// Whose tokens are asked for with it.
    pub(super) impersonation_url: Option<&'a str>,
}

/// Reads what the document names as the source of the token; the first that is named counts, in the order of Google's clients.
pub(super) fn subject(
    at: &str,
    source: Source,
    wanted: &Wanted<'_>,
    environment: &Environment,
) -> Result<Subject> {
    let version = source
        .environment_id
        .as_deref()
        .and_then(|id| id.strip_prefix("aws"))
        .filter(|version| !version.is_empty());
    if let Some(version) = version {
        if version != "1" {
            return Err(Error::usage(format!("{at}: environment_id: expected aws1")));
        }
        return aws(at, source, environment).map(|aws| Subject::Aws(Box::new(aws)));
    }
    if let Some(file) = given(source.file) {
        return Ok(Subject::File(file, text(at, source.format)?));
    }
    if given(source.url.clone()).is_some() {
        let headers = source.headers.into_iter();
        let headers = headers.map(|(name, value)| (name, Secret::new(value)));
        let url = url(at, "url", source.url, "")?;
        return Ok(Subject::Url(
            url,
            headers.collect(),
            text(at, source.format)?,
        ));
    }
    if let Some(executable) = source.executable {
        return program(at, executable, wanted, environment).map(Subject::Program);
    }
    if let Some(presented) = source.certificate {
        return certificate(at, presented, environment).map(Subject::Certificate);
    }
    Err(Error::usage(format!(
        "{at}: file, url, executable, certificate or environment_id is missing"
    )))
}

fn text(at: &str, format: Option<Format>) -> Result<SubjectText> {
    match format {
        Some(format) if format.kind == "json" => {
            let at = format!("{at}: format");
            let member = format.subject_token_field_name;
            needed(&at, "subject_token_field_name", member).map(SubjectText::Member)
        }
        Some(format) if !matches!(format.kind.as_str(), "" | "text") => Err(Error::usage(format!(
            "{at}: format.type: expected text or json"
        ))),
        _ => Ok(SubjectText::Plain),
    }
}

fn aws(at: &str, source: Source, environment: &Environment) -> Result<Aws> {
    let variable = |name: &str| {
        let value = environment.get(name).filter(|value| !value.is_empty());
        let at = format!("environment variable {name}");
        let checked = |value: &str| values::checked(&at, value.to_owned(), values::fault);
        value.map(checked).transpose()
    };
    let asked = |member: &'static str, text: Option<String>, variables: &str| {
        if given(text.clone()).is_none() {
            return Err(Error::usage(format!(
                "{at}: {member} is missing, and so {variables}"
            )));
        }
        url(at, member, text, "")
    };
    let region = match variable("AWS_REGION")? {
        Some(region) => Some(region),
        None => variable("AWS_DEFAULT_REGION")?,
    };
    let region = if let Some(region) = region {
        Given::Here(region)
    } else {
        let variables = "are the environment variables AWS_REGION and AWS_DEFAULT_REGION";
        Given::At(asked("region_url", source.region_url, variables)?)
    };
    let (id, secret) = (
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
    );
    let keys = if let (Some(id), Some(secret)) = (id, secret) {
        Given::Here(AwsKeys {
            id,
            secret: Secret::new(secret),
            session: variable("AWS_SESSION_TOKEN")?.map(Secret::new),
        })
    } else {
        let variables =
            "is one of the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        Given::At(asked("url", source.url, variables)?)
    };
    let session_url = source.imdsv2_session_token_url;
    let session_url = given(session_url)
        .map(|text| url(at, "imdsv2_session_token_url", Some(text), ""))
        .transpose()?;
    let verification_url = given(source.regional_cred_verification_url);
    let verification_url = verification_url.unwrap_or_else(|| VERIFICATION_URL.to_owned());
    let there = verification_url.replace(REGION, "us-east-1");
    url(at, "regional_cred_verification_url", Some(there), "")?;
    Ok(Aws {
        region,
        keys,
        session_url,
        verification_url,
    })
}

fn program(
    at: &str,
    executable: Executable,
    wanted: &Wanted<'_>,
    environment: &Environment,
) -> Result<Program> {
    let at = format!("{at}: executable");
    let command = executable.command.unwrap_or_default();
    let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if command.is_empty() {
        return Err(missing(&at, "command"));
    }
    let millis = match executable.timeout_millis.unwrap_or(0) {
        0 => PATIENCE_MILLIS,
        millis => u64::try_from(millis)
            .ok()
            .filter(|millis| (LEAST_MILLIS..=MOST_MILLIS).contains(millis))
            .ok_or_else(|| {
                Error::usage(format!(
                    "{at}: timeout_millis: expected {LEAST_MILLIS} to {MOST_MILLIS}"
                ))
            })?,
    };
    let output_file = given(executable.output_file);
    let is_allowed = environment.get(ALLOWED) == Some("1");
    // What it has printed before may be in the file.
    if !is_allowed && output_file.is_none() {
        return Err(Error::usage(format!(
            "{at}: a program is started only where the environment variable {ALLOWED} is 1"
        )));
    }
    let mut variables = vec![
        ("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", wanted.audience),
        ("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE", wanted.token_type),
        ("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0"),
    ];
    let email = wanted.impersonation_url.and_then(impersonated);
    variables.extend(email.map(|email| ("GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL", email)));
    let file = output_file.as_deref();
    variables.extend(file.map(|file| ("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", file)));
    let variables = variables.into_iter();
    Ok(Program {
        command,
        is_allowed,
        timeout: Duration::from_millis(millis),
        variables: variables
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
        output_file,
    })
}

/// The account that such an address names.
fn impersonated(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/v1/projects/-/serviceAccounts/")?;
    let email = rest.strip_suffix(":generateAccessToken")?;
    email.contains('@').then_some(email)
}

fn certificate(at: &str, presented: Presented, environment: &Environment) -> Result<Certificate> {
    let at = format!("{at}: certificate");
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let location = given(presented.certificate_config_location);
    let config_file = match (presented.use_default_certificate_config, location) {
        (false, Some(file)) => Some(file),
        (true, None) => variable("GOOGLE_API_CERTIFICATE_CONFIG")
            .map(str::to_owned)
            .or_else(|| Some(format!("{}/{DEFAULT_FILE}", variable("HOME")?))),
        _ => {
            return Err(Error::usage(format!(
                "{at}: expected either certificate_config_location or use_default_certificate_config: true"
            )));
        }
    };
    let config_file = config_file.ok_or_else(|| {
        let variables = "GOOGLE_API_CERTIFICATE_CONFIG and HOME";
        Error::usage(format!(
            "{at}: use_default_certificate_config: there is no such file, for the environment variables {variables} are not set"
        ))
    })?;
    Ok(Certificate {
        config_file,
        chain_file: given(presented.trust_chain_path),
    })
}

/// Below the home of whoever runs this.
const DEFAULT_FILE: &str = ".config/gcloud/certificate_config.json";

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.29
    #[test]
    fn a_program_is_told_whose_tokens_are_asked_for() {
        let at = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts";
        for (url, expected) in [
            (
                format!("{at}/mover@p.iam.gserviceaccount.com:generateAccessToken"),
                Some("mover@p.iam.gserviceaccount.com"),
            ),
            (format!("{at}/mover:generateAccessToken"), None),
            (format!("{at}/a@b:generateIdToken"), None),
            (String::new(), None),
        ] {
            assert_eq!(impersonated(&url), expected, "{url}");
        }
    }
}

//! What `provider: default` is: what Oracle's Go SDK finds, and so Thanos. First the profile `DEFAULT` of `~/.oci/config` (or of the file that
//! `OCI_CONFIG_FILE` names, where there is none), then of `~/.oraclebmc/config`, then variables that begin with `TF_VAR_`.
//!
//! The SDK looks for each value in all of these places, so that a key of one may be named by another. Here one place gives all but the region: a
//! mixture is refused by the service, and in words that do not tell why.

use std::io::ErrorKind;
use std::path::Path;

use super::beside::Beside;
use super::endpoint::Endpoint;
use super::identity::{ApiKey, Identity, KeyId, Origin, check_id, other_fingerprint};
use super::key::Key;
use crate::bucket::values;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::small_file;

/// The profile that is read.
const PROFILE: &str = "DEFAULT";

/// What a profile says that is the machine.
const MACHINE: &str = "instance_principal";

/// What a place says.
#[derive(Debug, Default)]
struct Found {
    tenancy: Option<String>,
    user: Option<String>,
    fingerprint: Option<String>,
    key_file: Option<String>,
    passphrase: Option<String>,
    region: Option<String>,
    token_file: Option<String>,
    delegation_file: Option<String>,
    kind: Option<String>,
}

/// Finds who signs, and where.
pub(super) fn find(environment: &Environment, warnings: &mut Vec<String>) -> Result<Identity> {
    let mut places = Vec::new();
    let of_place = environment.get("OCI_REGION");
    let of_place = of_place.filter(|region| !region.is_empty());
    for path in files(environment) {
        if let Some(mut found) = of_file(&path)? {
            // So does the SDK, before it looks into the next place.
            found.region = found.region.or_else(|| of_place.map(str::to_owned));
            places.push((format!("the file {path:?}"), found));
        }
    }
    let variables = of_variables(environment);
    if variables.tenancy.is_some() || variables.user.is_some() {
        places.push(("the variables TF_VAR_…".to_owned(), variables));
    }
    let regions = places.iter().find_map(|(at, found)| {
        let region = found.region.clone()?;
        Some((format!("{at}: region"), region))
    });
    let region = regions.or_else(|| {
        Some((
            "environment variable OCI_REGION".to_owned(),
            of_place?.to_owned(),
        ))
    });
    let first = places.first();
    if let Some((at, found)) = first.filter(|(_, found)| found.kind.as_deref() == Some(MACHINE)) {
        if found.delegation_file.is_some() {
            return Err(Error::usage(format!(
                "{at}: delegation_token_file is not supported yet: expected the API key of a user, or the machine without such a token"
            )));
        }
        return Beside::of(environment).map(Identity::Machine);
    }
    let Some((at, found)) = places.into_iter().next() else {
        return Err(Error::usage(
            "config.provider: default: nothing is found: expected ~/.oci/config with a profile [DEFAULT], or the variables TF_VAR_tenancy_ocid, TF_VAR_user_ocid, TF_VAR_fingerprint, TF_VAR_private_key_path and TF_VAR_region",
        ));
    };
    let (at_region, region) = region.ok_or_else(|| missing(&at, "region"))?;
    let endpoint = Endpoint::of(&at_region, &region, environment, warnings)?;
    let key = key(&at, found, environment, warnings)?;
    Ok(Identity::User {
        key,
        origin: Origin::Sdk(at),
        endpoint,
    })
}

fn key(
    at: &str,
    found: Found,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<ApiKey> {
    if found.kind.is_some_and(|kind| kind != "user_principal") {
        warnings.push(format!(
            "{at}: authentication_type is none that the SDK knows, which takes it for a user"
        ));
    }
    let tenancy = needed(at, "tenancy", found.tenancy)?;
    check_id(&format!("{at}: tenancy"), &tenancy, "tenancy", warnings)?;
    let path = needed(at, "key_file", found.key_file)?;
    let path = expanded(&path, environment);
    let pem = small_file::read(Path::new(&path)).map_err(|err| {
        let path = small_file::shown_path(&path);
        Error::usage(format!("{at}: key_file: could not read {path}: {err}"))
    })?;
    let pem = String::from_utf8_lossy(&pem);
    let passphrase = found.passphrase.unwrap_or_default();
    let key = Key::read(&pem, &passphrase)
        .map_err(|why| Error::usage(format!("{at}: the key in key_file {why}")))?;
    let id = match (found.user, found.token_file) {
        (Some(user), _) => {
            check_id(&format!("{at}: user"), &user, "user", warnings)?;
            let fingerprint = needed(at, "fingerprint", found.fingerprint)?;
            let at = format!("{at}: fingerprint");
            warnings.extend(other_fingerprint(&at, &fingerprint, &key));
            KeyId::OfUser { user, fingerprint }
        }
        (None, Some(token)) => KeyId::TokenFile(expanded(&token, environment)),
        (None, None) => return Err(missing(at, "user")),
    };
    Ok(ApiKey { tenancy, id, key })
}

/// The files that are looked at, the first one first.
fn files(environment: &Environment) -> Vec<String> {
    let given = |name: &str| environment.get(name).filter(|path| !path.is_empty());
    let at_home = |name: &str| {
        let home = Path::new(given("HOME")?);
        Some(home.join(name).to_string_lossy().into_owned())
    };
    let own = at_home(".oci/config").filter(|path| Path::new(path).exists());
    let first = own.or_else(|| given("OCI_CONFIG_FILE").map(str::to_owned));
    first
        .into_iter()
        .chain(at_home(".oraclebmc/config"))
        .collect()
}

/// `None` where there is no such file, or no such profile in it.
fn of_file(path: &str) -> Result<Option<Found>> {
    let text = match small_file::read(Path::new(path)) {
        Ok(text) => text,
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(err) => {
            return Err(Error::usage(format!(
                "config.provider: default: the file {path:?} could not be read: {err}"
            )));
        }
    };
    Ok(profile(&String::from_utf8_lossy(&text)))
}

/// What stands in the profile.
fn profile(text: &str) -> Option<Found> {
    let name_of = |line: &str| Some(line.strip_prefix('[')?.rsplit_once(']')?.0.to_owned());
    let mut lines = text.lines();
    lines.find(|line| name_of(line).as_deref() == Some(PROFILE))?;
    let mut found = Found::default();
    for line in lines.take_while(|line| name_of(line).is_none()) {
        let mut sides = line.split('=').map(str::trim);
        let (Some(key), Some(value)) = (sides.next(), sides.next()) else {
            continue;
        };
        // A passphrase may hold the sign; the SDK takes what stands before it.
        let value = Some(value.to_owned()).filter(|value| !value.is_empty());
        match key.to_ascii_lowercase().as_str() {
            "user" => found.user = value,
            "tenancy" => found.tenancy = value,
            "fingerprint" => found.fingerprint = value,
            "key_file" => found.key_file = value,
            "passphrase" | "pass_phrase" => found.passphrase = value,
            "region" => found.region = value,
            "security_token_file" => found.token_file = value,
            "delegation_token_file" => found.delegation_file = value,
            "authentication_type" => found.kind = value,
            _ => {}
        }
    }
    Some(found)
}

fn of_variables(environment: &Environment) -> Found {
    let value = |name: &str| {
        let value = environment.get(&format!("TF_VAR_{name}"))?;
        Some(value.to_owned()).filter(|value| !value.is_empty())
    };
    Found {
        tenancy: value("tenancy_ocid"),
        user: value("user_ocid"),
        fingerprint: value("fingerprint"),
        key_file: value("private_key_path"),
        region: value("region"),
        ..Found::default()
    }
}

/// A value that goes into the name of a key, or is a path.
fn needed(at: &str, name: &str, value: Option<String>) -> Result<String> {
    let value = value.ok_or_else(|| missing(at, name))?;
    match values::fault_of_line(&value) {
        None => Ok(value),
        Some(fault) => Err(Error::usage(format!(
            "{at}: {name} {fault}: expected text on one line"
        ))),
    }
}

fn missing(at: &str, name: &str) -> Error {
    Error::usage(format!("{at}: {name} is missing"))
}

/// The path, with the home folder in place of `~/`.
fn expanded(path: &str, environment: &Environment) -> String {
    match (path.strip_prefix("~/"), environment.get("HOME")) {
        (Some(rest), Some(home)) => Path::new(home).join(rest).to_string_lossy().into_owned(),
        _ => path.to_owned(),
    }
}

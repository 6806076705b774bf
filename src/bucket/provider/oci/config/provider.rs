//! What `provider` says: who signs with the keys that stand beside it, or with what Oracle's SDK would find.

use super::beside::Beside;
use super::endpoint::Endpoint;
use super::identity::{ApiKey, Identity, KeyId, Origin, check_id, other_fingerprint};
use super::key::Key;
use super::sdk;
use crate::bucket::values::{plain, text};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::yaml::Fields;

/// What each `provider` is, and what may be given in its place.
const PROVIDERS: &str = "raw, default or instance-principal";

/// The keys of `raw`.
const RAW: [&str; 5] = [
    "tenancy_ocid",
    "user_ocid",
    "region",
    "fingerprint",
    "privatekey",
];

/// Finds who signs, and where the service is; files are read, and nothing is contacted.
pub(super) fn find(
    fields: &mut Fields<'_>,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Identity> {
    let provider = text(fields, "provider")?;
    match provider.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("raw") => raw(fields, environment, warnings),
        Some("default") => {
            let whence = "from the files and variables of Oracle's SDK";
            have_no_effect(fields, "default", whence, warnings)?;
            sdk::find(environment, warnings)
        }
        Some("instance-principal") => {
            have_no_effect(fields, "instance-principal", "from the machine", warnings)?;
            Beside::of(environment).map(Identity::Machine)
        }
        Some("oke-workload-identity") => Err(Error::usage(format!(
            "config.provider: oke-workload-identity is not supported yet: expected {PROVIDERS}, with the API key of a user whose group has the policy that `thanos-bucket check` prints"
        ))),
        None => Err(Error::usage(format!(
            "config.provider is missing: expected {PROVIDERS}"
        ))),
        Some(_) => Err(Error::usage(format!(
            "config.provider: there is no such provider: expected {PROVIDERS}"
        ))),
    }
}

fn raw(
    fields: &mut Fields<'_>,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Identity> {
    let [tenancy, user, region, fingerprint, pem] = [
        plain(fields, "tenancy_ocid")?,
        plain(fields, "user_ocid")?,
        plain(fields, "region")?,
        plain(fields, "fingerprint")?,
        text(fields, "privatekey")?,
    ];
    let passphrase = text(fields, "passphrase")?.unwrap_or_default();
    let given = [&tenancy, &user, &region, &fingerprint, &pem];
    let missing = RAW.iter().zip(given);
    let missing: Vec<String> = missing
        .filter(|(_, value)| value.is_none())
        .map(|(key, _)| format!("config.{key}"))
        .collect();
    let (Some(tenancy), Some(user), Some(region), Some(fingerprint), Some(pem)) =
        (tenancy, user, region, fingerprint, pem)
    else {
        let verb = if missing.len() == 1 { "is" } else { "are" };
        return Err(Error::usage(format!(
            "{} {verb} missing: provider raw wants {}",
            missing.join(", "),
            RAW.join(", ")
        )));
    };
    let key = Key::read(&pem, &passphrase)
        .map_err(|why| Error::usage(format!("config.privatekey {why}")))?;
    let endpoint = Endpoint::of("config.region", &region, environment, warnings)?;
    check_id("config.tenancy_ocid", &tenancy, "tenancy", warnings)?;
    check_id("config.user_ocid", &user, "user", warnings)?;
    warnings.extend(other_fingerprint("config.fingerprint", &fingerprint, &key));
    let key = ApiKey {
        tenancy,
        id: KeyId::OfUser { user, fingerprint },
        key,
    };
    Ok(Identity::User {
        key,
        origin: Origin::Configuration,
        endpoint,
    })
}

/// Warns of the keys of `raw` that are given for another provider.
fn have_no_effect(
    fields: &mut Fields<'_>,
    provider: &str,
    whence: &str,
    warnings: &mut Vec<String>,
) -> Result<()> {
    for key in RAW.into_iter().chain(["passphrase"]) {
        if text(fields, key)?.is_some() {
            warnings.push(format!(
                "config.{key} has no effect: with provider: {provider} all is taken {whence}"
            ));
        }
    }
    Ok(())
}

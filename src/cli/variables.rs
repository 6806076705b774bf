//! Environment variables that would have been read as less than was meant: the run would do more than that, and so it is refused.

use clap::{Arg, Command};

use super::flags::{self, Origins, VARIABLES};
use crate::error::{Error, Result};
use crate::nearest::{distance, nearest};

/// The heading of flags without which more blocks are taken.
pub(super) const WHICH_BLOCKS: &str = "Which blocks";

/// Variables with our beginning that are no flags.
const NO_FLAGS: [&str; 4] = [
    "THANOS_BUCKET_COMMIT",
    "THANOS_BUCKET_DATE",
    "THANOS_BUCKET_GOLDEN",
    "THANOS_BUCKET_TEST_SERVERS",
];

/// Checks the environment against the flags. Returns a warning for each variable that has our prefix and is not a flag's.
///
/// Errors: a variable whose name is nearly a flag's; one whose value is not UTF-8; an empty one for a flag that limits which blocks are taken, or for
/// the dry run.
pub(super) fn judge(command: &Command, origins: &Origins<'_>) -> Result<Vec<String>> {
    for arg in flags::all(command) {
        wrong_value(arg, origins)?;
    }
    let known: Vec<String> = flags::all(command).filter_map(flags::variable).collect();
    let unknown = origins
        .environment
        .names()
        .filter(|name| !NO_FLAGS.contains(name) && !known.iter().any(|known| known == name));
    let mut warnings = Vec::new();
    for name in unknown {
        if let Some(meant) = meant(name, &known) {
            return Err(Error::usage(format!(
                "environment variable {name}: there is no such flag: did you mean {meant}?"
            )));
        }
        if name.starts_with(VARIABLES) && !is_service_link(name) {
            warnings.push(format!(
                "environment variable {name} is ignored, for there is no such flag"
            ));
        }
    }
    Ok(warnings)
}

/// Fails where a variable is set, but to a value that would count as not given.
fn wrong_value(arg: &Arg, origins: &Origins<'_>) -> Result<()> {
    let (Some(flag), Some(variable)) = (arg.get_long(), flags::variable(arg)) else {
        return Ok(());
    };
    if origins.is_on_command_line(flag) {
        return Ok(());
    }
    if origins.environment.is_not_text(&variable) {
        return Err(Error::usage(format!(
            "{variable}: it is not UTF-8: expected text"
        )));
    }
    let bounds =
        arg.get_help_heading() == Some(WHICH_BLOCKS) || ["dry-run", "shard"].contains(&flag);
    if bounds && origins.environment.get(&variable) == Some("") {
        return Err(Error::usage(format!(
            "{variable} \"\": expected a value, or no such variable: without one the run would do more"
        )));
    }
    Ok(())
}

/// The variable that `name` was probably meant to be.
fn meant<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let known = || known.iter().map(String::as_str);
    let spelled = name.to_ascii_uppercase().replace(['.', '-'], "_");
    if is_service_link(&spelled) {
        return None;
    }
    let Some(rest) = spelled.strip_prefix(VARIABLES) else {
        // A slip in the beginning that all of them have in common.
        return known().find(|known| distance(&spelled, known) <= 2);
    };
    let below = || known().filter_map(|known| known.strip_prefix(VARIABLES));
    let found = nearest(rest, below())
        .or_else(|| below().find(|flag| lacks_words(rest, flag) || has_words_before(rest, flag)))?;
    known().find(|known| known.strip_prefix(VARIABLES) == Some(found))
}

/// Whether somebody left out words: `SELECTOR_CONFIG`, `DRY`.
fn lacks_words(given: &str, flag: &str) -> bool {
    let mut words = flag.split('_');
    let first = words.clone().next();
    let is_one = !given.contains('_');
    given
        .split('_')
        .all(|word| words.any(|of_flag| of_flag == word))
        && (!is_one || first == Some(given))
}

/// Whether somebody put words before it: `MIGRATE_DRY_RUN`.
fn has_words_before(given: &str, flag: &str) -> bool {
    let before = given.strip_suffix(flag);
    flag.contains('_') && before.is_some_and(|before| before.ends_with('_'))
}

/// Whether Kubernetes sets it in every pod beside a service whose name begins as ours does.
fn is_service_link(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let of_port = || {
        let (_, port) = name
            .rsplit_once("_PORT_")
            .filter(|(_, rest)| rest.split('_').next().is_some_and(is_number))?;
        let mut words = port.split('_').skip(1);
        Some(["TCP", "UDP", "SCTP"].contains(&words.next()?))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.contains("_SERVICE_PORT_")
        || of_port() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-2.1
    #[test]
    fn what_is_nearly_a_flags_variable_is_told_from_what_is_not() {
        let known = [
            "DRY_RUN",
            "ID",
            "LOG_LEVEL",
            "OBJSTORE_CONFIG",
            "OUTPUT",
            "SELECTOR_RELABEL_CONFIG",
            "SHARD",
        ]
        .map(|flag| format!("{VARIABLES}{flag}"));
        for (name, expected) in [
            ("THANOS_BUCKET_DRYRUN", Some("DRY_RUN")),
            ("THANOS_BUCKET_DRY", Some("DRY_RUN")),
            ("THANOS_BUCKET_NO_DRY_RUN", Some("DRY_RUN")),
            ("THANOS_BUCKET_MIGRATE_DRY_RUN", Some("DRY_RUN")),
            ("THANOS_BUCKET_dry_run", Some("DRY_RUN")),
            ("thanos_bucket_dry_run", Some("DRY_RUN")),
            ("THANOS_BUCKET_DRY-RUN", Some("DRY_RUN")),
            ("THANOSBUCKET_DRY_RUN", Some("DRY_RUN")),
            ("THANOS_BUKCET_DRY_RUN", Some("DRY_RUN")),
            ("THANOS_BUCKET__DRY_RUN", Some("DRY_RUN")),
            ("THANOS_BUCKET_IDS", Some("ID")),
            ("THANOS_BUCKET_SELECTOR", Some("SELECTOR_RELABEL_CONFIG")),
            (
                "THANOS_BUCKET_SELECTOR_CONFIG",
                Some("SELECTOR_RELABEL_CONFIG"),
            ),
            (
                "THANOS_BUCKET_RELABEL_CONFIG",
                Some("SELECTOR_RELABEL_CONFIG"),
            ),
            ("THANOS_BUCKET_NAME", None),
            ("THANOS_BUCKET_ENDPOINT", None),
            ("THANOS_BUCKET_SECRET_KEY", None),
            ("THANOS_BUCKET_SIM_SEEDS", None),
            ("THANOS_BUCKET", None),
            ("THANOS_DRY_RUN", None),
            ("DRY_RUN", None),
            // Of a service named `thanos-bucket`, or with a longer name.
            ("THANOS_BUCKET_PORT", None),
            ("THANOS_BUCKET_SERVICE_HOST", None),
            ("THANOS_BUCKET_SERVICE_PORT", None),
            ("THANOS_BUCKET_SERVICE_PORT_HTTP", None),
            ("THANOS_BUCKET_PORT_80_TCP", None),
            ("THANOS_BUCKET_PORT_80_TCP_PROTO", None),
            ("THANOS_BUCKET_PORT_80_TCP_ADDR", None),
            ("THANOS_BUCKET_OUTPUTS_SERVICE_HOST", None),
            ("THANOS_BUCKET_SHARDS_PORT", None),
        ] {
            let meant = meant(name, &known).and_then(|meant| meant.strip_prefix(VARIABLES));
            assert_eq!(meant, expected, "{name}");
        }
    }
}

//! Flags that Thanos' own commands have and that mean nothing here, so that a script which gives them goes on working. Help does not list them.

use clap::Args;

use crate::cli::flags::Origins;

#[derive(Args)]
pub(in crate::cli) struct Thanos {
    /// Where Thanos serves its metrics.
    #[arg(long = "http-address", value_name = "ADDRESS", hide = true)]
    http_address: Option<String>,

    /// How long Thanos waits for its server to end.
    #[arg(long = "http-grace-period", value_name = "DURATION", hide = true)]
    http_grace_period: Option<String>,

    /// Thanos' configuration of that server.
    #[arg(long = "http.config", value_name = "PATH", hide = true)]
    http_config: Option<String>,

    #[command(flatten)]
    runtime: GoRuntime,
}

/// What Thanos' commands have for the runtime of Go.
#[derive(Args)]
pub(in crate::cli) struct GoRuntime {
    /// Whether Go's memory limit follows the container's.
    #[arg(long, hide = true)]
    enable_auto_gomemlimit: bool,

    /// Which part of it Go takes.
    #[arg(long = "auto-gomemlimit.ratio", value_name = "RATIO", hide = true)]
    auto_gomemlimit_ratio: Option<String>,
}

impl Thanos {
    /// A line for each that is given.
    pub(in crate::cli) fn without_effect(self, origins: &Origins<'_>) -> Vec<String> {
        let given = [
            (self.http_address.is_some(), "http-address"),
            (self.http_grace_period.is_some(), "http-grace-period"),
            (self.http_config.is_some(), "http.config"),
        ];
        let mut warnings = lines(&given, "there is no HTTP server", origins);
        warnings.extend(self.runtime.without_effect(origins));
        warnings
    }
}

impl GoRuntime {
    /// A line for each that is given.
    pub(in crate::cli) fn without_effect(self, origins: &Origins<'_>) -> Vec<String> {
        let given = [
            (self.enable_auto_gomemlimit, "enable-auto-gomemlimit"),
            (
                self.auto_gomemlimit_ratio.is_some(),
                "auto-gomemlimit.ratio",
            ),
        ];
        lines(&given, "--memory-limit bounds the memory", origins)
    }
}

fn lines(given: &[(bool, &str)], why: &str, origins: &Origins<'_>) -> Vec<String> {
    let given = given.iter().filter(|(is_given, _)| *is_given);
    given
        .map(|(_, flag)| format!("{} has no effect: {why}", origins.name(flag)))
        .collect()
}

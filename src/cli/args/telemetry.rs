//! Flags about what the tool tells while it runs; every subcommand has them.

use std::path::PathBuf;

use clap::Args;

use crate::cli::document::Document;
use crate::cli::flags::Origins;
use crate::cli::values::one_of;
use crate::error::Result;
use crate::telemetry::{Format, Level, Options, TracingConfig};

#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
pub(in crate::cli) struct Telemetry {
    /// The least urgent lines that are logged.
    #[arg(
        long = "log.level",
        value_name = "LEVEL",
        default_value = "info",
        global = true
    )]
    #[arg(value_parser = one_of([("debug", Level::Debug), ("info", Level::Info), ("warn", Level::Warn), ("error", Level::Error)]))]
    log_level: Level,

    /// The shape of log lines, which go to stderr.
    #[arg(
        long = "log.format",
        value_name = "FORMAT",
        default_value = "logfmt",
        global = true
    )]
    #[arg(value_parser = one_of([("logfmt", Format::Logfmt), ("json", Format::Json)]))]
    log_format: Format,

    /// Where spans go: YAML text in Thanos' tracing format, of type OTLP.
    ///
    /// `$(VAR)` is replaced from the environment.
    #[arg(long = "tracing.config", value_name = "YAML", global = true)]
    tracing_config: Option<String>,

    /// The path of a file with the tracing configuration.
    #[arg(long = "tracing.config-file", value_name = "PATH", global = true)]
    tracing_config_file: Option<PathBuf>,
}

impl Telemetry {
    /// What is told, and how.
    pub(in crate::cli) fn options(self, origins: &Origins<'_>) -> Result<Options> {
        // As for Thanos, an empty text is none: a script may have nothing to give.
        let text = self.tracing_config.filter(|text| !text.is_empty());
        let document = Document::read("tracing.config", text, self.tracing_config_file, origins)?;
        let tracing = document
            .map(|document| document.parse_expanded(origins.environment, TracingConfig::parse));
        Ok(Options {
            level: self.log_level,
            format: self.log_format,
            tracing: tracing.transpose()?,
        })
    }
}

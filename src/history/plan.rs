//! What a plan says.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::block::Sha256Sum;
use crate::payload::{Malformed, Options};
use crate::promql::{Access, Selector};
use crate::samples::Labels;

/// A plan: it is sound in itself. Nobody was asked yet whether what it names is there.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where samples come from.
    pub source: Source,
    /// Where they go.
    pub target: Target,
    /// Which series are brought; none means all of them.
    pub selectors: Vec<Selector>,
    /// The metrics whose metadata are compared.
    pub metadata_metrics: Vec<String>,
    /// Which exemplars are compared.
    pub exemplar_checks: Vec<ExemplarCheck>,
    /// What both sides are asked in `PromQL`.
    pub promql_checks: Vec<PromqlCheck>,
    /// How much is sent at once, and how long an answer may take.
    pub batch: Batch,
    /// How far apart values may be.
    pub compare: Compare,
    /// Tells apart plans that may bring different samples. Credentials, batches, checks and tolerances have no part in it.
    pub fingerprint: Sha256Sum,
    /// The folder that the plan's paths begin in.
    pub folder: PathBuf,
}

/// What kind of system a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Whatever speaks Prometheus' remote read.
    Prometheus,
    /// `VictoriaMetrics`, by its export.
    Victoriametrics,
    /// Captured payloads of OpenTelemetry's protocol.
    Otlp,
    /// Captured payloads of `InfluxDB`'s line protocol.
    InfluxLineProtocol,
    /// Captured packets of `StatsD`.
    Statsd,
    /// Captured lines of Graphite's plaintext protocol.
    GraphitePlaintext,
    /// `OpenMetrics` text.
    Openmetrics,
}

/// Where samples come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// What kind of system it is.
    pub kind: Kind,
    /// Where its samples are.
    pub origin: Origin,
    /// What else it answers.
    pub queries: Queries,
}

/// Where samples are.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a plan has one")]
pub enum Origin {
    /// A server that is asked for a range.
    Live(Live),
    /// Payloads that a manifest lists.
    Capture {
        /// How they are read.
        options: Options,
        /// What becomes of what cannot be read.
        malformed: Malformed,
        /// Where it lies.
        manifest: PathBuf,
    },
    /// Files, each a payload.
    Files {
        /// How they are read.
        options: Options,
        /// Where they lie.
        paths: Vec<PathBuf>,
    },
}

/// Where samples come from, as people are told.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(Live::RemoteRead(access) | Live::Export(access)) => {
                f.write_str(access.place())
            }
            Self::Capture { manifest, .. } => f.write_str(&manifest.to_string_lossy()),
            Self::Files { paths, .. } => match paths.as_slice() {
                [one] => f.write_str(&one.to_string_lossy()),
                many => write!(f, "{} files", many.len()),
            },
        }
    }
}

/// A server that is asked for a range. The base of the [`Access`] is the whole URL as it is asked.
#[derive(Debug, Clone)]
pub enum Live {
    /// Prometheus' remote read.
    RemoteRead(Access),
    /// `VictoriaMetrics`' export.
    Export(Access),
}

/// The APIs of queries that a side has. The base of each [`Access`] is what `/api/v1` follows.
#[derive(Debug, Clone, Default)]
pub struct Queries {
    /// Asked for `PromQL`.
    pub query_range: Option<Access>,
    /// Asked for metadata.
    pub metadata: Option<Access>,
    /// Asked for exemplars.
    pub exemplars: Option<Access>,
}

/// Where samples go: a bucket, unless they are written to a server.
#[derive(Debug, Clone)]
pub struct Target {
    /// The bucket's configuration, where the plan names one.
    pub objstore_config_path: Option<PathBuf>,
    /// The labels that tell its blocks apart from those of others.
    pub external_labels: Labels,
    /// Remote write, in place of a bucket: the whole URL.
    pub write: Option<Access>,
    /// What tells the samples of a server, where the plan names it.
    pub read: Option<Live>,
    /// What else answers from the target.
    pub queries: Queries,
    /// Where it tells its status: what `/api/v1` follows.
    pub status: Option<Access>,
}

/// Which exemplars are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemplarCheck {
    /// As the API of exemplars takes it.
    pub query: String,
    /// At most so many are compared.
    pub limit: usize,
}

/// What both sides are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromqlCheck {
    /// In `PromQL`.
    pub query: String,
    /// How far apart the times are that it is asked at; `None` for what is usual.
    pub step_ms: Option<i64>,
}

/// How much is sent at once, and how long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Series of one request of remote write, at most.
    pub max_series_per_write: usize,
    /// Samples of one.
    pub max_points_per_write: usize,
    /// How long an answer may take to begin, and how long it may pause.
    pub http_timeout: Duration,
}

/// How far apart values may be; what is not given is for who compares to say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Compare {
    /// Whatever their size.
    pub max_absolute_value_delta: Option<f64>,
    /// As a share of the larger one.
    pub max_relative_value_delta: Option<f64>,
}

impl Batch {
    /// What counts where a plan says nothing.
    pub const USUAL: Self = Self {
        max_series_per_write: 250,
        max_points_per_write: 25_000,
        http_timeout: Duration::from_mins(2),
    };
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Prometheus,
        Self::Victoriametrics,
        Self::Otlp,
        Self::InfluxLineProtocol,
        Self::Statsd,
        Self::GraphitePlaintext,
        Self::Openmetrics,
    ];

    /// As plans spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Victoriametrics => "victoriametrics",
            Self::Otlp => "otlp",
            Self::InfluxLineProtocol => "influx_line_protocol",
            Self::Statsd => "statsd",
            Self::GraphitePlaintext => "graphite_plaintext",
            Self::Openmetrics => "openmetrics",
        }
    }
}

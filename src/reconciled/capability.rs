//! What a server says of what it can do, and whether that is what the data need.
//!
//! Nothing is guessed: what a server does not say is unknown, and is told as that.

use serde_json::Value;

use super::found::Founds;
use crate::cutover::Weight;

/// Something that a target may or may not be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ability {
    /// Keep and answer native histograms.
    NativeHistograms,
    /// Keep exemplars.
    Exemplars,
    /// Take samples by remote write.
    RemoteWrite,
    /// Take samples older than those that it has.
    OutOfOrder,
}

/// What is told of it, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It can.
    Yes(String),
    /// It cannot.
    No(String),
    /// It does not say.
    Unknown,
}

/// An ability that data or plan need, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What is needed.
    pub ability: Ability,
    /// What for, in words that follow "for".
    pub what_for: String,
    /// What it means where the target has it not.
    pub weight: Weight,
}

/// What a server says of itself. Each document is the `data` of an answer; `None` where there was none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Documents {
    /// Of `status/buildinfo`.
    pub buildinfo: Option<Value>,
    /// Of `status/flags`.
    pub flags: Option<Value>,
    /// Of `status/runtimeinfo`.
    pub runtimeinfo: Option<Value>,
    /// Of `status/tsdb`.
    pub tsdb: Option<Value>,
    /// Of `status/config`.
    pub config: Option<Value>,
    /// Of `features`.
    pub features: Option<Value>,
}

/// What a server can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// What it is; `None` where nothing tells.
    pub product: Option<&'static str>,
    /// The version that it tells.
    pub version: Option<String>,
    /// How long it keeps samples, as it spells it.
    pub retention: Option<String>,
    /// How many series it holds at hand.
    pub series: Option<u64>,
    /// Each ability, in their order.
    pub abilities: Vec<(Ability, Told)>,
}

impl Ability {
    /// Each.
    pub const ALL: [Self; 4] = [
        Self::NativeHistograms,
        Self::Exemplars,
        Self::RemoteWrite,
        Self::OutOfOrder,
    ];

    /// A distinct word for each.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NativeHistograms => "native-histograms",
            Self::Exemplars => "exemplars",
            Self::RemoteWrite => "remote-write",
            Self::OutOfOrder => "out-of-order",
        }
    }
}

impl Told {
    /// `yes`, `no` or `unknown`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::No(_) => "no",
            Self::Unknown => "unknown",
        }
    }

    /// By what it is told.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Yes(why) | Self::No(why) => Some(why),
            Self::Unknown => None,
        }
    }
}

impl Documents {
    /// Whether nothing was answered.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What the server can do by what it says of itself.
#[must_use]
pub fn capabilities(documents: &Documents) -> Capabilities {
    let text = |document: &Option<Value>, name: &str| {
        let told = document.as_ref()?.get(name)?.as_str()?;
        let is_fit = !told.is_empty() && told.len() <= 64 && !told.contains(char::is_control);
        is_fit.then(|| told.to_owned())
    };
    let product = product(documents);
    let version = text(&documents.buildinfo, "version");
    // What it tells as its version is that of the Prometheus it passes for.
    let version = version.filter(|_| product != Some(VICTORIA_METRICS));
    let parsed = version.as_deref().and_then(numbers);
    let told = |ability| match product {
        Some(PROMETHEUS) => of_prometheus(ability, documents, parsed),
        Some(THANOS) => of_thanos(ability, documents, parsed),
        Some(VICTORIA_METRICS) => of_victoria_metrics(ability),
        Some(MIMIR) => of_mimir(ability),
        _ => Told::Unknown,
    };
    let head = documents.tsdb.as_ref();
    let series = head.and_then(|tsdb| {
        let prometheus = tsdb.pointer("/headStats/numSeries");
        prometheus.or_else(|| tsdb.get("totalSeries"))?.as_u64()
    });
    Capabilities {
        product,
        version,
        retention: text(&documents.runtimeinfo, "storageRetention"),
        series,
        abilities: Ability::ALL
            .map(|ability| (ability, told(ability)))
            .to_vec(),
    }
}

/// Finds what the target lacks of what is needed, and what of it nobody knows.
pub fn lacking(capabilities: &Capabilities, needs: &[Need], founds: &mut Founds) {
    for Need {
        ability,
        what_for,
        weight,
    } in needs
    {
        let mut told = capabilities.abilities.iter();
        let told = told
            .find(|(of, _)| of == ability)
            .map_or(&Told::Unknown, |(_, told)| told);
        let name = ability.as_str();
        match told {
            Told::Yes(_) => {}
            Told::No(why) => founds.say(
                (*weight, "capability-lacking", None),
                format!("{name} is needed for {what_for}, and the target has it not: {why}"),
            ),
            Told::Unknown => founds.say(
                (Weight::Note, "capability-unknown", None),
                format!("{name} is needed for {what_for}, and the target does not say"),
            ),
        }
    }
}

const PROMETHEUS: &str = "Prometheus";
const THANOS: &str = "Thanos";
const MIMIR: &str = "Mimir";
const VICTORIA_METRICS: &str = "VictoriaMetrics";

fn product(documents: &Documents) -> Option<&'static str> {
    let build = documents.buildinfo.as_ref();
    let of_build = |name: &str| build.and_then(|build| build.get(name)?.as_str());
    if of_build("application").is_some_and(|name| name.contains("Mimir")) {
        return Some(MIMIR);
    }
    let has = |name: &str| flag(documents, name).is_some();
    if has("grpc-address") || has("query.replica-label") || has("objstore.config-file") {
        return Some(THANOS);
    }
    if has("storage.tsdb.path") || has("storage.agent.path") || has("web.enable-lifecycle") {
        return Some(PROMETHEUS);
    }
    // Prometheus and Thanos say which Go made them.
    let is_alone = of_build("version") == Some("2.24.0") && of_build("goVersion").is_none();
    is_alone.then_some(VICTORIA_METRICS)
}

fn flag<'a>(documents: &'a Documents, name: &str) -> Option<&'a str> {
    documents.flags.as_ref()?.get(name)?.as_str()
}

fn feature(documents: &Documents, group: &str, name: &str) -> Option<bool> {
    let features = documents.features.as_ref()?;
    features.get(group)?.get(name)?.as_bool()
}

/// Whether a flag of a list has the word.
fn enables(documents: &Documents, word: &str) -> Option<bool> {
    let enabled = flag(documents, "enable-feature")?;
    let mut words = enabled.split([',', ' ', '[', ']']);
    Some(words.any(|one| one == word))
}

fn told(is_able: bool, yes: &str, no: &str) -> Told {
    if is_able {
        Told::Yes(yes.to_owned())
    } else {
        Told::No(no.to_owned())
    }
}

fn of_prometheus(ability: Ability, documents: &Documents, version: Option<(u64, u64)>) -> Told {
    match ability {
        Ability::NativeHistograms => {
            let enabled = enables(documents, "native-histograms");
            match (
                feature(documents, "tsdb", "native_histograms"),
                version,
                enabled,
            ) {
                (Some(true), ..) => Told::Yes("it names it among its features".to_owned()),
                (_, Some(version), _) if version >= (3, 9) => {
                    Told::Yes("it is always so from version 3.9 on".to_owned())
                }
                (_, Some(version), _) if version < (2, 40) => {
                    Told::No("it is so from version 2.40 on".to_owned())
                }
                (_, _, Some(true)) => Told::Yes("--enable-feature=native-histograms".to_owned()),
                // One version takes them with and without it, depending on who writes.
                (_, Some(version), Some(false)) if version < (3, 8) => Told::No(
                    "--enable-feature=native-histograms is not set, as it is to be before version 3.8"
                        .to_owned(),
                ),
                _ => Told::Unknown,
            }
        }
        Ability::Exemplars => {
            let named = feature(documents, "tsdb", "exemplar_storage");
            match named.or(enables(documents, "exemplar-storage")) {
                Some(is_on) => told(
                    is_on,
                    "--enable-feature=exemplar-storage",
                    "--enable-feature=exemplar-storage is not set",
                ),
                None => Told::Unknown,
            }
        }
        Ability::RemoteWrite => {
            let by_flag = flag(documents, "web.enable-remote-write-receiver");
            let named = feature(documents, "api", "remote_write_receiver");
            match named.or(by_flag.map(|value| value == "true")) {
                Some(is_on) => told(
                    is_on,
                    "--web.enable-remote-write-receiver",
                    "--web.enable-remote-write-receiver is not set",
                ),
                None => Told::Unknown,
            }
        }
        Ability::OutOfOrder => {
            let config = documents.config.as_ref();
            let Some(yaml) = config.and_then(|config| config.get("yaml")?.as_str()) else {
                return Told::Unknown;
            };
            let mut lines = yaml.lines().map(str::trim);
            match lines.find_map(|line| line.strip_prefix("out_of_order_time_window:")) {
                Some(window) if !matches!(window.trim(), "0" | "0s") => {
                    Told::Yes(format!("out_of_order_time_window: {}", window.trim()))
                }
                _ => Told::No("out_of_order_time_window is not set".to_owned()),
            }
        }
    }
}

fn of_thanos(ability: Ability, documents: &Documents, version: Option<(u64, u64)>) -> Told {
    let is_receiver = flag(documents, "remote-write.address").is_some();
    match ability {
        Ability::NativeHistograms => match version {
            Some(version) if version < (0, 31) => {
                Told::No("it is so from version 0.31 on".to_owned())
            }
            Some(version) if !is_receiver || version >= (0, 41) => {
                Told::Yes("it is so in its version".to_owned())
            }
            _ => match flag(documents, "tsdb.enable-native-histograms") {
                Some("true") => Told::Yes("--tsdb.enable-native-histograms".to_owned()),
                Some(_) if version.is_some() => {
                    Told::No("--tsdb.enable-native-histograms is not set".to_owned())
                }
                _ => Told::Unknown,
            },
        },
        Ability::Exemplars => match flag(documents, "tsdb.max-exemplars") {
            Some("0") => Told::No("--tsdb.max-exemplars is 0".to_owned()),
            Some(many) => Told::Yes(format!("--tsdb.max-exemplars={many}")),
            None => Told::Unknown,
        },
        Ability::RemoteWrite if documents.flags.is_none() => Told::Unknown,
        Ability::RemoteWrite => told(is_receiver, "it is a receiver", "it is no receiver"),
        Ability::OutOfOrder => match flag(documents, "tsdb.out-of-order.time-window") {
            Some("0" | "0s") => Told::No("--tsdb.out-of-order.time-window is 0s".to_owned()),
            Some(window) => Told::Yes(format!("--tsdb.out-of-order.time-window={window}")),
            None => Told::Unknown,
        },
    }
}

fn of_victoria_metrics(ability: Ability) -> Told {
    match ability {
        Ability::NativeHistograms => {
            Told::No("it drops them, or makes series of their buckets".to_owned())
        }
        Ability::Exemplars => Told::No("it keeps none".to_owned()),
        Ability::RemoteWrite => Told::Yes("it always takes it".to_owned()),
        Ability::OutOfOrder => Told::Yes("it takes samples of any time that it keeps".to_owned()),
    }
}

fn of_mimir(ability: Ability) -> Told {
    match ability {
        Ability::RemoteWrite => Told::Yes("it always takes it".to_owned()),
        // The limits of each tenant decide, and it does not tell them.
        Ability::NativeHistograms | Ability::Exemplars | Ability::OutOfOrder => Told::Unknown,
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;

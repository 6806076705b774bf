//! From JSON to a plan: what is there, what is missing, what goes together.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::access::{Side, expanded, text_of};
use super::checks::{batch, compare, exemplar_checks, metric_names, promql_checks};
use super::fingerprint::Fingerprint;
use super::formats;
use super::plan::{Kind, Live, Origin, Plan, Queries, Source, Target};
use super::tree::{Fields, Node, within};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::payload::{Malformed, Options, graphite};
use crate::promql::{Access, Selector};
use crate::samples::{Builder, Labels};

impl Plan {
    /// Reads a plan, whose relative paths begin in `folder`. What is read and has no effect is added to `warnings`.
    ///
    /// Errors: the first thing that is wrong, in one line that begins with the path of the member: `source.kind: …`. Secrets are not repeated.
    pub fn parse(
        text: &str,
        folder: &Path,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        plan(text, folder, environment, warnings)
    }
}

fn plan(
    text: &str,
    folder: &Path,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Plan> {
    let node = Node::parse(text)?;
    let mut fields = node.members("")?;
    let mut reading = Reading {
        folder,
        environment,
        warnings,
        decides: Fingerprint::default(),
    };
    // Editors know by it what else may stand here.
    if let Some((at, node)) = fields.take("$schema") {
        node.text(&at)?;
    }
    let source = fields.need("source", "an object with kind")?;
    let target = fields.need(
        "target",
        "an object such as {\"external_labels\": {\"cluster\": \"a\"}}",
    )?;
    let plan = Plan {
        source: reading.source(source)?,
        target: reading.target(target)?,
        selectors: reading.selectors(&mut fields)?,
        metadata_metrics: metric_names(&mut fields)?,
        exemplar_checks: exemplar_checks(&mut fields)?,
        promql_checks: promql_checks(&mut fields)?,
        batch: batch(&mut fields)?,
        compare: compare(&mut fields)?,
        fingerprint: reading.decides.end(),
        folder: folder.to_owned(),
    };
    fields.finish()?;
    both_sides_differ(&plan.source, &plan.target)?;
    warnings.dedup();
    Ok(plan)
}

/// What a plan is read with.
struct Reading<'a> {
    folder: &'a Path,
    environment: &'a Environment,
    warnings: &'a mut Vec<String>,
    decides: Fingerprint,
}

/// Examples of addresses.
const REMOTE_READ: &str = "http://prometheus:9090/api/v1/read";
const EXPORT: &str = "http://victoria:8428/api/v1/export";

/// The members of which a source has the one that says where its samples are, and which kinds have it.
const ORIGINS: [(&str, &[Kind]); 4] = [
    ("remote_read_url", &[Kind::Prometheus]),
    ("export_url", &[Kind::Victoriametrics]),
    (
        "capture_manifest_path",
        &[
            Kind::Otlp,
            Kind::InfluxLineProtocol,
            Kind::Statsd,
            Kind::GraphitePlaintext,
            Kind::Openmetrics,
        ],
    ),
    ("paths", &[Kind::Openmetrics]),
];

/// Members that say how one format is read.
const OPTIONS: [(&str, &[Kind]); 4] = [
    ("graphite_mapping_path", &[Kind::GraphitePlaintext]),
    ("statsd", &[Kind::Statsd]),
    ("otlp", &[Kind::Otlp]),
    (
        "malformed",
        &[
            Kind::Otlp,
            Kind::InfluxLineProtocol,
            Kind::Statsd,
            Kind::GraphitePlaintext,
        ],
    ),
];

impl Reading<'_> {
    fn source(&mut self, (at, node): (String, &Node)) -> Result<Source> {
        let mut fields = node.members(&at)?;
        let kind = kind(&mut fields)?;
        for (member, kinds) in ORIGINS {
            refuse_of_others(&fields, member, kind, kinds)?;
        }
        for (member, of) in OPTIONS {
            refuse_of_others(&fields, member, kind, of)?;
        }
        self.decides.add("source.kind", kind.as_str());
        let side = Side::read(&mut fields, self.folder, self.environment)?;
        let origin = self.origin(kind, &mut fields, &side)?;
        let queries = self.queries(&mut fields, &side)?;
        fields.finish()?;
        Ok(Source {
            kind,
            origin,
            queries,
        })
    }

    fn origin(&mut self, kind: Kind, fields: &mut Fields<'_>, side: &Side<'_>) -> Result<Origin> {
        let live = match kind {
            Kind::Prometheus => Some((
                "remote_read_url",
                REMOTE_READ,
                Live::RemoteRead as fn(Access) -> Live,
            )),
            Kind::Victoriametrics => {
                Some(("export_url", EXPORT, Live::Export as fn(Access) -> Live))
            }
            _ => None,
        };
        if let Some((member, example, live)) = live {
            let at = fields.path(member);
            let access = side.whole(fields, member, example, self.warnings)?;
            let access = access.ok_or_else(|| missing(&at, &format!("a URL such as {example}")))?;
            self.decides.add(member, &access.identity());
            return Ok(Origin::Live(live(access)));
        }
        let options = self.options(kind, fields)?;
        let malformed = self.malformed(fields)?;
        let paths_at = fields.path("paths");
        let manifest = self.path(fields, "capture_manifest_path")?;
        let are_given = fields.has("paths");
        let paths = fields.texts("paths")?;
        if are_given && paths.is_empty() {
            return Err(Error::usage(format!(
                "{paths_at}: it is empty: expected at least one path"
            )));
        }
        match (manifest, paths.is_empty()) {
            (Some(_), false) => Err(Error::usage(format!(
                "{paths_at}: capture_manifest_path is given, too: expected one of them"
            ))),
            (Some(manifest), true) => Ok(Origin::Capture {
                options,
                malformed,
                manifest,
            }),
            (None, false) => {
                let paths = paths.iter().map(|path| side.folder().join(path));
                let paths: Vec<PathBuf> = paths.collect();
                for (number, path) in paths.iter().enumerate() {
                    can_be_read(path, &format!("{paths_at}[{number}]"))?;
                }
                Ok(Origin::Files { options, paths })
            }
            (None, true) if kind == Kind::Openmetrics => {
                Err(missing(&paths_at, "a list with at least one path"))
            }
            (None, true) => Err(missing(
                &fields.path("capture_manifest_path"),
                "the path of a manifest of captured payloads",
            )),
        }
    }

    fn options(&mut self, kind: Kind, fields: &mut Fields<'_>) -> Result<Options> {
        Ok(match kind {
            Kind::InfluxLineProtocol => Options::InfluxLineProtocol,
            Kind::Statsd => Options::Statsd(self.of_format(fields, "statsd", formats::statsd)?),
            Kind::GraphitePlaintext => Options::GraphitePlaintext(self.mapping(fields)?),
            Kind::Otlp => Options::Otlp(self.of_format(fields, "otlp", formats::otlp)?),
            Kind::Prometheus | Kind::Victoriametrics | Kind::Openmetrics => Options::Openmetrics,
        })
    }

    fn malformed(&mut self, fields: &mut Fields<'_>) -> Result<Malformed> {
        let Some((at, node)) = fields.take("malformed") else {
            return Ok(Malformed::Refuse);
        };
        let malformed = node.choice(&at, &Malformed::ALL)?;
        if malformed == Malformed::LeaveOut {
            self.decides.add("malformed", "leave_out");
        }
        Ok(malformed)
    }

    /// What the object of a format says.
    fn of_format<T: Default>(
        &mut self,
        fields: &mut Fields<'_>,
        member: &'static str,
        read: fn(&str, &Node) -> Result<T>,
    ) -> Result<T> {
        let Some((at, node)) = fields.take(member) else {
            return Ok(T::default());
        };
        self.decides.add(member, &node.value().to_string());
        read(&at, node)
    }

    fn mapping(&mut self, fields: &mut Fields<'_>) -> Result<Option<graphite::Mapping>> {
        let Some((at, node)) = fields.take("graphite_mapping_path") else {
            return Ok(None);
        };
        let path = self.folder.join(node.text(&at)?);
        let text = text_of(&path, &at)?;
        self.decides.add("graphite_mapping", &text);
        let mapping = graphite::Mapping::parse(&text);
        let shown = path.to_string_lossy();
        mapping
            .map(Some)
            .map_err(|err| Error::usage(format!("{at}: {shown:?}: {err:#}")))
    }

    fn path(&self, fields: &mut Fields<'_>, member: &'static str) -> Result<Option<PathBuf>> {
        let Some((at, node)) = fields.take(member) else {
            return Ok(None);
        };
        let path = self.folder.join(node.text(&at)?);
        can_be_read(&path, &at)?;
        Ok(Some(path))
    }

    fn queries(&mut self, fields: &mut Fields<'_>, side: &Side<'_>) -> Result<Queries> {
        let warnings = &mut *self.warnings;
        let mut below =
            |member: &'static str, end: &str| side.below(fields, member, &[end], warnings);
        Ok(Queries {
            query_range: below("query_range_url", "/api/v1/query_range")?,
            metadata: below("metadata_url", "/api/v1/metadata")?,
            exemplars: below("exemplar_url", "/api/v1/query_exemplars")?,
        })
    }

    fn target(&mut self, (at, node): (String, &Node)) -> Result<Target> {
        let mut fields = node.members(&at)?;
        let side = Side::read(&mut fields, self.folder, self.environment)?;
        let write_at = fields.path("write_url");
        let objstore_config_path = match fields.take("objstore_config_path") {
            Some((at, node)) => {
                let path = self.folder.join(node.text(&at)?);
                can_be_read(&path, &at)?;
                Some(path)
            }
            None => None,
        };
        let external_labels = match fields.take("external_labels") {
            Some((at, node)) => external_labels(node, &at, self.environment)?,
            None => Labels::default(),
        };
        let write = side.whole(
            &mut fields,
            "write_url",
            "http://prometheus:9090/api/v1/write",
            self.warnings,
        )?;
        if write.is_some() && objstore_config_path.is_some() {
            return Err(Error::usage(format!(
                "{write_at}: objstore_config_path is given, too: expected one of them"
            )));
        }
        if write.is_none() && external_labels.is_empty() {
            return Err(missing(
                &within(&at, "external_labels"),
                "at least one label, such as {\"cluster\": \"a\"}, for Thanos takes no block without",
            ));
        }
        let read = self.reader(&mut fields, &side)?;
        let queries = self.queries(&mut fields, &side)?;
        let ends = ["/api/v1/status/tsdb", "/api/v1/status/buildinfo"];
        let status = side.below(&mut fields, "status_url", &ends, self.warnings)?;
        fields.finish()?;
        Ok(Target {
            objstore_config_path,
            external_labels,
            write,
            read,
            queries,
            status,
        })
    }

    /// What tells the samples that a target holds.
    fn reader(&mut self, fields: &mut Fields<'_>, side: &Side<'_>) -> Result<Option<Live>> {
        let export_at = fields.path("export_url");
        let read = side.whole(fields, "read_url", REMOTE_READ, self.warnings)?;
        let export = side.whole(fields, "export_url", EXPORT, self.warnings)?;
        match (read, export) {
            (Some(_), Some(_)) => Err(Error::usage(format!(
                "{export_at}: read_url is given, too: expected one of them"
            ))),
            (read, export) => Ok(read.map(Live::RemoteRead).or(export.map(Live::Export))),
        }
    }

    fn selectors(&mut self, fields: &mut Fields<'_>) -> Result<Vec<Selector>> {
        let mut selectors: Vec<Selector> = Vec::new();
        let Some((at, node)) = fields.take("selectors") else {
            return Ok(selectors);
        };
        for (at, item) in node.items(&at)? {
            let selector = Selector::from_str(item.text(&at)?);
            let selector = selector.map_err(|err| Error::usage(format!("{at}: {err:#}")))?;
            selectors.push(selector);
        }
        // What they select together does not depend on their order.
        let mut told: Vec<String> = selectors.iter().map(Selector::to_string).collect();
        told.sort_unstable();
        for selector in told {
            self.decides.add("selectors", &selector);
        }
        if selectors.is_empty() {
            return Err(Error::usage(format!(
                "{at}: expected at least one, or no such member for all series"
            )));
        }
        Ok(selectors)
    }
}

/// What is compared with itself is always the same.
fn both_sides_differ(source: &Source, target: &Target) -> Result<()> {
    let read = match (&source.origin, &target.read) {
        (Origin::Live(Live::RemoteRead(source)), Some(Live::RemoteRead(target))) => {
            Some(("read_url", "remote_read_url", source, target))
        }
        (Origin::Live(Live::Export(source)), Some(Live::Export(target))) => {
            Some(("export_url", "export_url", source, target))
        }
        _ => None,
    };
    let (ours, theirs) = (&source.queries, &target.queries);
    let queries = [
        ("query_range_url", &ours.query_range, &theirs.query_range),
        ("metadata_url", &ours.metadata, &theirs.metadata),
        ("exemplar_url", &ours.exemplars, &theirs.exemplars),
    ];
    let asked = queries.into_iter().filter_map(|(member, source, target)| {
        Some((member, member, source.as_ref()?, target.as_ref()?))
    });
    for (of_target, of_source, source, target) in read.into_iter().chain(asked) {
        if source.is_same_place(target) {
            return Err(Error::usage(format!(
                "target.{of_target}: it is source.{of_source}: expected what answers of the target alone"
            )));
        }
    }
    Ok(())
}

/// What is found missing after hours is found too late.
fn can_be_read(path: &Path, at: &str) -> Result<()> {
    // Whoever opens a pipe waits for its other end, which may come later.
    let about = std::fs::metadata(path).and_then(|about| {
        if about.is_file() {
            std::fs::File::open(path)?;
        }
        Ok(about)
    });
    let wrong = |why: &str| {
        let shown = path.to_string_lossy();
        Err(Error::usage(format!(
            "{at}: {shown:?} cannot be read: {why}"
        )))
    };
    match about {
        Ok(about) if about.is_dir() => wrong("it is a folder"),
        Ok(_) => Ok(()),
        Err(err) => wrong(&err.to_string()),
    }
}

fn missing(at: &str, expected: &str) -> Error {
    Error::usage(format!("{at}: it is missing: expected {expected}"))
}

fn kind(fields: &mut Fields<'_>) -> Result<Kind> {
    let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let all = Kind::ALL.map(Kind::as_str).join(", ");
    let (at, node) = fields.need("kind", &format!("one of {all}"))?;
    node.choice(&at, &kinds)
}

fn refuse_of_others(
    fields: &Fields<'_>,
    member: &'static str,
    kind: Kind,
    of: &[Kind],
) -> Result<()> {
    if !fields.has(member) || of.contains(&kind) {
        return Ok(());
    }
    let of: Vec<&str> = of.iter().map(|kind| kind.as_str()).collect();
    let (at, kind) = (fields.path(member), kind.as_str());
    Err(Error::usage(format!(
        "{at}: kind {kind} has no such member: it is of {}",
        of.join(", ")
    )))
}

/// Thanos drops labels that begin with two underscores, and Prometheus refuses such names as external labels.
fn external_labels(node: &Node, at: &str, environment: &Environment) -> Result<Labels> {
    let mut labels = Builder::default();
    for (path, name, value) in node.members(at)?.rest() {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(is_fit);
        if !is_name || name.starts_with("__") {
            return Err(Error::usage(format!(
                "{path}: expected the name of a label, such as cluster, that does not begin with __"
            )));
        }
        let value = expanded(value.text(&path)?, &path, environment)?;
        if value.is_empty() {
            return Err(Error::usage(format!(
                "{path}: it is empty: expected a text"
            )));
        }
        labels.add(name, &value);
    }
    labels
        .build()
        .map_err(|err| Error::usage(format!("{at}: {err}")))
}

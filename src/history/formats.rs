//! What a plan says of the formats of payloads: the members of `source.statsd` and `source.otlp`.

use std::time::Duration;

use super::tree::{Fields, Node, within};
use crate::duration;
use crate::error::{Error, Result};
use crate::payload::otlp::{self, Strategy};
use crate::payload::statsd::{self, ObserverType};

/// The options of `StatsD`'s lines.
pub(super) fn statsd(at: &str, node: &Node) -> Result<statsd::Options> {
    let mut fields = node.members(at)?;
    let mut options = statsd::Options::default();
    if let Some((at, node)) = fields.take("observer_type") {
        options.observer_type = node.choice(&at, &ObserverType::ALL)?;
    }
    if let Some((at, node)) = fields.take("buckets") {
        options.buckets = bounds(&at, node)?;
    }
    fields.finish()?;
    Ok(options)
}

fn bounds(at: &str, node: &Node) -> Result<Vec<f64>> {
    let mut bounds: Vec<f64> = Vec::new();
    for (at, item) in node.items(at)? {
        let bound = item.number(&at)?;
        if let Some(before) = bounds.last()
            && bound <= *before
        {
            return Err(Error::usage(format!(
                "{at}: expected a bound above {before}, the one before, found {bound}"
            )));
        }
        bounds.push(bound);
    }
    Ok(bounds)
}

/// The options of OpenTelemetry's protocol.
pub(super) fn otlp(at: &str, node: &Node) -> Result<otlp::Options> {
    let mut fields = node.members(at)?;
    let usual = otlp::Options::default();
    let strategy = match fields.take("translation_strategy") {
        Some((at, node)) => node.choice(&at, &Strategy::ALL)?,
        None => usual.translation_strategy,
    };
    let promoted = fields.texts("promote_resource_attributes")?;
    let promotes_all = truth(
        &mut fields,
        "promote_all_resource_attributes",
        usual.promote_all_resource_attributes,
    )?;
    let ignored = fields.texts("ignore_resource_attributes")?;
    // Prometheus refuses both.
    if promotes_all && !promoted.is_empty() {
        return Err(Error::usage(format!(
            "{}: promote_all_resource_attributes is given, too: expected one of them",
            within(at, "promote_resource_attributes")
        )));
    }
    if !promotes_all && !ignored.is_empty() {
        return Err(Error::usage(format!(
            "{}: it means nothing without promote_all_resource_attributes",
            within(at, "ignore_resource_attributes")
        )));
    }
    let mut truth = |member, usual| truth(&mut fields, member, usual);
    let options = otlp::Options {
        translation_strategy: strategy,
        promote_resource_attributes: promoted,
        promote_all_resource_attributes: promotes_all,
        ignore_resource_attributes: ignored,
        keep_identifying_resource_attributes: truth(
            "keep_identifying_resource_attributes",
            usual.keep_identifying_resource_attributes,
        )?,
        convert_histograms_to_nhcb: truth(
            "convert_histograms_to_nhcb",
            usual.convert_histograms_to_nhcb,
        )?,
        promote_scope_metadata: truth("promote_scope_metadata", usual.promote_scope_metadata)?,
        label_name_underscore_sanitization: truth(
            "label_name_underscore_sanitization",
            usual.label_name_underscore_sanitization,
        )?,
        label_name_preserve_multiple_underscores: truth(
            "label_name_preserve_multiple_underscores",
            usual.label_name_preserve_multiple_underscores,
        )?,
        type_and_unit_labels: truth("type_and_unit_labels", usual.type_and_unit_labels)?,
        lookback_delta: span(&mut fields, "lookback_delta", usual.lookback_delta)?,
        delta_max_stale: span(&mut fields, "delta_max_stale", usual.delta_max_stale)?,
    };
    fields.finish()?;
    Ok(options)
}

fn truth(fields: &mut Fields<'_>, member: &'static str, usual: bool) -> Result<bool> {
    match fields.take(member) {
        Some((at, node)) => node.truth(&at),
        None => Ok(usual),
    }
}

fn span(fields: &mut Fields<'_>, member: &'static str, usual: Duration) -> Result<Duration> {
    let Some((at, node)) = fields.take(member) else {
        return Ok(usual);
    };
    let read = duration::parse(node.text(&at)?);
    read.map_err(|_| Error::usage(format!("{at}: expected a duration such as 30s or 5m")))
}

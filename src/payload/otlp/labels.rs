//! Labels of series: what a point, its scope and its resource say of themselves.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};

use super::names::{self, Nameless};
use super::options::Options;
use super::text;
use crate::samples::{Builder, Labels, METRIC_NAME};

pub(super) const SERVICE_NAME: &str = "service.name";
pub(super) const SERVICE_NAMESPACE: &str = "service.namespace";
pub(super) const SERVICE_INSTANCE: &str = "service.instance.id";

/// What all series of a scope share.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// Where a point has no label of that name.
    usual: Vec<(String, String)>,
    /// Whatever a point says.
    always: Vec<(String, String)>,
}

impl Shared {
    /// What `job` and `instance` are, and which attributes of the resource are promoted.
    pub(super) fn of_resource(options: &Options, resource: &[KeyValue]) -> Result<Self, Nameless> {
        let mut shared = Self {
            always: target(resource),
            ..Self::default()
        };
        for attribute in resource {
            if options.promotes(&attribute.key) {
                let name = names::label(options, &attribute.key)?;
                let value = text::of_value(attribute.value.as_ref());
                shared.usual.push((name.into_owned(), value));
            }
        }
        Ok(shared)
    }

    /// The same with what the scope says, where that is asked for.
    pub(super) fn in_scope(
        &self,
        options: &Options,
        scope: Option<&InstrumentationScope>,
        schema_url: &str,
    ) -> Result<Self, Nameless> {
        let mut shared = self.clone();
        let scope = scope.filter(|scope| options.promote_scope_metadata && !scope.name.is_empty());
        let Some(scope) = scope else {
            return Ok(shared);
        };
        let mut said = Vec::new();
        for attribute in &scope.attributes {
            let name = format!("otel_scope_{}", attribute.key);
            let name = names::label(options, &name)?.into_owned();
            said.push((name, text::of_value(attribute.value.as_ref())));
        }
        for (name, value) in [
            ("otel_scope_name", &*scope.name),
            ("otel_scope_version", &*scope.version),
            ("otel_scope_schema_url", schema_url),
        ] {
            said.push((name.to_owned(), value.to_owned()));
        }
        // `job` and `instance` come last.
        shared.always.splice(0..0, said);
        Ok(shared)
    }

    /// The same with the metric's kind and unit, where that is asked for.
    pub(super) fn of_metric(&self, options: &Options, kind: &str, unit: &str) -> Self {
        let mut shared = self.clone();
        if options.type_and_unit_labels {
            let is_known = kind != "unknown";
            // Prometheus makes it of the unit that its metadata has.
            let escapes = options.translation_strategy.escapes();
            let unit = names::unit(&names::unit(unit, true), escapes);
            let kind = is_known.then(|| ("__type__".to_owned(), kind.to_owned()));
            let unit = (!unit.is_empty()).then(|| ("__unit__".to_owned(), unit));
            shared.always.extend(kind.into_iter().chain(unit));
        }
        shared
    }

    /// The labels of a point but for the metric's name.
    pub(super) fn with(&self, options: &Options, attributes: &[KeyValue]) -> Result<Set, Nameless> {
        let mut set = Set::of_attributes(options, attributes.iter())?;
        for (name, value) in &self.usual {
            if !set.0.contains_key(name) {
                set.set(name, value);
            }
        }
        for (name, value) in &self.always {
            set.set(name, value);
        }
        Ok(set)
    }
}

/// `job` and `instance`, as far as the resource says who it is.
pub(super) fn target(resource: &[KeyValue]) -> Vec<(String, String)> {
    let text_of = |key| {
        let attribute = text::find(resource, key)?;
        Some(text::of_value(attribute.value.as_ref()))
    };
    let job = text_of(SERVICE_NAME).map(|name| match text_of(SERVICE_NAMESPACE) {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    });
    let labels = [("job", job), ("instance", text_of(SERVICE_INSTANCE))];
    let labels = labels.into_iter();
    labels
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Labels that are not yet those of one series.
#[derive(Debug, Clone, Default)]
pub(super) struct Set(BTreeMap<String, String>);

impl Set {
    /// Attributes as labels. Those whose names become the same are one label with all their values, in the order of the attributes' names.
    pub(super) fn of_attributes<'a>(
        options: &Options,
        attributes: impl Iterator<Item = &'a KeyValue>,
    ) -> Result<Self, Nameless> {
        let mut sorted: Vec<&KeyValue> = attributes.collect();
        sorted.sort_by_key(|attribute| &*attribute.key);
        let mut set = Self::default();
        for attribute in sorted {
            let value = text::of_value(attribute.value.as_ref());
            if attribute.key.is_empty() {
                return Err(Nameless);
            }
            let name = if options.translation_strategy.escapes() {
                names::label(options, &attribute.key)?
            } else {
                (&*attribute.key).into()
            };
            if value.is_empty() && !set.0.contains_key(&*name) {
                continue;
            }
            match set.0.entry(name.into_owned()) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut held) => {
                    held.get_mut().push(';');
                    held.get_mut().push_str(&value);
                }
            }
        }
        Ok(set)
    }

    /// Sets a label, or takes it away where the value is empty.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Whether there is a label of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The labels of the metric's series; `more` is what tells it from others of the metric, such as `le`.
    pub(super) fn series(&self, metric: &str, more: Option<(&str, &str)>) -> Labels {
        let name = Some((METRIC_NAME, metric));
        let is_other = |label: &str| {
            let given = name.iter().chain(&more);
            given.clone().all(|(name, _)| *name != label)
        };
        let mut builder = Builder::default();
        for (label, value) in &self.0 {
            if is_other(label) {
                builder.add(&**label, &**value);
            }
        }
        for (label, value) in name.into_iter().chain(more) {
            builder.add(label, value);
        }
        // No name is there twice.
        builder.build().unwrap_or_default()
    }
}

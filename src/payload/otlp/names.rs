//! Names: what OpenTelemetry calls a metric, a unit or an attribute, and what Prometheus calls it then. The rules are those of Prometheus'
//! `otlptranslator`.

use std::borrow::Cow;

use super::options::Options;

/// What is measured, as far as names depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// A sum that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Anything else.
    Other,
}

/// Why something has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nameless;

/// The units that have other names in Prometheus.
const UNITS: [(&str, &str); 25] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("%", "percent"),
];

/// What stands after a stroke is time, and in the singular.
const PER_UNITS: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// The metric's name, without what is appended for single series of it.
pub(super) fn metric(
    options: &Options,
    name: &str,
    unit: &str,
    measure: Measure,
) -> Result<String, Nameless> {
    let strategy = options.translation_strategy;
    if !strategy.escapes() {
        let built = if strategy.appends() {
            with_suffixes(name, unit, measure)
        } else {
            name.to_owned()
        };
        return if built.is_empty() {
            Err(Nameless)
        } else {
            Ok(built)
        };
    }
    let mut built = if strategy.appends() {
        let mut tokens = tokens(name, is_metric_char);
        append(&mut tokens, unit, measure);
        tokens.join("_")
    } else {
        tokens(name, |c| is_metric_char(c) || c == '_').join("_")
    };
    if built.starts_with(|c: char| c.is_ascii_digit()) {
        built.insert(0, '_');
    }
    let is_name = built == name || built.contains(|c| c != '_');
    if built.is_empty() || !is_name {
        return Err(Nameless);
    }
    Ok(built)
}

/// What stands between characters that names have no place for.
fn tokens(name: &str, is_fit: impl Fn(char) -> bool) -> Vec<Cow<'_, str>> {
    let tokens = name.split(|c| !is_fit(c));
    let tokens = tokens.filter(|token| !token.is_empty());
    tokens.map(Cow::Borrowed).collect()
}

/// Appends to an escaped name what tells unit and kind, unless it is there; the kind's token goes last wherever it stood.
fn append(tokens: &mut Vec<Cow<'_, str>>, unit: &str, measure: Measure) {
    let (main, per) = units(unit);
    let (mut main, mut per) = (clean(&main), clean(&per));
    let has = |tokens: &[Cow<'_, str>], token: &str| tokens.iter().any(|one| one == token);
    if has(tokens, &main) {
        main.clear();
    }
    if per == "per_" {
        per.clear();
    } else {
        per = per.strip_suffix('_').map(str::to_owned).unwrap_or(per);
        if has(tokens, &per) {
            per.clear();
        }
    }
    if !per.is_empty() {
        main = main.strip_suffix('_').map(str::to_owned).unwrap_or(main);
    }
    let units = [main, per].into_iter();
    tokens.extend(units.filter(|token| !token.is_empty()).map(Cow::Owned));
    if let Some(kind) = kind_suffix(unit, measure) {
        tokens.retain(|token| token != kind);
        tokens.push(Cow::Borrowed(kind));
    }
}

/// Many exporters give `1` as the unit of what they count: it makes a ratio of gauges alone.
fn kind_suffix(unit: &str, measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::Counter => Some("total"),
        Measure::Gauge if unit == "1" => Some("ratio"),
        Measure::Gauge | Measure::Other => None,
    }
}

/// A name that is not escaped, with unit and kind.
fn with_suffixes(name: &str, unit: &str, measure: Measure) -> String {
    let kind = kind_suffix(unit, measure);
    let (main, per) = units(unit);
    let mut built = name.to_owned();
    if let Some(kind) = kind {
        cut_off(&mut built, kind);
    }
    if !per.is_empty() {
        cut_off(&mut built, &per);
    }
    if !main.is_empty() && !built.ends_with(&main) {
        built = format!("{built}_{main}");
    }
    if !per.is_empty() {
        built = format!("{built}_{per}");
    }
    if let Some(kind) = kind {
        built = format!("{built}_{kind}");
    }
    built
}

/// Cuts a suffix off, and the character before it, which is taken for what separates them.
fn cut_off(name: &mut String, suffix: &str) {
    if let Some(rest) = name.strip_suffix(suffix)
        && rest.len() > 1
    {
        name.truncate(rest.len());
        name.pop();
    }
}

/// What Prometheus' metadata calls the unit.
pub(super) fn unit(unit: &str, escapes: bool) -> String {
    let (mut main, mut per) = units(unit);
    if escapes {
        (main, per) = (clean(&main), clean(&per));
    }
    let joined = match (main.is_empty(), per.is_empty()) {
        (false, false) => format!("{main}_{per}"),
        (false, true) => main,
        (true, _) => per,
    };
    let joined = joined.strip_prefix('_').unwrap_or(&joined);
    joined.strip_suffix('_').unwrap_or(joined).to_owned()
}

/// The unit and what it is per, such as `bytes` and `per_second` of `By/s`. What stands in braces is a remark, and no unit.
fn units(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let named = |text: &str, names: &[(&str, &str)]| {
        let text = text.trim();
        if text.contains(['{', '}']) {
            return String::new();
        }
        let known = names.iter().find(|(short, _)| *short == text);
        known.map_or(text, |(_, long)| long).to_owned()
    };
    // The unit of what is just counted.
    let main = if main.trim() == "1" { "" } else { main };
    let per = named(per, &PER_UNITS);
    let per = if per.is_empty() {
        per
    } else {
        format!("per_{per}")
    };
    (named(main, &UNITS), per)
}

/// The unit with what names have no place for as underscores, never two in a row and none at its beginning.
fn clean(unit: &str) -> String {
    let mut cleaned = String::with_capacity(unit.len());
    for c in unit.chars() {
        if is_metric_char(c) {
            cleaned.push(c);
        } else if !cleaned.is_empty() && !cleaned.ends_with('_') {
            cleaned.push('_');
        }
    }
    cleaned
}

fn is_metric_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ':'
}

/// The label's name.
pub(super) fn label<'a>(options: &Options, name: &'a str) -> Result<Cow<'a, str>, Nameless> {
    let is_name = |name: &str| name.contains(|c| c != '_');
    if !options.translation_strategy.escapes() {
        return is_name(name).then_some(name.into()).ok_or(Nameless);
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_usual = name.chars().all(fits) && !name.starts_with(|c: char| !c.is_ascii_alphabetic());
    if is_usual && !name.contains("__") && is_name(name) {
        return Ok(name.into());
    }
    let mut built = if options.label_name_preserve_multiple_underscores {
        name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    } else {
        squeezed(name)
    };
    if built.starts_with(|c: char| c.is_ascii_digit()) {
        built.insert_str(0, "key_");
    } else if options.label_name_underscore_sanitization
        && built.starts_with('_')
        && !built.starts_with("__")
    {
        built.insert_str(0, "key");
    }
    is_name(&built).then_some(built.into()).ok_or(Nameless)
}

/// A label's name without two underscores in a row, but for those around reserved names.
fn squeezed(name: &str) -> String {
    let reserved = name
        .strip_prefix("__")
        .and_then(|rest| rest.strip_suffix("__"));
    let mut built = String::with_capacity(name.len());
    for c in reserved.unwrap_or(name).chars() {
        if c.is_ascii_alphanumeric() {
            built.push(c);
        } else if !built.ends_with('_') {
            built.push('_');
        }
    }
    if reserved.is_some() {
        built = format!("__{built}__");
    }
    built
}

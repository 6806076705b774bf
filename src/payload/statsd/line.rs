//! The grammar of `StatsD`'s lines, with the tags and extensions that `statsd_exporter` knows.
//!
//! By hand: the crate `statsd-parser` 0.3.0 knows no tags but `DogStatsD`'s and one value a line, and `statsdproto` 0.1.1 only finds out where the parts
//! of a line are.

use std::borrow::Cow;

use crate::payload::number;

/// What a line says of one metric: values of one type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event<'a> {
    pub(super) name: Cow<'a, str>,
    /// Names and values, in order; those without a value are in `bare`.
    pub(super) tags: Vec<(&'a str, &'a str)>,
    /// Tags that have no value, or no name.
    pub(super) bare: Vec<&'a str>,
    pub(super) kind: Kind,
    pub(super) values: Vec<&'a str>,
    /// Which part of all events was sent: more than 0.
    pub(super) rate: f64,
    /// In seconds since the epoch.
    pub(super) time: Option<f64>,
    /// What is said of the sender, and has no place in a series.
    pub(super) origin: Option<&'a str>,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Counter,
    Gauge,
    /// In milliseconds.
    Timer,
    /// A histogram or a distribution.
    Observed,
    Set,
}

impl Kind {
    /// The kind of series that it makes.
    pub(super) fn of_series(self) -> Self {
        match self {
            Self::Timer => Self::Observed,
            kind => kind,
        }
    }
}

impl Kind {
    /// A value; sets have members instead.
    pub(super) fn value(self, text: &str) -> Result<f64, String> {
        let value = match self {
            Self::Set => return Ok(0.0),
            Self::Gauge => number::float(text),
            _ => number::float(text).filter(|value| value.is_finite()),
        };
        value.ok_or_else(|| format!("{text:?} is no number"))
    }
}

impl Event<'_> {
    /// When it was: at the time that it tells, or else when its payload was received.
    pub(super) fn time_ms(&self, received_at_ms: Option<i64>) -> Result<i64, String> {
        let told = match (self.time, received_at_ms) {
            (None, received) => received,
            (Some(seconds), None) => number::milliseconds(seconds),
            (Some(seconds), Some(received)) => {
                let told = number::milliseconds(seconds).unwrap_or(i64::MAX);
                // What is so far ahead is milliseconds in place of seconds, or a clock that is wrong.
                let is_ahead = told.saturating_sub(received) > MOST_AHEAD_MS;
                Some(if is_ahead { received } else { told })
            }
        };
        told.ok_or_else(|| "it has no time, nor was received_at_ms told".to_owned())
    }
}

/// How far behind the receipt of its payload the time of a line may be: a day.
const MOST_AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

/// How many tags are read at most: a line can repeat them for each of its values.
const MOST_TAGS: usize = 100;

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    Nothing,
    Event,
    ServiceCheck,
    Values(Vec<Event<'a>>),
}

impl Line<'_> {
    /// Errors: a value or a time of it is none.
    pub(super) fn is_sound(&self, received_at_ms: Option<i64>) -> Result<(), String> {
        let Self::Values(events) = self else {
            return Ok(());
        };
        for event in events {
            event.time_ms(received_at_ms)?;
            for text in &event.values {
                event.kind.value(text)?;
            }
        }
        Ok(())
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Result<Line<'_>, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    if line.starts_with("_e{") {
        return Ok(Line::Event);
    }
    if line.starts_with("_sc|") {
        return Ok(Line::ServiceCheck);
    }
    let (name, values) = line
        .split_once(':')
        .ok_or("it has no colon behind a name")?;
    let mut events = Vec::new();
    let named = named(name)?;
    let mut rest = Some(values);
    while let Some(values) = rest {
        rest = read_values(values, &named, &mut events)?;
    }
    Ok(Line::Values(events))
}

/// Reads a name and the tags in it: in brackets as `SignalFx` writes them, behind `#` as Librato does, or behind a comma as `InfluxDB` does.
fn named(text: &str) -> Result<Event<'_>, String> {
    let (name, tags) = match (text.find('['), text.find(']')) {
        (Some(start), Some(end)) if start < end => {
            let (before, rest) = text.split_at(start);
            let (tags, after) = rest.split_at(end - start);
            let name = format!("{before}{}", &after.get(1..).unwrap_or_default());
            (name.into(), tags.get(1..).unwrap_or_default())
        }
        (None, None) => {
            let (name, tags) = text.split_once(['#', ',']).unwrap_or((text, ""));
            (Cow::from(name), tags)
        }
        // As statsd_exporter has it: a bracket alone is a part of the name.
        _ => (Cow::from(text), ""),
    };
    if name.is_empty() {
        return Err("it has no name".to_owned());
    }
    let mut event = Event {
        name,
        tags: Vec::new(),
        bare: Vec::new(),
        kind: Kind::Counter,
        values: Vec::new(),
        rate: 1.0,
        time: None,
        origin: None,
    };
    event.add_tags(tags, '=');
    Ok(event)
}

/// Reads values of one type; gives what follows them, which is values of another.
fn read_values<'a>(
    text: &'a str,
    named: &Event<'a>,
    events: &mut Vec<Event<'a>>,
) -> Result<Option<&'a str>, String> {
    let (values, rest) = text.split_once('|').ok_or("a value has no type")?;
    let (kind, mut next) = Next::of(rest, &['|', ':']);
    let mut event = Event {
        kind: match kind {
            "c" => Kind::Counter,
            "g" => Kind::Gauge,
            "ms" => Kind::Timer,
            "h" | "d" => Kind::Observed,
            "s" => Kind::Set,
            other => return Err(format!("type {other:?} is none of c, g, ms, h, d and s")),
        },
        ..named.clone()
    };
    while let Next::Field(rest) = next {
        // Colons in these are theirs.
        let holds_colons = ["#", "c:", "e:", "card:"];
        let holds_colons = holds_colons.iter().any(|it| rest.starts_with(it));
        let ends: &[char] = if holds_colons { &['|'] } else { &['|', ':'] };
        let (field, after) = Next::of(rest, ends);
        next = after;
        event.take(field, !named.tags.is_empty())?;
    }
    // A member of a set may hold colons.
    let is_packed = |c: char| c == ':' && event.kind != Kind::Set;
    event.values = values.split(is_packed).collect();
    if event.values.contains(&"") {
        return Err("a value is empty".to_owned());
    }
    if event.tags.len() > MOST_TAGS {
        return Err(format!("it has more than {MOST_TAGS} tags"));
    }
    events.push(event);
    Ok(match next {
        Next::Values(rest) => Some(rest),
        Next::Field(_) | Next::Nothing => None,
    })
}

/// What follows a part of a line.
enum Next<'a> {
    Field(&'a str),
    Values(&'a str),
    Nothing,
}

impl<'a> Next<'a> {
    /// Takes a part off the front, up to one of these characters.
    fn of(text: &'a str, ends: &[char]) -> (&'a str, Self) {
        let Some(end) = text.find(ends) else {
            return (text, Self::Nothing);
        };
        let (part, rest) = text.split_at(end);
        let next = match rest.strip_prefix('|') {
            Some(field) => Self::Field(field),
            None => Self::Values(rest.get(1..).unwrap_or_default()),
        };
        (part, next)
    }
}

impl<'a> Event<'a> {
    /// Takes a part of the line that stands behind the type.
    fn take(&mut self, field: &'a str, has_tags_in_name: bool) -> Result<(), String> {
        if let Some(tags) = field.strip_prefix('#') {
            if has_tags_in_name {
                return Err("it has tags in its name and behind its value".to_owned());
            }
            self.add_tags(tags, ':');
        } else if let Some(rate) = field.strip_prefix('@') {
            let read = number::float(rate).filter(|rate| *rate >= 0.0 && rate.is_finite());
            let read = read.ok_or_else(|| format!("rate {rate:?} is no number from 0 on"))?;
            // As statsd_exporter has it: 0 stands for none.
            self.rate = if read == 0.0 { 1.0 } else { read };
        } else if let Some(time) = field.strip_prefix('T') {
            let read = number::float(time).filter(|time| time.is_finite());
            self.time = Some(read.ok_or_else(|| format!("{time:?} is no time in seconds"))?);
        } else if let Some(container) = field.strip_prefix("c:")
            && !container.is_empty()
        {
            self.tags.push(("container_id", container));
        } else if field.starts_with("e:") || field.starts_with("card:") {
            self.origin = Some(field);
        } else {
            return Err(format!("{field:?} is no rate, tags, container or time"));
        }
        Ok(())
    }

    fn add_tags(&mut self, tags: &'a str, separator: char) {
        for tag in tags.split(',') {
            let tag = tag.strip_prefix('#').unwrap_or(tag);
            match tag.split_once(separator) {
                Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                    self.tags.push((name, value));
                }
                _ if tag.is_empty() => {}
                _ => self.bare.push(tag),
            }
        }
    }
}

//! From the parser's events to a tree, within limits.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::{Form, Node, Value};
use crate::error::{Error, Result};

const MOST_BYTES: usize = 2 << 20;
const MOST_NODES: usize = 100_000;
const DEEPEST: usize = 64;

/// The first document; `None` where there is none.
pub fn parse(text: &str) -> Result<Option<Node>> {
    if text.len() > MOST_BYTES {
        return Err(Error::usage(format!(
            "it has {} bytes, at most {MOST_BYTES} are read",
            text.len()
        )));
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut tree = Tree {
        lines: text.lines().collect(),
        flow: 0,
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
    };
    loop {
        match tree.next()? {
            (Event::StreamEnd, _) => return Ok(None),
            (Event::DocumentStart(_), _) => {
                let (event, span) = tree.next()?;
                return tree.node(event, span, 0).map(Some);
            }
            _ => {}
        }
    }
}

struct Tree<'a> {
    lines: Vec<&'a str>,
    /// How many brackets and braces are open: inside them tabs are spaces.
    flow: usize,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

#[derive(Clone, Copy)]
struct Start {
    indent_has_tab: bool,
    is_flow: bool,
}

impl<'a> Tree<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span)> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(err)) => Err(scan_error(&err)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node> {
        let line = span.start.line().max(1);
        self.count(1, line)?;
        if depth > DEEPEST {
            return Err(Error::usage(format!("line {line}: nested too deeply")));
        }
        let start = self.start_of(span);
        if self.flow == 0 && start.indent_has_tab {
            return Err(Error::usage(format!(
                "line {line}: a tab, where YAML wants spaces"
            )));
        }
        self.flow += usize::from(start.is_flow);
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain
                    && tag.is_none_or(|tag| tag.suffix != "str" && tag.handle != "!");
                let form = if plain { Form::Plain } else { Form::Text };
                let text = text.into_owned();
                (Value::Scalar { text, form }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                (Value::Sequence(items), anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut entries = Vec::new();
                loop {
                    let key = match self.next()? {
                        (Event::MappingEnd, _) => break,
                        (event, span) => self.node(event, span, depth + 1)?,
                    };
                    let (event, span) = self.next()?;
                    entries.push((key, self.node(event, span, depth + 1)?));
                }
                (Value::Mapping(merged(entries)?), anchor)
            }
            Event::Alias(anchor) => {
                self.flow -= usize::from(start.is_flow);
                let unknown = || Error::usage(format!("line {line}: unknown alias"));
                let node = self.anchors.get(&anchor).ok_or_else(unknown)?.clone();
                self.count(size(&node), line)?;
                return Ok(node);
            }
            _ => return Err(Error::usage(format!("line {line}: not a value"))),
        };
        self.flow -= usize::from(start.is_flow);
        let node = Node { line, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// What stands at the beginning of a value, and before it on its line.
    fn start_of(&self, span: Span) -> Start {
        let line = self.lines.get(span.start.line().saturating_sub(1));
        let mut letters = line.copied().unwrap_or_default().chars();
        let before: String = letters.by_ref().take(span.start.col()).collect();
        let indent = before.trim_start_matches([' ', '-', '\t']).is_empty();
        Start {
            indent_has_tab: indent && before.contains('\t'),
            is_flow: matches!(letters.next(), Some('[' | '{')),
        }
    }

    /// Aliases make a few lines stand for billions of values.
    fn count(&mut self, nodes: usize, line: usize) -> Result<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return Err(Error::usage(format!(
                "line {line}: the document has more than {MOST_NODES} values"
            )));
        }
        Ok(())
    }
}

/// Puts the entries of `<<` behind the mapping's own.
fn merged(entries: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>> {
    let is_merge = |key: &Node| key.plain() == Some("<<");
    if !entries.iter().any(|(key, _)| is_merge(key)) {
        return Ok(entries);
    }
    let (merges, own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| is_merge(key));
    let mut bases = Vec::new();
    for (_, base) in merges {
        match base.value {
            Value::Sequence(items) => bases.extend(items),
            _ => bases.push(base),
        }
    }
    let mut result: Vec<(Node, Node)> = own;
    for base in bases {
        for (key, value) in base.mapping()? {
            let name = key.string()?;
            let taken = result
                .iter()
                .any(|(own, _)| own.string().is_ok_and(|own| own == name));
            if !taken {
                result.push((key.clone(), value.clone()));
            }
        }
    }
    Ok(result)
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 1,
        Value::Sequence(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Mapping(entries) => {
            1 + entries
                .iter()
                .map(|(key, value)| size(key) + size(value))
                .sum::<usize>()
        }
    }
}

/// The parser's messages speak of syntax, not of values.
fn scan_error(err: &ScanError) -> Error {
    Error::usage(format!("line {}: {}", err.marker().line(), err.info()))
}

//! From the parser's events to a tree, within limits.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::node::{Form, Node, Value};
use crate::error::{Error, Result};

const MOST_BYTES: usize = 2 << 20;
const MOST_NODES: usize = 100_000;
const MOST_REPEATED_BYTES: usize = 4 << 20;
const DEEPEST: usize = 64;

/// The first document; `None` where there is none.
pub fn parse(text: &str) -> Result<Option<Node>> {
    first(text).map(|(node, _)| node)
}

/// The one document; `None` where there is none. Whoever writes a second one wants it heeded, so that is an error.
pub fn parse_only(text: &str) -> Result<Option<Node>> {
    let (node, mut tree) = first(text)?;
    loop {
        match tree.next()? {
            (Event::StreamEnd, _) => return Ok(node),
            (Event::DocumentStart(_), _) => {
                let (event, span) = tree.next()?;
                let other = tree.node(event, span, 0)?;
                if !other.is_null() {
                    return Err(Error::usage(format!(
                        "line {}: a second document begins after ---: expected one",
                        other.line
                    )));
                }
            }
            _ => {}
        }
    }
}

fn first(text: &str) -> Result<(Option<Node>, Tree<'_>)> {
    if text.len() > MOST_BYTES {
        return Err(Error::usage(format!(
            "it has {} bytes, at most {MOST_BYTES} are read",
            text.len()
        )));
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut tree = Tree {
        lines: text.lines().collect(),
        line: Line::default(),
        flow: 0,
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        repeated_bytes: 0,
    };
    loop {
        match tree.next()? {
            (Event::StreamEnd, _) => return Ok((None, tree)),
            (Event::DocumentStart(_), _) => {
                let (event, span) = tree.next()?;
                let node = tree.node(event, span, 0)?;
                return Ok((Some(node), tree));
            }
            _ => {}
        }
    }
}

struct Tree<'a> {
    lines: Vec<&'a str>,
    /// The one where we are, so that many values on one line take no quadratic time.
    line: Line,
    /// How many brackets and braces are open: inside them tabs are spaces.
    flow: usize,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    /// Text that is held once more, for an anchor or an alias.
    repeated_bytes: usize,
}

#[derive(Default)]
struct Line {
    number: usize,
    letters: Vec<char>,
    /// How many letters could be indentation.
    indent: usize,
    first_tab: Option<usize>,
}

impl Line {
    fn new(number: usize, text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let is_indent = |letter: &&char| matches!(letter, ' ' | '-' | '\t');
        Self {
            number,
            indent: letters.iter().take_while(is_indent).count(),
            first_tab: letters.iter().position(|letter| *letter == '\t'),
            letters,
        }
    }
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
                self.count_again(&node, line)?;
                return Ok(node);
            }
            _ => return Err(Error::usage(format!("line {line}: not a value"))),
        };
        self.flow -= usize::from(start.is_flow);
        let node = Node { line, value };
        if anchor > 0 {
            self.count_again(&node, line)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// Whether a tab stands in the indentation before a value, and whether the value begins with a bracket or a brace.
    fn start_of(&mut self, span: Span) -> Start {
        let (number, column) = (span.start.line(), span.start.col());
        if self.line.number != number {
            let text = self.lines.get(number.saturating_sub(1));
            self.line = Line::new(number, text.copied().unwrap_or_default());
        }
        let line = &self.line;
        let indent = column.min(line.letters.len()) <= line.indent;
        Start {
            indent_has_tab: indent && line.first_tab.is_some_and(|tab| tab < column),
            is_flow: matches!(line.letters.get(column), Some('[' | '{')),
        }
    }

    /// A value that is held once more.
    fn count_again(&mut self, node: &Node, line: usize) -> Result<()> {
        let (nodes, bytes) = size(node);
        self.repeated_bytes = self.repeated_bytes.saturating_add(bytes);
        if self.repeated_bytes > MOST_REPEATED_BYTES {
            return Err(Error::usage(format!(
                "line {line}: anchors and aliases repeat more than {MOST_REPEATED_BYTES} bytes"
            )));
        }
        self.count(nodes, line)
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
    let names = result.iter().filter_map(|(key, _)| key.string().ok());
    let mut taken: HashSet<String> = names.collect();
    for base in bases {
        for (key, value) in base.mapping()? {
            if taken.insert(key.string()?) {
                result.push((key.clone(), value.clone()));
            }
        }
    }
    Ok(result)
}

/// How many values it is made of, and how many bytes of text these have.
fn size(node: &Node) -> (usize, usize) {
    let add = |(nodes, bytes): (usize, usize), node: &Node| {
        let (more_nodes, more_bytes) = size(node);
        (nodes + more_nodes, bytes + more_bytes)
    };
    match &node.value {
        Value::Scalar { text, .. } => (1, text.len()),
        Value::Sequence(items) => items.iter().fold((1, 0), add),
        Value::Mapping(entries) => entries
            .iter()
            .flat_map(|(key, value)| [key, value])
            .fold((1, 0), add),
    }
}

/// The parser's messages speak of syntax, not of values.
fn scan_error(err: &ScanError) -> Error {
    Error::usage(format!("line {}: {}", err.marker().line(), err.info()))
}

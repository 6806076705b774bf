//! No file imports, by whatever way round, one that imports it: what is read in any order can be read in some order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use regex::Regex;

use super::{Source, sources};

/// A module, as the names that lead to it from the crate's root.
type Module = Vec<String>;

fn module(path: &str) -> Module {
    let path = path.strip_prefix("src/").unwrap();
    let path = path.strip_suffix(".rs").unwrap();
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

fn is_of_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("/testing.rs") || path.contains("/tests/")
}

/// The code of a file but for its tests, and for whom its items are visible to.
fn code(source: &Source) -> String {
    let lines: Vec<String> = source.code().map(|(_, line)| line).collect();
    let code = lines.join("\n");
    let code = code.split("mod tests {").next().unwrap();
    let visibility = Regex::new(r"pub\(in [\w:]+\)").unwrap();
    visibility.replace_all(code, "pub").into_owned()
}

/// What `super::a::{b, c::{self, d}}` names, as one path each.
fn paths(tree: &str) -> Vec<Module> {
    let segments = |text: &str| -> Module {
        let segments = text.split("::").map(str::trim);
        segments
            .filter(|segment| !segment.is_empty())
            .map(|segment| segment.split(" as ").next().unwrap().to_owned())
            .collect()
    };
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![segments(tree)];
    };
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in body.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(letter);
    }
    let head = segments(head);
    let named = parts.iter().filter(|part| !part.trim().is_empty());
    named
        .flat_map(|part| paths(part))
        .map(|below| head.iter().cloned().chain(below).collect())
        .collect()
}

/// The modules that a module uses, among those that are known.
fn used(of: &Module, code: &str, known: &BTreeSet<Module>) -> BTreeSet<Module> {
    let path = Regex::new(r"\b(crate|super|self)::[\w:]*(\{[^;]*?\})?").unwrap();
    let trees = path.find_iter(code).map(|found| found.as_str());
    let children = known
        .iter()
        .filter(|child| child.len() == of.len() + 1 && child.starts_with(of))
        .filter(|child| {
            let name = child.last().unwrap();
            let inside = Regex::new(&format!(r"(^|[^\w:]){name}::")).unwrap();
            inside.is_match(code)
        });
    let named = trees.flat_map(paths).filter_map(|path| {
        let mut from = of.clone();
        let mut rest = path.as_slice();
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => from.clear(),
                "super" => drop(from.pop()),
                "self" => {}
                _ => break,
            }
            rest = after;
        }
        let named: Module = from.iter().chain(rest).cloned().collect();
        (1..=named.len())
            .rev()
            .find_map(|length| known.get(&named[..length]))
    });
    named
        .chain(children)
        .filter(|used| *used != of)
        .cloned()
        .collect()
}

/// A way from each module that is part of a circle back to itself; of several on one circle, the first.
fn circles(sources: &[Source]) -> Vec<String> {
    let sources: Vec<_> = sources
        .iter()
        .filter(|source| !is_of_tests(&source.path))
        .collect();
    let known: BTreeSet<Module> = sources.iter().map(|source| module(&source.path)).collect();
    let uses: BTreeMap<Module, BTreeSet<Module>> = sources
        .iter()
        .map(|source| {
            let module = module(&source.path);
            let used = used(&module, &code(source), &known);
            (module, used)
        })
        .collect();
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for start in uses.keys() {
        let Some(way) = way_back(start, &uses) else {
            continue;
        };
        if way.iter().all(|module| !told.contains(module)) {
            let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
            found.push(names.join(" uses "));
            told.extend(way);
        }
    }
    found
}

/// The shortest way from a module over what it uses back to itself.
fn way_back(start: &Module, uses: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut ways = VecDeque::from([vec![start.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in &uses[way.last().unwrap()] {
            let longer: Vec<Module> = way.iter().chain([next]).cloned().collect();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.push_back(longer);
            }
        }
    }
    None
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let read = sources("src");
    assert!(read.len() > 100, "{}", read.len());
    let found = circles(&read);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_circle_is_found_by_whichever_path_it_is_made() {
    let file = |path: &str, code: &str| Source {
        path: path.to_owned(),
        lines: code.lines().map(str::to_owned).collect(),
    };
    let root = file(
        "src/a/mod.rs",
        "mod b;\nmod c;\nmod d;\npub use b::B;\nfn f() { c::f() }",
    );
    for (b, c, expected) in [
        ("pub struct B;", "pub fn f() {}", None),
        ("use super::c::f;", "", None),
        (
            "use super::c::f;",
            "use super::b::B;",
            Some("a::b uses a::c uses a::b"),
        ),
        (
            "use super::{\n    c,\n    d::{self, e},\n};",
            "fn f() { super::d::e() }",
            Some("a::b uses a::d uses a::b"),
        ),
        (
            "use super::d;",
            "use crate::a::d;",
            Some("a::b uses a::d uses a::b"),
        ),
        ("use super::f;", "", Some("a uses a::b uses a")),
        ("// use super::f;", "pub(in crate::a) fn f() {}", None),
        ("mod tests {\n use super::super::f;\n}", "", None),
    ] {
        let d = if b.contains('d') {
            "use crate::a::b::B;"
        } else {
            ""
        };
        let found = circles(&[
            file("src/a/b.rs", b),
            file("src/a/c.rs", c),
            file("src/a/d.rs", d),
            file("src/a/tests.rs", "use super::*;"),
            file(&root.path, &root.lines.join("\n")),
        ]);
        assert_eq!(found.first().map(String::as_str), expected, "{b} / {c}");
    }
}

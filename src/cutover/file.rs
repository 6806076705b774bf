//! Files of queries: a list of our own form, or Prometheus' rules, whose expressions are queries.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::time::{Asked, Query, When, span_ms};
use super::tolerance::Tolerance;
use crate::error::{Error, Result};
use crate::yaml::{self, Fields, Node, Unknown};

/// What is asked of both sides, in the order of the file.
pub type Queries = Vec<Query>;

/// Reads files of queries.
#[derive(Debug, Clone, Copy)]
pub struct QueryFile {
    /// Times ago are counted back from this.
    pub now: DateTime<Utc>,
    /// How far values may be apart where a query does not say.
    pub tolerance: Tolerance,
}

impl QueryFile {
    /// The queries of a file, of which there is one at least.
    ///
    /// Errors, of kind [`Kind::Usage`](crate::Kind::Usage): all that is wrong, each with its line.
    pub fn parse(self, text: &str) -> Result<Queries, Vec<Error>> {
        let node = yaml::parse_only(text).map_err(|err| vec![err])?;
        let node = node.filter(|node| !node.is_null());
        let node = node.ok_or_else(|| vec![Error::usage("it is empty: expected queries")])?;
        let mut found = Found {
            file: self,
            queries: Vec::new(),
            names: BTreeSet::new(),
            faults: Vec::new(),
        };
        found.document(&node);
        if found.queries.is_empty() && found.faults.is_empty() {
            found.fault(node.line(), "expected one query at least");
        }
        if found.faults.is_empty() {
            Ok(found.queries)
        } else {
            Err(found.faults)
        }
    }
}

struct Found {
    file: QueryFile,
    queries: Queries,
    names: BTreeSet<String>,
    faults: Vec<Error>,
}

impl Found {
    fn document(&mut self, node: &Node) {
        if node.is_sequence() {
            return self.list(node);
        }
        if !node.is_mapping() {
            let what = "expected a list of queries, or a file of rules with groups";
            return self.fault(node.line(), what);
        }
        let Some(mut fields) = self.fields(node, "", Unknown::Refuse) else {
            return;
        };
        // As the operator of Kubernetes has them.
        if fields.peek("kind").is_some() || fields.peek("spec").is_some() {
            if let Some(spec) = fields.take("spec")
                && let Some(mut spec) = self.fields(spec, "spec", Unknown::Ignore)
                && let Some(groups) = spec.take("groups")
            {
                return self.groups(groups);
            }
            return self.fault(node.line(), "expected spec.groups, as in a PrometheusRule");
        }
        match (fields.take("groups"), fields.take("queries")) {
            (Some(groups), None) => {
                // Mimir's files of rules have a namespace.
                let _ = fields.take("namespace");
                self.groups(groups);
            }
            (None, Some(queries)) => self.list(queries),
            (Some(_), Some(_)) => self.fault(
                node.line(),
                "groups and queries are both given: expected one of them",
            ),
            (None, None) => self.fault(
                node.line(),
                "expected a list of queries, or a file of rules with groups",
            ),
        }
        self.finish(fields);
    }

    fn list(&mut self, node: &Node) {
        let Some(items) = self.read(node.sequence()) else {
            return;
        };
        for item in items {
            if item.is_mapping() {
                self.query(item);
            } else if item.is_sequence() {
                self.fault(
                    item.line(),
                    "expected an expression, or a mapping with expr",
                );
            } else if let Some(expression) = self.read(item.string()) {
                // An expression alone.
                self.expression(item.line(), &expression);
                let name = self.free(&expression);
                self.add(item.line(), name, expression, UNSAID, None, false);
            }
        }
    }

    fn query(&mut self, node: &Node) {
        let line = node.line();
        let Some(mut fields) = self.fields(node, "", Unknown::Refuse) else {
            return;
        };
        let before = self.faults.len();
        let name = fields.string("name");
        let name = self.read(name).flatten().filter(|name| !name.is_empty());
        let expression = fields.string("expr");
        let expression = self.read(expression).flatten().unwrap_or_default();
        if self.faults.len() == before {
            self.expression(line, &expression);
        }
        let time = self.when(&mut fields, "time");
        let start = self.when(&mut fields, "start");
        let end = self.when(&mut fields, "end");
        let step_ms = self.step(&mut fields);
        let tolerance = self.tolerance(&mut fields);
        let may_be_empty = fields.bool("may_be_empty");
        let may_be_empty = self.read(may_be_empty).flatten().unwrap_or(false);
        let asked = match time {
            Some(_) if start.is_some() || end.is_some() || step_ms.is_some() => {
                self.fault(
                    line,
                    "time is given beside start, end or step: expected one time, or a range",
                );
                UNSAID
            }
            Some(when) => Asked::Instant(when),
            None => Asked::Range {
                start,
                end,
                step_ms,
            },
        };
        if let (Some(When::At(start)), Some(When::At(end))) = (start, end)
            && start > end
        {
            self.fault(line, "start lies after end");
        }
        self.finish(fields);
        let name = name.unwrap_or_else(|| self.free(&expression));
        if self.faults.len() == before {
            self.add(line, name, expression, asked, tolerance, may_be_empty);
        }
    }

    fn groups(&mut self, node: &Node) {
        let Some(groups) = self.read(node.sequence()) else {
            return;
        };
        for group in groups {
            let Some(mut fields) = self.fields(group, "", Unknown::Ignore) else {
                continue;
            };
            let name = fields.string("name");
            let name = self.read(name).flatten().unwrap_or_default();
            let Some(rules) = fields.take("rules") else {
                continue;
            };
            let Some(rules) = self.read(rules.sequence()) else {
                continue;
            };
            for rule in rules {
                self.rule(&name, rule);
            }
        }
    }

    fn rule(&mut self, group: &str, node: &Node) {
        let line = node.line();
        let before = self.faults.len();
        let repeated = node.refuse_repeated_keys("");
        self.read(repeated);
        let Some(mut fields) = self.fields(node, "", Unknown::Ignore) else {
            return;
        };
        let record = fields.string("record");
        let record = self.read(record).flatten();
        let alert = fields.string("alert");
        let alert = self.read(alert).flatten();
        let expression = fields.string("expr");
        let expression = self.read(expression).flatten().unwrap_or_default();
        if self.faults.len() == before {
            self.expression(line, &expression);
        }
        let is_alert = alert.is_some();
        let name = match record.or(alert).filter(|name| !name.is_empty()) {
            Some(name) if group.is_empty() => name,
            Some(name) => format!("{group}/{name}"),
            None => return self.fault(line, "expected record or alert"),
        };
        if self.faults.len() > before {
            return;
        }
        // Several alerts of one name are usual, one for each severity.
        let own = self.free(&name);
        self.add(line, own, expression, UNSAID, None, is_alert);
    }

    /// The name, or where it is taken the name with a number.
    fn free(&self, name: &str) -> String {
        let mut own = name.to_owned();
        for number in 2.. {
            if !self.names.contains(&own) {
                break;
            }
            own = format!("{name} ({number})");
        }
        own
    }

    fn add(
        &mut self,
        line: usize,
        name: String,
        expression: String,
        asked: Asked,
        tolerance: Option<Tolerance>,
        may_be_empty: bool,
    ) {
        if !self.names.insert(name.clone()) {
            return self.fault(
                line,
                "another query has the same name: expected names of their own",
            );
        }
        self.queries.push(Query {
            name,
            expression,
            asked,
            tolerance,
            may_be_empty,
        });
    }

    fn expression(&mut self, line: usize, expression: &str) {
        if expression.trim().is_empty() {
            self.fault(line, "expr is missing: expected PromQL");
        }
    }

    fn when(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<When> {
        let node = fields.take(key)?;
        let text = self.read(node.string())?;
        let when = When::parse(&text, self.file.now);
        self.at(node, key, when)
    }

    fn step(&mut self, fields: &mut Fields<'_>) -> Option<i64> {
        let node = fields.take("step")?;
        let text = self.read(node.string())?;
        let step = span_ms(&text);
        let step_ms = self.at(node, "step", step)?;
        if step_ms == 0 {
            self.fault(node.line(), "step: expected more than nothing");
        }
        (step_ms > 0).then_some(step_ms)
    }

    fn tolerance(&mut self, fields: &mut Fields<'_>) -> Option<Tolerance> {
        let node = fields.take("tolerance")?;
        let mut own = self.fields(node, "tolerance", Unknown::Refuse)?;
        let mut tolerance = self.file.tolerance;
        let (number, share) = (
            "a number such as 0.001, and none below 0",
            "a share such as 1e-9, at least 0 and less than 1",
        );
        for (key, part, below, expected) in [
            ("absolute", &mut tolerance.absolute, f64::INFINITY, number),
            ("relative", &mut tolerance.relative, 1.0, share),
        ] {
            let Some(node) = own.take(key) else { continue };
            let number = node.string().ok().and_then(|text| text.parse::<f64>().ok());
            match number.filter(|number| (0.0..below).contains(number)) {
                Some(number) => *part = number,
                None => self.fault(
                    node.line(),
                    &format!("tolerance.{key}: expected {expected}"),
                ),
            }
        }
        self.finish(own);
        Some(tolerance)
    }

    fn fields<'a>(&mut self, node: &'a Node, at: &str, unknown: Unknown) -> Option<Fields<'a>> {
        let fields = node.fields(at, unknown);
        self.read(fields)
    }

    fn finish(&mut self, fields: Fields<'_>) {
        let finished = fields.finish();
        self.read(finished);
    }

    fn at<T>(&mut self, node: &Node, key: &str, read: Result<T>) -> Option<T> {
        let line = node.line();
        self.read(read.map_err(|err| Error::usage(format!("line {line}: {key}: {err}"))))
    }

    fn read<T>(&mut self, read: Result<T>) -> Option<T> {
        read.map_err(|err| self.faults.push(err)).ok()
    }

    fn fault(&mut self, line: usize, what: &str) {
        self.faults
            .push(Error::usage(format!("line {line}: {what}")));
    }
}

const UNSAID: Asked = Asked::Range {
    start: None,
    end: None,
    step_ms: None,
};

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn parse(text: &str) -> Result<Queries, Vec<String>> {
        let file = QueryFile {
            now: DateTime::from_timestamp(1_750_000_000, 0).unwrap(),
            tolerance: Tolerance::USUAL,
        };
        let told = |faults: Vec<Error>| faults.iter().map(|fault| format!("{fault:#}")).collect();
        file.parse(text).map_err(told)
    }

    #[test]
    fn a_list_of_queries_is_read() {
        let queries = parse(
            "- up\n\
             - name: rate of requests\n  expr: sum(rate(http_requests_total[5m]))\n  step: 5m\n  tolerance: {relative: 1e-6}\n\
             - expr: count(up)\n  time: end-1h\n  may_be_empty: true\n\
             - expr: 1\n  start: 2025-06-01\n  end: end\n  step: 60\n",
        )
        .unwrap();
        let names: Vec<_> = queries.iter().map(|query| query.name.as_str()).collect();
        assert_eq!(names, ["up", "rate of requests", "count(up)", "1"]);
        assert_eq!(
            queries[1].tolerance,
            Some(Tolerance {
                absolute: 0.0,
                relative: 1e-6
            })
        );
        assert_eq!(queries[2].asked, Asked::Instant(When::FromEnd(-3_600_000)));
        assert!(queries[2].may_be_empty && !queries[0].may_be_empty);
        assert_eq!(
            queries[3].asked,
            Asked::Range {
                start: Some(When::At(1_748_736_000_000)),
                end: Some(When::FromEnd(0)),
                step_ms: Some(60_000)
            }
        );
        let wrapped = parse("queries:\n- up\n").unwrap();
        assert_eq!(wrapped.first(), queries.first());
    }

    #[test]
    fn rules_are_queries() {
        let groups = "groups:\n\
             - name: g\n  interval: 1m\n  partial_response_strategy: warn\n  rules:\n\
             \x20 - record: a:b\n    expr: sum(up)\n    labels: {x: y}\n\
             \x20 - alert: Down\n    expr: up == 0\n    for: 5m\n\
             \x20 - alert: Down\n    expr: up == 1\n";
        let queries = parse(groups).unwrap();
        let names: Vec<_> = queries.iter().map(|query| query.name.as_str()).collect();
        assert_eq!(names, ["g/a:b", "g/Down", "g/Down (2)"]);
        let empty: Vec<_> = queries.iter().map(|query| query.may_be_empty).collect();
        assert_eq!(empty, [false, true, true]);
        let indented = groups.replace('\n', "\n  ");
        let object = format!(
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec:\n  {indented}"
        );
        assert_eq!(parse(&object).unwrap(), queries);
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_line() {
        for (text, expected) in [
            ("", vec!["it is empty: expected queries"]),
            ("[]", vec!["line 1: expected one query at least"]),
            (
                "up",
                vec!["line 1: expected a list of queries, or a file of rules with groups"],
            ),
            (
                "- {name: b, expr: up}\n- {name: b, expr: up}\n- expr: ''\n- name: a\n  epxr: up\n- expr: x\n  time: soon\n  step: 0\n",
                vec![
                    "line 2: another query has the same name: expected names of their own",
                    "line 3: expr is missing: expected PromQL",
                    "line 4: expr is missing: expected PromQL",
                    "line 5: unknown key epxr: expected one of end, expr, may_be_empty, name, start, step, time, tolerance; did you mean expr?",
                    "line 7: time: expected a time such as",
                    "line 8: step: expected more than nothing",
                ],
            ),
            (
                "- expr: x\n  time: end\n  step: 5m\n- expr: y\n  start: 2025-06-02\n  end: 2025-06-01\n",
                vec![
                    "line 1: time is given beside start, end or step: expected one time, or a range",
                    "line 4: start lies after end",
                ],
            ),
            (
                "- expr: x\n  tolerance: {absolute: -1, relative: few}\n",
                vec![
                    "line 2: tolerance.absolute: expected a number such as 0.001, and none below 0",
                    "line 2: tolerance.relative: expected a share such as 1e-9, at least 0 and less than 1",
                ],
            ),
            (
                "groups:\n- name: g\n  rules:\n  - expr: up\n  - record: a\n",
                vec![
                    "line 4: expected record or alert",
                    "line 5: expr is missing: expected PromQL",
                ],
            ),
            (
                "kind: ConfigMap\n",
                vec!["line 1: expected spec.groups, as in a PrometheusRule"],
            ),
            (
                "other: 1\n",
                vec![
                    "line 1: expected a list of queries, or a file of rules with groups",
                    "line 1: unknown key other",
                ],
            ),
        ] {
            let faults = parse(text).unwrap_err();
            assert_eq!(faults.len(), expected.len(), "{text}: {faults:?}");
            for (fault, expected) in faults.iter().zip(expected) {
                assert!(fault.starts_with(expected), "{text}: {fault}");
            }
        }
    }
}

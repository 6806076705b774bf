//! What a check found: a line for each thing, what failed marked; the rights that a migration needs; and whether one may begin.

use std::io;

use super::page::Page;
use crate::exit::Exit;
use crate::outcome::{About, Checked, Finding, State};
use crate::report::human::printable;

/// Continuation lines are indented like the text behind the names.
const INDENT: usize = 29;

pub(super) fn write(checked: &Checked, page: &mut Page<'_>) -> io::Result<()> {
    for about in [About::Source, About::Target, About::Both] {
        let mut of_it = checked
            .findings
            .iter()
            .filter(|finding| finding.about == about)
            .peekable();
        if of_it.peek().is_none() {
            continue;
        }
        page.blank()?;
        page.line(about.as_str(), 4)?;
        for finding in of_it {
            row(finding, page)?;
        }
    }
    for (role, policy) in &checked.policies {
        page.blank()?;
        let heading = format!(
            "The least that the {} needs ({}):",
            role.as_str(),
            policy.language
        );
        page.line(&heading, 4)?;
        for line in policy.text.lines() {
            page.line(&format!("  {}", printable(line)), 4)?;
        }
    }
    page.blank()?;
    page.prose("", &closing(checked))
}

fn row(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let flag = if finding.state == State::Failed {
        '!'
    } else {
        ' '
    };
    let (state, name, text) = (
        finding.state.as_str(),
        finding.name,
        printable(&finding.text),
    );
    page.line(&format!("{flag} {state:<8} {name:<17} {text}"), INDENT)
}

fn closing(checked: &Checked) -> String {
    let (failed, untried) = (checked.failed().count(), of(checked, State::Untried));
    let rest = match untried {
        0 => String::new(),
        1 => " One thing was not tried.".to_owned(),
        untried => format!(" {untried} things were not tried."),
    };
    let which = match failed {
        1 => "The line above that begins with an exclamation mark tells what does not work"
            .to_owned(),
        failed => format!(
            "The {failed} lines above that begin with an exclamation mark tell what does not work"
        ),
    };
    let code = checked.exit().code();
    match checked.exit() {
        Exit::Done => format!("Whatever was tried works.{rest}"),
        _ => format!("{which}: a migration would end with the same (exit code {code}).{rest}"),
    }
}

fn of(checked: &Checked, state: State) -> usize {
    let findings = checked.findings.iter();
    findings.filter(|finding| finding.state == state).count()
}

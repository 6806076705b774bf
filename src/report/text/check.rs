//! What a check found: a line for each thing, what failed marked; the rights that a migration needs; and whether one may begin.

use std::io;

use super::page::Page;
use crate::exit::Exit;
use crate::human::printable;
use crate::outcome::{About, Checked, Finding, State};

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
    let flag = match finding.state {
        State::Failed | State::Risk => '!',
        State::Fine | State::Note | State::Untried => ' ',
    };
    let (state, name, text) = (
        finding.state.as_str(),
        finding.name,
        printable(&finding.text),
    );
    page.line(&format!("{flag} {state:<8} {name:<17} {text}"), INDENT)
}

fn closing(checked: &Checked) -> String {
    let counted = |state, one: &str, many: &str| match of(checked, state) {
        0 => String::new(),
        1 => format!(" One {one}."),
        several => format!(" {several} {many}."),
    };
    let untried = counted(
        State::Untried,
        "thing was not tried",
        "things were not tried",
    );
    let risks = counted(
        State::Risk,
        "line tells of a risk to blocks",
        "lines tell of risks to blocks",
    );
    let code = checked.exit().code();
    let works = match (checked.exit(), checked.failed().count()) {
        (Exit::Done, _) => "Whatever was tried works.".to_owned(),
        (_, 1) => format!(
            "One thing does not work: a migration would end with the same (exit code {code})."
        ),
        (_, failed) => format!(
            "{failed} things do not work: a migration would end with the same (exit code {code})."
        ),
    };
    format!("{works}{risks}{untried}")
}

fn of(checked: &Checked, state: State) -> usize {
    let findings = checked.findings.iter();
    findings.filter(|finding| finding.state == state).count()
}

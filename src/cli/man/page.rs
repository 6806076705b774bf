//! One manual page, laid out as man-pages(7) has it. The words are those of the help.

use clap::{Arg, ArgAction, Command};
use roff::{Inline, Roff, bold, italic, roman};

use crate::command::man::Page;

/// The day of the commit that this is built from, so that pages that are made again are the same again.
const DATE: &str = env!("THANOS_BUCKET_DATE");

/// The page of `command`, which is `program` itself or one of its subcommands. Both are built.
pub(super) fn page(program: &Command, command: &Command) -> Page {
    let is_whole = command.get_name() == program.get_name();
    let name = if is_whole {
        program.get_name().to_owned()
    } else {
        name_of(program, command)
    };
    let source = format!("{} {}", program.get_name(), env!("CARGO_PKG_VERSION"));
    let (notes, sections) = closing(command);
    let mut roff = Roff::new();
    let title = name.to_uppercase();
    roff.control("TH", [&title, "1", DATE, &source, program.get_name()]);
    // Flags are neither hyphenated nor pulled apart.
    roff.control("nh", []);
    roff.control("ad", ["l"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{name} - {}", about(command)))]);
    synopsis(&mut roff, program, command);
    let long = command.get_long_about().or_else(|| command.get_about());
    roff.control("SH", ["DESCRIPTION"]);
    let description = long.map(ToString::to_string).unwrap_or_default();
    paragraphs(&mut roff, &description, "PP");
    options(&mut roff, command);
    if is_whole {
        subcommands(&mut roff, program);
    }
    if !notes.is_empty() {
        roff.control("SH", ["ENVIRONMENT"]);
        paragraphs(&mut roff, &notes, "PP");
    }
    for (heading, lines) in sections {
        roff.control("SH", [heading.as_str()]);
        as_it_stands(&mut roff, &lines);
    }
    see_also(&mut roff, program, command);
    Page {
        file: format!("{name}.1"),
        text: roff.render(),
    }
}

/// `thanos-bucket-migrate`.
fn name_of(program: &Command, subcommand: &Command) -> String {
    format!("{}-{}", program.get_name(), subcommand.get_name())
}

fn about(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string);
    about.unwrap_or_default()
}

fn synopsis(roff: &mut Roff, program: &Command, command: &Command) {
    let name = command.get_bin_name().unwrap_or(program.get_name());
    let usage = command.get_overridden_usage().map(ToString::to_string);
    let usage = usage.unwrap_or_else(|| format!("{name} SUBCOMMAND [FLAGS]"));
    let rest = usage.strip_prefix(name).unwrap_or(&usage);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(name), roman(rest)]);
}

/// Those that say what the tool is asked for have no heading; `--help` and its like come last.
fn group(arg: &Arg) -> &str {
    let is_help = matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    );
    match arg.get_help_heading() {
        Some(heading) => heading,
        None if is_help => "Help",
        None => "",
    }
}

/// The flags under their headings, in the order of the help.
fn options(roff: &mut Roff, command: &Command) {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let shown: Vec<&Arg> = shown.collect();
    let mut groups = vec![""];
    for arg in &shown {
        if !groups.contains(&group(arg)) {
            groups.push(group(arg));
        }
    }
    groups.sort_by_key(|group| *group == "Help");
    roff.control("SH", ["OPTIONS"]);
    for of in groups {
        if !of.is_empty() {
            roff.control("SS", [of]);
        }
        for arg in shown.iter().filter(|arg| group(arg) == of) {
            option(roff, arg);
        }
    }
}

fn option(roff: &mut Roff, arg: &Arg) {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    roff.control("TP", []);
    roff.text(heading(arg));
    paragraphs(
        roff,
        &help.map(ToString::to_string).unwrap_or_default(),
        "IP",
    );
}

/// `--flag VALUE`, `--flag[=true|false]`, `FILE...`.
fn heading(arg: &Arg) -> Vec<Inline> {
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
    let value = names.join(" ");
    if arg.is_positional() {
        let is_list = matches!(arg.get_action(), ArgAction::Append);
        return vec![italic(value), roman(if is_list { "..." } else { "" })];
    }
    let short = arg.get_short().map(|letter| format!("-{letter}"));
    let long = arg.get_long().map(|name| format!("--{name}"));
    let mut heading: Vec<Inline> = Vec::new();
    for spelling in short.into_iter().chain(long) {
        if !heading.is_empty() {
            heading.push(roman(", "));
        }
        heading.push(bold(spelling));
    }
    let takes = arg.get_num_args().unwrap_or_default();
    if takes.takes_values() && takes.min_values() == 0 {
        heading.extend([roman("[="), italic(value), roman("]")]);
    } else if takes.takes_values() {
        heading.extend([roman("="), italic(value)]);
    }
    heading
}

fn subcommands(roff: &mut Roff, program: &Command) {
    roff.control("SH", ["SUBCOMMANDS"]);
    for subcommand in program.get_subcommands() {
        roff.control("TP", []);
        roff.text([bold(name_of(program, subcommand)), roman("(1)")]);
        roff.text([roman(about(subcommand))]);
    }
}

/// All other pages.
fn see_also(roff: &mut Roff, program: &Command, command: &Command) {
    let is_other = |other: &&Command| other.get_name() != command.get_name();
    let of = |subcommand: &Command| name_of(program, subcommand);
    let program_itself = Some(program).filter(is_other);
    let mut names: Vec<String> = program_itself
        .map(|program| program.get_name().to_owned())
        .into_iter()
        .collect();
    names.extend(program.get_subcommands().filter(is_other).map(of));
    roff.control("SH", ["SEE ALSO"]);
    let last = names.len().saturating_sub(1);
    for (number, name) in names.iter().enumerate() {
        let comma = if number == last { "" } else { "," };
        roff.text([bold(name), roman(format!("(1){comma}"))]);
    }
}

/// What stands behind the flags of the help: first what has no heading, then each heading with its lines.
fn closing(command: &Command) -> (String, Vec<(String, Vec<String>)>) {
    let text = command
        .get_after_long_help()
        .or_else(|| command.get_after_help());
    let text = text.map(ToString::to_string).unwrap_or_default();
    let mut notes = String::new();
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let heading = line.strip_suffix(':').filter(|line| !line.starts_with(' '));
        match (heading, sections.last_mut()) {
            (Some("Exit codes"), _) => sections.push(("EXIT STATUS".to_owned(), Vec::new())),
            (Some(heading), _) => sections.push((heading.to_uppercase(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.to_owned()),
            (None, None) => {
                notes.push_str(line);
                notes.push('\n');
            }
        }
    }
    (notes.trim().to_owned(), sections)
}

/// Running text. What is accepted, the default and the variable, each in brackets, stand on lines of their own.
fn paragraphs(roff: &mut Roff, text: &str, macro_between: &str) {
    let mut is_behind_gap = false;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() {
            is_behind_gap = true;
            continue;
        }
        if is_behind_gap {
            roff.control(macro_between, []);
        }
        let notes = line.replace("] [", "]\n[");
        for (place, note) in notes.lines().enumerate() {
            let is_first = number == 0 || is_behind_gap;
            if note.starts_with('[') && !(is_first && place == 0) {
                roff.control("br", []);
            }
            roff.text([roman(note)]);
        }
        is_behind_gap = false;
    }
}

/// Lines whose breaks and indentation count.
fn as_it_stands(roff: &mut Roff, lines: &[String]) {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    let end = lines
        .iter()
        .rposition(|line| !line.is_empty())
        .map_or(0, |last| last + 1);
    let begin = lines.iter().position(|line| !line.is_empty()).unwrap_or(0);
    roff.control("nf", []);
    for line in lines.get(begin..end).unwrap_or_default() {
        // The section is indented already.
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}

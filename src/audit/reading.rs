//! Trails are read back: whatever a file holds, each of its lines is an event, or is said not to be one. Memory stays small, however long a line is.

use std::io::{self, BufRead, ErrorKind};

use chrono::{DateTime, Utc};

use super::line::{Line, VERSION};
use crate::block::BlockId;

/// A longer line is none of this tool's.
const LONGEST_LINE_BYTES: usize = 1 << 20;

/// What stands on a line.
#[derive(Debug)]
pub enum Item {
    /// An event. Its block is an id, and its time is one.
    Line(Box<Line>),
    /// No event.
    Problem(Problem),
}

/// Why a line is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The file ends in the middle of it, as where a run was killed by a loss of power, or a disk was full; or it is being written just now.
    Torn,
    /// It begins with what a line of this tool's begins with, and is not whole: the line after it begins anew.
    Broken,
    /// It is no line of this tool's, and why.
    Foreign(String),
}

/// Reads a file to its end: `take` gets the number of each line, of which the first is 1, and what stands there. Empty lines are nothing.
///
/// Errors: the file cannot be read.
pub fn read(mut from: impl BufRead, mut take: impl FnMut(u64, Item)) -> io::Result<()> {
    let mut text = Vec::new();
    let mut number = 0;
    loop {
        text.clear();
        number += 1;
        let (is_whole, is_long) = match next(&mut from, &mut text)? {
            Next::End => return Ok(()),
            Next::Line { is_whole, is_long } => (is_whole, is_long),
        };
        let mut line = text.as_slice();
        if number == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        // A loss of power may leave a run of these where the end of the file was.
        let zeros = line.iter().take_while(|byte| **byte == 0).count();
        let line = line.get(zeros..).unwrap_or_default().trim_ascii();
        if line.is_empty() && zeros > 0 {
            take(number, Item::Problem(Problem::Broken));
            continue;
        }
        if line.is_empty() && !is_long {
            continue;
        }
        let item = if is_long {
            let why = format!("it is longer than {LONGEST_LINE_BYTES} bytes");
            Err(Problem::Foreign(why))
        } else {
            parse(line)
        };
        let item = match item {
            Ok(line) => Item::Line(line),
            Err(_) if !is_whole => Item::Problem(Problem::Torn),
            Err(problem) => Item::Problem(problem),
        };
        take(number, item);
    }
}

enum Next {
    End,
    Line { is_whole: bool, is_long: bool },
}

/// Reads up to the next line feed; what is too long is skipped.
fn next(from: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<Next> {
    let (mut is_any, mut is_long) = (false, false);
    loop {
        let ready = match from.fill_buf() {
            Ok(ready) => ready,
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        if ready.is_empty() {
            let is_whole = false;
            return Ok(if is_any {
                Next::Line { is_whole, is_long }
            } else {
                Next::End
            });
        }
        is_any = true;
        let end = ready.iter().position(|byte| *byte == b'\n');
        let piece = ready.get(..end.unwrap_or(ready.len())).unwrap_or_default();
        if text.len() + piece.len() > LONGEST_LINE_BYTES {
            is_long = true;
            text.clear();
        } else if !is_long {
            text.extend_from_slice(piece);
        }
        let used = piece.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            let is_whole = true;
            return Ok(Next::Line { is_whole, is_long });
        }
    }
}

fn parse(text: &[u8]) -> Result<Box<Line>, Problem> {
    let foreign = |why: &str| Problem::Foreign(why.to_owned());
    let begins = b"{\"v\":";
    if begins.starts_with(text) {
        return Err(Problem::Broken);
    }
    let line: Line = match serde_json::from_slice(text) {
        Ok(line) => line,
        Err(err) if err.is_eof() && text.starts_with(b"{\"v\":") => return Err(Problem::Broken),
        Err(err) if err.is_data() => {
            // Of a newer version nobody knows what a member is.
            let why = format!("not what is expected: {err}");
            return Err(Problem::Foreign(why));
        }
        Err(_) if text.starts_with(b"{\"v\":") => return Err(Problem::Broken),
        Err(_) => return Err(foreign("it is no JSON object")),
    };
    if line.v == 0 || line.event.is_empty() {
        return Err(foreign(
            "it is no line of a report file: v and event are missing",
        ));
    }
    if line.run.parse::<BlockId>().is_err() {
        return Err(foreign("run is no ULID"));
    }
    let block = line.block.as_deref().map(str::parse::<BlockId>);
    if block.is_some_and(|block| block.is_err()) {
        return Err(foreign("block is no ULID"));
    }
    if time(&line.at).is_none() {
        return Err(foreign("at is no time"));
    }
    Ok(Box::new(line))
}

/// A time of a line.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let parsed = DateTime::parse_from_rfc3339(text).ok()?;
    Some(parsed.to_utc())
}

impl Line {
    /// When it happened, where that is a time.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        time(&self.at)
    }

    /// Whether it is of a newer version, in which what is known may mean something else.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.v > VERSION
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const RUN: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn line(rest: &str) -> String {
        format!(
            r#"{{"v":1,"at":"2025-01-01T00:00:00.000Z","run":"{RUN}","event":"started"{rest}}}"#
        )
    }

    /// What each line is: `e` an event, `t` torn, `b` broken, `f` foreign; with its number.
    fn kinds(text: &[u8]) -> Vec<(u64, char)> {
        let mut kinds = Vec::new();
        read(text, |number, item| {
            kinds.push((
                number,
                match item {
                    Item::Line(_) => 'e',
                    Item::Problem(Problem::Torn) => 't',
                    Item::Problem(Problem::Broken) => 'b',
                    Item::Problem(Problem::Foreign(_)) => 'f',
                },
            ));
        })
        .unwrap();
        kinds
    }

    /// S-20.6
    #[test]
    fn every_line_is_an_event_or_is_said_not_to_be_one() {
        let good = line("");
        let long = line(&format!(r#","detail":"{}""#, "x".repeat(2 << 20)));
        let cases: [(String, &[(u64, char)]); 13] = [
            (String::new(), &[]),
            ("\n\r\n  \n".to_owned(), &[]),
            (format!("{good}\n{good}\n"), &[(1, 'e'), (2, 'e')]),
            (
                format!("\u{feff}{good}\r\n\r\n{good}\r\n"),
                &[(1, 'e'), (3, 'e')],
            ),
            // Without a line feed at the end it may be whole all the same.
            (good.clone(), &[(1, 'e')]),
            (format!("{good}\n{}", &good[..40]), &[(1, 'e'), (2, 't')]),
            (format!("{}\n{good}\n", &good[..40]), &[(1, 'b'), (2, 'e')]),
            (format!("{}{good}\n", &good[..40]), &[(1, 'b')]),
            (
                "level=info msg=hello\n[]\n7\nnull\n{}\n".to_owned(),
                &[(1, 'f'), (2, 'f'), (3, 'f'), (4, 'f'), (5, 'f')],
            ),
            (format!("{}\n", line(r#","block":"x""#)), &[(1, 'f')]),
            (
                format!("{}\n", line(r#","bytes_sent":"many""#)),
                &[(1, 'f')],
            ),
            (
                format!("{}\n{good}\n", good.replace("2025-01", "2025-13")),
                &[(1, 'f'), (2, 'e')],
            ),
            (
                format!("{long}\n{good}\n{long}"),
                &[(1, 'f'), (2, 'e'), (3, 't')],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(kinds(text.as_bytes()), expected, "{text:.200}");
        }
        assert_eq!(kinds(b"\xff\xfe\n"), [(1, 'f')]);
        // However early it was torn; and what a loss of power leaves.
        for torn in ["{", "{\"", "{\"v", "{\"v\"", "{\"v\":", "\0\0"] {
            let text = format!("{torn}\n{good}\n");
            assert_eq!(kinds(text.as_bytes()), [(1, 'b'), (2, 'e')], "{torn:?}");
        }
        let behind = format!("\0\0{good}\n");
        assert_eq!(kinds(behind.as_bytes()), [(1, 'e')]);
        // A newer version, with members and events of its own.
        let newer = good
            .replace("\"v\":1", "\"v\":7")
            .replace("started", "flown");
        assert_eq!(
            kinds(newer.replace('}', ",\"wings\":{\"a\":[2]}}").as_bytes()),
            [(1, 'e')]
        );
    }
}

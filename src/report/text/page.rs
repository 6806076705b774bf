//! Lines that fit the screen they are written on.

use std::io::{self, Write};

use crate::human;

/// Narrower screens are written on as if they had so many characters.
const NARROWEST: usize = 40;

/// Longer lines of prose are hard to read on any screen.
const READABLE: usize = 100;

/// Where text for people is written.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    columns: usize,
}

impl<'a> Page<'a> {
    /// `columns` is how wide a line may be: so many letters, or half as many characters that are two columns wide.
    pub(super) fn new(out: &'a mut dyn Write, columns: Option<usize>) -> Self {
        Self {
            out,
            columns: columns.map_or(usize::MAX, |columns| columns.max(NARROWEST)),
        }
    }

    /// Whether a line fits that is so many columns wide.
    pub(super) fn fits(&self, columns: usize) -> bool {
        columns <= self.columns
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// The text; what does not fit goes on below, indented by so many characters.
    pub(super) fn line(&mut self, text: &str, indent: usize) -> io::Result<()> {
        for (number, line) in wrapped(text, self.columns, indent).into_iter().enumerate() {
            let indent = if number == 0 { 0 } else { indent };
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    /// Sentences, each line behind the same sign, and no line very long.
    pub(super) fn prose(&mut self, sign: &str, text: &str) -> io::Result<()> {
        let columns = self.columns.min(READABLE).saturating_sub(sign.len());
        for line in wrapped(text, columns, 0) {
            writeln!(self.out, "{sign}{line}")?;
        }
        Ok(())
    }

    /// A command, which can be copied into a shell even where it goes on below.
    pub(super) fn command(&mut self, command: &str, indent: usize) -> io::Result<()> {
        let first = wrapped(command, self.columns.saturating_sub(indent + 2), 2);
        let last = first.len().saturating_sub(1);
        for (number, line) in first.into_iter().enumerate() {
            let further = if number == 0 { 0 } else { 2 };
            let indent = indent + further;
            let goes_on = if number == last { "" } else { " \\" };
            writeln!(self.out, "{:indent$}{line}{goes_on}", "")?;
        }
        Ok(())
    }
}

/// The lines that the text falls into, all but the first of them to be indented; words are cut only where they fit on no line.
fn wrapped(text: &str, columns: usize, indent: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    let mut room = columns;
    while let Some(end) = beyond(rest, room) {
        let (head, _) = rest.split_at(end);
        // A space right behind the line counts too, and the line's own indentation does not.
        let blank = head.len() - head.trim_start().len();
        let next_is_space = rest.get(end..).is_some_and(|tail| tail.starts_with(' '));
        let cut = if next_is_space {
            end
        } else {
            head.rfind(' ').filter(|cut| *cut > blank).unwrap_or(end)
        };
        let (line, tail) = rest.split_at(cut);
        lines.push(line.trim_end());
        rest = tail.trim_start();
        room = columns.saturating_sub(indent).max(1);
    }
    lines.push(rest);
    lines
}

/// Where the first character is that does not fit into so many columns; `None` where all do. One character fits always.
fn beyond(text: &str, columns: usize) -> Option<usize> {
    let mut taken = 0;
    let mut ends = text.char_indices().map(|(start, c)| {
        taken += human::width_of(c);
        (start, taken)
    });
    ends.find(|(start, taken)| *taken > columns && *start > 0)
        .map(|(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(
        columns: Option<usize>,
        write: impl FnOnce(&mut Page<'_>) -> io::Result<()>,
    ) -> String {
        let mut out = Vec::new();
        let written = write(&mut Page::new(&mut out, columns));
        assert!(written.is_ok());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn what_does_not_fit_goes_on_below_at_the_end_of_a_word() {
        for (text, lines) in [
            ("short", vec!["short"]),
            ("  one  two three", vec!["  one  two", "three"]),
            (
                "one two three four five",
                vec!["one two", "three", "four", "five"],
            ),
            ("0123456789 a", vec!["0123456789", "a"]),
            ("0123456789abcdefghij", vec!["0123456789", "abcdefgh", "ij"]),
            ("  0123456789", vec!["  01234567", "89"]),
            ("été à Paris été", vec!["été à", "Paris", "été"]),
            ("", vec![""]),
            // What is two columns wide, or none.
            ("東京 東京 東京", vec!["東京 東京", "東京"]),
            ("東京東京東京東京", vec!["東京東京東", "京東京"]),
            (
                "e\u{301}e\u{301}e\u{301} été été",
                vec!["e\u{301}e\u{301}e\u{301} été", "été"],
            ),
        ] {
            assert_eq!(wrapped(text, 10, 2), lines, "{text}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for text in ["word ".repeat(100), "東京".repeat(100), "x東 ".repeat(100)] {
            for columns in [40, 41, 80, 200] {
                let shown = written(Some(columns), |page| page.line(&text, 4));
                assert!(shown.lines().all(|line| human::width(line) <= columns));
            }
        }
        let text = "word ".repeat(100);
        assert_eq!(written(None, |page| page.line(&text, 4)).lines().count(), 1);
    }

    #[test]
    fn a_command_that_goes_on_below_can_be_copied() {
        let shown = written(Some(40), |page| {
            page.command("tool verb --first=0123456789 --second=0123456789", 4)
        });
        assert_eq!(
            shown,
            "    tool verb --first=0123456789 \\\n      --second=0123456789\n"
        );
    }
}

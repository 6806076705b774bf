//! Tables that can be read aloud: each has a caption, its columns have headings, and its rows too.

use std::io::{self, Write};

use super::escape::Text;

/// What stands in a cell, and how.
pub(crate) struct Cell {
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The heading of its row.
    Name,
    /// The same, and an id.
    Id,
    Number,
    Short,
    Long,
    /// What is spelled letter by letter, and may be long.
    Code,
    /// The same, and never broken.
    Reference,
}

impl Cell {
    fn of(text: String, kind: Kind) -> Self {
        Self { text, kind }
    }

    pub(crate) fn name(text: String) -> Self {
        Self::of(text, Kind::Name)
    }

    pub(crate) fn id(text: String) -> Self {
        Self::of(text, Kind::Id)
    }

    pub(crate) fn number(text: String) -> Self {
        Self::of(text, Kind::Number)
    }

    pub(crate) fn short(text: String) -> Self {
        Self::of(text, Kind::Short)
    }

    pub(crate) fn long(text: String) -> Self {
        Self::of(text, Kind::Long)
    }

    pub(crate) fn reference(text: String) -> Self {
        Self::of(text, Kind::Reference)
    }

    pub(crate) fn code(text: String) -> Self {
        Self::of(text, Kind::Code)
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = Text(&self.text);
        match self.kind {
            Kind::Name => write!(out, "<th scope=\"row\"><bdi>{text}</bdi></th>"),
            Kind::Id => write!(
                out,
                "<th scope=\"row\" class=\"short\"><code>{text}</code></th>"
            ),
            Kind::Number => write!(out, "<td class=\"number\">{text}</td>"),
            Kind::Short => write!(out, "<td class=\"short\">{text}</td>"),
            Kind::Long => write!(out, "<td class=\"long\"><bdi>{text}</bdi></td>"),
            Kind::Code => write!(
                out,
                "<td class=\"group-name\"><code><bdi>{text}</bdi></code></td>"
            ),
            Kind::Reference => write!(out, "<td class=\"short\"><code>{text}</code></td>"),
        }
    }
}

/// A column: its heading, and what its cells are.
pub(crate) type Column = (&'static str, fn(String) -> Cell);

/// A table that was begun.
pub(crate) struct Table<'a> {
    columns: &'a [Column],
    out: &'a mut dyn Write,
}

impl<'a> Table<'a> {
    pub(crate) fn begin(
        caption: &str,
        columns: &'a [Column],
        out: &'a mut dyn Write,
    ) -> io::Result<Self> {
        // What can be scrolled can be reached by keyboard, and has a name.
        write!(
            out,
            "<section class=\"scroll\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>"
        )?;
        for (heading, kind) in columns {
            let class = match kind(String::new()).kind {
                Kind::Number => " class=\"number\"",
                _ => "",
            };
            write!(out, "<th scope=\"col\"{class}>{heading}</th>")?;
        }
        writeln!(out, "</tr></thead>\n<tbody>")?;
        Ok(Self { columns, out })
    }

    /// A row, of as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: Vec<String>) -> io::Result<()> {
        write!(self.out, "<tr>")?;
        for (text, (_, kind)) in cells.into_iter().zip(self.columns) {
            kind(text).write(self.out)?;
        }
        writeln!(self.out, "</tr>")
    }

    pub(crate) fn end(self) -> io::Result<()> {
        writeln!(self.out, "</tbody>\n</table>\n</section>")
    }
}

//! In which form a document is written.

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// For people or for programs.
    pub output: Output,
    /// Which blocks, or groups, get a line of their own in text; other forms have all of them.
    pub rows: Rows,
    /// How many characters a line of text may have; `None` for lines of any length.
    pub columns: Option<usize>,
}

/// The form of the document on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Json,
    /// For spreadsheets: a line for each group, of a document that has groups.
    Tsv,
}

/// Which blocks, or groups of blocks, get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All where they are few, else those that a person should look at.
    Auto,
    /// All.
    All,
    /// None: totals are enough.
    None,
}

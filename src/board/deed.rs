//! What runs and orders are for.

/// What runs do with blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// They are moved from the source to the target.
    Migrate,
    /// They are copied back from the target to the source.
    Restore,
}

impl Deed {
    /// Both.
    pub const ALL: [Self; 2] = [Deed::Migrate, Deed::Restore];

    /// As documents and figures spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::Migrate => "migrate",
            Deed::Restore => "restore",
        }
    }
}

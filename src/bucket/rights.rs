//! The least that a bucket's provider must allow for a migration, in the provider's own language.

/// What a bucket is to a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its blocks are read, and marked.
    Source,
    /// It receives blocks.
    Target,
}

impl Role {
    /// `source` or `target`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Source => "source",
            Role::Target => "target",
        }
    }
}

/// What is to be allowed, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What it is written in, such as "IAM policy".
    pub language: &'static str,
    /// The policy; of several lines.
    pub text: String,
}

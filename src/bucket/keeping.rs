//! What a bucket says of how it keeps its objects, as far as it may be asked: an operator wants to know it before a migration.

/// An answer to a question that not every bucket may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<T> {
    /// It was answered.
    Yes(T),
    /// It was not, and why.
    No(String),
}

/// What a bucket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// What becomes of objects that are overwritten or deleted.
    pub versions: Told<Versions>,
    /// How long objects cannot be overwritten or deleted; `None` where they can at any time.
    pub locked: Told<Option<String>>,
    /// What happens to objects as they grow old, each rule by itself; those that are switched off are not among them.
    pub rules: Told<Vec<Rule>>,
}

/// What becomes of objects that are overwritten or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// They are gone.
    Gone,
    /// They stay, unseen and paid for, until somebody removes them.
    Kept,
    /// They are gone, but for those of a time when they stayed.
    NoMore,
}

impl Keeping {
    /// Whether what is deleted stays, unseen.
    #[must_use]
    pub fn keeps_deleted(&self) -> bool {
        self.versions == Told::Yes(Versions::Kept) || matches!(self.locked, Told::Yes(Some(_)))
    }
}

/// A rule by which a bucket changes objects as they grow old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What the bucket calls it; may be empty.
    pub name: String,
    /// What the names begin with of the objects that it is for; empty where it is for all. `None` where it picks them in another way too.
    pub prefix: Option<String>,
    /// What it does.
    pub acts: Vec<Act>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Objects are deleted; when, in words such as "after 30 days".
    Delete(String),
    /// Objects go to another storage class, after so long.
    Move {
        /// Its name.
        class: String,
        /// Whether nobody can read them there before a restore.
        archived: bool,
        /// When, in such words.
        after: String,
    },
    /// Uploads that nobody completes are removed.
    RemoveUploads,
    /// Versions that are no longer the newest are deleted.
    DeleteOldVersions,
}

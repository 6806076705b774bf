//! Something that needs a person, and what that person can do.

use super::deed::Deed;
use super::outline::RuleOutline;
use crate::block::BlockId;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// The block.
    pub block: BlockId,
    /// What it is, by the words of reports.
    pub concern: &'static str,
    /// What in particular.
    pub detail: Option<String>,
    /// What to do about it.
    pub what_to_do: String,
}

/// What to do, for who knows the rule and not the run: where blocks are brought back, the run's source is the rule's target.
pub(super) fn in_words_of_rule(what_to_do: String, deed: Deed, outline: &RuleOutline) -> String {
    match deed {
        Deed::Migrate => what_to_do,
        Deed::Restore => format!(
            "{what_to_do} (of this copy back {} is the source, and {} the target)",
            outline.target, outline.source
        ),
    }
}

//! To which class a block belongs, by what each bucket has of it.

/// Where a whole block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The source keeps it, and the target does not.
    HotOnly,
    /// Both keep it.
    Both,
    /// It bears a deletion mark in the source; or in the target, where the source lacks it.
    Marked,
    /// The target alone keeps it.
    ColdOnly,
}

impl Class {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Class::HotOnly => "hot-only",
            Class::Both => "both",
            Class::Marked => "marked",
            Class::ColdOnly => "cold-only",
        }
    }
}

/// What one bucket has of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A directory that is no whole block, or holds another one.
    Partial,
    /// The whole block, without a mark.
    Kept,
    /// The whole block, which is about to be deleted.
    Marked,
}

/// The class of a block by what its two sides are; `None` where neither has it whole.
pub(super) fn class(source: Option<Side>, target: Option<Side>) -> Option<Class> {
    match (source, target) {
        (Some(Side::Kept), Some(Side::Kept)) => Some(Class::Both),
        (Some(Side::Kept), _) => Some(Class::HotOnly),
        (Some(Side::Marked), _) | (_, Some(Side::Marked)) => Some(Class::Marked),
        (_, Some(Side::Kept)) => Some(Class::ColdOnly),
        (None | Some(Side::Partial), None | Some(Side::Partial)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-15.2
    #[test]
    fn a_block_is_where_it_stays() {
        use Side::{Kept, Marked, Partial};
        for (source, target, expected) in [
            (Some(Kept), None, Some(Class::HotOnly)),
            (Some(Kept), Some(Partial), Some(Class::HotOnly)),
            (Some(Kept), Some(Marked), Some(Class::HotOnly)),
            (Some(Kept), Some(Kept), Some(Class::Both)),
            (Some(Marked), None, Some(Class::Marked)),
            (Some(Marked), Some(Partial), Some(Class::Marked)),
            (Some(Marked), Some(Kept), Some(Class::Marked)),
            (Some(Marked), Some(Marked), Some(Class::Marked)),
            (None, Some(Marked), Some(Class::Marked)),
            (Some(Partial), Some(Marked), Some(Class::Marked)),
            (None, Some(Kept), Some(Class::ColdOnly)),
            (Some(Partial), Some(Kept), Some(Class::ColdOnly)),
            (Some(Partial), None, None),
            (None, Some(Partial), None),
            (Some(Partial), Some(Partial), None),
            (None, None, None),
        ] {
            assert_eq!(class(source, target), expected, "{source:?} {target:?}");
        }
    }
}

//! Which block of one bucket makes another superfluous, as Thanos' deduplication filter decides.

use crate::block::BlockMeta;

/// Whether `other` holds everything that went into `block`: the same group, and all its sources. On equal sources the smaller id stays.
///
/// Whether `other` is alive and whole is the caller's to know.
#[must_use]
pub fn supersedes(other: &BlockMeta, block: &BlockMeta) -> bool {
    other.id != block.id
        && other.group == block.group
        && other.has_all_sources_of(block)
        && (other.sources.len() > block.sources.len() || other.id < block.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::facts::testing::block;

    /// S-4.6
    #[test]
    fn more_sources_win_and_on_equal_sources_the_smaller_id() {
        let supersedes = |other, ours| {
            let metas: (_, _) = (
                super::super::facts::testing::Builder::meta_file(other),
                super::super::facts::testing::Builder::meta_file(ours),
            );
            supersedes(&metas.0.block, &metas.1.block)
        };
        assert!(supersedes(block('B').sources("AC"), block('A')));
        assert!(supersedes(
            block('B').sources("AC"),
            block('C').sources("AC")
        ));
        assert!(!supersedes(
            block('C').sources("AC"),
            block('B').sources("AC")
        ));
        assert!(!supersedes(block('B').sources("AC"), block('D')));
        assert!(!supersedes(
            block('B').sources("A"),
            block('C').sources("AD")
        ));
        assert!(!supersedes(
            block('B').sources("AC").resolution(300_000),
            block('A')
        ));
        let labels = [("cluster", "other")];
        assert!(!supersedes(
            block('B').sources("AC").labels(&labels),
            block('A')
        ));
    }
}

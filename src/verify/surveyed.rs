//! The blocks of a survey, by their ids.

use std::sync::Arc;

use crate::block::BlockId;
use crate::plan::SourceBlock;

/// The block of that id, among blocks that are sorted by their ids.
pub(super) fn block_of(blocks: &[Arc<SourceBlock>], id: BlockId) -> Option<&Arc<SourceBlock>> {
    let place = blocks.binary_search_by_key(&id, |block| block.id);
    place.ok().and_then(|place| blocks.get(place))
}

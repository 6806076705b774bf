//! How much a selected block puts into the target.

use std::sync::Arc;

use super::decide::{Action, Conflict, objects_to_put};
use super::facts::{SourceBlock, TargetBlock, TargetIndex};
use super::shape::{Outlook, Selected};
use super::unit::Unit;
use crate::block::{Completeness, Inventory, MetaFile, Object};

/// The block, with what its action puts; one that no request can put is a conflict.
pub(super) fn select(
    block: &Arc<SourceBlock>,
    meta: &Arc<MetaFile>,
    unit: Unit,
    target: &TargetIndex,
    mut action: Action,
) -> Selected {
    let there = target.get(block.id);
    let there = there.map_or_else(Inventory::default, TargetBlock::objects);
    let objects = block.objects();
    let mut put = action
        .put()
        .map(|put| objects_to_put(&objects, &there, put))
        .unwrap_or_default();
    // Sizes are known, so nobody has to find out after the first bytes.
    let most_bytes = target.largest_object().unwrap_or(u64::MAX);
    if let Some(object) = put.iter().find(|object| object.size_bytes > most_bytes) {
        action = Action::Conflict(Conflict::TooLarge {
            object: object.name.clone(),
            size_bytes: object.size_bytes,
            most_bytes,
        });
        put = Vec::new();
    }
    let kept = match action {
        Action::Copy(_) => kept(&objects, &put),
        _ => Box::default(),
    };
    let meta_bytes = action
        .publishes()
        .then(|| objects.meta().map(|meta| meta.size_bytes))
        .flatten();
    Selected {
        objects_to_put: put.len() as u64 + u64::from(meta_bytes.is_some()),
        bytes_to_put: put
            .iter()
            .map(|object| object.size_bytes)
            .chain(meta_bytes)
            .fold(0, u64::saturating_add),
        kept,
        weak_inventory: objects.completeness(&meta.block) == Completeness::Weak,
        block: Arc::clone(block),
        meta: Arc::clone(meta),
        unit,
        action,
        outlook: Outlook::Through,
        finer_kin: Box::default(),
    }
}

/// The names of the data objects that are not put. Both are sorted by name.
fn kept(source: &Inventory, put: &[&Object]) -> Box<[Box<str>]> {
    let is_put = |name: &str| put.binary_search_by(|one| (*one.name).cmp(name)).is_ok();
    let names = source.data().map(|object| &object.name);
    names.filter(|name| !is_put(name)).cloned().collect()
}

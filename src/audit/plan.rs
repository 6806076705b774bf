//! What a plan has to say to a trail, once it stands.

use super::event::{Event, Subject};
use super::groups::groups;
use super::trail::Trail;
use crate::error::Result;
use crate::outcome::{Block, Concern, Review};
use crate::plan::{Plan, Rules, TargetIndex};

/// Tells the plan: each selected block, and what a person must look at. Of other blocks that are left out it tells how many there are, and where their
/// groups lie, so that a run that is repeated each night does not tell each of them each night.
///
/// Errors: it cannot be written.
pub fn tell_plan(trail: &Trail, plan: &Plan, rules: &Rules, target: &TargetIndex) -> Result<()> {
    if trail.leads_nowhere() {
        return Ok(());
    }
    let review = Review::new(plan, rules, None);
    let totals = &review.totals;
    let excluded = totals.excluded.iter();
    trail.tell(&Event::Planned {
        blocks: totals.selected.blocks,
        size_bytes: totals.selected.bytes,
        bytes_to_put: totals.to_put.bytes,
        excluded: excluded
            .map(|(reason, many)| (reason.as_str().to_owned(), *many))
            .collect(),
    })?;
    for seen in groups(&review, target) {
        trail.tell(&Event::Group(seen))?;
    }
    for warning in review.warnings {
        trail.tell(&Event::Warned(warning))?;
    }
    for lost in &review.marked_not_held {
        trail.tell(&Event::NotHeld {
            block: lost.block,
            why: lost.why,
            what_to_do: lost.what_to_do,
        })?;
    }
    let absent = match rules.agreed {
        Some(_) => Concern::GoneSincePlanned,
        None => Concern::AskedForAbsent,
    };
    for block in review.absent_ids {
        trail.tell(&Event::Absent {
            block: *block,
            reason: absent.as_str(),
            what_to_do: absent.advice(),
        })?;
    }
    for excluded in &review.excluded {
        if let Some(concern) = excluded.concern {
            let objects = excluded.block.objects();
            let meta = excluded.block.meta();
            trail.tell(&Event::Excluded {
                of: Subject::Known {
                    id: excluded.block.id,
                    meta: meta.map(|meta| &meta.block),
                    objects: objects.block_objects(),
                    size_bytes: objects.block_bytes(),
                },
                reason: excluded.reason.as_str(),
                detail: excluded.detail,
                what_to_do: concern.advice(),
            })?;
        }
    }
    for block in &review.blocks {
        tell_selected(trail, block)?;
    }
    trail.sync()
}

fn tell_selected(trail: &Trail, block: &Block<'_>) -> Result<()> {
    let selected = block.selected;
    let detail = selected.action.detail();
    trail.tell(&Event::Selected {
        of: Subject::Known {
            id: selected.block.id,
            meta: Some(&selected.meta.block),
            objects: block.size.objects,
            size_bytes: block.size.bytes,
        },
        action: block.planned,
        detail: detail.as_deref(),
        to_put: Some((block.put.objects, block.put.bytes)),
    })
}

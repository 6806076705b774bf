//! What the audit trail is told of a block that was asked for.

use crate::audit::{Ended, Event, Subject, Trail};
use crate::error::Result;
use crate::outcome::{UndeleteEnding, Undeleted};

/// Tells of each what is to be done, or that nothing is.
pub(super) fn tell_all(trail: &Trail, blocks: &[Undeleted]) -> Result<()> {
    blocks.iter().try_for_each(|block| match block.ending {
        UndeleteEnding::ToUndelete => tell_selected(trail, block),
        _ => tell(trail, block),
    })
}

fn subject(block: &Undeleted) -> Subject<'_> {
    Subject::Known {
        id: block.id,
        meta: block.meta.as_ref().map(|meta| &meta.block),
        objects: block.objects,
        size_bytes: block.size_bytes,
    }
}

fn tell_selected(trail: &Trail, block: &Undeleted) -> Result<()> {
    trail.tell(&Event::Selected {
        of: subject(block),
        action: "undelete",
        detail: None,
        to_put: None,
    })
}

pub(super) fn tell(trail: &Trail, block: &Undeleted) -> Result<()> {
    let ended = Ended {
        ending: block.ending.as_str(),
        detail: block.detail.as_deref(),
        proof: None,
        needs_a_person: block.ending.needs_a_person(),
        what_to_do: None,
    };
    trail.tell(&Event::Ended(subject(block), ended))
}

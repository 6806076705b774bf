//! Who waits for another block of the unit: a duplicate is covered once the block that holds all of it is in the target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::context::lock;
use super::proving::Held;
use super::stopped::Stopped;
use super::unit::UnitAtWork;
use crate::block::BlockId;
use crate::plan::{Action, Halt, Selected};

/// How the first stage ended for a block, as far as those that wait for it need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brought {
    /// The target holds it, or a block made of it.
    Held,
    /// Another block of the source makes it superfluous, and so all that it holds.
    Superseded,
    /// The run ended first.
    NotFinished,
    /// It is not in the target, for whatever reason.
    Missing,
}

/// How the first stage ended for each block of a unit, once it has.
#[derive(Debug)]
pub(super) struct Keepers {
    blocks: Mutex<HashMap<BlockId, Option<Brought>>>,
    /// Wakes whoever waits, in the order of waiting, so that a run under simulated time is the same each time.
    noted: Notify,
}

impl Keepers {
    /// Of a unit of these blocks.
    pub(super) fn among<'a>(blocks: impl Iterator<Item = &'a Arc<Selected>>) -> Self {
        let blocks = blocks.map(|selected| (selected.block.id, None));
        Self {
            blocks: Mutex::new(blocks.collect()),
            noted: Notify::new(),
        }
    }

    /// The first stage is over for that block.
    pub(super) fn note(&self, block: BlockId, held: Result<&Held, &Stopped>) {
        let brought = match held {
            Ok(_) => Brought::Held,
            Err(Stopped::Halt(Halt::Superseded(_))) => Brought::Superseded,
            Err(Stopped::NotFinished) => Brought::NotFinished,
            Err(_) => Brought::Missing,
        };
        lock(&self.blocks).insert(block, Some(brought));
        self.noted.notify_waiters();
    }

    /// Waits for the end of that block's first stage. A block that is none of the unit's is missing.
    async fn wait_for(&self, block: BlockId) -> Brought {
        loop {
            // Before the look: what is noted between the two is not missed.
            let noted = self.noted.notified();
            let ended = lock(&self.blocks).get(&block).copied();
            if let Some(brought) = ended.unwrap_or(Some(Brought::Missing)) {
                return brought;
            }
            noted.await;
        }
    }
}

impl UnitAtWork {
    /// What the target holds of a block that the plan leaves to another one of its unit; of others, what was brought.
    pub(super) async fn or_covered_by_its_keeper(
        &self,
        selected: &Selected,
        brought: Result<Held, Stopped>,
    ) -> Result<Held, Stopped> {
        let (Action::CoveredLater { by }, Err(Stopped::AsPlanned)) = (&selected.action, &brought)
        else {
            return brought;
        };
        match self.keepers.wait_for(*by).await {
            Brought::Held => {
                let covered = self.still_covered(selected, *by).await;
                covered.inspect_err(|stopped| self.context.note(stopped))
            }
            Brought::Superseded => {
                let why = format!("{by}, which holds all of it, was superseded itself");
                Err(Stopped::Halt(Halt::Superseded(why)))
            }
            Brought::NotFinished => Err(Stopped::NotFinished),
            Brought::Missing => Err(Stopped::KeeperMissing(*by)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn id(last: char) -> BlockId {
        let id = format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}");
        id.parse().unwrap()
    }

    #[tokio::test]
    async fn whoever_waits_learns_how_it_ended_and_nobody_waits_for_a_stranger() {
        let keepers = Keepers {
            blocks: Mutex::new(HashMap::from([(id('A'), None), (id('B'), None)])),
            noted: Notify::new(),
        };
        assert_eq!(keepers.wait_for(id('Z')).await, Brought::Missing);
        let waiting = keepers.wait_for(id('A'));
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        keepers.note(id('B'), Err(&Stopped::NotFinished));
        assert!(futures::poll!(&mut waiting).is_pending());
        keepers.note(id('A'), Err(&Stopped::AsPlanned));
        assert_eq!(waiting.await, Brought::Missing);
        assert_eq!(keepers.wait_for(id('B')).await, Brought::NotFinished);
        let superseded = Stopped::Halt(Halt::Superseded(String::new()));
        keepers.note(id('B'), Err(&superseded));
        assert_eq!(keepers.wait_for(id('B')).await, Brought::Superseded);
    }
}

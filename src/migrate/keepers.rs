//! Who waits for another block of the unit: a duplicate is covered once the block that holds all of it is in the target.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::Notify;

use super::held::Held;
use super::shared::lock;
use super::stopped::Stopped;
use crate::block::BlockId;
use crate::plan::Halt;

/// How the first stage ended for a block, as far as those that wait for it need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// The target holds it, or a block made of it.
    Held,
    /// Another block of the source makes it superfluous, and so every block that it holds.
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
    /// For a unit of these blocks.
    pub(super) fn among(blocks: impl Iterator<Item = BlockId>) -> Self {
        Self {
            blocks: Mutex::new(blocks.map(|block| (block, None)).collect()),
            noted: Notify::new(),
        }
    }

    /// Notes how the first stage ended for that block, and wakes those that wait.
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

    /// Waits for the end of that block's first stage. [`Brought::Missing`] for a block that is not of the unit.
    pub(super) async fn wait_for(&self, block: BlockId) -> Brought {
        loop {
            // Created before the look, so that nothing noted between the two is missed.
            let noted = self.noted.notified();
            let ended = lock(&self.blocks).get(&block).copied();
            if let Some(brought) = ended.unwrap_or(Some(Brought::Missing)) {
                return brought;
            }
            noted.await;
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
        let keepers = Keepers::among([id('A'), id('B')].into_iter());
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

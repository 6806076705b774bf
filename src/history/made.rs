//! What blocks of a backfill tell of the plan and the window that they were made of: an extension of `meta.json`, and their ids, which are all that a
//! compactor hands on.

use serde::{Deserialize, Serialize};

use super::windows::{Range, TWO_HOURS_MS};
use crate::block::{BlockId, BlockMeta, Labels, Sha256Sum};
use crate::tsdb::write::kinship;

/// The member of `thanos.extensions` under which a block says which window of which plan it holds.
pub const EXTENSION: &str = "thanos_bucket_backfill";

/// What a block says of the backfill that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The plan's fingerprint.
    pub plan: String,
    /// The beginning of the window, in milliseconds since the epoch.
    pub start_ms: i64,
    /// Its end.
    pub end_ms: i64,
}

impl Made {
    /// What the block of a window of that plan says.
    #[must_use]
    pub fn of(plan: Sha256Sum, window: Range) -> Self {
        Self {
            plan: plan.to_string(),
            start_ms: window.start_ms,
            end_ms: window.end_ms,
        }
    }

    /// What a block says that was made so.
    #[must_use]
    pub fn extensions(&self) -> serde_json::Value {
        serde_json::json!({ EXTENSION: self })
    }

    /// What the ids of all blocks of the window have in common.
    #[must_use]
    pub fn key(&self, labels: &Labels) -> Key {
        let time_ms = u64::try_from(self.end_ms).unwrap_or_default();
        (time_ms, kinship(labels.as_map(), &self.extensions()))
    }

    /// Whether it is the block's own: a compactor hands on what the first of several says, whatever the others hold.
    #[must_use]
    pub fn is_of(&self, meta: &BlockMeta, labels: &Labels) -> bool {
        *meta.sources == [meta.id]
            && self.start_ms <= meta.min_time_ms
            && meta.max_time_ms <= self.end_ms
            && self.key(labels) == key(meta.id)
    }

    /// The window.
    #[must_use]
    pub fn window(&self) -> Range {
        Range {
            start_ms: self.start_ms,
            end_ms: self.end_ms,
        }
    }
}

/// The time and the kinship that an id tells.
pub type Key = (u64, [u8; 5]);

/// What an id tells.
#[must_use]
pub fn key(id: BlockId) -> Key {
    let kin = id.rest().first_chunk().copied().unwrap_or_default();
    (id.time_ms(), kin)
}

/// Blocks are mostly as long as so many times two hours, at most: 14 days.
const MOST_TIMES: i64 = 168;

/// Where the two hours begin of which a window that ends there has the last.
#[must_use]
pub fn cell_ms(end_ms: i64) -> i64 {
    (end_ms - 1).div_euclid(TWO_HOURS_MS) * TWO_HOURS_MS
}

/// Where a window that ends there may begin, unless the run's own beginning or another's end cut it.
pub fn usual_starts_ms(end_ms: i64) -> impl Iterator<Item = i64> {
    let times = match end_ms.rem_euclid(TWO_HOURS_MS) {
        0 => MOST_TIMES,
        _ => 0,
    };
    let longer = (2..=times).map(move |many| end_ms - many * TWO_HOURS_MS);
    std::iter::once(cell_ms(end_ms)).chain(longer)
}

/// Whether only the block of a window of that plan can have the id: a window that begins as usual, or at that time.
#[must_use]
pub fn is_id_of(id: BlockId, (plan, labels): (Sha256Sum, &Labels), begins_ms: i64) -> bool {
    let Ok(end_ms) = i64::try_from(id.time_ms()) else {
        return false;
    };
    let mut starts = usual_starts_ms(end_ms).chain([begins_ms]);
    starts.any(|start_ms| {
        let window = Range { start_ms, end_ms };
        start_ms < end_ms && Made::of(plan, window).key(labels) == key(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-24.62, S-24.78
    #[test]
    fn an_id_tells_the_plan_and_the_window_that_it_was_made_of() {
        const HOUR: i64 = 3_600_000;
        let plan = Sha256Sum([7; 32]);
        let labels = |value: &str| -> Labels {
            [("cluster".to_owned(), value.to_owned())]
                .into_iter()
                .collect()
        };
        for (start_ms, end_ms, is_found) in [
            (2 * HOUR, 4 * HOUR, true),
            (0, 48 * HOUR, true),
            (HOUR, 2 * HOUR, true),
            (2 * HOUR, 3 * HOUR, true),
            (2 * HOUR + 1, 4 * HOUR, false),
        ] {
            let (time_ms, kin) = Made::of(plan, Range { start_ms, end_ms }).key(&labels("a"));
            let mut rest = [9; 10];
            rest[..5].copy_from_slice(&kin);
            let id = BlockId::of(time_ms, rest).unwrap_or_else(|| unreachable!());
            let found = |plan, value| is_id_of(id, (plan, &labels(value)), HOUR);
            assert_eq!(found(plan, "a"), is_found, "{start_ms} to {end_ms}");
            assert!(!found(plan, "b"));
            assert!(!found(Sha256Sum([8; 32]), "a"));
        }
    }
}

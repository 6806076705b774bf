//! When it pays to list blocks together: how long who asks waits for others, and how long both kinds of listing have taken.
//!
//! A server may find a block by its prefix at once, and look through all of the bucket for a listing that begins anywhere.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::block::BlockId;

/// Who asks waits twice so long for others, at most.
const LONGEST_HOLD: Duration = Duration::from_millis(100);

/// Who waits for others goes where nobody has come for half of the usual time, within these limits.
const SHORTEST_QUIET: Duration = Duration::from_millis(3);
const LONGEST_QUIET: Duration = Duration::from_millis(50);

/// Who has not asked for so long is no sign that anybody else will.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// So many answers are remembered before old ones are forgotten.
const REMEMBERED: usize = 1024;

/// What has been seen of a bucket.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// When blocks were last shown.
    shown: HashMap<BlockId, Instant>,
    /// The two blocks that were shown last.
    latest: [Option<(BlockId, Instant)>; 2],
    /// After how long blocks are asked for again.
    usual: Option<Duration>,
    /// Those who ask again and wait for each other.
    gatherings: BTreeMap<u64, Gathering>,
    /// Numbers those that are to come.
    next: u64,
    alone: Least,
    together: Least,
}

impl Sharing {
    /// Joins those near it for whom it pays to wait for each other; tells their number. For those that were shown together come again about as late as
    /// one another. `None` for what is asked for once, and where nobody else is at work.
    pub(super) fn gather(
        &mut self,
        block: BlockId,
        now: Instant,
        may_be_gathered: impl Fn(BlockId) -> bool,
    ) -> Option<u64> {
        let since = |shown: &Instant| now.duration_since(*shown);
        let is_at_work =
            |(other, shown): &(BlockId, Instant)| *other != block && since(shown) <= BUSY_FOR;
        let is_busy = self.latest.iter().flatten().any(is_at_work);
        let took = self.shown.get(&block).map(since)?.min(LONGEST_HOLD);
        let usual = self.usual.map_or(took, |usual| (usual * 7 + took) / 8);
        self.usual = Some(usual);
        self.gatherings
            .retain(|_, gathering| gathering.is_open(now));
        if !is_busy {
            return None;
        }
        let mut all = self.gatherings.iter_mut();
        if let Some((number, gathering)) = all.find(|(_, open)| may_be_gathered(open.first)) {
            gathering.latest = now;
            return Some(*number);
        }
        let gathering = Gathering {
            first: block,
            latest: now,
            until: now + usual * 2,
            quiet: (usual / 2).clamp(SHORTEST_QUIET, LONGEST_QUIET),
        };
        self.next += 1;
        self.gatherings.insert(self.next, gathering);
        Some(self.next)
    }

    /// Until when those of that number wait, if nobody else comes; `None` where they wait no longer.
    pub(super) fn open_until(&self, number: u64, now: Instant) -> Option<Instant> {
        let gathering = self.gatherings.get(&number)?;
        gathering.is_open(now).then(|| gathering.ends())
    }

    /// The block is shown to somebody.
    pub(super) fn shows(&mut self, block: BlockId, now: Instant) {
        if self.shown.len() >= REMEMBERED {
            self.shown
                .retain(|_, shown| now.duration_since(*shown) <= BUSY_FOR);
        }
        self.shown.insert(block, now);
        if !matches!(self.latest, [Some((latest, _)), _] if latest == block) {
            self.latest.rotate_right(1);
        }
        if let Some(latest) = self.latest.first_mut() {
            *latest = Some((block, now));
        }
    }

    /// Whether so many blocks are better listed together than each by itself.
    pub(super) fn pays_for(&mut self, blocks: usize) -> bool {
        let (Some(alone), Some(together)) = (self.alone.0, self.together.0) else {
            return true;
        };
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        let pays = together <= alone.saturating_mul(blocks);
        if !pays {
            // What was slow once may not be so again.
            self.together.0 = Some(together.mul_f64(0.99));
        }
        pays
    }

    pub(super) fn took_alone(&mut self, time: Duration) {
        self.alone.learn(time);
    }

    pub(super) fn took_together(&mut self, time: Duration) {
        self.together.learn(time);
    }
}

/// Some who wait for each other.
#[derive(Debug)]
struct Gathering {
    first: BlockId,
    /// When the latest of them came.
    latest: Instant,
    /// When they go, whoever may come.
    until: Instant,
    /// How long they wait for one more.
    quiet: Duration,
}

impl Gathering {
    fn ends(&self) -> Instant {
        self.until.min(self.latest + self.quiet)
    }

    fn is_open(&self, now: Instant) -> bool {
        now < self.ends()
    }
}

/// The least that listings of one kind have taken of late: what is beyond it was waiting for others.
#[derive(Debug, Default)]
struct Least(Option<Duration>);

impl Least {
    fn learn(&mut self, time: Duration) {
        self.0 = Some(self.0.map_or(time, |least| least.mul_f64(1.02).min(time)));
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn who_asks_again_waits_for_those_that_were_shown_with_it() {
        let begin = Instant::now();
        let [one, other] = [1, 2].map(|ms| BlockId::first_of(ms).unwrap());
        let mut sharing = Sharing::default();
        let at = |ms| begin + ms * MS;
        let near = |_| true;
        assert_eq!(sharing.gather(one, at(0), near), None);
        sharing.shows(one, at(0));
        // Nobody else is at work.
        assert_eq!(sharing.gather(one, at(40), near), None);
        sharing.shows(other, at(0));
        assert_eq!(sharing.gather(one, at(40), near), Some(1));
        assert_eq!(sharing.open_until(1, at(40)), Some(at(60)));
        assert_eq!(sharing.gather(other, at(44), near), Some(1));
        assert_eq!(sharing.open_until(1, at(60)), Some(at(64)));
        assert_eq!(sharing.open_until(1, at(64)), None);
        assert_eq!(sharing.gather(other, at(44), |_| false), Some(2));
        assert_eq!(sharing.gather(one, at(70), near), Some(3));
        let third = BlockId::first_of(3).unwrap();
        assert_eq!(sharing.gather(third, at(70), near), None);
        // They do not wait for ever, although somebody comes again and again.
        let number = sharing.gather(one, at(100), near).unwrap();
        let mut later = 100..300;
        let gone = later.find(|ms| sharing.gather(other, at(*ms), near) != Some(number));
        assert!(gone.is_some_and(|ms| ms > 150 && ms <= 250), "{gone:?}");
        assert_eq!(sharing.gather(one, at(1301), near), None);
    }

    #[test]
    fn old_answers_are_forgotten() {
        let begin = Instant::now();
        let mut sharing = Sharing::default();
        for ms in 0..5000 {
            sharing.shows(BlockId::first_of(ms.into()).unwrap(), begin + MS * 10 * ms);
        }
        assert!(sharing.shown.len() <= REMEMBERED);
    }

    #[test]
    fn blocks_are_listed_together_where_that_takes_no_longer() {
        let mut sharing = Sharing::default();
        assert!(sharing.pays_for(2));
        sharing.took_alone(2 * MS);
        sharing.took_together(9 * MS);
        assert!(!sharing.pays_for(4));
        assert!(sharing.pays_for(5));
        // It is tried again some day.
        assert!((0..100).any(|_| sharing.pays_for(4)));
    }
}

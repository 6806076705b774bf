//! What there is to do: which windows the bucket holds already, which it has no room for, and which are to be brought.

use std::sync::Arc;

use super::held::{Kin, obstacles};
use super::known::{Known, known};
use super::task::Overlap;
use crate::block::{BlockId, Labels, Sha256Sum};
use crate::history::{Ending, Range, Sums, WindowOutcome};

/// A window, or a part of one, and what is known of it before the source is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Job {
    pub(super) range: Range,
    pub(super) state: State,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// It is to be brought.
    ToDo,
    /// This block of the same plan holds it, or was compacted from one that did: from that of the window `of`.
    There { id: BlockId, of: Range },
    /// The same, and what the source tells now is compared with it.
    ToCompare(BlockId),
    /// So does this one, and another block lies beside it.
    Overlapped(BlockId, String),
    /// This block of the same plan holds it, or a part of it, and lacks objects.
    Broken(BlockId),
    /// Blocks of the same plan hold it as a part of another window, with which alone what the source tells could be compared.
    OfAnother(String),
    /// Another block holds samples of its time.
    Refused(String),
}

/// What is known of each window, of what the bucket holds of the same labels.
///
/// A block that was compacted from some of the plan's spans windows without samples, too, and refuses none of them before they are asked for.
pub(super) fn jobs(
    windows: &[Range],
    kin: &[Arc<Kin>],
    (plan, labels): (Sha256Sum, &Labels),
    overlap: Overlap,
) -> Vec<Job> {
    let plan_name = plan.to_string();
    let Known { held, ids } = known(kin, windows, (plan, labels));
    let asked = Range {
        start_ms: windows.first().map_or(0, |window| window.start_ms),
        end_ms: windows.last().map_or(0, |window| window.end_ms),
    };
    let others: Vec<&Arc<Kin>> = obstacles(kin, asked)
        .filter(|one| {
            let is_of_own = one.sources.iter().any(|id| ids.contains(id));
            !(one.is_of(&plan_name) || one.holds_samples() && is_of_own)
        })
        .collect();
    let mut jobs = Vec::new();
    for window in windows {
        let there = |range: Range, (of, id): (Range, BlockId)| {
            let beside = match overlap {
                Overlap::Refuse => beside(id, range, kin),
                Overlap::Allow => None,
            };
            let there = State::There { id, of };
            let state = beside.map_or(there, |why| State::Overlapped(id, why));
            Job { range, state }
        };
        let mut next_ms = window.start_ms;
        let to_do = |start_ms: i64, end_ms: i64, jobs: &mut Vec<Job>| {
            let range = Range { start_ms, end_ms };
            if start_ms >= end_ms {
                return;
            }
            let mut others = others.iter();
            let refused_by = match overlap {
                Overlap::Refuse => others.find(|one| one.is_in_the_way_of(range)),
                Overlap::Allow => None,
            };
            let is_broken = |one: &&Arc<Kin>| {
                let made = one.made.as_ref();
                one.lacks
                    && one.is_of(&plan_name)
                    && made.is_some_and(|made| made.window().meets(range))
            };
            let state = match (refused_by, kin.iter().find(is_broken)) {
                (Some(by), _) => State::Refused(by.says()),
                (None, Some(broken)) => State::Broken(broken.id),
                (None, None) => State::ToDo,
            };
            jobs.push(Job { range, state });
        };
        for (held, id) in held.iter().filter(|(held, _)| held.meets(*window)) {
            to_do(next_ms, held.start_ms, &mut jobs);
            let range = Range {
                start_ms: next_ms.max(held.start_ms),
                end_ms: held.end_ms.min(window.end_ms),
            };
            if range.start_ms < range.end_ms {
                jobs.push(there(range, (*held, *id)));
            }
            next_ms = next_ms.max(held.end_ms);
        }
        to_do(next_ms, window.end_ms, &mut jobs);
    }
    jobs
}

/// Why the block does not hold the range alone, if so.
///
/// A run that was killed before its last look leaves this behind, and so does one that was allowed to; the bucket does not tell which. So nothing is
/// taken back here: a person may have wanted it, and the source may have nothing of that time by now.
pub(super) fn beside(id: BlockId, range: Range, kin: &[Arc<Kin>]) -> Option<String> {
    let own = kin.iter().find(|one| one.id == id)?;
    let goes = |one: &Arc<Kin>| {
        let is_held_by = |other: &Arc<Kin>| other.id != one.id && other.holds_all_of(one);
        kin.iter().any(is_held_by)
    };
    let other = kin.iter().find(|one| {
        one.range.meets(range) && one.range.meets(own.range) && one.overlaps(own) && !goes(one)
    })?;
    Some(format!(
        "{id} overlaps {}, which holds {}: mark one of them for deletion, or give --allow-overlap to leave both",
        other.id, other.range
    ))
}

impl Job {
    /// How it ends where it ends so, with nothing done.
    pub(super) fn ends(&self, ending: Ending, why: Option<String>) -> WindowOutcome {
        WindowOutcome {
            range: self.range,
            ending,
            block: None,
            sums: Sums::default(),
            why,
        }
    }

    /// Of a source of which only what is made shows what it holds: what is there is made again for a comparison, where it is made the same way.
    pub(super) fn is_to_be_compared(&mut self) {
        let State::There { id, of } = self.state else {
            return;
        };
        self.state = if of == self.range {
            State::ToCompare(id)
        } else {
            State::OfAnother(format!(
                "{id} holds what this plan brought of {of}: with that length and that range it can be compared"
            ))
        };
    }

    /// How it ends where the source tells no samples of it.
    pub(super) fn tells_nothing(&self) -> WindowOutcome {
        let refused = |id: BlockId, why: &str| WindowOutcome {
            block: Some(id),
            ..self.ends(Ending::Refused, Some(format!("{id} {why}")))
        };
        match &self.state {
            State::ToCompare(id) => {
                refused(*id, "holds samples of it, and the source tells none now")
            }
            State::Broken(id) => refused(*id, "lacks objects, and the source tells none of it now"),
            State::Overlapped(id, why) => WindowOutcome {
                block: Some(*id),
                ..self.ends(Ending::Refused, Some(why.clone()))
            },
            State::OfAnother(why) => self.ends(Ending::Refused, Some(why.clone())),
            State::ToDo | State::There { .. } | State::Refused(_) => self.ends(Ending::Empty, None),
        }
    }

    /// How it would end in a dry run.
    pub(super) fn planned(&self) -> WindowOutcome {
        let planned = self.ends(Ending::Planned, None);
        match self.state {
            State::ToCompare(id) => WindowOutcome {
                block: Some(id),
                why: Some(
                    "is there: whether the source still tells the same shows when it is read"
                        .to_owned(),
                ),
                ..planned
            },
            State::Broken(id) => WindowOutcome {
                block: Some(id),
                why: Some("is there and lacks objects, which are put".to_owned()),
                ..planned
            },
            _ => self.settled().unwrap_or(planned),
        }
    }

    /// Its outcome, where nothing is done about it.
    pub(super) fn settled(&self) -> Option<WindowOutcome> {
        match &self.state {
            State::ToDo | State::ToCompare(_) | State::Broken(_) => None,
            State::There { id, .. } => Some(WindowOutcome {
                block: Some(*id),
                ..self.ends(Ending::AlreadyThere, None)
            }),
            State::Overlapped(id, why) => Some(WindowOutcome {
                block: Some(*id),
                ..self.ends(Ending::Refused, Some(why.clone()))
            }),
            State::Refused(why) | State::OfAnother(why) => {
                Some(self.ends(Ending::Refused, Some(why.clone())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Made;

    const HOUR: i64 = 3_600_000;
    const PLAN: Sha256Sum = Sha256Sum([7; 32]);

    fn hours(start: i64, end: i64) -> Range {
        Range {
            start_ms: start * HOUR,
            end_ms: end * HOUR,
        }
    }

    fn labels() -> Labels {
        [("cluster".to_owned(), "a".to_owned())]
            .into_iter()
            .collect()
    }

    /// The id of a block of that window.
    fn id(window: Range) -> BlockId {
        let (time_ms, kin) = Made::of(PLAN, window).key(&labels());
        let mut rest = [9; 10];
        rest[..5].copy_from_slice(&kin);
        BlockId::of(time_ms, rest).unwrap_or_else(|| unreachable!())
    }

    fn foreign(number: u8) -> BlockId {
        BlockId::of(u64::from(number), [number; 10]).unwrap_or_else(|| unreachable!())
    }

    fn kin(own: BlockId, range: Range, sources: &[BlockId]) -> Kin {
        Kin {
            id: own,
            range,
            resolution_ms: 0,
            is_marked: false,
            sources: sources.into(),
            made: None,
            is_of_labels: true,
            lacks: false,
        }
    }

    fn made(window: Range) -> Kin {
        let own = id(window);
        Kin {
            made: Some(Made::of(PLAN, window)),
            ..kin(own, window, &[own])
        }
    }

    /// S-24.71
    #[test]
    fn a_block_that_lies_beside_another_is_told_and_one_that_was_made_of_it_is_none() {
        let (window, next) = (hours(0, 2), hours(2, 4));
        let (first, second) = (made(window), made(next));
        let other = kin(foreign(1), hours(1, 3), &[foreign(1)]);
        let twin = Kin {
            id: foreign(2),
            sources: [foreign(2)].into(),
            ..first.clone()
        };
        let compacted = kin(foreign(3), hours(0, 4), &[first.id, second.id]);
        let merged = kin(foreign(4), hours(0, 3), &[first.id, foreign(1)]);
        let downsampled = Kin {
            id: foreign(5),
            resolution_ms: 300_000,
            ..compacted.clone()
        };
        let downsampled_other = Kin {
            resolution_ms: 300_000,
            ..other.clone()
        };
        for (held, expected) in [
            (
                vec![&first, &second, &other],
                "0-2 overlapped, 2-4 overlapped",
            ),
            (vec![&first, &other], "0-2 overlapped, 2-4 refused"),
            (vec![&compacted, &other], "0-2 overlapped, 2-4 overlapped"),
            (vec![&first, &twin], "0-2 overlapped, 2-4 do"),
            (
                vec![&first, &downsampled_other],
                "0-2 overlapped, 2-4 refused",
            ),
            (vec![&first, &compacted], "0-2 there, 2-4 there"),
            (vec![&compacted, &downsampled], "0-2 there, 2-4 there"),
            (vec![&first, &other, &merged], "0-2 there, 2-4 refused"),
        ] {
            let held: Vec<Kin> = held.into_iter().cloned().collect();
            let shown = format!("{held:?}");
            let windows = [window, next];
            assert_eq!(
                told(&windows, held.clone(), Overlap::Refuse),
                expected,
                "{shown}"
            );
            let allowed = told(&windows, held, Overlap::Allow);
            assert!(!allowed.contains("overlapped"), "{shown}");
        }
        // One that is on its way out is no matter.
        let leaving = told(&[window], vec![first, marked(other)], Overlap::Refuse);
        assert_eq!(leaving, "0-2 there");
    }

    fn marked(one: Kin) -> Kin {
        Kin {
            is_marked: true,
            ..one
        }
    }

    /// A letter for each window, from its beginning to its end: to do, there, refused.
    fn told(windows: &[Range], held: Vec<Kin>, overlap: Overlap) -> String {
        let held: Vec<Arc<Kin>> = held.into_iter().map(Arc::new).collect();
        let jobs = jobs(windows, &held, (PLAN, &labels()), overlap);
        let words = jobs.iter().map(|job| {
            let letter = match job.state {
                State::ToDo | State::ToCompare(_) => "do",
                State::There { .. } => "there",
                State::Broken(_) => "broken",
                State::OfAnother(_) => "of another",
                State::Refused(_) => "refused",
                State::Overlapped(..) => "overlapped",
            };
            let Range { start_ms, end_ms } = job.range;
            format!("{}-{} {letter}", start_ms / HOUR, end_ms / HOUR)
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// S-24.4, S-24.6, S-24.78
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_window_is_done_by_what_no_compaction_takes_away_and_refused_by_what_holds_its_time() {
        let two = [hours(0, 2), hours(2, 4)];
        let (first, second) = (made(two[0]), made(two[1]));
        let sources = [first.id, second.id];
        let compacted = kin(foreign(1), hours(0, 4), &sources);
        let other = kin(foreign(2), hours(2, 4), &[foreign(2)]);
        let compacted_other = kin(foreign(3), hours(2, 4), &[foreign(2), foreign(4)]);
        let downsampled = Kin {
            resolution_ms: 300_000,
            ..compacted.clone()
        };
        let tenant = Kin {
            made: Some(Made::of(Sha256Sum([8; 32]), two[0])),
            ..kin(foreign(5), two[0], &[foreign(5)])
        };
        let with_a_gap = kin(foreign(6), hours(0, 6), &[first.id, id(hours(4, 6))]);
        let three = [two[0], two[1], hours(4, 6)];
        for (windows, held, expected) in [
            (&two[..], vec![], "0-2 do, 2-4 do"),
            (&two, vec![first.clone()], "0-2 there, 2-4 do"),
            (&two, vec![compacted.clone()], "0-2 there, 2-4 there"),
            (
                &two,
                vec![
                    marked(first.clone()),
                    marked(second.clone()),
                    compacted.clone(),
                ],
                "0-2 there, 2-4 there",
            ),
            (&two, vec![marked(first.clone())], "0-2 refused, 2-4 do"),
            (
                &two,
                vec![marked(compacted.clone())],
                "0-2 refused, 2-4 refused",
            ),
            (&two, vec![downsampled.clone()], "0-2 refused, 2-4 refused"),
            (&two, vec![other.clone()], "0-2 do, 2-4 refused"),
            (
                &two,
                vec![first.clone(), other.clone()],
                "0-2 there, 2-4 refused",
            ),
            (&two, vec![compacted_other.clone()], "0-2 do, 2-4 refused"),
            (&two, vec![marked(other.clone())], "0-2 do, 2-4 refused"),
            (
                &two,
                vec![marked(other.clone()), compacted_other.clone()],
                "0-2 do, 2-4 refused",
            ),
            (&two, vec![tenant.clone()], "0-2 refused, 2-4 do"),
            (
                &three,
                vec![with_a_gap.clone()],
                "0-2 there, 2-4 do, 4-6 there",
            ),
            (
                &[hours(0, 6)],
                vec![second.clone()],
                "0-2 do, 2-4 there, 4-6 do",
            ),
            (
                &[hours(0, 6)],
                vec![first.clone(), second.clone()],
                "0-2 there, 2-4 there, 4-6 do",
            ),
            (&[hours(1, 2)], vec![first.clone()], "1-2 there"),
        ] {
            let shown = format!("{held:?}");
            assert_eq!(told(windows, held, Overlap::Refuse), expected, "{shown}");
        }
        // What a compactor makes of them for other resolutions is in nobody's way, and it may take labels off.
        let of_other_labels = Kin {
            is_of_labels: false,
            ..compacted.clone()
        };
        let downsampled_with_a_gap = Kin {
            id: foreign(7),
            resolution_ms: 300_000,
            ..with_a_gap.clone()
        };
        let broken = Kin {
            lacks: true,
            ..first.clone()
        };
        // Of runs with other beginnings, ends and lengths.
        let odd = [hours(0, 1), hours(1, 2), hours(2, 12), hours(12, 24)];
        let odd_sources: Vec<BlockId> = odd.iter().map(|window| id(*window)).collect();
        let of_odd = kin(foreign(8), hours(0, 24), &odd_sources);
        for (windows, held, expected) in [
            (&two[..], vec![of_other_labels], "0-2 there, 2-4 there"),
            (
                &three,
                vec![with_a_gap, downsampled_with_a_gap],
                "0-2 there, 2-4 do, 4-6 there",
            ),
            (&two, vec![broken.clone()], "0-2 broken, 2-4 do"),
            (&[hours(1, 3)], vec![broken], "1-3 broken"),
            (
                &two,
                vec![of_odd.clone()],
                "0-1 there, 1-2 there, 2-4 there",
            ),
            (
                &[hours(1, 2), hours(2, 4)],
                vec![of_odd.clone()],
                "1-2 there, 2-4 there",
            ),
            (
                &[hours(0, 24)],
                vec![of_odd],
                "0-1 there, 1-2 there, 2-12 there, 12-24 there",
            ),
        ] {
            let shown = format!("{held:?}");
            assert_eq!(told(windows, held, Overlap::Refuse), expected, "{shown}");
        }
        let allowed = told(&two, vec![first, other], Overlap::Allow);
        assert_eq!(allowed, "0-2 there, 2-4 do");
    }

    /// S-24.78, S-24.79
    #[test]
    fn a_window_of_which_the_source_tells_nothing_is_empty_where_no_block_of_the_plan_holds_any() {
        let one = id(hours(0, 2));
        for (state, expected, planned) in [
            (State::ToDo, "empty", "planned"),
            (State::Refused("in the way".to_owned()), "empty", "refused"),
            (State::ToCompare(one), "refused", "planned"),
            (State::Broken(one), "refused", "planned"),
            (State::OfAnother("of 0-4".to_owned()), "refused", "refused"),
            (
                State::Overlapped(one, "beside".to_owned()),
                "refused",
                "refused",
            ),
        ] {
            let range = hours(0, 2);
            let job = Job { range, state };
            let ended = job.tells_nothing();
            let endings = [ended.ending, job.planned().ending].map(Ending::as_str);
            assert_eq!(endings, [expected, planned], "{job:?}");
            assert_eq!(ended.why.is_some(), expected == "refused", "{job:?}");
        }
    }
}

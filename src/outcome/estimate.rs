//! About how many requests a plan costs. An estimate: retries and the listings that many blocks share are not in it, and neither is the planning,
//! which is over when the estimate is made. A test counts the requests of small migrations, and expects exactly these numbers.

use crate::bucket::transfer_requests;
use crate::plan::{Action, Outlook, Purpose, Selected};

/// Listings of one block: both buckets as its copy begins, both before it is published, the target as proof.
const LISTINGS: u64 = 5;

/// `meta.json` is read and put, or read in both buckets.
const META: u64 = 2;

/// What covers a block is listed and its `meta.json` read.
const COVER: u64 = 2;

/// The source is listed before a mark.
const LOOK: u64 = 1;

/// An existing deletion mark is looked for, and one is put.
const MARK: u64 = 2;

/// The requests of one block.
pub(crate) fn requests(selected: &Selected, purpose: Purpose) -> u64 {
    if selected.action.leaves_alone() || matches!(selected.outlook, Outlook::HeldBack(_)) {
        return 0;
    }
    let deferred = matches!(selected.outlook, Outlook::MarkDeferred(_));
    let mark = match purpose {
        Purpose::Copy => 0,
        Purpose::Move if deferred || selected.block.objects().is_marked() => LOOK,
        Purpose::Move => LOOK + MARK,
    };
    if let Action::Covered(_) | Action::CoveredLater { .. } = selected.action {
        return COVER + mark;
    }
    let meta = u64::from(selected.action.publishes());
    let objects = selected.objects_to_put.saturating_sub(meta);
    LISTINGS + META + mark + transfer_requests(objects, selected.bytes_to_put)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::testing::{World, block};

    #[test]
    fn a_block_costs_what_happens_to_it() {
        let world = |world: World| {
            let plan = world.plan();
            let requests = plan.selected.iter();
            let requests = requests.map(|one| super::requests(one, world.rules.purpose));
            requests.collect::<Vec<_>>()
        };
        let everything = transfer_requests(2, 1 << 30);
        let index = transfer_requests(1, (1 << 30) - 4096);
        let table = [
            (
                "copy",
                World::of([block(1)]),
                vec![LISTINGS + META + LOOK + MARK + everything],
            ),
            (
                "already there",
                World::of([block(1)]).holding([block(1)]),
                vec![LISTINGS + META + LOOK + MARK],
            ),
            (
                "repair",
                World::of([block(1)]).holding([block(1).without("index")]),
                vec![LISTINGS + META + LOOK + MARK + index],
            ),
            (
                "covered",
                World::of([block(1)]).holding([block(9).sources([1, 2])]),
                vec![COVER + LOOK + MARK],
            ),
            (
                "conflict",
                World::of([block(1)]).holding([block(1).level(2)]),
                vec![0],
            ),
            (
                "held back",
                World::of([block(1).without("index"), block(2).hours(2, 4)]),
                vec![0],
            ),
            (
                "mark deferred",
                World::of([
                    block(1).without("index"),
                    block(2).resolution(300_000).sources([1]),
                ]),
                vec![LISTINGS + META + LOOK + everything],
            ),
            (
                "replicated",
                World::of([block(1)]).only_copied(),
                vec![LISTINGS + META + everything],
            ),
            (
                "covered, and only copied",
                World::of([block(1)])
                    .holding([block(9).sources([1, 2])])
                    .only_copied(),
                vec![COVER],
            ),
        ];
        for (name, given, expected) in table {
            assert_eq!(world(given), expected, "{name}");
        }
    }
}

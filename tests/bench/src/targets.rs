//! What thanos-bucket is to reach, as ratios to others in one run, and whether it does.

use crate::measure::Figure;
use crate::peer::{Kind, Peer};
use crate::rounds::Taken;
use crate::scenario::{Place, ROUND_TRIP, Scenario};

/// A ratio that may have some value at most.
#[derive(Debug)]
struct Target {
    scenario: &'static str,
    ratio: Ratio,
    at_most: f64,
}

/// What is measured, and what by.
#[derive(Debug)]
enum Ratio {
    /// The median of a figure, by the least such median among others.
    ToBest(Figure, Peer, &'static [Peer]),
    /// What publication in order costs more than in any order, by one round trip for each block.
    Order,
}

/// How one target stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What is measured.
    pub says: String,
    /// Nothing where some of it was not measured.
    pub ratio: Option<f64>,
    pub at_most: f64,
}

impl Judged {
    /// Whether it is reached, which it is not where nothing was measured.
    pub fn is_met(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio <= self.at_most)
    }
}

const fn to(
    scenario: &'static str,
    figure: Figure,
    ours: Peer,
    others: &'static [Peer],
    at_most: f64,
) -> Target {
    Target {
        scenario,
        ratio: Ratio::ToBest(figure, ours, others),
        at_most,
    }
}

const TARGETS: &[Target] = {
    use Figure::{Cpu, Wall};
    use Peer::{
        BareCopyObject, BareGetPut, CopyFolder, Ours, OursAgain, OursPlan, OursThroughClient,
        Rclone, RcloneThroughClient, S5cmd, ThanosLs, ThanosReplicate,
    };
    &[
        to("small", Wall, Ours, &[S5cmd], 1.2),
        to("small", Wall, Ours, &[ThanosReplicate], 1.0 / 2.0),
        to("small-20ms", Wall, Ours, &[S5cmd], 1.3),
        to("small-20ms", Wall, Ours, &[ThanosReplicate], 1.0 / 8.0),
        to(
            "small-20ms",
            Wall,
            OursThroughClient,
            &[RcloneThroughClient],
            0.8,
        ),
        to("big", Wall, Ours, &[S5cmd, Rclone], 1.0),
        to("big", Wall, Ours, &[BareCopyObject], 1.0 / 0.8),
        to("big", Wall, OursThroughClient, &[RcloneThroughClient], 1.0),
        to("big", Cpu, OursThroughClient, &[RcloneThroughClient], 1.3),
        to(
            "big",
            Wall,
            OursThroughClient,
            &[ThanosReplicate],
            1.0 / 2.0,
        ),
        to("big", Cpu, OursThroughClient, &[ThanosReplicate], 0.3),
        to("big", Wall, OursThroughClient, &[BareGetPut], 1.0 / 0.8),
        to(
            "big-tls",
            Wall,
            OursThroughClient,
            &[RcloneThroughClient],
            1.0,
        ),
        to(
            "big-tls",
            Cpu,
            OursThroughClient,
            &[RcloneThroughClient],
            0.9,
        ),
        to("tiny-2000", Wall, Ours, &[S5cmd], 1.8),
        to("tiny-2000", Wall, Ours, &[ThanosReplicate], 1.0 / 3.0),
        to("tiny-5000", Wall, Ours, &[S5cmd], 1.8),
        to("tiny-5000", Wall, Ours, &[ThanosReplicate], 1.0 / 3.0),
        Target {
            scenario: "unit-20ms",
            ratio: Ratio::Order,
            at_most: 1.0,
        },
        to("plan", Wall, OursPlan, &[ThanosLs], 0.5),
        to("plan", Wall, OursAgain, &[OursPlan], 1.2),
        to("plan-20ms", Wall, OursPlan, &[ThanosLs], 0.3),
        to("folder", Wall, Ours, &[CopyFolder], 1.0 / 0.95),
    ]
};

/// How much memory thanos-bucket may take at most, anywhere, and where the service copies between buckets.
const PEAK_MIB: f64 = 256.0;
const PEAK_BY_SERVICE_MIB: f64 = 100.0;

/// How every target stands that is about what was taken.
pub fn judge(taken: &[Taken]) -> Vec<Judged> {
    let mut judged: Vec<_> = TARGETS
        .iter()
        .filter_map(|target| {
            let about = taken
                .iter()
                .find(|taken| taken.scenario.name == target.scenario)?;
            Some(target.judge(about))
        })
        .collect();
    judged.extend(peak(taken, "anywhere", PEAK_MIB, |_, peer| peer.is_ours()));
    judged.extend(peak(
        taken,
        "where the service copies",
        PEAK_BY_SERVICE_MIB,
        by_service,
    ));
    judged
}

fn by_service(scenario: &Scenario, peer: Peer) -> bool {
    let between_buckets = matches!(scenario.place, Place::Buckets { .. });
    peer.is_ours() && peer.kind() == Kind::ByService && between_buckets
}

/// The highest memory of all runs that are meant; nothing where there are none.
fn peak(
    taken: &[Taken],
    whose: &str,
    limit_mib: f64,
    is_meant: impl Fn(&Scenario, Peer) -> bool,
) -> Option<Judged> {
    let peaks = taken.iter().flat_map(|taken| {
        let meant = taken
            .costs
            .iter()
            .filter(|(peer, _)| is_meant(taken.scenario, *peer));
        meant.filter_map(|(peer, _)| {
            let most = taken.spread(*peer, Figure::Peak)?.most;
            Some((most, taken.scenario.name))
        })
    });
    let (highest, scenario) = peaks.max_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(Judged {
        says: format!("peak memory {whose} (highest: {scenario}) / {limit_mib} MiB"),
        ratio: Some(highest / limit_mib),
        at_most: 1.0,
    })
}

impl Target {
    fn judge(&self, taken: &Taken) -> Judged {
        let scenario = self.scenario;
        let median = |peer, figure| Some(taken.spread(peer, figure)?.median);
        let (says, ratio) = match self.ratio {
            Ratio::ToBest(figure, ours, others) => {
                let measured = others.iter().filter_map(|other| median(*other, figure));
                let best = measured.min_by(f64::total_cmp);
                let what = match figure {
                    Figure::Wall => "wall time",
                    Figure::Cpu => "client CPU",
                    Figure::Peak => "peak memory",
                    Figure::Requests => "requests",
                };
                let others: Vec<_> = others.iter().map(|other| other.name()).collect();
                let says = format!(
                    "{scenario}: {what} of {} / {}",
                    ours.name(),
                    others.join(" or ")
                );
                (says, ratio(median(ours, figure), best))
            }
            Ratio::Order => {
                let strict = median(Peer::Ours, Figure::Wall);
                let none = median(Peer::OursInAnyOrder, Figure::Wall);
                let more = strict.zip(none).map(|(strict, none)| strict - none);
                let blocks = u32::try_from(taken.moved.published).unwrap_or(u32::MAX);
                let round_trips = ROUND_TRIP.saturating_mul(blocks).as_secs_f64();
                let says = format!(
                    "{scenario}: what --publish-order=strict takes longer than none / a round trip for each block"
                );
                (says, ratio(more, Some(round_trips)))
            }
        };
        Judged {
            says,
            ratio,
            at_most: self.at_most,
        }
    }
}

fn ratio(measured: Option<f64>, by: Option<f64>) -> Option<f64> {
    let by = by.filter(|by| *by > 0.0)?;
    Some(measured? / by)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::time::Duration;

    use super::{TARGETS, judge};
    use crate::ground::Held;
    use crate::measure::Costs;
    use crate::peer::Peer;
    use crate::rounds::Taken;
    use crate::scenario::ALL;

    fn taken(scenario: &str, walls_ms: &[(Peer, &[u64])]) -> Taken {
        let costs = |wall: &u64| Costs {
            wall: Duration::from_millis(*wall),
            cpu: Duration::ZERO,
            peak_kib: 64 << 10,
            requests: None,
        };
        let of_peer = |(peer, walls): &(Peer, &[u64])| (*peer, walls.iter().map(costs).collect());
        Taken {
            scenario: ALL.iter().find(|known| known.name == scenario).unwrap(),
            moved: Held {
                published: 27,
                ..Held::default()
            },
            costs: walls_ms.iter().map(of_peer).collect(),
        }
    }

    #[test]
    fn a_target_is_met_up_to_its_limit_and_missed_above_it_or_without_figures() {
        let met = |ours: &'static [u64], ls: &'static [u64]| {
            let taken = taken("plan-20ms", &[(Peer::OursPlan, ours), (Peer::ThanosLs, ls)]);
            judge(&[taken]).first().unwrap().is_met()
        };
        assert!(met(&[300, 290, 9000], &[1000]));
        assert!(!met(&[310, 310, 10], &[1000]));
        assert!(!met(&[300], &[]));
    }

    #[test]
    fn publication_in_order_is_held_against_a_round_trip_a_block() {
        let taken = taken(
            "unit-20ms",
            &[(Peer::Ours, &[1270]), (Peer::OursInAnyOrder, &[1000])],
        );
        let ratio = judge(&[taken]).first().unwrap().ratio.unwrap();
        assert!((ratio - 0.5).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn memory_is_judged_over_all_scenarios() {
        let judged = judge(&[taken("small", &[(Peer::Ours, &[1]), (Peer::S5cmd, &[1])])]);
        let ratios: Vec<_> = judged.iter().rev().take(2).map(|peak| peak.ratio).collect();
        assert_eq!(ratios, [Some(0.64), Some(0.25)]);
    }

    #[test]
    fn every_target_is_about_a_scenario_that_there_is() {
        for target in TARGETS {
            assert!(ALL.iter().any(|known| known.name == target.scenario));
        }
    }
}

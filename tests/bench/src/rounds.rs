//! Tools in turn on the same data, for some rounds.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::delay::Delay;
use crate::folder::Folders;
use crate::ground::{Ground, Held};
use crate::measure::{Costs, Figure, measure};
use crate::minio::Minio;
use crate::peer::{Peer, Programs};
use crate::scenario::{Place, Scenario};
use crate::spread::Spread;
use crate::work::{Block, Scale};

/// What every scenario wants.
#[derive(Debug)]
pub struct Bench {
    pub programs: Programs,
    pub minio: PathBuf,
    pub scale: Scale,
    pub rounds: usize,
    /// Where MinIO's data lies.
    pub data: PathBuf,
    /// Where folders that are buckets lie, and everything else.
    pub scratch: PathBuf,
}

/// What came of a scenario.
#[derive(Debug)]
pub struct Taken {
    pub scenario: &'static Scenario,
    pub moved: Held,
    /// Each tool with its costs, a round after the other.
    pub costs: Vec<(Peer, Vec<Costs>)>,
}

impl Taken {
    /// What a figure of a tool comes to; nothing where it was not measured.
    pub fn spread(&self, peer: Peer, figure: Figure) -> Option<Spread> {
        let (_, costs) = self.costs.iter().find(|(found, _)| *found == peer)?;
        Spread::of(costs.iter().filter_map(|costs| costs.figure(figure)))
    }
}

/// Every tool of a scenario, so many times. Each round begins with another one, so that none always has the same one before it.
pub fn take(scenario: &'static Scenario, bench: &Bench) -> Result<Taken> {
    let blocks = (scenario.blocks)(bench.scale);
    let attempt = || format!("could not measure {}", scenario.name);
    match scenario.place {
        Place::Folders => {
            let fresh = Folders::new(&bench.scratch.join("folders")).with_context(attempt)?;
            let grounds = Grounds {
                fresh: &fresh,
                moved: None,
            };
            grounds.take(scenario, bench, &blocks)
        }
        Place::Buckets { scheme, round_trip } => {
            let folder = bench.data.join(scenario.name);
            let minio = Minio::start(&bench.minio, &folder, scheme).with_context(attempt)?;
            let delay = if round_trip > Duration::ZERO {
                Some(Delay::open(minio.port(), round_trip)?)
            } else {
                None
            };
            let port = delay.as_ref().map_or(minio.port(), Delay::port);
            let fresh = minio.pair("fresh", port)?;
            let again = scenario.peers.iter().any(|peer| peer.comes_again());
            let moved = if again {
                Some(minio.pair("moved", port)?)
            } else {
                None
            };
            let grounds = Grounds {
                fresh: &fresh,
                moved: moved.as_ref().map(|pair| pair as &dyn Ground),
            };
            grounds.take(scenario, bench, &blocks)
        }
    }
    .with_context(attempt)
}

/// Where tools are measured.
struct Grounds<'a> {
    fresh: &'a dyn Ground,
    /// Where everything moves before they are, if any wants that.
    moved: Option<&'a dyn Ground>,
}

impl Grounds<'_> {
    fn take(&self, scenario: &'static Scenario, bench: &Bench, blocks: &[Block]) -> Result<Taken> {
        let moved = Held::of(blocks);
        self.fresh.fill(blocks)?;
        if let Some(ground) = self.moved {
            ground.fill(blocks)?;
            run(Peer::Ours, ground, bench, moved)?;
        }
        let peers = scenario.peers;
        let mut costs: Vec<_> = peers.iter().map(|peer| (*peer, Vec::new())).collect();
        for round in 0..bench.rounds {
            costs.rotate_left(usize::from(round > 0));
            for (peer, costs) in &mut costs {
                let moved_before = self.moved.filter(|_| peer.comes_again());
                let ground = moved_before.unwrap_or(self.fresh);
                if moved_before.is_none() {
                    ground.reset()?;
                }
                let cost = run(*peer, ground, bench, moved)?;
                let [name, tool, round] = [scenario.name, peer.name(), &(round + 1).to_string()];
                let wall = cost.wall.as_secs_f64();
                writeln!(io::stderr(), "{name}, round {round}: {wall:8.3}s {tool}")?;
                costs.push(cost);
            }
        }
        costs.sort_by_key(|(peer, _)| peers.iter().position(|other| other == peer));
        Ok(Taken {
            scenario,
            moved,
            costs,
        })
    }
}

/// One run of a tool, which must have done what it was to do.
fn run(peer: Peer, ground: &dyn Ground, bench: &Bench, blocks: Held) -> Result<Costs> {
    let home = bench.scratch.join("home");
    fs::create_dir_all(&home)?;
    let mut command = peer.command(&bench.programs, ground.site(), &home);
    let before = ground.requests()?;
    let (costs, said) = measure(&mut command, &bench.scratch)?;
    let after = ground.requests()?;
    peer.check(ground, blocks, &said)
        .with_context(|| format!("{} did not do its work", peer.name()))?;
    Ok(Costs {
        requests: before.zip(after).map(|(before, after)| after - before),
        ..costs
    })
}

//! What is measured: which tools do which work, over which distance.

use std::time::Duration;

use crate::minio::Scheme;
use crate::peer::Peer;
use crate::work::{Block, Scale, blocks, blocks_of_one_unit};

/// A work, and the tools that do it in turn.
#[derive(Debug)]
pub struct Scenario {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What is moved, and where.
    pub says: &'static str,
    pub blocks: fn(Scale) -> Vec<Block>,
    pub place: Place,
    pub peers: &'static [Peer],
}

/// Between what blocks move.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// Two buckets of one MinIO, so far away.
    Buckets {
        scheme: Scheme,
        round_trip: Duration,
    },
    /// Two folders of one file system.
    Folders,
}

const NEAR: Place = Place::Buckets {
    scheme: Scheme::Http,
    round_trip: Duration::ZERO,
};
const FAR: Place = Place::Buckets {
    scheme: Scheme::Http,
    round_trip: ROUND_TRIP,
};
const NEAR_TLS: Place = Place::Buckets {
    scheme: Scheme::Https,
    round_trip: Duration::ZERO,
};

/// To a server that is not on this machine.
pub const ROUND_TRIP: Duration = Duration::from_millis(20);

const ALL_TOOLS: &[Peer] = &[Peer::Ours, Peer::S5cmd, Peer::Rclone, Peer::ThanosReplicate];
const BY_SERVICE: &[Peer] = &[Peer::Ours, Peer::S5cmd, Peer::Rclone];

/// All of them, in the order of their tables.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "small",
        says: "40 blocks of 5 MiB",
        blocks: small,
        place: NEAR,
        peers: ALL_TOOLS,
    },
    Scenario {
        name: "small-20ms",
        says: "40 blocks of 5 MiB, a round trip of 20 ms away",
        blocks: small,
        place: FAR,
        peers: &[
            Peer::Ours,
            Peer::S5cmd,
            Peer::Rclone,
            Peer::OursThroughClient,
            Peer::RcloneThroughClient,
            Peer::RcloneThroughClientWide,
            Peer::ThanosReplicate,
        ],
    },
    Scenario {
        name: "big",
        says: "3 blocks of 576 MiB",
        blocks: big,
        place: NEAR,
        peers: &[
            Peer::Ours,
            Peer::S5cmd,
            Peer::Rclone,
            Peer::BareCopyObject,
            Peer::OursThroughClient,
            Peer::OursThroughClientWithoutMd5,
            Peer::RcloneThroughClient,
            Peer::ThanosReplicate,
            Peer::BareGetPut,
        ],
    },
    Scenario {
        name: "big-20ms",
        says: "3 blocks of 576 MiB, a round trip of 20 ms away",
        blocks: big,
        place: FAR,
        peers: BY_SERVICE,
    },
    Scenario {
        name: "big-tls",
        says: "3 blocks of 576 MiB, over TLS",
        blocks: big,
        place: NEAR_TLS,
        peers: &[
            Peer::OursThroughClient,
            Peer::OursThroughClientWithoutMd5,
            Peer::RcloneThroughClient,
        ],
    },
    Scenario {
        name: "tiny-2000",
        says: "2,000 blocks of 3 KiB",
        blocks: |scale| tiny(2000, scale),
        place: NEAR,
        peers: ALL_TOOLS,
    },
    Scenario {
        name: "tiny-2000-20ms",
        says: "2,000 blocks of 3 KiB, a round trip of 20 ms away",
        blocks: |scale| tiny(2000, scale),
        place: FAR,
        peers: BY_SERVICE,
    },
    Scenario {
        name: "tiny-5000",
        says: "5,000 blocks of 3 KiB",
        blocks: |scale| tiny(5000, scale),
        place: NEAR,
        peers: ALL_TOOLS,
    },
    Scenario {
        name: "mixed",
        says: "300 blocks of 3 KiB, 30 of 5 MiB and 2 of 144 MiB",
        blocks: mixed,
        place: NEAR,
        peers: ALL_TOOLS,
    },
    Scenario {
        name: "mixed-20ms",
        says: "300 blocks of 3 KiB, 30 of 5 MiB and 2 of 144 MiB, a round trip of 20 ms away",
        blocks: mixed,
        place: FAR,
        peers: BY_SERVICE,
    },
    Scenario {
        name: "unit-20ms",
        says: "27 blocks of 3 KiB that are published one after the other or in any order, a round trip of 20 ms away",
        blocks: one_unit,
        place: FAR,
        peers: &[Peer::Ours, Peer::OursInAnyOrder],
    },
    Scenario {
        name: "plan",
        says: "a look at 5,000 blocks of 3 KiB; and the night after, when all of them have moved and lie marked in the source",
        blocks: |scale| tiny(5000, scale),
        place: NEAR,
        peers: &[
            Peer::OursPlan,
            Peer::ThanosLs,
            Peer::BareReads,
            Peer::OursPlanAgain,
            Peer::OursAgain,
        ],
    },
    Scenario {
        name: "plan-20ms",
        says: "a look at 5,000 blocks of 3 KiB, a round trip of 20 ms away",
        blocks: |scale| tiny(5000, scale),
        place: FAR,
        peers: &[Peer::OursPlan, Peer::ThanosLs, Peer::BareReads],
    },
    Scenario {
        name: "folder",
        says: "4 blocks of 512 MiB from folder to folder",
        blocks: |scale| match scale {
            Scale::Whole => blocks(0..4, 512 << 20),
            Scale::Quick => blocks(0..4, 8 << 20),
        },
        place: Place::Folders,
        peers: &[Peer::Ours, Peer::CopyFolder],
    },
];

fn small(scale: Scale) -> Vec<Block> {
    match scale {
        Scale::Whole => blocks(0..40, 5 << 20),
        Scale::Quick => blocks(0..4, 5 << 20),
    }
}

fn big(scale: Scale) -> Vec<Block> {
    match scale {
        Scale::Whole => blocks(0..3, 576 << 20),
        Scale::Quick => blocks(0..1, 144 << 20),
    }
}

fn tiny(count: u32, scale: Scale) -> Vec<Block> {
    match scale {
        Scale::Whole => blocks(0..count, TINY_BYTES),
        Scale::Quick => blocks(0..count / 50, TINY_BYTES),
    }
}

/// Without `meta.json`, which has about a thousand bytes.
const TINY_BYTES: usize = 2 << 10;

fn mixed(scale: Scale) -> Vec<Block> {
    let [tiny, small, big] = match scale {
        Scale::Whole => [300, 30, 2],
        Scale::Quick => [10, 3, 1],
    };
    [
        blocks(0..tiny, TINY_BYTES),
        blocks(tiny..tiny + small, 5 << 20),
        blocks(tiny + small..tiny + small + big, 144 << 20),
    ]
    .concat()
}

fn one_unit(scale: Scale) -> Vec<Block> {
    match scale {
        Scale::Whole => blocks_of_one_unit(27, TINY_BYTES),
        Scale::Quick => blocks_of_one_unit(5, TINY_BYTES),
    }
}

//! The report file of a run: the world remembers what a run says that it is about to do.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use thanos_bucket::audit::{Beginning, Blank, Sink, Trail};
use thanos_bucket::block::RunId;
use thanos_bucket::verb::clocks::Clock;

use crate::world::World;

struct Told {
    world: Arc<Mutex<World>>,
    /// The number of the run.
    run: usize,
}

impl Sink for Told {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let line: Value = serde_json::from_slice(line)?;
        if line["event"] == "marking" {
            let block = line["block"].as_str().unwrap().to_owned();
            self.world.lock().unwrap().runs[self.run]
                .announced
                .insert(block);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The trail of the run of that number.
pub(super) fn trail(world: &Arc<Mutex<World>>, run: usize, id: &RunId, clock: &Clock) -> Trail {
    let told = Told {
        world: Arc::clone(world),
        run,
    };
    let name = "report file".to_owned();
    let blank = Blank::new(Box::new(told), name, "migrate", BTreeMap::new());
    let beginning = Beginning {
        started: clock(),
        is_dry: false,
        source: String::new(),
        target: None,
        cutoff: None,
    };
    blank.begin(id, Arc::clone(clock), &beginning).unwrap()
}

//! What a run cannot tell it does not do: wherever its report file fails, nothing is marked that is not on it, and the next run heals the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use thanos_bucket::audit::{Beginning, Blank, Sink, Trail};
use thanos_bucket::block::RunId;
use thanos_bucket::select::Filter;

use crate::support::block::Block;
use crate::support::memory::{World, now, three};
use crate::support::world::{Contents, blocks_with};

/// A file in memory that takes so many lines, and then no more.
struct Short {
    room: usize,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Sink for Short {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut lines = self.lines.lock().unwrap();
        if lines.len() == self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        lines.push(String::from_utf8(line.to_vec()).unwrap());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A trail with room for so many lines beyond its first one, and what was written there.
fn trail(room: usize) -> (Trail, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::default();
    let sink = Short {
        room: room + 1,
        lines: Arc::clone(&lines),
    };
    let blank = Blank::new(
        Box::new(sink),
        "a file".to_owned(),
        "migrate",
        BTreeMap::new(),
    );
    let beginning = Beginning {
        started: now(),
        is_dry: false,
        source: "hot".to_owned(),
        target: None,
        cutoff: None,
    };
    let trail = blank.begin(&RunId::generate(), Arc::new(now), &beginning);
    (trail.unwrap(), lines)
}

fn told(lines: &Mutex<Vec<String>>, event: &str) -> BTreeSet<String> {
    let lines = lines.lock().unwrap();
    let lines = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_it = lines.filter(|line| line["event"] == event);
    of_it
        .map(|line| line["block"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn marked(world: &World) -> BTreeSet<String> {
    blocks_with(&world.source.tree(), "deletion-mark.json")
        .into_iter()
        .collect()
}

/// S-20.4: at each line there is.
#[tokio::test(start_paused = true)]
async fn a_trail_that_breaks_at_any_line_ends_the_run_before_the_next_mark() {
    let mut room = 0;
    let mut ended_early = 0;
    loop {
        let mut world = World::new(&three());
        let (short, lines) = trail(room);
        world.task.trail = short;
        let ran = world.run().await;
        let marked_by_then = marked(&world);
        assert!(marked_by_then.is_subset(&told(&lines, "marking")), "{room}");
        match ran {
            Ok(ran) => {
                if ran.results.aborted.is_none() {
                    assert_eq!(marked_by_then.len(), 3);
                    break;
                }
                let why = ran.results.aborted.unwrap();
                assert!(why.contains("write to the report file a file"), "{why}");
                assert!(!ran.results.complete);
                ended_early += 1;
            }
            // The plan could not be told, and nothing was begun.
            Err(err) => {
                assert!(format!("{err:#}").contains("report file"), "{err:#}");
                assert_eq!(world.target.published().len(), 0);
            }
        }
        world.task.trail = Trail::default();
        let healed = world.run().await.unwrap();
        assert!(healed.results.aborted.is_none());
        assert_eq!(marked(&world).len(), 3);
        room += 1;
    }
    assert!(ended_early > 15, "{ended_early} of {room}");
}

/// S-20.4
#[tokio::test(start_paused = true)]
async fn what_takes_marks_back_touches_none_that_it_cannot_tell_of() {
    for room in 0..10 {
        let mut world = World::new(&three());
        world.run().await.unwrap();
        let (short, lines) = trail(room);
        world.task.trail = short;
        let taken = world.take_back(Filter::default(), false).await.unwrap();
        let (started, left) = (told(&lines, "started"), marked(&world));
        let blocks = three().map(|block: Block| block.id());
        let gone = blocks.iter().filter(|block| !left.contains(*block));
        assert!(gone.clone().all(|block| started.contains(block)), "{room}");
        // Three blocks, each selected, started and done.
        assert_eq!(taken.stopped_by.is_some(), room < 9, "{room}");
    }
}

//! Objects in segments: those that Thanos' client writes are read and moved, those that are written here are read by Thanos, and nothing of them is left
//! where they are replaced or removed.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::run;
use crate::support::block::Block;
use crate::support::folders::{self, tree};
use crate::support::killed;
use crate::support::proxy::{Line, Request};
use crate::support::run::{COPIED_HERE, OLD, Ran, binary, migrate};
use crate::support::swift::{Container, Swift};
use crate::support::thanos;
use crate::support::world::{Contents, Tree, assert_same, blocks_with, without_marks};

/// So small a segment that every object of a real block has several.
const SEGMENTED: &str = "  large_object_chunk_size: 500\n";
const DYNAMIC: &str = "  use_dynamic_large_objects: true\n";

/// A container, and the one in which its segments are, if that is another one.
struct Place {
    container: Container,
    beside: Option<Container>,
    more: String,
}

impl Place {
    /// The four ways in which Thanos puts large objects.
    fn all(name: &str) -> [Self; 4] {
        let swift = Swift::shared();
        [("", false), (DYNAMIC, false), ("", true), (DYNAMIC, true)].map(|(dynamic, is_beside)| {
            let beside = is_beside.then(|| swift.container("segments"));
            let elsewhere = beside.as_ref().map_or(String::new(), |beside| {
                let name = &beside.name;
                format!("  large_object_segments_container_name: {name}\n")
            });
            Self {
                container: swift.container(name),
                beside,
                more: format!("{SEGMENTED}{dynamic}{elsewhere}"),
            }
        })
    }

    fn config(&self) -> std::path::PathBuf {
        self.container.config_with("large.yaml", None, &self.more)
    }

    fn segments(&self) -> Vec<String> {
        let beside = self.beside.as_ref().map(Container::segments);
        [self.container.segments(), beside.unwrap_or_default()].concat()
    }

    /// How many segments what was put here has: none is worth a request that is smaller than a MiB, and `meta.json` comes at once.
    fn needed(tree: &Tree) -> usize {
        let data = tree
            .iter()
            .filter(|(name, _)| !name.ends_with("/meta.json"));
        let sizes = data.map(|(_, content)| content.len());
        let large = sizes.filter(|size| *size >= 500);
        large.map(|size| size.div_ceil(1 << 20)).sum()
    }
}

/// The blocks that Thanos copies, as it copies them.
fn replicated(place: &Place) -> Tree {
    let examples = folders::World::of_examples();
    thanos::replicate(&examples.source_config(), &place.config(), &[]);
    let there = place.container.tree();
    assert!(blocks_with(&there, "meta.json").len() > 3, "{}", place.more);
    assert!(place.segments().len() > 10, "{}", place.more);
    there
}

/// S-6.50: into a folder, and into segments again.
#[test]
fn blocks_that_thanos_wrote_in_segments_are_read_and_moved() {
    let ways = Place::all("hot")
        .into_iter()
        .zip(Place::all("cold").into_iter().rev());
    for (number, (hot, cold)) in ways.enumerate() {
        let written = replicated(&hot);
        let back = folders::World::new(&[]);
        let (target, moved): (_, &dyn Contents) = if number % 2 == 0 {
            (back.target_config(), &back.target)
        } else {
            (cold.config(), &cold.container)
        };
        Ran::of(migrate(&hot.config(), &target, &[OLD])).expect(0);
        assert_same(&moved.tree(), &written);
        let left = hot.container.tree();
        assert_same(&without_marks(&left), &written);
        assert_eq!(
            blocks_with(&left, "deletion-mark.json"),
            blocks_with(&written, "meta.json")
        );
        let again = Ran::of(migrate(&hot.config(), &target, &[OLD, "--output=json"])).expect(0);
        assert_eq!(
            again.json()["totals"]["objects_put"].as_u64().unwrap_or(0),
            0
        );
    }
}

/// S-6.50: by name, by content, and to remove it, segments and all.
#[test]
fn thanos_reads_and_removes_what_was_written_in_segments() {
    for place in Place::all("cold") {
        let examples = folders::World::of_examples();
        Ran::of(migrate(&examples.source_config(), &place.config(), &[OLD])).expect(0);
        let there = place.container.tree();
        assert_eq!(
            place.segments().len(),
            Place::needed(&there),
            "{}",
            place.more
        );
        assert_eq!(
            thanos::list(&place.config()),
            blocks_with(&there, "meta.json")
        );
        let copied = folders::World::new(&[]);
        thanos::replicate(&place.config(), &copied.source_config(), &[]);
        let copy = tree(&copied.source);
        assert!(blocks_with(&copy, "meta.json").len() > 3);
        for (name, content) in &copy {
            assert!(there[name] == *content, "{name}: {}", place.more);
        }
        let back = folders::World::new(&[]);
        Ran::of(migrate(&place.config(), &back.target_config(), &[OLD])).expect(0);
        thanos::cleanup(&place.config());
        assert_eq!(place.segments(), [""; 0], "{}", place.more);
        assert!(place.container.tree().is_empty());
    }
}

/// S-6.51: where a segment is gone, a read breaks off or is too short; neither is ever a copy.
#[test]
fn an_object_that_has_lost_a_segment_is_never_taken_for_whole() {
    let lost = Block::new(1).chunk_bytes(&[2000]);
    let whole = Block::new(2).days(1, 2).chunk_bytes(&[2000]);
    let objects = |block: &Block| -> Tree { block.objects().into_iter().collect() };
    for place in Place::all("hot") {
        for (name, content) in objects(&lost).into_iter().chain(objects(&whole)) {
            place.container.put(&name, content);
        }
        // As Thanos puts them: the object itself in place of what is there.
        let name = format!("{}/chunks/000001", lost.id());
        let content = &objects(&lost)[&name];
        let holder = place.beside.as_ref().unwrap_or(&place.container);
        let mut manifest = Vec::new();
        for (number, segment) in content.chunks(500).enumerate() {
            let path = format!("segments/abc/torn/{:016}", number + 1);
            holder.put(&path, segment.to_vec());
            manifest.push(json!({"path": format!("{}/{path}", holder.name)}));
        }
        let put = if place.more.contains(DYNAMIC) {
            let beginning = format!("{}/segments/abc/torn", holder.name);
            let header = [("x-object-manifest", beginning.as_str())];
            place
                .container
                .ask("PUT", &format!("/{name}"), &header, b"")
        } else {
            let manifest = Value::from(manifest).to_string();
            let path = format!("/{name}?multipart-manifest=put");
            place.container.ask("PUT", &path, &[], manifest.as_bytes())
        };
        assert_eq!(put.status, 201);
        holder.remove("segments/abc/torn/0000000000000003");
        let folders = folders::World::new(&[]);
        let target = folders.target_config();
        let arguments = [&COPIED_HERE[..], &["--max-retries=1"]].concat();
        let ran = Ran::of(migrate(&place.config(), &target, &arguments)).expect(3);
        assert!(ran.stdout.contains(&lost.id()), "{ran:?}");
        assert_eq!(
            blocks_with(&tree(&folders.target), "meta.json"),
            [whole.id()]
        );
        assert_eq!(place.container.marked(), [whole.id()], "{ran:?}");
    }
}

/// S-6.50: older servers tell the digest of the manifest, and not that it is one.
#[test]
fn what_an_older_server_lists_of_segments_is_not_believed() {
    for place in Place::all("hot") {
        let written = replicated(&place);
        let proxy = Line::to(Swift::shared().port())
            .edit(|request: &Request, answer| {
                if !request.is("GET", "format=json") {
                    return;
                }
                let Ok(mut page) = serde_json::from_slice::<Vec<Value>>(&answer.body) else {
                    return;
                };
                for object in &mut page {
                    let object = object.as_object_mut().unwrap();
                    object.remove("slo_etag");
                }
                answer.body = Value::from(page).to_string().into_bytes();
            })
            .open();
        let config = place
            .container
            .config_with("old.yaml", Some(proxy.port()), &place.more);
        let back = folders::World::new(&[]);
        Ran::of(migrate(&config, &back.target_config(), &[OLD])).expect(0);
        assert_same(&tree(&back.target), &written);
    }
}

/// S-6.52: the segments of what was there before go, and no reader sees a mix.
#[test]
fn a_large_object_that_is_replaced_leaves_no_segments() {
    let ours = Block::new(1).chunk_bytes(&[5 << 19]);
    let theirs = Block::new(1).chunk_bytes(&[3000]).cluster("us-1");
    for place in Place::all("cold") {
        let before = folders::World::new(std::slice::from_ref(&theirs));
        thanos::replicate(&before.source_config(), &place.config(), &[]);
        let now = folders::World::new(std::slice::from_ref(&ours));
        let arguments = [OLD, "--overwrite-existing"];
        Ran::of(migrate(&now.source_config(), &place.config(), &arguments)).expect(0);
        let there = place.container.tree();
        assert_same(&there, &now.before);
        assert_eq!(
            place.segments().len(),
            Place::needed(&there),
            "{}",
            place.more
        );
    }
}

const THEIRS: &str = "segments/abc/theirs/0000000000000001";

/// S-18.4, S-18.6: what a killed run had put of an object goes with `cleanup`, and with the block that it is of; what Thanos put stays.
#[test]
fn segments_that_a_killed_run_left_are_removed() {
    let block = Block::new(1).chunk_bytes(&[7 << 19]);
    let folders = folders::World::new(std::slice::from_ref(&block));
    let source = folders.source_config();
    for place in Place::all("cold") {
        place.container.put(THEIRS, b"theirs".to_vec());
        let mut most = 0;
        for number in (6..60).step_by(6) {
            let line = Line::to(Swift::shared().port());
            let ran = killed::at(line, number, true, |proxy| {
                let through = Some(proxy.port());
                let target = place
                    .container
                    .config_with("killed.yaml", through, &place.more);
                migrate(&source, &target, &COPIED_HERE)
            });
            if !killed::was_killed(ran) || place.container.published() == [block.id()] {
                break;
            }
            most = most.max(place.segments().len());
            let began = Instant::now();
            // What the killed one had asked for may be done a moment later.
            while place.segments() != [THEIRS] {
                let ran = cleanup(&source, &place.config());
                let far = began.elapsed() > Duration::from_secs(30);
                assert!(
                    !far,
                    "{} {:?} {ran:?}",
                    place.more,
                    place.container.listed()
                );
            }
        }
        assert!(most > 3, "no kill left a segment: {}", place.more);
        run(&(source.clone(), place.config()), &[OLD]).expect(0);
        assert_same(&place.container.tree(), &folders.before);
        std::fs::remove_file(folders.source.join(block.id()).join("deletion-mark.json")).unwrap();
    }
}

fn cleanup(source: &Path, target: &Path) -> Ran {
    let mut command = binary();
    command
        .args(["cleanup", "--older-than=0s", "--no-dry-run"])
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()));
    Ran::of(command).expect(0)
}

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
const SMALL: usize = 500;
const MIB: usize = 1 << 20;

const DYNAMIC: &str = "  use_dynamic_large_objects: true\n";

/// A container, and the one in which its segments are, if that is another one.
struct Place {
    container: Container,
    beside: Option<Container>,
    more: String,
}

impl Place {
    /// The four ways in which Thanos puts large objects.
    fn all(name: &str, segment_bytes: usize) -> [Self; 4] {
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
                more: format!("  large_object_chunk_size: {segment_bytes}\n{dynamic}{elsewhere}"),
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

    /// The segments that are no object's, as the server tells of what its objects are made.
    fn orphans(&self) -> Vec<String> {
        let mut orphans = self.segments();
        for name in self.container.tree().into_keys() {
            let object = format!("/{name}");
            let head = self.container.ask("HEAD", &object, &[], b"");
            if let Some(beginning) = head.header("x-object-manifest") {
                let (_, beginning) = beginning.split_once('/').unwrap();
                orphans.retain(|segment| !segment.starts_with(beginning));
            } else if head.header("x-static-large-object").is_some() {
                let manifest = format!("{object}?multipart-manifest=get");
                let manifest = self.container.ask("GET", &manifest, &[], b"").body;
                let manifest: Vec<Value> = serde_json::from_slice(&manifest).unwrap();
                let is_of = |segment: &String| {
                    let mut names = manifest.iter().map(|part| part["name"].as_str().unwrap());
                    names.any(|name| name.ends_with(&format!("/{segment}")))
                };
                orphans.retain(|segment| !is_of(segment));
            }
        }
        orphans
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

/// S-3.43: into a folder, and into segments again.
#[test]
fn blocks_that_thanos_wrote_in_segments_are_read_and_moved() {
    let ways = Place::all("hot", SMALL)
        .into_iter()
        .zip(Place::all("cold", SMALL).into_iter().rev());
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

/// S-3.44: by name, by content, and to remove it, segments and all.
#[test]
fn thanos_reads_and_removes_what_was_written_in_segments() {
    for place in Place::all("cold", SMALL) {
        let examples = folders::World::of_examples();
        Ran::of(migrate(&examples.source_config(), &place.config(), &[OLD])).expect(0);
        let there = place.container.tree();
        assert_eq!(place.orphans(), [""; 0], "{}", place.more);
        assert!(place.segments().len() > 2, "{}", place.more);
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

/// S-3.43: where a segment is gone, a read breaks off or is too short; neither is ever a copy.
#[test]
fn an_object_that_has_lost_a_segment_is_never_taken_for_whole() {
    let lost = Block::new(1).chunk_bytes(&[2000]);
    let whole = Block::new(2).days(1, 2).chunk_bytes(&[2000]);
    let objects = |block: &Block| -> Tree { block.objects().into_iter().collect() };
    for place in Place::all("hot", SMALL) {
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

/// S-3.43: what is listed is there, whatever the server says of it then; without a list of files in `meta.json` nothing else shows it.
#[test]
fn an_object_whose_segments_container_is_gone_is_missed() {
    let swift = Swift::shared();
    let hot = swift.container("hot");
    let block = Block::new(1).chunk_bytes(&[1000, 2000]).without_file_list();
    for (name, content) in block.objects() {
        hot.put(&name, content);
    }
    let gone = [("x-object-manifest", "gone/segments/abc/1")];
    let lost = format!("/{}/chunks/000002", block.id());
    hot.ask("PUT", &lost, &gone, b"");
    let folders = folders::World::new(&[]);
    let target = folders.target_config();
    let ran = Ran::of(migrate(&hot.config("hot.yaml"), &target, &[OLD]));
    assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    assert!(ran.stdout.contains("chunks/000002"), "{ran:?}");
    assert_eq!(blocks_with(&tree(&folders.target), "meta.json"), [""; 0]);
    assert_eq!(hot.marked(), [""; 0]);
}

/// S-3.42: older servers tell the digest of the manifest, and not that it is one.
#[test]
fn what_an_older_server_lists_of_segments_is_not_believed() {
    for place in Place::all("hot", SMALL) {
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

/// S-18.4: a manifest that is told as it was put is one too: the segments of what is there are nobody's to remove.
#[test]
fn segments_of_what_is_there_stay_whatever_tells_of_them() {
    let folders = folders::World::new(&[Block::new(1).chunk_bytes(&[7 << 19])]);
    let source = folders.source_config();
    for place in Place::all("cold", MIB) {
        run(&(source.clone(), place.config()), &[OLD]).expect(0);
        let segments = place.segments();
        assert!(segments.len() > 3);
        for (name, becomes) in [("path", "etag"), ("other", "nothing")] {
            let proxy = Line::to(Swift::shared().port())
                .edit(move |request: &Request, answer| {
                    if request.path.contains("multipart-manifest=get") {
                        let text = answer.text().replace("\"name\"", &format!("\"{name}\""));
                        let text = text.replace("\"hash\"", &format!("\"{becomes}\""));
                        answer.body = text.replace("\"bytes\"", "\"size_bytes\"").into_bytes();
                    }
                })
                .open();
            let through = Some(proxy.port());
            let target = place
                .container
                .config_with("told.yaml", through, &place.more);
            cleanup(&source, &target);
            assert_eq!(place.segments(), segments, "{name} {}", place.more);
        }
        let mark = folders.source.join(Block::new(1).id());
        std::fs::remove_file(mark.join("deletion-mark.json")).unwrap();
    }
}

/// S-3.44: the segments of what was there before go, and no reader sees a mix.
#[test]
fn a_large_object_that_is_replaced_leaves_no_segments() {
    let ours = Block::new(1).chunk_bytes(&[5 << 19]);
    let theirs = Block::new(1).chunk_bytes(&[7 << 19]).cluster("us-1");
    for place in Place::all("cold", MIB) {
        let before = folders::World::new(std::slice::from_ref(&theirs));
        thanos::replicate(&before.source_config(), &place.config(), &[]);
        let now = folders::World::new(std::slice::from_ref(&ours));
        let arguments = [OLD, "--overwrite-existing"];
        Ran::of(migrate(&now.source_config(), &place.config(), &arguments)).expect(0);
        let there = place.container.tree();
        assert_same(&there, &now.before);
        assert_eq!(place.orphans(), [""; 0], "{}", place.more);
        assert!(place.segments().len() > 2, "{}", place.more);
    }
}

const THEIRS: &str = "segments/abc/theirs/0000000000000001";

/// S-18.4, S-18.6: what a killed run had put of an object goes with `cleanup`, and with the block that it is of; what Thanos put stays.
#[test]
fn segments_that_a_killed_run_left_are_removed() {
    let block = Block::new(1).chunk_bytes(&[7 << 19]);
    let folders = folders::World::new(std::slice::from_ref(&block));
    let source = folders.source_config();
    for place in Place::all("cold", MIB) {
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

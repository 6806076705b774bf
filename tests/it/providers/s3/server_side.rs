//! Objects that the server copies by itself from one of its buckets to another: not a byte of them comes here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::folders;
use crate::support::minio::{Bucket, Minio};
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Line, Proxy, Request};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::world::{Contents, assert_same, without_marks};

const MIB: usize = 1 << 20;

/// The name of a segment in parts.
pub(super) fn segment() -> String {
    format!("{}/chunks/000001", Block::new(1).id())
}

/// Two blocks, one of which has a segment that lies in the source in parts.
pub(super) fn pair(minio: &Minio) -> World<'_> {
    let large = Block::new(1).chunk_bytes(&[17 * MIB, 1000]);
    let world = World::new(minio, &[large, Block::new(2)]);
    put_in_parts(&world, &[5, 5, 5, 2]);
    world
}

fn put_in_parts(world: &World, sizes_in_mib: &[usize]) {
    let sizes: Vec<usize> = sizes_in_mib.iter().map(|size| size * MIB).collect();
    let content = &world.before[&segment()];
    world.source.put_in_parts(&segment(), content, &sizes);
}

/// The names of the data objects of which bytes came here.
pub(super) fn read_here(proxy: &Proxy) -> Vec<String> {
    let requests = proxy.requests().into_iter();
    let reads = requests.filter(|request| request.method == "GET");
    let names = reads.map(|request| request.path.split('?').next().unwrap().to_owned());
    names
        .filter(|name| name.ends_with("/index") || name.contains("/chunks/"))
        .collect()
}

/// Whether a request asks the server to copy.
pub(super) fn copies(request: &Request) -> bool {
    request.method == "PUT" && request.header("x-amz-copy-source").is_some()
}

/// The requests that ask the server to copy.
pub(super) fn copies_through(proxy: &Proxy) -> Vec<Request> {
    proxy.requests().into_iter().filter(copies).collect()
}

/// How often it is told that the server does not copy.
pub(super) fn told(ran: &Ran) -> usize {
    let lines = ran.stderr.lines();
    let told = lines.filter(|line| line.contains("the service does not copy by itself"));
    told.inspect(|line| assert!(line.contains("level=warn"), "{line}"))
        .count()
}

#[track_caller]
fn assert_tags_agree(world: &World) {
    for name in world.before.keys() {
        assert_eq!(world.source.tag(name), world.target.tag(name), "{name}");
    }
}

/// S-5.20, S-5.6: at once, and in the parts of the source, of even sizes and of others; read through here where that is asked for.
#[test]
fn what_one_server_holds_does_not_come_here() {
    let minio = Minio::start();
    let world = pair(&minio);
    for sizes_in_mib in [&[5, 5, 5, 2][..], &[5, 10, 2], &[17]] {
        put_in_parts(&world, sizes_in_mib);
        let proxy = Line::to(minio.port()).open();
        let configs = world.configs_through(&proxy);
        let ran = run(&configs, &[OLD, "--output=json"]).expect(0);
        for block in ran.json()["blocks"].as_array().unwrap() {
            assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
        }
        assert_eq!(read_here(&proxy), [""; 0], "{sizes_in_mib:?}");
        let copies = copies_through(&proxy);
        // Two other segments, and two indexes.
        assert_eq!(copies.len(), sizes_in_mib.len() + 4);
        for copy in copies {
            assert!(
                copy.header("x-amz-copy-source-if-match").is_some(),
                "{copy:?}"
            );
            let length = copy.header("content-length").unwrap_or("0");
            assert_eq!(length, "0", "{copy:?}");
        }
        assert_eq!(told(&ran), 0);
        assert_tags_agree(&world);
        world.assert_moved();
        assert_eq!(minio.uploads(), [""; 0].map(std::path::PathBuf::from));
        world.reset();
    }
    let proxy = Line::to(minio.port()).open();
    run(&world.configs_through(&proxy), &[OLD, "--copy=client"]).expect(0);
    assert_eq!(copies_through(&proxy).len(), 0);
    assert_eq!(read_here(&proxy).len(), 5);
    world.assert_moved();
}

/// S-5.20: a name goes into a header, and is signed.
#[test]
fn names_of_any_letters_are_copied_by_the_server() {
    let minio = Minio::start();
    let (source, target) = (minio.bucket("hot"), minio.bucket("cold"));
    let world = folders::World::new(&[Block::new(1)]);
    for (number, prefix) in ["a b+c%41&=;:@,$~!*'()[]#?\"<>|^`{}", "é/漢字/🧊\u{a0}"]
        .into_iter()
        .enumerate()
    {
        for (name, content) in &world.before {
            let name = format!("{prefix}/{name}");
            source.put_in_parts(&name, content, &[content.len()]);
        }
        let proxy = Line::to(minio.port()).open();
        let more = format!("prefix: {}\n", json!(prefix));
        let config = |bucket: &Bucket, name: &str| {
            let file = format!("{name}-{number}.yaml");
            bucket.config_for(&file, bucket.root(), proxy.port(), &more)
        };
        let configs = (config(&source, "hot"), config(&target, "cold"));
        let ran = run(&configs, &[OLD, "--copy=server"]).expect(0);
        assert_eq!(told(&ran), 0);
        assert_eq!(read_here(&proxy), [""; 0]);
    }
    assert_same(&target.tree(), &without_marks(&source.tree()));
}

/// What the server tells of each data object of a bucket beside its content, by its name.
fn told_of(bucket: &Bucket, name: &str) -> BTreeMap<String, Value> {
    let listed = bucket
        .minio()
        .mc(&["stat", "--recursive", &format!("minio/{name}")]);
    let objects = listed.lines().map(|line| {
        let object: Value = serde_json::from_str(line).unwrap();
        let name = object["name"].as_str().unwrap().to_owned();
        (name, object["metadata"].clone())
    });
    objects
        .filter(|(name, _)| name.ends_with("/index") || name.contains("/chunks/"))
        .collect()
}

/// S-5.20, S-3.10: put at once and in parts.
#[test]
fn a_copy_bears_what_the_target_asks_for_and_nothing_of_the_original() {
    let minio = Minio::start();
    let world = pair(&minio);
    for (name, content) in &world.before {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let path = file.path().to_str().unwrap();
        let to = format!("minio/hot/{name}");
        let attributes = "--attr=team=hot;owner=x;Cache-Control=no-store";
        minio.mc(&["cp", attributes, "--tags=a=b", path, &to]);
    }
    for metadata in told_of(&world.source, "hot").values() {
        assert_eq!(metadata["X-Amz-Meta-Owner"], "x", "{metadata}");
        assert_eq!(metadata["X-Amz-Tagging-Count"], "1", "{metadata}");
    }
    let (source, _) = world.configs();
    let more = "  put_user_metadata: {team: cold, X-Amz-Storage-Class: REDUCED_REDUNDANCY}\n";
    let root = world.target.root();
    let target = world
        .target
        .config_for("cold-metadata.yaml", root, minio.port(), more);
    let ran = run(&(source, target), &[OLD, "--copy=server"]).expect(0);
    assert_eq!(told(&ran), 0);
    world.assert_moved();
    assert_tags_agree(&world);
    let copied = told_of(&world.target, "cold");
    assert_eq!(copied.len(), 5);
    for (name, metadata) in copied {
        let mut metadata = metadata.as_object().unwrap().clone();
        metadata.remove("Content-Type");
        let expected =
            json!({"X-Amz-Meta-Team": "cold", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"});
        assert_eq!(Value::from(metadata), expected, "{name}");
    }
}

/// S-5.20: by keys of the server's and of the customer's, the same ones and others, in one bucket or in both, by the server and through here.
#[test]
fn the_server_copies_what_is_encrypted() {
    let minio = Minio::start_with_tls();
    let world = pair(&minio);
    let folder = tempfile::tempdir().unwrap();
    let customers = |letter: &str| {
        let key = folder.path().join(letter);
        std::fs::write(&key, letter.repeat(32)).unwrap();
        format!(
            "  sse_config: {{type: SSE-C, encryption_key: {}}}\n",
            key.display()
        )
    };
    let (one, other) = (customers("a"), customers("b"));
    let servers = "  sse_config: {type: SSE-KMS, kms_key_id: tests}\n".to_owned();
    let none = String::new();
    let config = |bucket: &Bucket, file: &str, encryption: &str| {
        let more = format!("  http_config:\n    insecure_skip_verify: true\n{encryption}");
        bucket.config_for(file, bucket.root(), minio.port(), &more)
    };
    minio.mc(&["rm", "--recursive", "--force", "minio/hot"]);
    for (number, ((of_source, of_target), copy)) in [
        (&one, &other),
        (&one, &none),
        (&none, &one),
        (&servers, &servers),
        (&servers, &other),
    ]
    .into_iter()
    .flat_map(|pair| [(pair, "--copy=server"), (pair, "--copy=client")])
    .enumerate()
    {
        let seed = folders::World::new(&[]);
        for (name, content) in &world.before {
            seed.source.put(name, content.clone());
        }
        let source = config(&world.source, &format!("hot-{number}.yaml"), of_source);
        let target = config(&world.target, &format!("cold-{number}.yaml"), of_target);
        Ran::of(migrate(&seed.source_config(), &source, &[OLD])).expect(0);
        let arguments = [OLD, copy, "--verify=content", "--output=json"];
        let report = run(&(source, target), &arguments).expect(0).json();
        assert_eq!(
            report["totals"]["by_outcome"]["migrated"]["blocks"], 2,
            "{report}"
        );
        for block in report["blocks"].as_array().unwrap() {
            assert_eq!(block["outcome"]["proof"], "content", "{block}");
        }
        minio.mc(&["rm", "--recursive", "--force", "minio/hot", "minio/cold"]);
    }
}

/// S-5.20, S-5.15: only who reads it can see whether it has its SHA-256.
#[test]
fn what_has_a_sha256_is_read_here_unless_the_server_is_insisted_on() {
    let minio = Minio::start();
    let mut world = pair(&minio);
    let name = format!("{}/meta.json", Block::new(2).id());
    let mut meta: Value = serde_json::from_slice(&world.before[&name]).unwrap();
    let files = meta["thanos"]["files"].as_array_mut().unwrap();
    let index = files.iter_mut().find(|file| file["rel_path"] == "index");
    index.unwrap()["hash"] = json!({"hashFunc": "SHA256", "value": "0".repeat(64)});
    let meta = serde_json::to_vec(&meta).unwrap();
    world.source.put(&name, meta.clone());
    world.before.insert(name, meta);
    let proxy = Line::to(minio.port()).open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect(3);
    assert!(ran.stderr.contains("SHA-256"), "{}", ran.stderr);
    let index = format!("/hot/{}/index", Block::new(2).id());
    assert!(read_here(&proxy).iter().all(|name| *name == index));
    assert!(!read_here(&proxy).is_empty());
    assert_eq!(world.target.published(), [Block::new(1).id()]);
    assert_eq!(told(&ran), 0);
    let proxy = Line::to(minio.port()).open();
    run(&world.configs_through(&proxy), &[OLD, "--copy=server"]).expect(0);
    assert_eq!(read_here(&proxy), [""; 0]);
    world.assert_moved();
}

/// S-5.20, S-2.3: wrong usage, of which no server hears.
#[test]
fn who_insists_on_a_service_names_two_buckets_of_one() {
    let minio = Minio::start();
    let world = pair(&minio);
    let (one, other) = (Line::to(minio.port()).open(), Line::to(minio.port()).open());
    let folders = folders::World::new(&[Block::new(1)]);
    let hot = world
        .source
        .config_for("hot-one.yaml", world.source.root(), one.port(), "");
    let cold = world
        .target
        .config_for("cold-other.yaml", world.target.root(), other.port(), "");
    for (source, target) in [
        (&hot, &cold),
        (&folders.source_config(), &cold),
        (&hot, &folders.target_config()),
    ] {
        for mode in ["--dry-run=true", "--dry-run=false"] {
            let ran = Ran::of(migrate(source, target, &[OLD, mode, "--copy=server"])).expect(2);
            let lines: Vec<&str> = ran.stderr.lines().collect();
            let errors = lines.iter().filter(|line| line.contains("--copy=server"));
            assert_eq!(errors.count(), 1, "{lines:?}");
            assert!(ran.stdout.is_empty(), "{}", ran.stdout);
        }
    }
    assert_eq!(one.requests().len() + other.requests().len(), 0);
    // Nobody insists.
    let ran = Ran::of(migrate(&hot, &cold, &[OLD])).expect(0);
    assert_eq!(told(&ran), 0);
    assert_eq!(copies_through(&other).len(), 0);
    assert_eq!(read_here(&one).len(), 8);
    world.assert_moved();
}

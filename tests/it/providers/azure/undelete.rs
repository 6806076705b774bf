//! Blobs that come back out of versions and not out of soft deletion, which Azurite has neither of: on a container of ours, as Microsoft's documentation
//! tells of both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use reqwest::Url;

use crate::support::answering::{Answer, Answering, Asked};
use crate::support::azurite::KEY;
use crate::support::block::Block;
use crate::support::run::{Ran, binary};
use crate::support::world::{Tree, assert_same, three};

/// A blob's versions, the oldest first, and whether the last one lies under the name.
#[derive(Default)]
struct Blob {
    versions: Vec<Vec<u8>>,
    is_there: bool,
    /// Whether it was deleted in an account that has no versions.
    is_soft: bool,
}

#[derive(Default)]
struct Container(Mutex<BTreeMap<String, Blob>>);

fn version(number: usize) -> String {
    format!("2026-01-01T00:00:{number:02}.0000000Z")
}

fn answer(status: u16, body: Vec<u8>) -> Answer {
    let mut headers = vec![
        ("x-ms-request-id", "1".to_owned()),
        ("x-ms-version", "2022-11-02".to_owned()),
        ("etag", "\"0x1\"".to_owned()),
        ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT".to_owned()),
        ("x-ms-copy-status", "success".to_owned()),
        ("x-ms-blob-type", "BlockBlob".to_owned()),
    ];
    if status == 404 {
        headers.push(("x-ms-error-code", "BlobNotFound".to_owned()));
    } else if status == 409 {
        headers.push(("x-ms-error-code", "BlobAlreadyExists".to_owned()));
    }
    Answer {
        status,
        headers,
        body,
    }
}

impl Container {
    fn answer(&self, asked: &Asked) -> Answer {
        let url = Url::parse(&format!("http://host{}", asked.path)).unwrap();
        let member = |name: &str| asked.member(name).unwrap_or_default();
        let Some(name) = url.path().strip_prefix("/acc/hot/") else {
            return match &*member("comp") {
                "list" => answer(
                    200,
                    self.list(&member("include"), &member("delimiter"), &member("prefix")),
                ),
                _ => answer(200, Vec::new()),
            };
        };
        let mut blobs = self.0.lock().unwrap();
        if asked.method == "PUT" {
            let source = Url::parse(asked.header("x-ms-copy-source").unwrap()).unwrap();
            assert_eq!(source.path(), url.path());
            assert_eq!(asked.header("if-none-match"), Some("*"));
            let pairs: BTreeMap<_, _> = source.query_pairs().into_owned().collect();
            assert_eq!(pairs["sr"], "bv");
            let blob = blobs.get_mut(name).unwrap();
            if blob.is_there {
                return answer(409, Vec::new());
            }
            let number = (0..blob.versions.len()).find(|it| version(*it) == pairs["versionid"]);
            let content = blob.versions[number.unwrap()].clone();
            blob.versions.push(content);
            blob.is_there = true;
            return answer(202, Vec::new());
        }
        let Some(blob) = blobs.get(name) else {
            return answer(404, Vec::new());
        };
        let wanted = member("versionid");
        let number = match &*wanted {
            "" => blob.is_there.then(|| blob.versions.len() - 1),
            wanted => (0..blob.versions.len()).find(|it| version(*it) == wanted),
        };
        let content = number.and_then(|number| blob.versions.get(number));
        match content {
            Some(_) if asked.method == "HEAD" => answer(200, Vec::new()),
            Some(content) => answer(200, content.clone()),
            None => answer(404, Vec::new()),
        }
    }

    fn list(&self, include: &str, delimiter: &str, prefix: &str) -> Vec<u8> {
        let (mut text, mut last) = ("<EnumerationResults><Blobs>".to_owned(), String::new());
        for (name, blob) in &*self.0.lock().unwrap() {
            if !name.starts_with(prefix) {
                continue;
            }
            let newest = blob.versions.len() - 1;
            if let (Some((directory, _)), false) = (name.split_once('/'), delimiter.is_empty()) {
                if blob.is_there && directory != last {
                    write!(text, "<BlobPrefix><Name>{directory}/</Name></BlobPrefix>").unwrap();
                    directory.clone_into(&mut last);
                }
                continue;
            }
            for (number, content) in blob.versions.iter().enumerate() {
                let is_current = blob.is_there && number == newest;
                let more = match (include, blob.is_soft) {
                    ("", _) if is_current => String::new(),
                    ("", _) => continue,
                    (_, true) => "<Deleted>true</Deleted>".to_owned(),
                    (_, false) if is_current => {
                        let version = version(number);
                        format!(
                            "<VersionId>{version}</VersionId><IsCurrentVersion>true</IsCurrentVersion>"
                        )
                    }
                    (_, false) => format!("<VersionId>{}</VersionId>", version(number)),
                };
                write!(
                    text,
                    "<Blob><Name>{name}</Name>{more}<Properties><Content-Length>{}</Content-Length><Etag>0x1</Etag>\
                     <Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><BlobType>BlockBlob</BlobType></Properties></Blob>",
                    content.len()
                )
                .unwrap();
            }
        }
        text.push_str("</Blobs><NextMarker/></EnumerationResults>");
        text.into_bytes()
    }

    fn tree(&self) -> Tree {
        let blobs = self.0.lock().unwrap();
        let there = blobs.iter().filter(|(_, blob)| blob.is_there);
        there
            .map(|(name, blob)| (name.clone(), blob.versions.last().unwrap().clone()))
            .collect()
    }
}

fn undelete(container: &Arc<Container>, arguments: &[&str]) -> Ran {
    let answers = Arc::clone(container);
    let server = Answering::start(move |asked| answers.answer(asked));
    let config = tempfile::NamedTempFile::new().unwrap();
    let connection = format!(
        "BlobEndpoint={};AccountName=acc;AccountKey={KEY}",
        server.url("/acc")
    );
    let text = format!(
        "type: AZURE\nconfig:\n  storage_account: acc\n  container: hot\n  storage_connection_string: \"{connection}\"\n"
    );
    std::fs::write(config.path(), text).unwrap();
    let mut command = binary();
    command
        .arg("undelete")
        .arg(format!(
            "--objstore.config-file={}",
            config.path().display()
        ))
        .args(arguments);
    Ran::of(command)
}

/// S-19.1, S-19.3, S-19.4
#[test]
fn deleted_blobs_come_back_out_of_their_newest_versions() {
    let container = Arc::<Container>::default();
    let before: Tree = three().iter().flat_map(Block::objects).collect();
    for (name, content) in &before {
        let blob = Blob {
            versions: vec![b"older".to_vec(), content.clone()],
            // One of them a compactor has not come to.
            is_there: name.ends_with("chunks/000001"),
            is_soft: false,
        };
        container.0.lock().unwrap().insert(name.clone(), blob);
    }
    let old = "--older-than=30d";
    let there = container.tree();
    undelete(&container, &[old]).expect(0);
    assert_same(&container.tree(), &there);
    let done = undelete(&container, &[old, "--no-dry-run", "--output=json"]);
    let done = done.expect(0).json();
    assert_eq!(done["copied_objects"], before.len() - there.len());
    assert_same(&container.tree(), &before);
}

/// S-19.2
#[test]
fn what_was_deleted_softly_is_told_and_left() {
    let container = Arc::<Container>::default();
    let block = Block::new(1);
    for (name, content) in block.objects() {
        let blob = Blob {
            versions: vec![content],
            is_there: false,
            is_soft: true,
        };
        container.0.lock().unwrap().insert(name, blob);
    }
    let id = format!("--id={}", block.id());
    let told = undelete(&container, &[&id, "--no-dry-run", "--output=json"]);
    let told = told.expect(3).json();
    let [told] = told["blocks"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(told["ending"], "unreadable");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("it was deleted softly"), "{detail}");
    assert_same(&container.tree(), &Tree::new());
}

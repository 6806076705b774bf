//! One container under two names: two hosts, two ports, a key and a signature.

use std::path::PathBuf;

use super::run;
use super::signature;
use crate::support::azurite::{ACCOUNT, Azurite, Container, KEY};
use crate::support::block::Block;
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, QUICK_RETRIES};
use crate::support::world::{Contents, assert_same, three};

/// A container with blocks below this prefix.
fn filled(prefix: &str) -> Container {
    let container = Azurite::shared().container("twice");
    for (name, content) in three().iter().flat_map(Block::objects) {
        container.put(format!("{prefix}/{name}").trim_start_matches('/'), content);
    }
    container
}

/// Its configuration, with the server under this name and port and what lies below a prefix.
fn named(container: &Container, file: &str, host: &str, port: u16, prefix: &str) -> PathBuf {
    let key = format!("AccountName={ACCOUNT};AccountKey={KEY}");
    by(container, file, host, port, prefix, &key)
}

fn by(
    container: &Container,
    file: &str,
    host: &str,
    port: u16,
    prefix: &str,
    proof: &str,
) -> PathBuf {
    let more = format!("prefix: \"{prefix}\"\n");
    let path = container.config_by(file, proof, port, &more);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("127.0.0.1", host)).unwrap();
    path
}

/// S-3.5: nothing is marked, and what a run puts to find it out is gone again.
#[test]
fn a_container_under_two_names_is_known_by_the_probe() {
    let azurite = Azurite::shared();
    let container = filled("");
    let before = container.tree();
    let forward = Line::to(azurite.port()).open();
    let (port, other) = (azurite.port(), forward.port());
    let source = named(&container, "source.yaml", "127.0.0.1", port, "");
    let signed = format!(
        "AccountName={ACCOUNT};SharedAccessSignature={}",
        signature("rwdlac", "2099-01-01T00:00:00Z")
    );
    for target in [
        named(&container, "host.yaml", "localhost", port, ""),
        named(&container, "port.yaml", "127.0.0.1", other, ""),
        named(&container, "both.yaml", "localhost", other, ""),
        by(&container, "signed.yaml", "localhost", port, "", &signed),
    ] {
        for (arguments, known_as) in [
            (&[OLD] as &[&str], "a live replica"),
            (&[OLD, "--allow-replica-target"], "are the same bucket"),
        ] {
            let configs = (source.clone(), target.clone());
            let ran = run(&configs, arguments).expect(2);
            assert!(ran.stderr.contains(known_as), "{target:?}: {}", ran.stderr);
            assert_same(&container.tree(), &before);
        }
    }
}

/// S-3.5: what one of them writes, the other finds.
#[test]
fn prefixes_that_lie_in_one_another_are_one_container_under_whatever_name() {
    let port = Azurite::shared().port();
    for (source, target) in [
        ("", "hot"),
        ("hot", ""),
        ("hot", "hot/inner"),
        ("hot/inner/more", "hot"),
    ] {
        let container = filled(source);
        let before = container.tree();
        let configs = (
            named(&container, "source.yaml", "127.0.0.1", port, source),
            named(&container, "target.yaml", "localhost", port, target),
        );
        let ran = run(&configs, &[OLD]).expect(2);
        assert!(
            ran.stderr.contains("are the same bucket"),
            "{source:?} {target:?}: {}",
            ran.stderr
        );
        assert_same(&container.tree(), &before);
    }
}

/// S-3.5, S-6.14: that the source lacks what was put into the target makes them two, and is believed where Azure says with its code what is lacking.
#[test]
fn an_absence_that_azure_does_not_name_makes_no_two_containers_of_one() {
    const BODY: &str = "<?xml version=\"1.0\"?><Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.</Message></Error>";
    let azurite = Azurite::shared();
    let container = filled("");
    let before = container.tree();
    let target = named(&container, "target.yaml", "localhost", azurite.port(), "");
    for fault in [
        Fault::AnswerHead(404, "x-ms-request-id: 1"),
        Fault::AnswerHead(
            404,
            "x-ms-request-id: 1\r\nx-ms-error-code: NobodyKnowsThis",
        ),
        Fault::Answer(404, BODY),
        Fault::Answer(404, ""),
    ] {
        let proxy = Line::to(azurite.port())
            .fault(move |request| {
                if request.path.contains("/thanos-bucket-probe-") {
                    fault
                } else {
                    Fault::None
                }
            })
            .open();
        let source = named(&container, "source.yaml", "127.0.0.1", proxy.port(), "");
        let arguments = [
            &QUICK_RETRIES[..],
            &["--allow-replica-target", "--max-retries=1"],
        ];
        let ran = run(&(source, target.clone()), &arguments.concat()).expect(1);
        assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
        assert_same(&container.tree(), &before);
    }
}

/// S-3.4: what lies beside one another in a container are two buckets, as they are under one name.
#[test]
fn prefixes_beside_one_another_are_two_buckets() {
    let azurite = Azurite::shared();
    let container = filled("hot");
    let blocks = container.tree();
    let configs = (
        named(&container, "hot.yaml", "127.0.0.1", azurite.port(), "hot"),
        named(
            &container,
            "hotter.yaml",
            "localhost",
            azurite.port(),
            "hotter",
        ),
    );
    run(&configs, &[OLD]).expect(0);
    let moved = container.tree();
    for (name, content) in blocks {
        assert_eq!(
            moved[&name.replacen("hot/", "hotter/", 1)],
            content,
            "{name}"
        );
    }
}

//! The image: what its last stage has is laid into an empty root and run there as it would be, by its user and with nothing else around it.
//!
//! The binary is that of the tests. Where it is not static, as that of an image is, the libraries that it wants are laid beside it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::dockerfile::stages;
use crate::support::folders::{copy_tree, tree};
use crate::support::run::{OLD, Ran, repository};
use crate::support::system::{bind, can_mount, read_only};
use crate::support::tls_front::TlsFront;
use crate::support::world::blocks_with;

const TOOL: &str = env!("CARGO_BIN_EXE_thanos-bucket");

/// The root of a container, and what it begins with.
struct Container {
    root: TempDir,
    user: String,
    entry: Vec<String>,
}

impl Container {
    /// `authorities` are those whose certificates the build stage knows.
    fn new(authorities: &str) -> Self {
        let stages = stages();
        let stage = stages.last().unwrap();
        let root = tempfile::tempdir().unwrap();
        // Mounted, so that it can be made one that cannot be written.
        bind(root.path(), root.path());
        for copied in stage.all("COPY") {
            let words: Vec<&str> = copied.split(' ').collect();
            let [from, what, place] = words[..] else {
                panic!("{copied}")
            };
            assert_eq!(from, "--from=build");
            let place = root.path().join(place.trim_start_matches('/'));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            match what {
                "/thanos-bucket" => drop(fs::copy(TOOL, place).unwrap()),
                "/etc/ssl/certs/ca-certificates.crt" => fs::write(place, authorities).unwrap(),
                _ => panic!("no test knows what {what} is"),
            }
        }
        for library in libraries() {
            let place = root.path().join(library.strip_prefix("/").unwrap());
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(&library, place).unwrap();
        }
        let entry: Vec<String> = serde_json::from_str(stage.only("ENTRYPOINT")).unwrap();
        Self {
            root,
            user: stage.only("USER").to_owned(),
            entry,
        }
    }

    /// A folder of its user's, mounted there.
    fn volume(&self, folder: &Path, place: &str) {
        let ids: Vec<u32> = self.user.split(':').map(|id| id.parse().unwrap()).collect();
        own(folder, ids[0], ids[1]);
        let place = self.root.path().join(place);
        fs::create_dir_all(&place).unwrap();
        bind(folder, &place);
    }

    /// Runs it.
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new("chroot");
        command
            .arg(format!("--userspec={}", self.user))
            .arg("--groups=")
            .arg(self.root.path())
            .args(&self.entry)
            .args(arguments)
            .env_clear()
            // The one variable that every runtime sets.
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .stdin(Stdio::null());
        Ran::of(command)
    }
}

/// Whether processes may be started as the image's user: an ordinary user's namespace has one user alone.
#[expect(
    clippy::print_stderr,
    reason = "what was not tried should not be silent"
)]
fn can_be_somebody_else() -> bool {
    let users = fs::read_to_string("/proc/self/uid_map").unwrap();
    let counts = users
        .lines()
        .filter_map(|line| line.split_whitespace().last());
    let can = counts
        .filter_map(|count| count.parse::<u64>().ok())
        .sum::<u64>()
        > 65_532;
    if !can {
        eprintln!("only root can try this, and it was not tried");
    }
    can
}

/// The files that the test's binary is linked with, and what loads them.
fn libraries() -> BTreeSet<PathBuf> {
    let told = Command::new("ldd").arg(TOOL).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let words = told.split_whitespace();
    words
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

fn own(folder: &Path, user: u32, group: u32) {
    chown(folder, Some(user), Some(group)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            own(&entry.path(), user, group);
        } else {
            chown(entry.path(), Some(user), Some(group)).unwrap();
        }
    }
}

/// S-22.4: a file system that cannot be written but where volumes are, no home, no /etc/passwd, no /tmp, no /proc.
#[test]
fn the_image_migrates_as_nobody_in_particular_on_a_root_that_cannot_be_written() {
    if !can_mount(
        "shipping::image::the_image_migrates_as_nobody_in_particular_on_a_root_that_cannot_be_written",
    ) || !can_be_somebody_else()
    {
        return;
    }
    let container = Container::new("");
    let buckets = tempfile::tempdir().unwrap();
    let root = container.root.path();
    for bucket in ["hot", "cold"] {
        let folder = buckets.path().join(bucket);
        fs::create_dir(&folder).unwrap();
        if bucket == "hot" {
            copy_tree(&repository("examples/blocks"), &folder);
        }
        container.volume(&folder, bucket);
        let config = format!("type: FILESYSTEM\nconfig: {{directory: /{bucket}}}\n");
        fs::write(root.join(format!("{bucket}.yaml")), config).unwrap();
    }
    read_only(root);
    assert!(fs::write(root.join("probe"), "").is_err());
    let ran = container.run(&["--version"]).expect(0);
    assert!(ran.stdout.starts_with("thanos-bucket "), "{ran:?}");
    let arguments = [
        "migrate",
        "--objstore.config-file=/hot.yaml",
        "--objstore-to.config-file=/cold.yaml",
        OLD,
        "--log.level=warn",
    ];
    let ran = container.run(&arguments).expect(0);
    assert_eq!(ran.stderr, "");
    let hot = tree(&buckets.path().join("hot"));
    let cold = tree(&buckets.path().join("cold"));
    assert_eq!(blocks_with(&cold, "meta.json").len(), 5);
    assert_eq!(blocks_with(&hot, "deletion-mark.json").len(), 5);
    let owner = fs::metadata(buckets.path().join("cold")).unwrap().uid();
    let id = blocks_with(&cold, "meta.json")[0].clone();
    let written = fs::metadata(buckets.path().join("cold").join(id)).unwrap();
    assert_eq!(written.uid(), owner);
    assert!(written.uid() > 0);
    let ran = container.run(&arguments).expect(0);
    assert!(ran.stdout.contains("nothing"), "{}", ran.stdout);
}

/// S-22.4: whoever the image does not trust is told apart from whoever wants to be shown a certificate.
#[test]
fn the_image_trusts_the_authorities_that_it_was_built_with() {
    if !can_mount("shipping::image::the_image_trusts_the_authorities_that_it_was_built_with")
        || !can_be_somebody_else()
    {
        return;
    }
    let certificate = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (own, client) = (certificate(), certificate());
    let front = TlsFront::before(1, &own, &client);
    for (authorities, is_trusted) in [(own.cert.pem(), true), (client.cert.pem(), false)] {
        let container = Container::new(&authorities);
        // What a runtime puts there.
        fs::write(
            container.root.path().join("etc/hosts"),
            "127.0.0.1 localhost\n",
        )
        .unwrap();
        let config = format!(
            "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: 'localhost:{}', region: here, access_key: a, secret_key: b}}}}",
            front.port()
        );
        let ran = container
            .run(&["status", &config, "--max-retries=0"])
            .expect(1);
        let is_refused = ran.stderr.contains("vouched for by nobody");
        assert_ne!(is_trusted, is_refused, "{}", ran.stderr);
        assert!(ran.stderr.contains("ertificate"), "{}", ran.stderr);
    }
}

/// S-22.4
#[test]
fn the_image_is_the_binary_and_certificates_and_says_what_it_is() {
    let stages = stages();
    let [build, image] = &stages[..] else {
        panic!("expected two stages")
    };
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let rust = manifest.split("rust-version = \"").nth(1).unwrap();
    let rust = rust.split('"').next().unwrap();
    assert_eq!(build.from, format!("rust:{rust}-alpine"));
    assert_eq!(build.name, "build");
    assert_eq!(image.from, "scratch");
    // Nothing runs, so that an image for another machine can be made here.
    assert!(image.all("RUN").is_empty());
    assert_eq!(image.all("COPY").len(), 2);
    let label = image.only("LABEL");
    for name in ["title", "description", "licenses", "version", "revision"] {
        let name = format!("org.opencontainers.image.{name}=\"");
        assert!(label.contains(&name), "{name}");
    }
    let user = image.only("USER");
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().unwrap()).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id > 0), "{user}");
}

/// S-22.4: cargo reads no more of the workspace than what is sent to it.
#[test]
fn what_is_sent_to_the_build_is_enough_for_cargo() {
    let ignored = fs::read_to_string(repository(".dockerignore")).unwrap();
    let lines = ignored.lines().filter(|line| !line.starts_with('#'));
    let mut lines = lines.peekable();
    assert_eq!(lines.next(), Some("*"));
    let context = tempfile::tempdir().unwrap();
    for line in lines {
        let Some(kept) = line.strip_prefix('!') else {
            assert!(line.ends_with("/target"), "{line}");
            continue;
        };
        let (from, to) = (repository(kept), context.path().join(kept));
        if from.is_dir() {
            copy_tree(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["metadata", "--locked", "--offline", "--format-version=1"])
        .args(["--filter-platform=x86_64-unknown-linux-musl"])
        .current_dir(context.path());
    let ran = Ran::of(command).expect(0);
    assert!(ran.stdout.contains("\"thanos-bucket\""));
    // What the source includes lies in what is sent.
    let is_of_tests = |name: &str| name.ends_with("testing.rs") || name.ends_with("tests.rs");
    for (name, content) in tree(&context.path().join("src")) {
        if is_of_tests(&name) || name.contains("/tests/") {
            continue;
        }
        let text = String::from_utf8_lossy(&content);
        for included in text.split("include_str!(\"").skip(1) {
            let included = included.split('"').next().unwrap();
            let file = context.path().join("src").join(&name);
            let file = file.parent().unwrap().join(included);
            assert!(file.is_file(), "{name}: {included}");
        }
    }
}

/// S-22.3: what is linked with nothing but C's own library is static where that is.
#[test]
fn the_binary_wants_no_library_but_that_of_c() {
    for library in libraries() {
        let name = library.file_name().unwrap().to_str().unwrap().to_owned();
        let is_of_c = [
            "ld-",
            "libc.",
            "libm.",
            "libgcc_s.",
            "libpthread.",
            "libdl.",
        ]
        .iter()
        .any(|own| name.starts_with(own));
        assert!(is_of_c, "{name}");
    }
}

//! Who asks, in all the ways in which Thanos' file can say it: real Thanos and this program get in by the same files, and neither by others.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answering::{Answer, Answering, Asked};
use crate::support::block::Block;
use crate::support::folders;
use crate::support::keystone::PASSWORD;
use crate::support::run::{OLD, Ran, migrate};
use crate::support::swift::{Container, Swift};
use crate::support::thanos;
use crate::support::world::Contents;

/// A container with a block, and where a plan of it would move that.
struct Door {
    container: Container,
    folders: folders::World,
}

impl Door {
    fn of(swift: &Arc<Swift>) -> Self {
        let container = swift.container("hot");
        for (name, content) in Block::new(1).objects() {
            container.put(&name, content);
        }
        Self {
            container,
            folders: folders::World::new(&[]),
        }
    }

    /// The bucket file with these lines.
    fn file(&self, auth_url: &str, lines: &str) -> PathBuf {
        let name = &self.container.name;
        let text = format!(
            "type: SWIFT\nconfig:\n  auth_url: {auth_url}\n  container_name: {name}\n{lines}"
        );
        self.container.write("who.yaml", &text)
    }

    fn plan(&self, file: &Path) -> Ran {
        let target = self.folders.target_config();
        Ran::of(migrate(file, &target, &[OLD, "--dry-run"]))
    }

    /// Both get in.
    #[track_caller]
    fn opens(&self, auth_url: &str, lines: &str) {
        let file = self.file(auth_url, lines);
        let ran = self.plan(&file);
        assert_eq!(ran.status.code(), Some(0), "{lines}{}", ran.stderr);
        assert!(ran.stdout.contains(&Block::new(1).id()), "{lines}{ran:?}");
        assert_eq!(thanos::list(&file), [Block::new(1).id()], "{lines}");
    }

    /// It does not, ends with that code, and one line says so.
    #[track_caller]
    fn refuses(&self, auth_url: &str, lines: &str, (code, said): (i32, &str)) {
        let ran = self.plan(&self.file(auth_url, lines));
        assert_eq!(ran.status.code(), Some(code), "{lines}{ran:?}");
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.contains(said), "{lines}{last}, without {said}");
        for secret in [PASSWORD, "wrong-password"] {
            assert!(!format!("{ran:?}").contains(secret), "{lines}{ran:?}");
        }
    }
}

/// S-3.40
#[test]
fn keystone_lets_in_whom_it_lets_in_by_thanos_client() {
    let swift = Swift::with_keystone();
    let door = Door::of(&swift);
    let (keystone, mover) = swift.keystone();
    let (user, project) = (&mover.id, &mover.project);
    let url = format!("http://127.0.0.1:{}/v3", keystone.port());

    // Of the same names as in the other domain, but that its project is the one with the container.
    let elsewhere = json!({"domain": {"name": "elsewhere"}});
    let elsewhere = keystone.make("domains", &elsewhere);
    let other = keystone.user(&elsewhere, "metrics", "mover");
    keystone.grant(&format!("projects/{project}"), &other.id, "member");
    let (_, said) = keystone.ask(
        "PATCH",
        &format!("users/{}", other.id),
        &json!({"user": {"default_project_id": project}}),
    );
    assert_eq!(said["user"]["default_project_id"], json!(project));

    let token = keystone.token(
        &json!({"id": user, "password": PASSWORD}),
        &json!({"project": {"id": project}}),
    );
    let (status, said) = keystone.ask_as(
        &token,
        "POST",
        &format!("users/{user}/application_credentials"),
        &json!({"application_credential": {"name": "thanos", "secret": PASSWORD}}),
    );
    assert_eq!(status, 201, "{said}");
    let credential = said["application_credential"]["id"].as_str().unwrap();

    let password = format!("  password: {PASSWORD}\n");
    let secret = format!("  application_credential_secret: {PASSWORD}\n");
    for lines in [
        format!("{password}  username: mover\n  domain_name: Default\n  project_name: metrics\n"),
        format!(
            "{password}  username: mover\n  domain_id: default\n  project_name: metrics\n  project_domain_id: default\n"
        ),
        format!("{password}  username: mover\n  domain_name: elsewhere\n  project_id: {project}\n"),
        format!(
            "{password}  username: mover\n  domain_name: elsewhere\n  project_name: metrics\n  project_domain_name: Default\n"
        ),
        format!("{password}  username: mover\n  domain_id: {elsewhere}\n"),
        format!("{password}  user_id: {user}\n  project_id: {project}\n"),
        format!("{password}  user_id: {user}\n  project_name: metrics\n"),
        format!(
            "{password}  user_id: {user}\n  project_id: {project}\n  region_name: one\n  auth_version: 3\n"
        ),
        format!("  password: {token}\n  project_id: {project}\n"),
        format!("{secret}  application_credential_id: {credential}\n"),
        format!("{secret}  application_credential_name: thanos\n  user_id: {user}\n"),
        format!(
            "{secret}  application_credential_name: thanos\n  username: mover\n  domain_name: Default\n"
        ),
    ] {
        door.opens(&url, &lines);
    }
    door.opens(
        &format!("{url}/"),
        &format!("{password}  user_id: {user}\n  project_id: {project}\n"),
    );

    let who = format!("  user_id: {user}\n  project_id: {project}\n");
    for (lines, said) in [
        (format!("{who}  password: wrong-password\n"), "401"),
        (
            format!(
                "{password}  username: nobody\n  domain_name: Default\n  project_id: {project}\n"
            ),
            "401",
        ),
        (
            format!("{password}  user_id: {user}\n  project_id: nothing\n"),
            "401",
        ),
        (
            format!(
                "{password}  username: mover\n  domain_name: elsewhere\n  project_name: metrics\n"
            ),
            "404",
        ),
        (format!("{password}{who}  region_name: two\n"), "one"),
        (
            format!(
                "  application_credential_id: {credential}\n  application_credential_secret: wrong-password\n"
            ),
            "401",
        ),
    ] {
        door.refuses(&url, &lines, (1, said));
    }
    let lines = format!("{password}{who}");
    let missing = door.file(&url, &lines);
    let text = std::fs::read_to_string(&missing).unwrap();
    let text = text.replace(&door.container.name, "absent");
    std::fs::write(&missing, text).unwrap();
    let ran = door.plan(&missing).expect(1);
    assert!(ran.stderr.contains("absent"), "{}", ran.stderr);
}

/// S-3.40: the region whose endpoint is asked is the one that is named, or the first.
#[test]
fn the_region_that_is_named_is_the_one_that_is_asked() {
    use crate::support::proxy::Line;
    let swift = Swift::with_keystone();
    let door = Door::of(&swift);
    let proxy = Line::to(swift.port()).open();
    let text = door.container.text(Some(proxy.port()));
    let file = door.container.write("there.yaml", &text);
    door.plan(&file).expect(0);
    assert!(!proxy.requests().is_empty());
    let seen = proxy.requests().len();
    door.plan(&door.container.config("here.yaml")).expect(0);
    assert_eq!(proxy.requests().len(), seen);
}

/// S-3.40
#[test]
fn tempauth_lets_in_who_has_the_key() {
    let swift = Swift::shared();
    let door = Door::of(&swift);
    let url = format!("http://127.0.0.1:{}/auth/v1.0", swift.port());
    let who = format!("  username: test:mover\n  password: {PASSWORD}\n");
    door.opens(&url, &who);
    door.opens(
        &url.replace("v1.0", "v1.0/"),
        &format!("{who}  auth_version: 1\n"),
    );
    let wrong = "  username: test:mover\n  password: wrong-password\n";
    door.refuses(&url, wrong, (1, "401"));
    // Somebody else of that account, to whom nothing is granted.
    let reader = format!("  username: test:reader\n  password: {PASSWORD}\n");
    door.refuses(&url, &reader, (1, "403"));
    let granted = [("x-container-read", "test:reader,.rlistings")];
    door.container.ask("POST", "", &granted, b"");
    door.opens(&url, &reader);
    // Who may only read moves nothing, and says so.
    let target = door.folders.target_config();
    let ran = Ran::of(migrate(&door.file(&url, &reader), &target, &[OLD])).expect(1);
    assert!(ran.stderr.contains("403"), "{}", ran.stderr);
    assert_eq!(door.container.marked(), [""; 0]);
}

/// What gives tokens of version 2.0, which Keystone has no longer: it knows the users of a `tempauth`.
fn version_two(swift: &Arc<Swift>) -> Answering {
    let port = swift.port();
    Answering::start(move |asked: &Asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let by_password = body["auth"]["passwordCredentials"].clone();
        let is_right = asked.method == "POST"
            && asked.path == "/v2.0/tokens"
            && asked.header("content-type") == Some("application/json")
            && body["auth"]["tenantName"] == json!("test");
        if !is_right {
            return Answer::json(
                400,
                &json!({"error": {"message": "Malformed request.", "code": 400}}),
            );
        }
        let asked = reqwest::blocking::Client::new()
            .get(format!("http://127.0.0.1:{port}/auth/v1.0"))
            .header(
                "x-auth-user",
                format!(
                    "test:{}",
                    by_password["username"].as_str().unwrap_or_default()
                ),
            )
            .header(
                "x-auth-key",
                by_password["password"].as_str().unwrap_or_default(),
            )
            .send()
            .unwrap();
        if !asked.status().is_success() {
            return Answer::json(
                401,
                &json!({"error": {"message": "Invalid user / password", "code": 401, "title": "Unauthorized"}}),
            );
        }
        let header = |name: &str| asked.headers()[name].to_str().unwrap().to_owned();
        let at = |region: &str, url: &str| json!({"region": region, "publicURL": url, "internalURL": "http://127.0.0.1:1/", "tenantId": "test"});
        let expires = chrono::Utc::now() + chrono::TimeDelta::hours(1);
        Answer::json(
            200,
            &json!({"access": {
                "token": {
                    "id": header("x-auth-token"),
                    "expires": expires.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    "tenant": {"id": "test", "name": "test"},
                },
                "serviceCatalog": [
                    {"type": "identity", "name": "keystone", "endpoints": [at("one", "http://127.0.0.1:1/v2.0")]},
                    {"type": "object-store", "name": "swift", "endpoints": [
                        at("one", &header("x-storage-url")),
                        at("two", "http://127.0.0.1:1/v1/AUTH_test"),
                    ]},
                ],
                "user": {"id": "mover", "name": "mover", "roles": []},
            }}),
        )
    })
}

/// S-3.40
#[test]
fn version_two_of_the_identity_service_is_asked_as_thanos_asks_it() {
    let swift = Swift::shared();
    let door = Door::of(&swift);
    let two = version_two(&swift);
    let who = format!("  username: mover\n  password: {PASSWORD}\n  project_name: test\n");
    door.opens(&two.url("/v2.0"), &who);
    door.opens(&two.url("/v2.0/"), &format!("{who}  region_name: one\n"));
    door.refuses(
        &two.url("/v2.0"),
        &format!("{who}  region_name: three\n"),
        (1, "two"),
    );
    let wrong = "  username: mover\n  password: wrong-password\n  project_name: test\n";
    door.refuses(&two.url("/v2.0"), wrong, (1, "401"));
}

/// S-3.40: before anything is asked.
#[test]
fn a_file_that_says_too_little_is_wrong() {
    let swift = Swift::shared();
    let door = Door::of(&swift);
    for (url, lines, said) in [
        (
            "http://127.0.0.1:1/identity",
            "  username: a\n  password: b\n",
            "config.auth_version",
        ),
        (
            "http://127.0.0.1:1/v3",
            "  username: a\n  password: b\n  user_name: c\n",
            "config.user_name",
        ),
        (
            "http://127.0.0.1:1/v3",
            "  application_credential_name: a\n  application_credential_secret: b\n",
            "config.",
        ),
    ] {
        door.refuses(url, lines, (2, said));
    }
}

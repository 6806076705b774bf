//! Keystone of `OpenStack` for tests, and whom it knows.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::folders::copy_tree;
use super::run::repository;
use super::servers::{Server, program};

/// The password of everybody whom [`Keystone::user`] makes.
pub const PASSWORD: &str = "never-printed-password";

/// A running Keystone, stopped when dropped.
pub struct Keystone {
    // Fields are dropped in this order: the server before its folder.
    server: Server,
    folder: TempDir,
    client: Client,
    port: u16,
    admin: String,
    service: String,
}

/// Somebody with a password, and the project that is theirs.
pub struct User {
    pub id: String,
    pub project: String,
}

/// Runs a program of `OpenStack` by the script of that name.
pub fn openstack(script: &str) -> Command {
    let mut command = Command::new(program("openstack-servers"));
    command.arg(repository("tests/servers/openstack").join(script));
    command
}

/// The port that a server of `OpenStack` writes to its folder once it listens.
pub fn port_of(server: &mut Server, folder: &Path) -> u16 {
    let port = folder.join("port");
    if !server.wait_until(|| port.exists()) {
        let said = std::fs::read_to_string(folder.join("log")).unwrap();
        panic!("it does not start: {said}");
    }
    std::fs::read_to_string(port).unwrap().parse().unwrap()
}

impl Keystone {
    /// Starts one whose tokens are good for so many seconds; it is not ready yet.
    pub fn start(token_seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = program("openstack-servers").canonicalize().unwrap();
        copy_tree(&made.with_file_name("keystone"), folder.path());
        let mut command = openstack("run-keystone.py");
        command
            .arg("serve")
            .arg(folder.path())
            .arg(token_seconds.to_string());
        let server = Server::start(&command, &folder.path().join("log"));
        Self {
            server,
            folder,
            client: Client::new(),
            port: 0,
            admin: String::new(),
            service: String::new(),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Waits until it is ready, and tells it where the Swift is that believes it.
    pub fn ready(&mut self, swift_port: u16) {
        self.port = port_of(&mut self.server, self.folder.path());
        let by =
            json!({"name": "admin", "domain": {"id": "default"}, "password": "admin-password"});
        let whole = json!({"project": {"name": "admin", "domain": {"id": "default"}}});
        self.admin = self.token(&by, &whole);
        let service = |kind| json!({"service": {"type": kind}});
        self.service = self.make("services", &service("object-store"));
        self.region("one", swift_port);
        // Where a Swift asks for itself.
        let identity = self.make("services", &service("identity"));
        let own = format!("http://127.0.0.1:{}/v3", self.port);
        self.endpoint(&identity, "internal", "one", &own);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A token for somebody with a password, for that scope.
    pub fn token(&self, user: &Value, scope: &Value) -> String {
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": scope}});
        let request = self.request("POST", "auth/tokens").body(body.to_string());
        let answer = request.header("content-type", "application/json").send();
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201, "{}", self.log());
        let token = answer.headers()["x-subject-token"].to_str().unwrap();
        token.to_owned()
    }

    /// Asks something as the administrator; the status of the answer, and its document.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.ask_as(&self.admin, method, path, body)
    }

    /// The same, as whose token that is.
    pub fn ask_as(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.request(method, path).header("x-auth-token", token);
        if !body.is_null() {
            request = request.header("content-type", "application/json");
            request = request.body(body.to_string());
        }
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        let said = answer.bytes().unwrap();
        (status, serde_json::from_slice(&said).unwrap_or(Value::Null))
    }

    /// From now on nobody believes that token.
    pub fn revoke(&self, token: &str) {
        let request = self.request("DELETE", "auth/tokens");
        let request = request.header("x-auth-token", &self.admin);
        let answer = request.header("x-subject-token", token).send().unwrap();
        assert_eq!(answer.status(), 204);
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://127.0.0.1:{}/v3/{path}", self.port);
        self.client.request(method.parse().unwrap(), url)
    }

    /// Makes what is described, such as a project, and gives its id.
    pub fn make(&self, path: &str, described: &Value) -> String {
        let (status, said) = self.ask("POST", path, described);
        assert_eq!(status, 201, "{path}: {said} {}", self.log());
        let mut members = said.as_object().unwrap().values();
        members.next().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The id of the only one of that name, such as a role.
    pub fn id_of(&self, kind: &str, name: &str) -> String {
        let (_, said) = self.ask("GET", &format!("{kind}?name={name}"), &Value::Null);
        said[kind][0]["id"].as_str().unwrap().to_owned()
    }

    /// A region of the catalogue, whose object storage is at that loopback port.
    pub fn region(&self, name: &str, port: u16) {
        let (status, said) = self.ask("PUT", &format!("regions/{name}"), &json!({"region": {}}));
        assert_eq!(status, 201, "{said}");
        // What is not public is nowhere.
        for (interface, port) in [("public", port), ("internal", 1), ("admin", 1)] {
            let url = format!("http://127.0.0.1:{port}/v1/AUTH_$(project_id)s");
            self.endpoint(&self.service, interface, name, &url);
        }
    }

    fn endpoint(&self, service: &str, interface: &str, region: &str, url: &str) {
        let endpoint =
            json!({"service_id": service, "interface": interface, "region_id": region, "url": url});
        self.make("endpoints", &json!({"endpoint": endpoint}));
    }

    /// A project and a user of one domain, whose project it is.
    pub fn user(&self, domain: &str, project: &str, user: &str) -> User {
        let project = json!({"project": {"name": project, "domain_id": domain}});
        let project = self.make("projects", &project);
        let user = json!({"user": {"name": user, "domain_id": domain, "password": PASSWORD}});
        let id = self.make("users", &user);
        self.grant(&format!("projects/{project}"), &id, "member");
        User { id, project }
    }

    /// A user may do what that role may in a project or a domain, such as `projects/…`.
    pub fn grant(&self, scope: &str, user: &str, role: &str) {
        let role = self.id_of("roles", role);
        let path = format!("{scope}/users/{user}/roles/{role}");
        let (status, said) = self.ask("PUT", &path, &Value::Null);
        assert_eq!(status, 204, "{said}");
    }
}

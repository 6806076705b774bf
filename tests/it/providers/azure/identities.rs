//! Tokens: asked for as Azure's client asks, renewed in mid-run, had anew where they are refused. Azurite takes them over TLS alone, under a name of
//! Azure's, which a proxy of ours leads to it; whoever gives the tokens is played here, and checks what it is asked.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tempfile::TempDir;

use super::certificates::{of_a_certificate, of_no_certificate};
use crate::support::azurite::{ACCOUNT, Azurite};
use crate::support::block::Block;
use crate::support::folders;
use crate::support::run::{OLD, Ran, migrate};

const SECRET: &str = "never~printed.secret/1+";

/// What a request to a server of ours was.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) body: String,
}

/// A server that answers as it is told.
pub(super) struct Played {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Played {
    /// Answers each request with a status and a body, by its number and by what it is.
    pub(super) fn start(answer: impl Fn(usize, &Asked) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&mut stream) else {
                    continue;
                };
                let number = noted.lock().unwrap().len();
                noted.lock().unwrap().push(request.clone());
                let (status, body) = answer(number, &request);
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { port, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (head, mut rest) = head(stream)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let mut piece = [0; 4096];
    while rest.len() < length.unwrap_or(0) {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        rest.extend_from_slice(&piece[..read]);
    }
    Some(Asked {
        head,
        body: String::from_utf8(rest).ok()?,
    })
}

fn head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut byte = [0; 1];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        read.push(byte[0]);
    }
    Some((String::from_utf8(read).ok()?, Vec::new()))
}

/// A proxy that leads every connection to one port, and takes its time for what goes there.
fn tunnel(to: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let (head, _) = head(&mut client)?;
                assert!(
                    head.starts_with("CONNECT devstoreaccount1.blob.core.windows.net:443"),
                    "{head}"
                );
                client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).ok()?;
                let (mut back_from, mut back_to) =
                    (server.try_clone().ok()?, client.try_clone().ok()?);
                thread::spawn(move || {
                    let _ = std::io::copy(&mut back_from, &mut back_to);
                    let _ = back_to.shutdown(std::net::Shutdown::Both);
                });
                let mut server = server;
                let mut piece = vec![0; 64 << 10];
                loop {
                    let read = client.read(&mut piece).ok().filter(|read| *read > 0)?;
                    thread::sleep(delay);
                    server.write_all(&piece[..read]).ok()?;
                }
                #[expect(unreachable_code, reason = "tells what the closure gives")]
                Some(())
            });
        }
    });
    port
}

/// A token that Azurite takes, which ends so many seconds from now.
fn token(ends_in: i64) -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let claims = json!({
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/tenant/",
        "iat": now - 1000, "nbf": now - 1000, "exp": now + ends_in,
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2ln",
        part(&json!({"alg": "none", "typ": "JWT"})),
        part(&claims)
    )
}

pub(super) fn entra(ends_in: i64) -> String {
    json!({"token_type": "Bearer", "expires_in": ends_in, "ext_expires_in": ends_in, "access_token": token(ends_in)}).to_string()
}

/// Azurite under Azure's own name.
pub(super) struct Cloud {
    _azurite: Azurite,
    pub(super) folder: TempDir,
    pub(super) port: u16,
}

impl Cloud {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = format!("{ACCOUNT}.blob.core.windows.net");
        let made = rcgen::generate_simple_self_signed([host]).unwrap();
        let (cert, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let azurite = Azurite::start(&[
            "--oauth",
            "basic",
            "--cert",
            cert.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
        ]);
        Self {
            port: azurite.port(),
            _azurite: azurite,
            folder,
        }
    }

    /// A configuration with these lines below `config`.
    fn config(&self, container: &str, more: &str) -> PathBuf {
        let path = self.folder.path().join("azure.yaml");
        let ca = self.folder.path().join("cert.pem");
        let text = format!(
            "type: AZURE\nconfig:\n  storage_account: {ACCOUNT}\n  container: {container}\n{more}  http_config:\n    tls_config:\n      ca_file: {}\n",
            ca.display()
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Plans what is in the container, with these lines in its configuration.
    pub(super) fn plan(&self, more: &str, variables: &[(&str, &str)]) -> Ran {
        let world = folders::World::new(&[]);
        let config = self.config("blocks", more);
        let command = migrate(&config, &world.target_config(), &[OLD, "--dry-run"]);
        self.run(command, Duration::ZERO, variables)
    }

    /// A run through the proxy.
    fn run(&self, mut command: Command, delay: Duration, variables: &[(&str, &str)]) -> Ran {
        command.env(
            "HTTPS_PROXY",
            format!("http://127.0.0.1:{}", tunnel(self.port, delay)),
        );
        command.envs(variables.iter().copied());
        Ran::of(command)
    }
}

fn of_a_secret() -> String {
    format!("  az_tenant_id: tenant\n  client_id: client\n  client_secret: '{SECRET}'\n")
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://form").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap().to_owned()
}

/// S-3.24, S-6.3: every way to a token; one that ends in mid-run, one that is refused, and none. Azurite is started once for all.
#[test]
fn tokens_are_asked_for_renewed_and_had_anew() {
    let cloud = Cloud::start();
    end_in_mid_run(&cloud);
    of_a_principal(&cloud);
    of_a_certificate(&cloud);
    of_no_certificate(&cloud);
    of_a_managed_identity(&cloud);
    of_whoever_has_logged_in(&cloud);
    of_nobody(&cloud);
}

/// The tokens of a client's secret end in mid-run; the service is busy once, and the first token is worthless.
fn end_in_mid_run(cloud: &Cloud) {
    let played = Played::start(|number, _| match number {
        0 => (503, String::new()),
        1 => {
            let told = json!({"expires_in": 3600, "access_token": token(-5)});
            (200, told.to_string())
        }
        _ => {
            let told = json!({"expires_in": 1, "access_token": token(3600)});
            (200, told.to_string())
        }
    });
    let authority = format!("http://127.0.0.1:{}/", played.port);
    let world = folders::World::new(&[Block::new(1), Block::new(2)]);
    let config = cloud.config("blocks", &of_a_secret());
    let command = migrate(&world.source_config(), &config, &[OLD, "--log.level=debug"]);
    let host = ("AZURE_AUTHORITY_HOST", authority.as_str());
    let ran = cloud
        .run(command, Duration::from_millis(150), &[host])
        .expect(0);
    let said = format!("{ran:?}");
    assert!(
        !said.contains("never~printed") && !said.contains("c2ln"),
        "{said}"
    );
    let asked = played.asked();
    assert!(asked.len() >= 4, "{} in {:?}", asked.len(), ran.elapsed);
    let expected = form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
        ("scope", "https://storage.azure.com/.default"),
        ("client_secret", SECRET),
    ]);
    for question in &asked {
        let head = "POST /tenant/oauth2/v2.0/token HTTP/1.1\r\n";
        assert!(question.head.starts_with(head), "{question:?}");
        assert_eq!(question.body, expected);
    }
}

fn of_a_principal(cloud: &Cloud) {
    let played = Played::start(|_, _| (200, entra(3600)));
    let authority = format!("http://127.0.0.1:{}", played.port);
    let file = cloud.folder.path().join("token");
    std::fs::write(&file, "assertion+of/kubernetes\n").unwrap();
    for proof in [
        ("AZURE_CLIENT_SECRET", SECRET),
        ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
    ] {
        let principal = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
        let host = ("AZURE_AUTHORITY_HOST", authority.as_str());
        cloud
            .plan("", &[&principal[..], &[host, proof]].concat())
            .expect(0);
    }
    let asked = played.asked();
    let secret = form(&[("client_secret", SECRET)]);
    assert!(asked[0].body.contains(&secret), "{asked:?}");
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let assertion = form(&[
        ("client_assertion_type", kind),
        ("client_assertion", "assertion+of/kubernetes"),
    ]);
    assert!(asked[1].body.contains(&assertion), "{asked:?}");
}

/// A container app's identity, its own and one that is named; the times are texts.
fn of_a_managed_identity(cloud: &Cloud) {
    let played = Played::start(|_, _| {
        let told =
            json!({"access_token": token(3600), "expires_on": "4102444800", "resource": "x"});
        (200, told.to_string())
    });
    let endpoint = format!("http://127.0.0.1:{}/msi/token", played.port);
    let service = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "header~never"),
    ];
    cloud.plan("", &service).expect(0);
    cloud.plan("  user_assigned_id: user\n", &service).expect(0);
    let asked = played.asked();
    let query = form(&[
        ("api-version", "2019-08-01"),
        ("resource", "https://storage.azure.com"),
    ]);
    for (asked, client) in asked.iter().zip(["", "&client_id=user"]) {
        let head = format!("GET /msi/token?{query}{client} HTTP/1.1");
        assert!(asked.head.starts_with(&head), "{asked:?}");
        assert!(
            asked.head.contains("x-identity-header: header~never"),
            "{asked:?}"
        );
    }
}

const ONLY_AZ: (&str, &str) = ("AZURE_TOKEN_CREDENTIALS", "AzureCLICredential");

fn of_whoever_has_logged_in(cloud: &Cloud) {
    let tools = cloud.folder.path().join("tools");
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let token = json!({"accessToken": token(3600), "expires_on": 4_102_444_800_u64});
    az(&tools, &format!("echo '{token}'"));
    cloud.plan("", &[("PATH", &path), ONLY_AZ]).expect(0);
    let said = std::fs::read_to_string(tools.join("asked")).unwrap();
    assert_eq!(
        said.trim(),
        "account get-access-token -o json --resource https://storage.azure.com"
    );
    az(
        &tools,
        "echo 'ERROR: Please run az login to setup account.' >&2; exit 1",
    );
    let ran = cloud.plan("", &[("PATH", &path), ONLY_AZ]).expect(1);
    assert!(ran.stderr.contains("Please run az login"), "{}", ran.stderr);
}

/// One line says why, and no secret.
fn of_nobody(cloud: &Cloud) {
    let ran = cloud.plan("", &[ONLY_AZ, ("PATH", "/nowhere")]).expect(1);
    assert!(ran.stderr.contains("ask az for a token"), "{}", ran.stderr);
    let why = format!("AADSTS7000215: Invalid client secret provided, '{SECRET}'.");
    let refusal = json!({
        "error": "invalid_client",
        "error_description": format!("{why}\r\nTrace ID: 1\r\nCorrelation ID: 2"),
    });
    let played = Played::start(move |_, _| (401, refusal.to_string()));
    let authority = format!("http://127.0.0.1:{}", played.port);
    let host = ("AZURE_AUTHORITY_HOST", authority.as_str());
    let ran = cloud.plan(&of_a_secret(), &[host]).expect(1);
    let expected = "invalid_client: AADSTS7000215: Invalid client secret provided, '<secret>'";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    let is_told = |what: &str| ran.stderr.contains(what);
    assert!(
        !is_told("Trace ID") && !is_told("never~printed"),
        "{}",
        ran.stderr
    );
    assert_eq!(played.asked().len(), 1);
}

/// A program named `az` that notes what it is asked.
fn az(folder: &Path, does: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("az");
    let noted = folder.join("asked");
    std::fs::write(
        &path,
        format!("#!/bin/sh\necho \"$*\" >{}\n{does}\n", noted.display()),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

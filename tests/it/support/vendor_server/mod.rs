//! A server of ours that plays the S3-compatible interface of a vendor: it keeps what it is given in memory, verifies every signature, and refuses what
//! the vendor refuses. It stands for documents, not for the services: nobody has tried it beside them.
//!
//! It listens on a free loopback port and is a proxy as well, so that a program whose `HTTP_PROXY` it is reaches it by the vendor's own names.

mod answers;
mod listings;
mod objects;
mod signature;
mod state;
mod tests;
mod uploads;
pub mod vendor;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use chrono::{TimeDelta, Utc};

use super::answering::{self, Answer, Asked};
use super::minio::Credentials;
use super::world::{Contents, Tree};
use answers::Refusal;
use signature::{Expected, decoded};
use state::{Bucket, Object, USUAL};
use vendor::Vendor;

/// A server that answers until the process ends.
pub struct VendorServer {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    vendor: &'static Vendor,
    credentials: Credentials,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    buckets: Buckets,
    /// Which bucket a host stands for that is none of the vendor's.
    domains: BTreeMap<String, String>,
    seen: Vec<Seen>,
    /// How far its clock is ahead.
    ahead: TimeDelta,
}

/// The buckets by their names.
#[derive(Default)]
struct Buckets(BTreeMap<String, Bucket>);

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query, without the host.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The code of the refusal.
    pub code: Option<&'static str>,
}

/// A request, and what it is about.
struct Request<'a> {
    asked: &'a Asked,
    host: String,
    bucket: String,
    /// Empty where it is about the bucket.
    key: String,
    regions: Vec<String>,
    query: Vec<(String, String)>,
}

impl Request<'_> {
    fn parameter(&self, name: &str) -> Option<String> {
        let (_, value) = self.query.iter().find(|(found, _)| found == name)?;
        Some(value.clone())
    }

    /// Nothing where it is not given.
    fn text(&self, name: &str) -> String {
        self.parameter(name).unwrap_or_default()
    }
}

impl Buckets {
    fn named(&self, name: &str) -> Result<&Bucket, Refusal> {
        self.0.get(name).ok_or_else(no_such_bucket)
    }

    fn of(&mut self, request: &Request<'_>) -> Result<&mut Bucket, Refusal> {
        self.0.get_mut(&request.bucket).ok_or_else(no_such_bucket)
    }
}

fn no_such_bucket() -> Refusal {
    Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist.")
}

impl VendorServer {
    /// Listens on a free loopback port from now on; it has no buckets.
    pub fn start(vendor: &'static Vendor) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            vendor,
            credentials: Credentials {
                access_key: format!("key-of-{}", vendor.name),
                secret_key: format!("secret-of-{}/+", vendor.name),
            },
            state: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                thread::spawn(move || serve(&client, &shared));
            }
        });
        Self { port, shared }
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who it knows: one, with all rights.
    pub fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// A new, empty bucket.
    pub fn bucket(&self, name: &str) -> VendorBucket {
        let mut state = self.shared.state.lock().unwrap();
        let before = state.buckets.0.insert(name.to_owned(), Bucket::default());
        assert!(before.is_none(), "{name} is there");
        VendorBucket {
            shared: Arc::clone(&self.shared),
            name: name.to_owned(),
        }
    }

    /// From now on this host, with its port where it has one, stands for that bucket, as a domain of the customer's does.
    pub fn names(&self, host: &str, bucket: &str) {
        let mut state = self.shared.state.lock().unwrap();
        state.domains.insert(host.to_owned(), bucket.to_owned());
    }

    /// Its clock is so far ahead from now on.
    pub fn is_ahead(&self, ahead: TimeDelta) {
        self.shared.state.lock().unwrap().ahead = ahead;
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state.lock().unwrap().seen.clone()
    }
}

/// A bucket of a [`VendorServer`], seen from behind the line.
#[derive(Clone)]
pub struct VendorBucket {
    shared: Arc<Shared>,
    name: String,
}

impl VendorBucket {
    /// Its versions are `Enabled` or `Suspended`; former ones are not kept here.
    pub fn versioning(&self, status: &'static str) {
        self.with(|bucket| bucket.versioning = Some(status));
    }

    /// Moves an object into a storage class.
    pub fn moves(&self, key: &str, class: &str) {
        self.with(|bucket| class.clone_into(&mut bucket.objects.get_mut(key).unwrap().class));
    }

    /// How many uploads are begun and not finished.
    pub fn uploads(&self) -> usize {
        self.with(|bucket| bucket.uploads.len())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut state = self.shared.state.lock().unwrap();
        act(state.buckets.0.get_mut(&self.name).unwrap())
    }
}

impl Contents for VendorBucket {
    fn tree(&self) -> Tree {
        self.with(|bucket| {
            let objects = bucket.objects.iter();
            objects
                .map(|(key, object)| (key.clone(), object.bytes.to_vec()))
                .collect()
        })
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        let tags = self.shared.vendor.tags;
        self.with(|bucket| {
            let mut object = Object::new(content.into(), USUAL, tags);
            // What is put now has another time, also where times have whole seconds.
            object.modified -= TimeDelta::hours(1);
            bucket.objects.insert(name.to_owned(), object);
        });
    }

    fn remove(&self, name: &str) {
        self.with(|bucket| bucket.objects.remove(name));
    }
}

/// Answers all requests of a connection.
fn serve(client: &TcpStream, shared: &Shared) {
    // Heads and bodies of answers are written apart.
    let _ = client.set_nodelay(true);
    let mut reader = BufReader::new(client);
    // What breaks off before its end is no request.
    while let Some(asked) = answering::read(&mut reader) {
        let (asked, answer) = shared.answer(asked);
        let mut head = format!("HTTP/1.1 {} Said\r\n", answer.status);
        write!(head, "date: {}\r\n", Utc::now().to_rfc2822()).unwrap();
        write!(head, "server: {}\r\n", shared.vendor.name).unwrap();
        write!(head, "{}: 1\r\n", shared.vendor.request_id).unwrap();
        if !matches!(answer.status, 204 | 304) {
            write!(head, "content-length: {}\r\n", answer.body.len()).unwrap();
        }
        for (name, value) in &answer.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let body: &[u8] = match (asked.method.as_str(), answer.status) {
            ("HEAD", _) | (_, 204 | 304) => &[],
            _ => &answer.body,
        };
        let mut client = client;
        let sent = client
            .write_all(format!("{head}\r\n").as_bytes())
            .and_then(|()| client.write_all(body));
        if sent.is_err() {
            return;
        }
    }
}

impl Shared {
    /// The request without what a proxy is told, and what it is answered with.
    fn answer(&self, mut asked: Asked) -> (Asked, Answer) {
        if let Some((host, path)) = through_a_proxy(&asked.path) {
            asked.headers.retain(|(name, _)| name != "host");
            asked.headers.push(("host".to_owned(), host));
            asked.path = path;
        }
        let host = asked.header("host").unwrap_or_default().to_owned();
        let mut state = self.state.lock().unwrap();
        let answered = self.act(&mut state, &asked, &host);
        let code = answered.as_ref().err().map(|refusal| refusal.code);
        let answer =
            answered.unwrap_or_else(|refusal| refusal.told_by(self.vendor, &host, &asked.path));
        state.seen.push(Seen {
            method: asked.method.clone(),
            path: asked.path.clone(),
            headers: asked.headers.clone(),
            code,
        });
        (asked, answer)
    }

    fn act(&self, state: &mut State, asked: &Asked, host: &str) -> Result<Answer, Refusal> {
        let vendor = self.vendor;
        let request = self.place(state, asked, host)?;
        let expected = Expected {
            access_key: &self.credentials.access_key,
            secret_key: &self.credentials.secret_key,
            regions: &request.regions,
            now: Utc::now() + state.ahead,
        };
        signature::verify(asked, &expected)?;
        let buckets = &mut state.buckets;
        let has = |name: &str| request.parameter(name).is_some();
        let unknown = || Err(Refusal::new(405, "MethodNotAllowed", &asked.method));
        if request.key.is_empty() {
            return match asked.method.as_str() {
                "GET" if has("uploads") => Ok(uploads::list(buckets.of(&request)?, &request)),
                "GET" => listings::read(vendor, buckets.of(&request)?, &request),
                "HEAD" => listings::is_there(buckets, &request),
                _ => unknown(),
            };
        }
        match asked.method.as_str() {
            "GET" if has("uploadId") => uploads::parts(buckets.of(&request)?, &request),
            "GET" | "HEAD" => objects::read(vendor, buckets.of(&request)?, &request),
            "PUT" if has("uploadId") => uploads::put(vendor, buckets, &request),
            "PUT" => objects::put(vendor, buckets, &request),
            "POST" if has("uploads") => uploads::begin(vendor, buckets.of(&request)?, &request),
            "POST" if has("uploadId") => uploads::complete(vendor, buckets.of(&request)?, &request),
            "DELETE" if has("uploadId") => uploads::abort(buckets.of(&request)?, &request),
            "DELETE" => {
                // What is not there is as good as deleted.
                buckets.of(&request)?.objects.remove(&request.key);
                Ok(answers::empty(204))
            }
            _ => unknown(),
        }
    }

    /// What a request is about: by its host, and by its path where that may name a bucket.
    fn place<'a>(
        &self,
        state: &State,
        asked: &'a Asked,
        host: &str,
    ) -> Result<Request<'a>, Refusal> {
        let vendor = self.vendor;
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let text = |text: &str| String::from_utf8_lossy(&decoded(text)).into_owned();
        let path = text(path.strip_prefix('/').unwrap_or(path));
        let query = query.split('&').filter(|pair| !pair.is_empty());
        let query = query.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        // A plus is a space in a query, and no more so in a path.
        let query = query.map(|(name, value)| (text(name), text(&value.replace('+', "%20"))));
        let mut request = Request {
            asked,
            host: host.to_owned(),
            bucket: String::new(),
            key: path,
            regions: Vec::new(),
            query: query.collect(),
        };
        if let Some(bucket) = state.domains.get(host) {
            bucket.clone_into(&mut request.bucket);
            return Ok(request);
        }
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let named = (vendor.named)(name);
        let is_address = name.parse::<IpAddr>().is_ok() || name == "localhost";
        let takes_paths = match &named {
            Some(named) if !named.speaks_s3 => {
                let why = format!("{name} does not speak S3");
                return Err(Refusal::new(403, "AccessDenied", &why));
            }
            Some(_) => vendor.path_style,
            None if is_address && vendor.paths_at_addresses => None,
            None => Some((404, "NoSuchBucket")),
        };
        let named = named.unwrap_or_default();
        request.regions = named.regions;
        if let Some(bucket) = named.bucket {
            request.bucket = bucket;
            return Ok(request);
        }
        if let Some((status, code)) = takes_paths {
            let why = format!("{name} is not asked with a bucket's name in the path");
            return Err(Refusal::new(status, code, &why));
        }
        let path = std::mem::take(&mut request.key);
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        bucket.clone_into(&mut request.bucket);
        key.clone_into(&mut request.key);
        Ok(request)
    }
}

/// The host and the path of a request that is to be passed on.
fn through_a_proxy(path: &str) -> Option<(String, String)> {
    let rest = path.strip_prefix("http://")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let path = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None => format!("/{path}"),
    };
    Some((host.to_owned(), path))
}

//! What a bucket holds, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use crc_fast::{CrcAlgorithm, checksum};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::summary;
use super::uploads::Upload;
use super::wire::{Answer, Asked};
use crate::support::world::Tree;

/// The most names of a page.
const LARGEST_PAGE: usize = 1000;

/// A bucket.
#[derive(Default)]
pub struct Objects {
    held: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
    /// Whether who asks may not know that it is there.
    pub is_hidden: bool,
    /// Permissions that who asks has not.
    pub lacking: BTreeSet<&'static str>,
    /// What it says of itself.
    pub about: Value,
    pub retention: Vec<Value>,
    pub lifecycle: Option<Value>,
}

#[derive(Clone)]
pub(super) struct Object {
    pub(super) content: Vec<u8>,
    pub(super) etag: String,
    pub(super) modified: DateTime<Utc>,
    /// As it came: in one piece, or in parts.
    pub(super) md5: String,
    pub(super) has_crc: bool,
    pub(super) tier: String,
    pub(super) state: Option<&'static str>,
}

impl Object {
    fn facts(&self) -> Value {
        json!({
            "size": self.content.len(),
            "etag": self.etag,
            "md5": self.md5,
            "timeCreated": time(self.modified),
            "timeModified": time(self.modified),
            "storageTier": self.tier,
            "archivalState": self.state,
        })
    }

    /// The head of an answer about it.
    fn head(&self, mut answer: Answer) -> Answer {
        let modified = self.modified.format("%a, %d %b %Y %H:%M:%S GMT");
        answer = answer
            .with("etag", &self.etag)
            .with("last-modified", modified.to_string())
            .with("accept-ranges", "bytes")
            .with("storage-tier", &self.tier)
            .with("content-type", "application/octet-stream");
        answer = if self.md5.contains('-') {
            answer.with("opc-multipart-md5", &self.md5)
        } else {
            answer.with("content-md5", &self.md5)
        };
        if self.has_crc {
            answer = answer.with("opc-content-crc32c", crc32c(&self.content));
        }
        match self.state {
            Some(state) => answer.with("archival-state", state),
            None => answer,
        }
    }
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn crc32c(content: &[u8]) -> String {
    let crc = u32::try_from(checksum(CrcAlgorithm::Crc32Iscsi, content)).unwrap();
    STANDARD.encode(crc.to_be_bytes())
}

pub(super) fn md5(content: &[u8]) -> String {
    STANDARD.encode(Md5::digest(content))
}

impl Objects {
    /// Everything it shows.
    pub fn tree(&self) -> Tree {
        let all = self.held.iter();
        all.map(|(name, object)| (name.clone(), object.content.clone()))
            .collect()
    }

    /// Puts an object past the interface.
    pub fn put(&mut self, name: &str, content: Vec<u8>, etag: String) {
        let object = Object {
            etag,
            modified: Utc::now(),
            md5: md5(&content),
            has_crc: false,
            tier: "Standard".to_owned(),
            state: None,
            content,
        };
        self.held.insert(name.to_owned(), object);
    }

    pub fn remove(&mut self, name: &str) {
        self.held.remove(name);
    }

    /// Puts an object into the archive, where nobody reads it.
    pub fn archive(&mut self, name: &str) {
        let object = self.held.get_mut(name).unwrap();
        (object.tier, object.state) = ("Archive".to_owned(), Some("Archived"));
    }

    /// The storage tier of each object.
    pub fn tiers(&self) -> BTreeMap<String, String> {
        let all = self.held.iter();
        all.map(|(name, object)| (name.clone(), object.tier.clone()))
            .collect()
    }

    /// How many uploads in parts are at no end.
    pub fn uploads(&self) -> usize {
        self.uploads.len()
    }

    /// Answers what is asked of the bucket; `rest` is what follows its name.
    pub fn answer(
        &mut self,
        bucket: &str,
        asked: &Asked,
        rest: &[String],
        fresh: impl Fn() -> String,
    ) -> Answer {
        // A name may stand there with its slashes as they are.
        let joined = rest.get(1..).unwrap_or_default().join("/");
        let rest: Vec<&str> = match rest {
            [] => Vec::new(),
            [what] => vec![what],
            [what, ..] => vec![what, &joined],
        };
        let may = |permission| !self.lacking.contains(permission);
        let denied = || {
            let why = format!(
                "Either the bucket named '{bucket}' does not exist in the namespace or you are not authorized to access it"
            );
            Answer::refusal(404, "BucketNotFound", &why)
        };
        match (asked.method.as_str(), rest.as_slice()) {
            ("GET", ["o"]) if may("OBJECT_INSPECT") => self.list(asked),
            ("GET" | "HEAD", ["o", name]) if may("OBJECT_READ") => self.get(asked, name),
            ("PUT", ["o", name]) if may("OBJECT_CREATE") => self.put_asked(asked, name, fresh()),
            ("DELETE", ["o", name]) if may("OBJECT_DELETE") => self.delete(name),
            ("POST", ["u"]) if may("OBJECT_CREATE") => self.begin(asked, fresh()),
            ("GET", ["u"]) if may("BUCKET_READ") => self.list_uploads(asked),
            ("GET", ["u", _]) if may("OBJECT_INSPECT") => self.list_parts(asked),
            ("PUT", ["u", name]) if may("OBJECT_CREATE") => self.part(asked, name, fresh()),
            ("POST", ["u", name]) if may("OBJECT_CREATE") => self.commit(asked, name, fresh()),
            ("DELETE", ["u", name]) if may("OBJECT_DELETE") => self.abort(asked, name),
            ("GET", []) if may("BUCKET_READ") => {
                let mut about =
                    json!({"name": bucket, "versioning": "Disabled", "storageTier": "Standard"});
                if let Some(more) = self.about.as_object() {
                    about.as_object_mut().unwrap().extend(more.clone());
                }
                Answer::json(&about)
            }
            ("GET", ["retentionRules"]) if may("BUCKET_READ") => {
                Answer::json(&json!({"items": self.retention}))
            }
            ("GET", ["l"]) if may("BUCKET_READ") => match &self.lifecycle {
                Some(rules) => Answer::json(rules),
                None => Answer::refusal(404, "LifecyclePolicyNotFound", "There is none."),
            },
            ("HEAD", ["o", _]) => Answer::status(404),
            _ => denied(),
        }
    }

    fn list(&self, asked: &Asked) -> Answer {
        let text = |name: &str| asked.parameter(name).unwrap_or_default();
        let (prefix, start, delimiter) = (text("prefix"), text("start"), text("delimiter"));
        let fields = text("fields");
        let fields: Vec<&str> = fields.split(',').collect();
        let limit = match asked.parameter("limit").map(|limit| limit.parse()) {
            None => LARGEST_PAGE,
            Some(Ok(limit)) if (1..=LARGEST_PAGE).contains(&limit) => limit,
            _ => return Answer::refusal(400, "InvalidParameter", "The limit is invalid."),
        };
        let (mut objects, mut prefixes) = (Vec::new(), Vec::<String>::new());
        let mut next = None;
        let from = self
            .held
            .range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded));
        for (name, object) in from.filter(|(name, _)| name.starts_with(&prefix)) {
            let directory = name[prefix.len()..].find('/').filter(|_| delimiter == "/");
            let directory = directory.map(|at| &name[..=prefix.len() + at]);
            if directory.is_some() && prefixes.last().map(String::as_str) == directory {
                continue;
            }
            if objects.len() + prefixes.len() >= limit {
                next = Some(name);
                break;
            }
            match directory {
                Some(directory) => prefixes.push(directory.to_owned()),
                None => objects.push(summary(name, &fields, &object.facts())),
            }
        }
        Answer::json(&json!({"objects": objects, "prefixes": prefixes, "nextStartWith": next}))
    }

    fn absent(name: &str) -> Answer {
        let why = format!("The object '{name}' was not found in the bucket");
        Answer::refusal(404, "ObjectNotFound", &why)
    }

    fn get(&self, asked: &Asked, name: &str) -> Answer {
        let Some(object) = self.held.get(name) else {
            return Self::absent(name);
        };
        if asked
            .header("if-match")
            .is_some_and(|tag| tag != object.etag)
        {
            return Answer::refusal(412, "IfMatchFailed", "The If-Match header does not match.");
        }
        let size = object.content.len();
        if asked.method == "HEAD" {
            let head = Answer::status(200).with("content-length", size.to_string());
            return object.head(head);
        }
        if object.tier == "Archive" && object.state != Some("Restored") {
            let why = format!("The object '{name}' is in Archived state and cannot be read");
            return Answer::refusal(409, "NotRestored", &why);
        }
        let Some(range) = asked.header("range") else {
            return object.head(Answer::status(200).of(object.content.clone()));
        };
        let (first, last) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let (from, to) = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => (first, (last + 1).min(size)),
            (Ok(first), Err(_)) => (first, size),
            (Err(_), Ok(last)) => (size.saturating_sub(last), size),
            _ => return Answer::refusal(400, "InvalidParameter", "no such range"),
        };
        if from >= to {
            return Answer::refusal(416, "InvalidRange", "The range is not satisfiable.");
        }
        let range = format!("bytes {from}-{}/{size}", to - 1);
        let part = Answer::status(206).of(object.content[from..to].to_vec());
        object.head(part.with("content-range", range))
    }

    /// What does not fit the digests that come with it is refused.
    pub(super) fn damage(asked: &Asked) -> Option<Answer> {
        let computed = md5(&asked.body);
        if let Some(given) = asked
            .header("content-md5")
            .filter(|given| *given != computed)
        {
            let why = format!(
                "The computed MD5 of the request body ({computed}) does not match the Content-MD5 header ({given})"
            );
            return Some(Answer::refusal(400, "UnmatchedContentMD5", &why));
        }
        let algorithm = asked.header("opc-checksum-algorithm");
        let given = asked.header("opc-content-crc32c");
        if given.is_some() && algorithm != Some("CRC32C") {
            return Some(Answer::refusal(
                400,
                "InvalidParameter",
                "no opc-checksum-algorithm",
            ));
        }
        given
            .filter(|given| *given != crc32c(&asked.body))
            .map(|_| {
                Answer::refusal(
                    400,
                    "UnmatchedContentCRC32C",
                    "The computed CRC32C does not match.",
                )
            })
    }

    /// The answer to a condition of who writes, where it does not hold.
    pub(super) fn forbids(&self, asked: &Asked, name: &str) -> Option<Answer> {
        let exists = self.held.get(name);
        if let Some(condition) = asked.header("if-none-match") {
            if condition != "*" {
                return Some(Answer::refusal(
                    400,
                    "InvalidParameter",
                    "The only valid value is '*'.",
                ));
            }
            if exists.is_some() {
                let why = "The If-None-Match header is '*' and the object exists.";
                return Some(Answer::refusal(412, "IfNoneMatchFailed", why));
            }
        }
        let lacks = exists.is_some() && self.lacking.contains("OBJECT_OVERWRITE");
        lacks.then(|| Answer::refusal(404, "BucketNotFound", "or you are not authorized"))
    }

    pub(super) fn stored(&mut self, name: &str, object: Object) -> Answer {
        let modified = object.modified.format("%a, %d %b %Y %H:%M:%S GMT");
        let answer = Answer::status(200)
            .with("etag", &object.etag)
            .with("last-modified", modified.to_string());
        let header = if object.md5.contains('-') {
            "opc-multipart-md5"
        } else {
            "opc-content-md5"
        };
        let mut answer = answer.with(header, &object.md5);
        if object.has_crc {
            answer = answer.with("opc-content-crc32c", crc32c(&object.content));
        }
        self.held.insert(name.to_owned(), object);
        answer
    }

    fn put_asked(&mut self, asked: &Asked, name: &str, etag: String) -> Answer {
        if let Some(refused) = Self::damage(asked).or_else(|| self.forbids(asked, name)) {
            return refused;
        }
        let tier = asked
            .header("storage-tier")
            .unwrap_or("Standard")
            .to_owned();
        let state = (tier == "Archive").then_some("Archived");
        let object = Object {
            md5: md5(&asked.body),
            content: asked.body.clone(),
            etag,
            modified: Utc::now(),
            has_crc: asked.header("opc-checksum-algorithm") == Some("CRC32C"),
            tier,
            state,
        };
        self.stored(name, object)
    }

    fn delete(&mut self, name: &str) -> Answer {
        match self.held.remove(name) {
            Some(_) => Answer::status(204),
            None => Self::absent(name),
        }
    }
}

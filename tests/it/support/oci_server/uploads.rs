//! Uploads in parts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::bucket::{Object, Objects, md5, time};
use super::wire::{Answer, Asked};

/// The least that a part has, but for the last.
const LEAST_PART: usize = 10 << 20;

pub struct Upload {
    object: String,
    tier: String,
    has_crc: bool,
    begun: DateTime<Utc>,
    /// By their numbers, with their tags.
    parts: BTreeMap<u32, (String, Vec<u8>)>,
}

impl Objects {
    pub(super) fn begin(&mut self, asked: &Asked, id: String) -> Answer {
        let details: Value = serde_json::from_slice(&asked.body).unwrap();
        let Some(object) = details["object"].as_str() else {
            return Answer::refusal(400, "InvalidParameter", "no object");
        };
        let upload = Upload {
            object: object.to_owned(),
            tier: details["storageTier"]
                .as_str()
                .unwrap_or("Standard")
                .to_owned(),
            has_crc: asked.header("opc-checksum-algorithm") == Some("CRC32C"),
            begun: Utc::now(),
            parts: BTreeMap::new(),
        };
        let told = json!({"object": object, "uploadId": id, "timeCreated": time(upload.begun)});
        self.uploads.insert(id, upload);
        Answer::json(&told)
    }

    /// The upload that is meant.
    fn upload(
        &mut self,
        asked: &Asked,
        name: Option<&str>,
    ) -> Result<(String, &mut Upload), Answer> {
        let id = asked.parameter("uploadId").unwrap_or_default();
        let found = self.uploads.get_mut(&id);
        let found = found.filter(|upload| name.is_none_or(|name| upload.object == name));
        let none = || Answer::refusal(404, "UploadNotFound", "There is no such upload.");
        found.map(|upload| (id, upload)).ok_or_else(none)
    }

    pub(super) fn list_uploads(&self, asked: &Asked) -> Answer {
        // Three to a page, so that there are several.
        let from = asked.parameter("page").unwrap_or_default();
        let mut listed = self.uploads.iter().filter(|(id, _)| **id >= from);
        let page: Vec<Value> = listed
            .by_ref()
            .take(3)
            .map(|(id, upload)| {
                json!({"object": upload.object, "uploadId": id, "timeCreated": time(upload.begun)})
            })
            .collect();
        let answer = Answer::json(&json!(page));
        match listed.next() {
            Some((id, _)) => answer.with("opc-next-page", id),
            None => answer,
        }
    }

    pub(super) fn list_parts(&mut self, asked: &Asked) -> Answer {
        match self.upload(asked, None) {
            Err(refused) => refused,
            Ok((_, upload)) => {
                let parts = upload.parts.iter().map(|(number, (etag, part))| {
                    json!({"etag": etag, "partNumber": number, "size": part.len(), "md5": md5(part)})
                });
                Answer::json(&json!(parts.collect::<Vec<_>>()))
            }
        }
    }

    pub(super) fn part(&mut self, asked: &Asked, name: &str, etag: String) -> Answer {
        if let Some(refused) = Self::damage(asked) {
            return refused;
        }
        let number = asked
            .parameter("uploadPartNum")
            .and_then(|it| it.parse().ok());
        let Some(number @ 1..=10_000) = number else {
            return Answer::refusal(400, "InvalidParameter", "uploadPartNum is invalid");
        };
        match self.upload(asked, Some(name)) {
            Err(refused) => refused,
            Ok((_, upload)) => {
                upload
                    .parts
                    .insert(number, (etag.clone(), asked.body.clone()));
                Answer::status(200)
                    .with("etag", etag)
                    .with("opc-content-md5", md5(&asked.body))
            }
        }
    }

    pub(super) fn commit(&mut self, asked: &Asked, name: &str, etag: String) -> Answer {
        let details: Value = serde_json::from_slice(&asked.body).unwrap();
        if let Some(refused) = self.forbids(asked, name) {
            return refused;
        }
        let (id, upload) = match self.upload(asked, Some(name)) {
            Err(refused) => return refused,
            Ok(found) => found,
        };
        let invalid = |why: &str| Answer::refusal(400, "InvalidUploadPart", why);
        let chosen = details["partsToCommit"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if chosen.is_empty() || chosen.len() != upload.parts.len() {
            return invalid("each part is to be committed or excluded");
        }
        let (mut content, mut digests) = (Vec::new(), Vec::new());
        let last = chosen.len() - 1;
        for (place, part) in chosen.iter().enumerate() {
            let number = part["partNum"]
                .as_u64()
                .and_then(|it| u32::try_from(it).ok());
            let found = number.and_then(|number| upload.parts.get(&number));
            let Some((tag, bytes)) = found else {
                return invalid("there is no such part");
            };
            if part["etag"] != json!(tag) {
                return invalid("the part has another tag");
            }
            if bytes.len() < LEAST_PART && place != last {
                return invalid("the part is too small");
            }
            content.extend(bytes);
            digests.extend(Md5::digest(bytes));
        }
        let object = Object {
            content,
            etag,
            modified: Utc::now(),
            md5: format!("{}-{}", md5(&digests), chosen.len()),
            has_crc: upload.has_crc,
            state: (upload.tier == "Archive").then_some("Archived"),
            tier: upload.tier.clone(),
        };
        self.uploads.remove(&id);
        self.stored(name, object)
    }

    pub(super) fn abort(&mut self, asked: &Asked, name: &str) -> Answer {
        match self.upload(asked, Some(name)) {
            Err(refused) => refused,
            Ok((id, _)) => {
                self.uploads.remove(&id);
                Answer::status(204)
            }
        }
    }
}

//! Digests: which a service tells of what was put, and which it verifies of what is sent along.

use std::num::NonZeroU32;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, checksum};
use md5::{Digest as _, Md5};
use object_store::{ObjectStoreExt, PutPayload};
use thanos_bucket::block::{BlockId, Fingerprint, Likeness};
use thanos_bucket::bucket::{
    Access, Backend, Bucket, BucketConfig, BucketReader, Budget, Digest, Environment, MissingRoot,
    Sent, ServerSide, Transfer, transfer,
};
use thanos_bucket::progress::Progress;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::objects::{content, is_there};
use super::seen::Seen;
use super::wire::{Heard, Wire};
use super::{AT_ONCE, Opened, Subject, key};
use crate::support::minio::Credentials;
use crate::support::proxy::{Fault, Line, Request};
use crate::support::s3_request::ask;

const ALL: [Digest; 4] = [
    Digest::Md5,
    Digest::Md5OfParts,
    Digest::Crc32c,
    Digest::Crc64Nvme,
];

/// How large the parts are in which something is put: no service takes that for too little.
const PART: usize = 10 << 20;

/// The digests of an object that is put in these parts.
struct Digests {
    md5: [u8; 16],
    md5_of_parts: ([u8; 16], NonZeroU32),
    crc32c: u32,
    crc64nvme: u64,
}

impl Digests {
    fn of(object: &Bytes, part_bytes: usize) -> Self {
        let parts: Vec<_> = object.chunks(part_bytes).map(Md5::digest).collect();
        let number = u32::try_from(parts.len()).unwrap();
        Self {
            md5: Md5::digest(object).into(),
            md5_of_parts: (
                Md5::digest(parts.concat()).into(),
                NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN),
            ),
            crc32c: u32::try_from(checksum(CrcAlgorithm::Crc32Iscsi, object)).unwrap(),
            crc64nvme: checksum(CrcAlgorithm::Crc64Nvme, object),
        }
    }

    fn one(&self, digest: Digest) -> Fingerprint {
        let (of_parts, number) = self.md5_of_parts;
        match digest {
            Digest::Md5 => Fingerprint::md5(self.md5),
            Digest::Md5OfParts => Fingerprint::md5_of_parts(of_parts, number),
            Digest::Crc32c => Fingerprint::crc32c(self.crc32c),
            Digest::Crc64Nvme => Fingerprint::crc64nvme(self.crc64nvme),
        }
    }

    /// Those among them that are told; none of another object may be.
    fn among(&self, told: Fingerprint) -> Vec<Digest> {
        let is_told = |digest: &Digest| match told.likeness(self.one(*digest)) {
            Likeness::Same => true,
            Likeness::Untold => false,
            Likeness::Differing => panic!("{digest} is another one: {told:?}"),
        };
        ALL.into_iter().filter(is_told).collect()
    }

    /// As a service spells it.
    fn spelled(&self, digest: Digest) -> Vec<String> {
        let hexadecimal = |bytes: &[u8]| {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>()
        };
        match digest {
            Digest::Md5 => vec![
                hexadecimal(&self.md5),
                hexadecimal(&self.md5).to_ascii_uppercase(),
                STANDARD.encode(self.md5),
            ],
            Digest::Md5OfParts => vec![hexadecimal(&self.md5_of_parts.0)],
            Digest::Crc32c => vec![STANDARD.encode(self.crc32c.to_be_bytes())],
            Digest::Crc64Nvme => vec![STANDARD.encode(self.crc64nvme.to_be_bytes())],
        }
    }
}

/// By listings, of objects that are put as blocks are: at once, in parts, and empty.
pub async fn are_told_by_listings(bucket: &Opened, seen: &mut Seen) {
    let id: BlockId = "01J0000000000000000000000C".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let objects = [
        ("chunks/000001", content(70_000, 12)),
        ("chunks/000002", content(2 * PART + 1, 13)),
        ("empty", Bytes::new()),
    ];
    std::fs::create_dir_all(folder.path().join(format!("{id}/chunks"))).unwrap();
    for (name, bytes) in &objects {
        std::fs::write(folder.path().join(format!("{id}/{name}")), bytes).unwrap();
    }
    let directory = folder.path().display();
    let source = format!("type: FILESYSTEM\nconfig:\n  directory: {directory}\n");
    let source = BucketConfig::parse(&source, &Environment::default()).unwrap();
    let source = source.open(Access::Read, MissingRoot::Error).await.unwrap();
    let source = BucketReader::new(source, AT_ONCE);
    let backend = Backend {
        part_size_bytes: Some(PART as u64),
        ..bucket.backend.clone()
    };
    let target = Bucket::new(backend, AT_ONCE);
    let listed = source.list_block(id).await.unwrap();
    let (budget, cancel) = (Budget::new(64 << 20), CancellationToken::new());
    let (last_acts, server_side) = (TaskTracker::new(), ServerSide::default());
    let progress = Arc::new(Arc::new(Progress::default()).block(0));
    for (name, _) in &objects {
        let path = id.object(name);
        let moving = transfer(Transfer {
            path: &path,
            object: listed.get(name).unwrap(),
            sha256: None,
            source: &source,
            target: &target,
            server_side: &server_side,
            budget: &budget,
            cancel: &cancel,
            last_acts: &last_acts,
            moved: &|_| {},
            progress: &progress,
        });
        moving.await.unwrap();
    }
    let there = target.reader().list_block(id).await.unwrap();
    let of_each = objects.iter().map(|(name, bytes)| {
        let told = there.get(name).unwrap().fingerprint;
        Digests::of(bytes, PART).among(told)
    });
    let of_each: Vec<Vec<Digest>> = of_each.collect();
    let some = |digest: &Digest| of_each.iter().any(|told| told.contains(digest));
    let all = |digest: &Digest| of_each.iter().all(|told| told.contains(digest));
    seen.told = Some(ALL.into_iter().filter(some).collect());
    seen.always_told = Some(ALL.into_iter().filter(all).collect());
}

/// By answers to what is put.
pub async fn are_told_by_answers(wire: Option<&Wire>, seen: &mut Seen) {
    let object = content(70_000, 14);
    let digests = Digests::of(&object, PART);
    let answered = match wire {
        None => Vec::new(),
        Some(wire) => {
            let (put, heard) = wire.overhear(put(&wire.bucket, "told/put", object)).await;
            put.unwrap();
            let tells = |digest: &Digest| {
                let spelled = digests.spelled(*digest);
                spelled.iter().any(|digest| heard.tells(digest))
            };
            ALL.into_iter().filter(tells).collect()
        }
    };
    seen.answered = Some(answered);
}

/// By answers to a question about one object, which somebody else put with them, or the program itself where nobody else can.
pub async fn are_told_when_asked_for(subject: &Subject<'_>, bucket: &Opened, seen: &mut Seen) {
    let mut asked = Vec::new();
    if let (true, Some(by)) = (bucket.store().tells_digests(), subject.credentials) {
        let object = content(70_000, 15);
        let digests = Digests::of(&object, PART);
        for (digest, header) in [
            (Digest::Crc32c, "x-amz-checksum-crc32c"),
            (Digest::Crc64Nvme, "x-amz-checksum-crc64nvme"),
        ] {
            let value = &digests.spelled(digest)[0];
            let place = ("PUT", "one/told/asked");
            let header = &[(header, value.as_str())];
            let port = subject.port.unwrap();
            let (status, _) = ask(by, port, place, header, object.clone()).await;
            if status == 200 {
                let name = key("told/asked");
                let tag = bucket.store().head(&name).await.unwrap().e_tag.unwrap();
                let told = bucket.store().digests(&name, &tag).await;
                let told = digests.among(told);
                asked.extend(told.into_iter().filter(|told| *told == digest));
            }
        }
    }
    if bucket.store().tells_digests() && subject.credentials.is_none() {
        let object = content(70_000, 15);
        let digests = Digests::of(&object, PART);
        put(bucket, "told/asked", object).await.unwrap();
        let name = key("told/asked");
        let tag = bucket.store().head(&name).await.unwrap().e_tag.unwrap();
        let told = digests.among(bucket.store().digests(&name, &tag).await);
        let listed = seen.told.clone().unwrap_or_default();
        asked.extend(told.into_iter().filter(|told| !listed.contains(told)));
    }
    seen.asked = Some(asked);
}

/// What goes along with an object and with its parts, as far as what does not fit it is refused, and nobody sees it.
pub async fn are_sent_along(
    subject: &Subject<'_>,
    wire: Option<&Wire>,
    bucket: &Opened,
    seen: &mut Seen,
) {
    let mut sent = Vec::new();
    if let Some(wire) = wire {
        sent = with_an_object(wire).await.into_iter().collect();
        sent.extend(with_parts(wire).await);
        let mut verified = Vec::new();
        for sent in sent {
            if is_verified(subject, bucket, sent).await {
                verified.push(sent);
            }
        }
        sent = verified;
    }
    seen.sent = Some(sent);
}

async fn with_an_object(wire: &Wire) -> Option<Sent> {
    let object = content(100_000, 16);
    let digests = Digests::of(&object, PART);
    let (put, heard) = wire
        .overhear(put(&wire.bucket, "sent/object", object))
        .await;
    put.unwrap();
    let mut spelled = ALL.into_iter().flat_map(|digest| digests.spelled(digest));
    let header = spelled.find_map(|value| heard.sent_as(&value));
    header.map(Sent::WithObject)
}

async fn put(bucket: &Opened, name: &str, bytes: Bytes) -> object_store::Result<()> {
    let put = bucket.store().put(&key(name), bytes.into()).await;
    put.map(drop)
}

/// The parts of an object that is put in two.
fn parts(bucket: &Opened) -> [Bytes; 2] {
    let least = usize::try_from(bucket.backend.sizes.least_part_bytes).unwrap();
    [content(least.max(1 << 20), 17), content(100_000, 18)]
}

async fn put_in_parts(bucket: &Opened, name: &str) -> object_store::Result<()> {
    let mut upload = bucket.store().put_multipart(&key(name)).await?;
    for part in parts(bucket) {
        upload.put_part(PutPayload::from_bytes(part)).await?;
    }
    upload.complete().await.map(drop)
}

async fn with_parts(wire: &Wire) -> Option<Sent> {
    let (put, heard): (_, Heard) = wire
        .overhear(put_in_parts(&wire.bucket, "sent/parts"))
        .await;
    put.unwrap();
    let [first, second] = parts(&wire.bucket);
    let part = Digests::of(&first, PART).spelled(Digest::Md5);
    let whole = Digests::of(&[first, second].concat().into(), PART).crc32c;
    let whole = format!("crc32c={}", STANDARD.encode(whole.to_be_bytes()));
    let header = part.iter().find_map(|part| heard.sent_as(part));
    let header = header.map(Sent::WithPart);
    header.or_else(|| heard.sent_as(&whole).map(Sent::WithLastPiece))
}

/// Whether what was damaged on its way is refused; and, where other things might have told, what comes with a wrong digest and with nothing else that
/// is wrong.
async fn is_verified(subject: &Subject<'_>, bucket: &Opened, sent: Sent) -> bool {
    let damage = |request: &Request| {
        let length = request.header("content-length").unwrap_or_default();
        let is_large = length.parse().is_ok_and(|length: u64| length > 50_000);
        if is_large {
            Fault::DamageRequest
        } else {
            Fault::None
        }
    };
    let proxy = Line::to(subject.port.unwrap()).fault(damage).open();
    let port = Some(proxy.port());
    let [file, _] = subject.files;
    let broken = Opened::of(subject, &file(port), port).await;
    let (name, put) = match sent {
        Sent::WithObject(_) => {
            let name = "damaged/object";
            (name, put(&broken, name, content(100_000, 19)).await)
        }
        Sent::WithPart(_) | Sent::WithLastPiece(_) => {
            let name = "damaged/parts";
            (name, put_in_parts(&broken, name).await)
        }
    };
    if put.is_ok() || is_there(bucket, name).await {
        return false;
    }
    let Some(by) = subject.credentials else {
        return true;
    };
    let port = subject.port.unwrap();
    match sent {
        Sent::WithObject(header) => refuses(by, port, "one/wrong/object", header).await,
        Sent::WithPart(header) | Sent::WithLastPiece(header) => {
            let place = ("POST", "one/wrong/parts?uploads=");
            let (_, begun) = ask(by, port, place, &[], Bytes::new()).await;
            let (_, id) = begun.split_once("<UploadId>").unwrap();
            let (id, _) = id.split_once('<').unwrap();
            let path = format!("one/wrong/parts?partNumber=1&uploadId={id}");
            refuses(by, port, &path, header).await
        }
    }
}

/// Whether an object or a part is refused whose signature is right, and whose MD5 is another one's.
async fn refuses(by: &Credentials, port: u16, path: &str, header: &'static str) -> bool {
    let header = header.to_ascii_lowercase().leak();
    for (object, is_right) in [(content(1000, 20), true), (content(1000, 21), false)] {
        let value = STANDARD.encode(Md5::digest(content(1000, 20)));
        let (status, body) = ask(by, port, ("PUT", path), &[(header, &value)], object).await;
        if is_right {
            assert_eq!(status, 200, "{body}");
        } else {
            return (400..500).contains(&status);
        }
    }
    unreachable!()
}

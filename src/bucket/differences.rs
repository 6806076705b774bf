//! How providers differ in what a migration relies on: one value for each, in its row of the table. What the engine takes from it are numbers;
//! the rest is what the code beside that row does, and what a suite of tests compares with what real servers do.

use std::fmt;

use super::backend::Listings;
use super::sizes::Sizes;

/// What is to be known of one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differences {
    /// How an object is put only where there is none.
    pub create: Create,
    /// In which order listings come.
    pub order: Order,
    /// Where a page of a listing may begin.
    pub pages: Pages,
    /// Whether listings show what was written a moment ago.
    pub listings: Listings,
    /// What an entity tag tells.
    pub tag: Tag,
    /// Which digests of an object's bytes a listing may tell, the entity tag included.
    pub told: &'static [Digest],
    /// The one among them that is told of every object that this program puts.
    pub always_told: Option<Digest>,
    /// Which digests an answer to what is put in one request may tell, the entity tag included.
    pub answered: &'static [Digest],
    /// Which digests that no listing tells a question about one object may bring, if the object bears them.
    pub asked: &'static [Digest],
    /// What goes along with what is put, so that the service finds out what was damaged on its way.
    pub sent: &'static [Sent],
    /// How the service copies an object by itself.
    pub server_copy: Option<ServerCopy>,
    /// How large what is put may be.
    pub sizes: Sizes,
    /// What a listing's last-modified is exact to, at the least.
    pub modified: Precision,
    /// Whether objects have classes of storage.
    pub classes: Classes,
    /// Why an object whose upload broke off is never seen.
    pub whole: Whole,
}

/// How an object is put only where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Create {
    /// This header has the service refuse it. Where a server does not know it, a look comes first, as with [`LookFirst`](Self::LookFirst).
    Header(&'static str),
    /// The same, but in a bucket that has versions, or had them once, the service ignores it: a look always comes first.
    HeaderUnlessVersioned(&'static str),
    /// The file system gives a name once: a link of what was written beside.
    Link,
    /// A look comes first: two who look at once both put.
    LookFirst,
}

/// In which order listings come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By the bytes of the names.
    Bytes,
    /// In any; they are sorted here, by the bytes of the names.
    SortedHere,
    /// Directory by directory, by the bytes of the names in each: `a/b` comes before `a.b`. Where names are so, a listing is refused.
    Directories,
}

/// Where a page of a listing may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// After any name, so that many directories are listed at once.
    AfterAnyName,
    /// Where the one before it ended.
    AfterTheLast,
    /// There are none.
    None,
}

/// What an entity tag tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// The MD5 of the bytes, or the MD5 of the parts' MD5s with their number; but where the key of a key service or the customer's encrypts,
    /// which version it is.
    Md5UnlessEncrypted,
    /// The MD5 of the bytes of what was put in one request; of what came in parts, which version it is.
    Md5OfOnePut,
    /// Which version it is.
    Version,
}

/// A digest of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// MD5.
    Md5,
    /// The MD5 of the parts' MD5s.
    Md5OfParts,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// What goes along with what is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// This header, with every object that goes in one request.
    WithObject(&'static str),
    /// This header, with every part of one.
    WithPart(&'static str),
    /// This header, with the last piece of one, and for all of it.
    WithLastPiece(&'static str),
}

/// How the service copies an object by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerCopy {
    /// One request copies so many bytes at most; `None` where there is no limit.
    pub largest_bytes: Option<u64>,
    /// What becomes of a larger one.
    pub larger: Larger,
    /// What has the very version copied that was listed.
    pub condition: &'static str,
}

/// How an object is copied that one request does not copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Larger {
    /// There is none.
    None,
    /// Range by range, as parts of an upload.
    InParts,
    /// The same request is repeated until the service says that it is done.
    Repeated,
}

/// What a time is exact to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// A whole second.
    Second,
    /// A millisecond.
    Millisecond,
    /// What the file system keeps, down to a nanosecond.
    FileSystem,
}

/// Whether objects have classes of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classes {
    /// No.
    None,
    /// Yes, and all can be read at once.
    Readable,
    /// Yes, and from some of them nobody reads before a restore.
    SomeArchived,
}

/// Why an object whose upload broke off is never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// The service takes a request whole, of the length that it tells, or not at all; parts are seen once they are put together.
    Length,
    /// It is written beside, under a name that no listing shows, and gets its own when the disk has it.
    Beside,
}

impl Differences {
    /// Each difference by its name, and what it is here: a column of a table.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "no limit".to_owned(), bytes_told);
        let parts = match self.sizes.parts {
            Some(parts) => parts.to_string(),
            None => "no limit".to_owned(),
        };
        vec![
            (
                "an object is put only where there is none by",
                self.create.to_string(),
            ),
            ("order of listings", self.order.to_string()),
            ("a page of a listing begins", self.pages.to_string()),
            (
                "listings after a write",
                match self.listings {
                    Listings::Strong => "show it",
                    Listings::Lagging => "may lag",
                }
                .to_owned(),
            ),
            ("an entity tag is", self.tag.to_string()),
            ("digests in listings", joined(self.told)),
            (
                "told of all that we put",
                self.always_told
                    .map_or_else(|| "none".to_owned(), |digest| digest.to_string()),
            ),
            ("digests in answers to puts", joined(self.answered)),
            ("digests told when asked for", joined(self.asked)),
            ("sent along and verified", joined(self.sent)),
            (
                "copy by the service",
                self.server_copy
                    .map_or_else(|| "none".to_owned(), |copy| copy.to_string()),
            ),
            ("largest object", size(self.sizes.object_bytes)),
            ("largest put", size(self.sizes.put_bytes)),
            (
                "parts, but for the last",
                format!(
                    "{} to {}",
                    bytes_told(self.sizes.least_part_bytes),
                    size(self.sizes.largest_part_bytes)
                ),
            ),
            ("most parts", parts),
            ("last-modified is exact to", self.modified.to_string()),
            ("storage classes", self.classes.to_string()),
            ("what keeps a broken upload unseen", self.whole.to_string()),
        ]
    }
}

/// In the largest unit of which it is a whole number, or with one digit after the point.
fn bytes_told(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes.is_multiple_of(*unit) => format!("{} {name}", bytes / unit),
        Some((unit, name)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(*unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

fn joined(all: &[impl fmt::Display]) -> String {
    if all.is_empty() {
        return "none".to_owned();
    }
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(", ")
}

impl fmt::Display for Create {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => {
                write!(
                    f,
                    "`{header}`; where a server does not know it, by a look first"
                )
            }
            Self::HeaderUnlessVersioned(header) => {
                write!(
                    f,
                    "a look first, and `{header}`, which a bucket with versions ignores"
                )
            }
            Self::Link => f.write_str("a link, which takes no name that is taken"),
            Self::LookFirst => f.write_str("a look first"),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "by the bytes of names",
            Self::SortedHere => "any; sorted here",
            Self::Directories => "directory by directory",
        })
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AfterAnyName => "after any name",
            Self::AfterTheLast => "where the last one ended",
            Self::None => "there are none",
        })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5UnlessEncrypted => {
                "the MD5 of the bytes or of the parts' MD5s; with KMS or SSE-C, a version"
            }
            Self::Md5OfOnePut => "the MD5 of the bytes; of what came in parts, a version",
            Self::Version => "a version",
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Md5OfParts => "MD5 of parts",
            Self::Crc32c => "CRC-32C",
            Self::Crc64Nvme => "CRC-64/NVME",
        })
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithObject(header) => write!(f, "`{header}` with an object"),
            Self::WithPart(header) => write!(f, "`{header}` with a part"),
            Self::WithLastPiece(header) => write!(f, "`{header}` with the last piece of one"),
        }
    }
}

impl fmt::Display for ServerCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.largest_bytes {
            Some(bytes) => write!(f, "up to {} at once", bytes_told(bytes))?,
            None => f.write_str("of any size")?,
        }
        f.write_str(match self.larger {
            Larger::None => "",
            Larger::InParts => ", above in parts",
            Larger::Repeated => ", repeated until done",
        })?;
        write!(f, "; {}", self.condition)
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "1 s",
            Self::Millisecond => "1 ms",
            Self::FileSystem => "what the file system keeps",
        })
    }
}

impl fmt::Display for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Readable => "all can be read at once",
            Self::SomeArchived => "some have to be restored first",
        })
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a request counts whole or not at all",
            Self::Beside => "it is written beside, and renamed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_largest_whole_unit() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (5 << 20, "5 MiB"),
            (5 << 30, "5 GiB"),
            (10_000 * (5 << 30), "48.8 TiB"),
            (50_000 * (4_000 << 20), "190.7 TiB"),
        ] {
            assert_eq!(bytes_told(bytes), expected);
        }
    }
}

//! What OSS does otherwise than others, and how it is spoken to.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    self, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::provider::s3::{Classes, Dialect, Hints, ListVersion, Names, OSS, Tagging};
use crate::bucket::sizes::Sizes;

pub(super) const DIFFERENCES: Differences = Differences {
    // Of its own; it does not look at S3's.
    create: Create::HeaderUnlessVersioned("x-oss-forbid-overwrite: true"),
    order: Order::Bytes,
    pages: Pages::AfterAnyName,
    listings: Listings::Strong,
    tag: Tag::Md5OfOnePut,
    told: &[Digest::Md5],
    always_told: None,
    answered: &[Digest::Md5],
    asked: &[],
    sent: &[
        Sent::WithObject("Content-MD5"),
        Sent::WithPart("Content-MD5"),
    ],
    server_copy: Some(ServerCopy {
        largest_bytes: Some(1 << 30),
        larger: Larger::InParts,
        condition: "`x-amz-copy-source-if-match`",
    }),
    sizes: Sizes {
        least_part_bytes: 100 << 10,
        ..Sizes::USUAL
    },
    modified: Precision::Second,
    classes: differences::Classes::SomeArchived,
    whole: Whole::Length,
};

pub(super) static DIALECT: Dialect = Dialect {
    service: Some(OSS),
    differences: DIFFERENCES,
    list: ListVersion::Two,
    names: Names::Escaped,
    tagging: Tagging::Unknown,
    classes: Classes::These {
        whose: "the",
        // By S3's names, which it has for its Standard, Infrequent Access and Archive.
        readable: &["STANDARD", "STANDARD_IA"],
        archived: &["GLACIER"],
    },
    hints: Hints {
        plain: "the server speaks TLS: config.endpoint is to begin with https://",
        elsewhere: "the bucket is elsewhere: the region in config.endpoint is to be that of the bucket",
        listing: None,
        too_large: "something on the way to OSS takes no request of that size",
    },
};

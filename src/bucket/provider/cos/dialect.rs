//! What COS does otherwise than others, and how it is spoken to.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    self, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::provider::s3::{COS, Classes, Dialect, Hints, ListVersion, Names, Tagging};
use crate::bucket::sizes::Sizes;

pub(super) const DIFFERENCES: Differences = Differences {
    // Of its own; it does not look at S3's.
    create: Create::HeaderUnlessVersioned("x-cos-forbid-overwrite: true"),
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
        largest_bytes: Sizes::USUAL.put_bytes,
        larger: Larger::InParts,
        condition: "`x-amz-copy-source-if-match`",
    }),
    sizes: Sizes {
        least_part_bytes: 1 << 20,
        ..Sizes::USUAL
    },
    modified: Precision::Second,
    classes: differences::Classes::SomeArchived,
    whole: Whole::Length,
};

pub(super) static DIALECT: Dialect = Dialect {
    service: Some(COS),
    differences: DIFFERENCES,
    // It documents version 1 alone.
    list: ListVersion::One,
    names: Names::Escaped,
    tagging: Tagging::Unknown,
    classes: Classes::These {
        whose: "COS'",
        readable: &[
            "STANDARD",
            "STANDARD_IA",
            "INTELLIGENT_TIERING",
            "MAZ_STANDARD",
            "MAZ_STANDARD_IA",
            "MAZ_INTELLIGENT_TIERING",
        ],
        archived: &["ARCHIVE", "DEEP_ARCHIVE"],
    },
    hints: Hints {
        plain: "the server speaks TLS: config.endpoint is to begin with https://",
        elsewhere: "the bucket is elsewhere: config.region, or the region in config.endpoint, is to be that of the bucket",
        listing: None,
        too_large: "something on the way to COS takes no request of that size",
    },
};

//! What BOS does otherwise than others, and how it is spoken to.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    self, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::provider::s3::{BOS, Classes, Dialect, Hints, ListVersion, Names, Tagging};
use crate::bucket::sizes::Sizes;

pub(super) const DIFFERENCES: Differences = Differences {
    // Baidu's own protocol has a header that forbids to replace an object; of the S3 interface none is told.
    create: Create::LookFirst,
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
        least_part_bytes: 100 << 10,
        ..Sizes::USUAL
    },
    modified: Precision::Second,
    classes: differences::Classes::SomeArchived,
    whole: Whole::Length,
};

pub(super) static DIALECT: Dialect = Dialect {
    service: Some(BOS),
    differences: DIFFERENCES,
    list: ListVersion::Two,
    names: Names::Escaped,
    tagging: Tagging::Unknown,
    classes: Classes::These {
        whose: "BOS'",
        readable: &["STANDARD", "STANDARD_IA", "COLD"],
        archived: &["ARCHIVE"],
    },
    hints: Hints {
        plain: "the server speaks TLS: config.endpoint is to begin with https://",
        elsewhere: "the bucket is elsewhere: config.endpoint is to be that of the bucket's region",
        listing: None,
        too_large: "something on the way to BOS takes no request of that size",
    },
};

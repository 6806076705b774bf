//! One page of a listing of versions, whole or not at all: objects as they are and were, and what says that they are deleted.

use chrono::{DateTime, Utc};

use super::class::Archives;
use super::page::{Fault, Text, boolean, decoded};
use super::tag;
use crate::bucket::history::{HistoryPage, Next, Row, What};
use crate::bucket::pages::entry;
use crate::bucket::store::Entry;
use crate::http::{date, xml};

/// What the document says, element by element.
#[derive(Default)]
struct Found {
    is_listing: bool,
    is_of_objects: bool,
    rows: Vec<Raw>,
    /// The version that the page is at.
    current: Raw,
    truncated: Option<bool>,
    key_marker: Option<Text>,
    version_marker: Option<String>,
    is_escaped: bool,
}

/// A version as the page spells it.
#[derive(Default)]
struct Raw {
    key: Option<Text>,
    version: Option<String>,
    is_latest: bool,
    is_deletion: bool,
    is_restored: bool,
    rest: Entry,
}

/// Reads a page that was asked for with what comes `after`.
pub(super) fn read(
    body: &[u8],
    after: Option<&Next>,
    archives: Archives,
) -> Result<HistoryPage, Fault> {
    let mut found = Found::default();
    let is_whole = xml::walk(body, |element| found.take(element, archives));
    if found.is_of_objects {
        return Err(Fault::NoVersions);
    }
    if !is_whole || !found.is_listing {
        return Err(Fault::NoListing);
    }
    let is_escaped = found.is_escaped;
    let mut rows = Vec::with_capacity(found.rows.len());
    for raw in found.rows {
        let (key, is_exact) = decoded(raw.key.ok_or(Fault::NoName)?, is_escaped)?;
        let what = match (raw.is_deletion, raw.is_latest) {
            (true, is_latest) => What::Deletion { is_latest },
            (false, true) => What::Current,
            (false, false) => What::Former,
        };
        let made: Option<DateTime<Utc>> = raw.rest.modified;
        rows.push(Row {
            entry: entry(key, is_exact, raw.rest),
            version: raw.version,
            what,
            // The newest version of an object comes first, whatever its time: that is when its upload began.
            rank: None,
            ended: made.filter(|_| raw.is_deletion),
        });
    }
    let next = match found.truncated {
        Some(true) => {
            let (token, _) = decoded(found.key_marker.ok_or(Fault::NoToken)?, is_escaped)?;
            let version = found.version_marker.filter(|version| !version.is_empty());
            Some(Next { token, version })
        }
        Some(false) => None,
        None => return Err(Fault::NoListing),
    };
    if next.is_some() && next.as_ref() == after {
        return Err(Fault::SameToken);
    }
    Ok(HistoryPage { rows, next })
}

impl Found {
    fn take(&mut self, element: &xml::Element<'_>, archives: Archives) {
        let text = || Text {
            text: element.text.to_owned(),
            is_exact: element.is_exact,
        };
        let trimmed = element.text.trim();
        match element.path {
            [root] => {
                self.is_listing =
                    matches!(*root, "ListVersionsResult" | "ListObjectVersionsResult");
                self.is_of_objects = *root == "ListBucketResult";
            }
            [_, kind @ ("Version" | "DeleteMarker")] => {
                let mut raw = std::mem::take(&mut self.current);
                raw.is_deletion = *kind == "DeleteMarker";
                raw.rest.archived &= !raw.is_restored;
                self.rows.push(raw);
            }
            [_, "Version" | "DeleteMarker", below @ ..] => {
                let rest = &mut self.current.rest;
                match below {
                    ["Key"] => self.current.key = Some(text()),
                    ["VersionId"] => self.current.version = named(trimmed),
                    ["IsLatest"] => self.current.is_latest = boolean(trimmed) == Some(true),
                    ["LastModified"] => rest.modified = date::time(trimmed),
                    ["Size"] => rest.size_bytes = trimmed.parse().ok(),
                    ["ETag"] => rest.etag = tag::normalised(trimmed),
                    ["StorageClass"] => rest.archived = archives.holds(trimmed),
                    ["RestoreStatus", "RestoreExpiryDate"] => self.current.is_restored = true,
                    _ => {}
                }
            }
            [_, "IsTruncated"] => self.truncated = boolean(trimmed),
            [_, "NextKeyMarker"] if !trimmed.is_empty() => self.key_marker = Some(text()),
            [_, "NextVersionIdMarker"] => self.version_marker = Some(trimmed.to_owned()),
            [_, "EncodingType"] => self.is_escaped = trimmed.eq_ignore_ascii_case("url"),
            _ => {}
        }
    }
}

/// The name of a version; `null` is that of whatever was put while the bucket kept no versions, and so may be another one the next moment.
fn named(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const PAGE: &str = "<?xml version=\"1.0\"?><ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>\
        <IsTruncated>true</IsTruncated><NextKeyMarker>x%2Fb+c</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>\
        <DeleteMarker><Key>x%2Fa</Key><VersionId>d1</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-02T00:00:00.000Z</LastModified></DeleteMarker>\
        <Version><Key>x%2Fa</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
        <ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass></Version>\
        <Version><Key>x%2Fb+c</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><Size>1</Size></Version></ListVersionsResult>";

    /// S-19.3
    #[test]
    fn versions_are_read_with_what_says_that_they_are_deleted() {
        let page = read(PAGE.as_bytes(), None, Archives::Amazons).unwrap();
        let told: Vec<_> = page
            .rows
            .iter()
            .map(|row| (row.entry.key.as_str(), row.version.as_deref(), row.what))
            .collect();
        assert_eq!(
            told,
            [
                ("x/a", Some("d1"), What::Deletion { is_latest: true }),
                ("x/a", Some("v2"), What::Former),
                ("x/b c", Some("v1"), What::Current),
            ]
        );
        let [deletion, former, _] = page.rows.as_slice() else {
            panic!("{page:?}");
        };
        assert!(deletion.ended.is_some());
        assert_eq!((former.entry.size_bytes, former.ended), (Some(7), None));
        assert!(former.entry.archived);
        let next = page.next.unwrap();
        assert_eq!(
            (next.token.as_str(), next.version.as_deref()),
            ("x/b c", Some("v1"))
        );
        let again = read(PAGE.as_bytes(), Some(&next), Archives::Amazons);
        assert_eq!(again, Err(Fault::SameToken));
    }

    /// S-19.3
    #[test]
    fn what_is_no_whole_page_of_versions_is_none() {
        let half = PAGE.split_at(PAGE.len() / 2).0;
        let untold = PAGE.replace("<IsTruncated>true</IsTruncated>", "");
        for (page, fault) in [
            ("", Fault::NoListing),
            ("<html/>", Fault::NoListing),
            (half, Fault::NoListing),
            (&untold, Fault::NoListing),
            (
                "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
                Fault::NoVersions,
            ),
            (
                "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
                Fault::NoToken,
            ),
            (
                "<ListVersionsResult><IsTruncated>false</IsTruncated><Version/></ListVersionsResult>",
                Fault::NoName,
            ),
        ] {
            assert_eq!(
                read(page.as_bytes(), None, Archives::Amazons),
                Err(fault),
                "{page}"
            );
        }
    }
}

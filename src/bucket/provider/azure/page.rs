//! Pages of List Blobs: names letter by letter, digests, and which objects cannot be read at once.

use std::error::Error as StdError;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::class;
use crate::block::{Fingerprint, LeftOut};
use crate::bucket::pages::{Next, Page, entry};
use crate::bucket::store::Entry;
use crate::error::Kind;
use crate::http::percent::unescaped;
use crate::http::{date, xml};

/// A page of a listing: 5,000 names of 1,024 characters, of which XML may make six times as many, and what stands beside them.
pub(super) const LONGEST: usize = 64 << 20;

/// What is wrong with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no page, or its end is missing.
    NoListing,
    /// It does not say whether it is the last one.
    NoMarker,
    /// It says that it comes next itself.
    SameMarker,
    /// It shows an object without a name.
    NoName,
    /// A name comes after one that is larger.
    Disorder,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoListing => "the answer is no whole page of a listing",
            Fault::NoMarker => "the page does not say whether another one follows",
            Fault::SameMarker => "the page says that it comes next itself",
            Fault::NoName => "the page shows an object without a name",
            Fault::Disorder => {
                "names are not sorted by their bytes, so that no listing of them is known to be whole"
            }
        })
    }
}

impl StdError for Fault {}

impl Fault {
    pub(super) fn kind(self) -> Kind {
        match self {
            // The next try may bring another answer.
            Fault::NoListing | Fault::NoMarker | Fault::SameMarker => Kind::Transient,
            Fault::NoName | Fault::Disorder => Kind::Other,
        }
    }
}

/// What the document says, element by element.
#[derive(Default)]
struct Found {
    /// Whether it is one of objects, be there any or not.
    shows_blobs: bool,
    is_listing: bool,
    entries: Vec<Raw>,
    /// The object that the page is at.
    current: Raw,
    directories: Vec<String>,
    /// Empty on the last page.
    marker: Option<String>,
}

/// An object as the page spells it.
#[derive(Default)]
struct Raw {
    name: Option<(String, bool)>,
    is_directory: bool,
    is_block_blob: Option<bool>,
    tier: Tier,
    rest: Entry,
}

#[derive(Default)]
struct Tier {
    is_archive: bool,
    /// An object on its way out of the archive is still in it.
    rehydrates: bool,
}

/// Reads a page that was asked for with this marker.
pub(super) fn read(body: &[u8], marker: Option<&str>) -> Result<Page, Fault> {
    let mut found = Found::default();
    let is_whole = xml::walk(body, |element| found.take(element));
    if !is_whole || !found.is_listing || !found.shows_blobs {
        return Err(Fault::NoListing);
    }
    let next = match found.marker {
        None => return Err(Fault::NoMarker),
        Some(next) if next.trim().is_empty() => Next::End,
        Some(next) if Some(next.as_str()) == marker => return Err(Fault::SameMarker),
        Some(next) => Next::Token(next),
    };
    let mut entries = Vec::with_capacity(found.entries.len());
    for raw in found.entries {
        let Raw {
            name,
            is_directory,
            is_block_blob,
            tier,
            mut rest,
        } = raw;
        let (name, is_exact) = name.ok_or(Fault::NoName)?;
        // Accounts with a hierarchical namespace show directories among objects.
        if is_directory {
            continue;
        }
        rest.archived = tier.is_archive || tier.rehydrates;
        let mut shown = entry(name, is_exact, rest);
        if is_block_blob == Some(false) && shown.left_out.is_none() {
            shown.left_out = Some(LeftOut::Odd(
                "it is a page blob or an append blob, which Thanos does not write".into(),
            ));
        }
        entries.push(shown);
    }
    Ok(Page {
        entries,
        directories: found.directories,
        next,
    })
}

impl Found {
    fn take(&mut self, element: &xml::Element<'_>) {
        let text = element.text;
        let trimmed = text.trim();
        let is = |what: &str| trimmed.eq_ignore_ascii_case(what);
        match element.path {
            [root] => self.is_listing = *root == "EnumerationResults",
            [_, "NextMarker"] => self.marker = Some(text.to_owned()),
            [_, "Blobs"] => self.shows_blobs = true,
            [_, "Blobs", "Blob"] => self.entries.push(std::mem::take(&mut self.current)),
            [_, "Blobs", "Blob", "Name"] => self.current.name = Some(name(element)),
            [_, "Blobs", "BlobPrefix", "Name"] => self.directories.push(name(element).0),
            [_, "Blobs", "Blob", "Properties", property] => {
                let Raw { rest, tier, .. } = &mut self.current;
                match *property {
                    "Content-Length" => rest.size_bytes = trimmed.parse().ok(),
                    "Last-Modified" => rest.modified = date::time(trimmed),
                    "Etag" => rest.etag = tag(trimmed),
                    "Content-MD5" => rest.digests = md5(trimmed),
                    "AccessTier" => tier.is_archive = class::is_archive(trimmed),
                    "ArchiveStatus" => tier.rehydrates = trimmed.starts_with("rehydrate-pending"),
                    "BlobType" => self.current.is_block_blob = Some(is("BlockBlob")),
                    "ResourceType" => self.current.is_directory = is("directory"),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// A name, and whether it is to the letter what Azure calls the object. Names that XML cannot hold are escaped, and their element says so.
pub(super) fn name(element: &xml::Element<'_>) -> (String, bool) {
    let has_sign = element.text.contains(char::REPLACEMENT_CHARACTER);
    if !element.is_encoded {
        return (element.text.to_owned(), element.is_exact && !has_sign);
    }
    match unescaped(element.text).map(String::from_utf8) {
        Some(Ok(name)) => (name, element.is_exact),
        _ => (element.text.to_owned(), false),
    }
}

/// An entity tag as a condition wants it: listings leave out the quotes.
pub(super) fn tag(text: &str) -> Option<String> {
    let opaque = text.trim().trim_matches('"');
    let is_fit = !opaque.is_empty() && opaque.chars().all(|c| c.is_ascii_graphic() && c != '"');
    is_fit.then(|| format!("\"{opaque}\""))
}

/// The MD5 that whoever put the object told, or that Azure computed of what came in one request.
pub(super) fn md5(text: &str) -> Fingerprint {
    let digest = STANDARD.decode(text).ok();
    let digest = digest.and_then(|digest| <[u8; 16]>::try_from(digest).ok());
    digest.map_or(Fingerprint::UNKNOWN, Fingerprint::md5)
}

#[cfg(test)]
mod tests;

//! One page of a listing: read as minio-go reads it where that is lenient, and more carefully where a listing would otherwise end too soon. What a
//! page does not tell is unknown; a page that cannot be told from something else is an error, for a listing must be whole or fail.

use std::error::Error as StdError;
use std::fmt;

use super::class::Archives;
use super::dialect::ListVersion;
use super::tag;
use crate::bucket::pages::{Next, Page, entry};
use crate::bucket::store::Entry;
use crate::error::Kind;
use crate::http::{date, xml};

/// What is wrong with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is none.
    NoListing,
    /// It is not the last one and does not say how to go on.
    NoToken,
    /// The same, by a server that seems to speak version 1.
    KnowsOne,
    /// Its token for the next page is the one that it was asked for with.
    SameToken,
    /// An object without a name.
    NoName,
    /// It says that names are escaped, and one is not.
    BadEscape,
    /// It shows no versions, though it was asked for them.
    NoVersions,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoListing => "the answer is no page of a listing",
            Fault::NoToken => "the page is not the last one and has no token for the next",
            Fault::KnowsOne => {
                "the page is not the last one and has no token for the next: the server seems to know version 1 of ListObjects only, which config.list_objects_version: v1 asks for"
            }
            Fault::SameToken => "the page says that it comes next itself",
            Fault::NoName => "the page shows an object without a name",
            Fault::BadEscape => "the page says that its names are escaped, and one of them is not",
            Fault::NoVersions => {
                "asked for versions, the server shows objects: it seems to keep none"
            }
        })
    }
}

impl StdError for Fault {}

impl Fault {
    pub(super) fn kind(self) -> Kind {
        match self {
            // The next try may bring another answer.
            Fault::NoListing | Fault::SameToken => Kind::Transient,
            Fault::NoVersions => Kind::Unsupported,
            Fault::NoToken | Fault::KnowsOne | Fault::NoName | Fault::BadEscape => Kind::Other,
        }
    }
}

/// How many names a page shows at most: so many are asked for.
pub(super) const LARGEST: usize = 1000;

/// How the token for the next page stands in one whose names are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tokens {
    /// As it is.
    Plain,
    /// Escaped as they are.
    Escaped,
}

/// What the document says, element by element.
#[derive(Default)]
struct Found {
    is_listing: bool,
    entries: Vec<Raw>,
    /// The object that the page is at.
    current: Raw,
    directories: Vec<Text>,
    truncated: Option<bool>,
    /// How many names it may show.
    most: Option<usize>,
    token: Option<String>,
    marker: Option<Text>,
    is_escaped: bool,
    is_version_two: bool,
}

/// An object as the page spells it.
#[derive(Default)]
struct Raw {
    key: Option<Text>,
    /// Whether it can be read for a while although it is archived.
    is_restored: bool,
    rest: Entry,
}

#[derive(Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) is_exact: bool,
}

/// Reads a page that was asked for with this `token`, which in version 1 is the name that it begins after.
pub(super) fn read(
    body: &[u8],
    (version, tokens): (ListVersion, Tokens),
    token: Option<&str>,
    archives: Archives,
) -> Result<Page, Fault> {
    let mut found = Found::default();
    let is_whole = xml::walk(body, |element| found.take(element, archives));
    if !is_whole || !found.is_listing {
        return Err(Fault::NoListing);
    }
    let is_escaped = found.is_escaped;
    let decoded = |text: Text| decoded(text, is_escaped);
    let mut entries = Vec::with_capacity(found.entries.len());
    for Raw { key, rest, .. } in found.entries {
        let (key, is_exact) = decoded(key.ok_or(Fault::NoName)?)?;
        entries.push(entry(key, is_exact, rest));
    }
    let mut directories = Vec::new();
    for name in found.directories {
        directories.push(decoded(name)?.0);
    }
    let marker = found.marker.map(decoded).transpose()?.map(|(name, _)| name);
    let marker = marker.filter(|name| !name.is_empty());
    let next_token = found.token.map(|token| match tokens {
        Tokens::Escaped if is_escaped => unescaped_token(token),
        _ => token,
    });
    let shows_something = !entries.is_empty() || !directories.is_empty();
    let last_name = || {
        let names = entries.iter().map(|entry| entry.key.as_str());
        let last = names.chain(directories.iter().map(String::as_str)).max();
        last.map(str::to_owned)
    };
    let is_full = entries.len() + directories.len() >= found.most.unwrap_or(LARGEST);
    let next = match (found.truncated, version, next_token) {
        (Some(false), ..) if is_full => last_name()
            .filter(|last| Some(last.as_str()) != token)
            .map_or(Next::End, Next::Perhaps),
        (Some(false), ..) => Next::End,
        (_, ListVersion::Two, Some(token)) => Next::Token(token),
        (Some(true), ListVersion::Two, None) if found.is_version_two || !shows_something => {
            return Err(Fault::NoToken);
        }
        (Some(true), ListVersion::Two, None) => return Err(Fault::KnowsOne),
        (Some(true), ListVersion::One, _) => {
            Next::After(marker.or_else(last_name).ok_or(Fault::NoToken)?)
        }
        // The page does not say whether it is the last one: the listing goes on after its last name, and ends with a page that has none.
        (None, ..) => last_name().map_or(Next::End, Next::After),
    };
    let is_itself = match &next {
        Next::End => false,
        Next::Token(next) | Next::After(next) | Next::Perhaps(next) => Some(next.as_str()) == token,
    };
    if is_itself {
        return Err(Fault::SameToken);
    }
    Ok(Page {
        entries,
        directories,
        next,
    })
}

impl Found {
    fn take(&mut self, element: &xml::Element<'_>, archives: Archives) {
        let text = || Text {
            text: element.text.to_owned(),
            is_exact: element.is_exact,
        };
        let trimmed = element.text.trim();
        match element.path {
            [root] => self.is_listing = *root == "ListBucketResult",
            [_, "Contents"] => {
                let mut entry = std::mem::take(&mut self.current);
                entry.rest.archived &= !entry.is_restored;
                self.entries.push(entry);
            }
            [_, "Contents", "Key"] => self.current.key = Some(text()),
            [_, "Contents", "Size"] => self.current.rest.size_bytes = trimmed.parse().ok(),
            [_, "Contents", "LastModified"] => self.current.rest.modified = date::time(trimmed),
            [_, "Contents", "StorageClass"] => {
                self.current.rest.archived = archives.holds(trimmed);
            }
            // Told where it was asked for.
            [_, "Contents", "RestoreStatus", "RestoreExpiryDate"] => {
                self.current.is_restored = true;
            }
            [_, "Contents", "ETag"] => self.current.rest.etag = tag::normalised(trimmed),
            [_, "CommonPrefixes", "Prefix"] => self.directories.push(text()),
            [_, "MaxKeys"] => self.most = trimmed.parse().ok().filter(|most| *most > 0),
            [_, "IsTruncated"] => self.truncated = boolean(trimmed),
            [_, "NextContinuationToken"] if !trimmed.is_empty() => {
                self.token = Some(element.text.to_owned());
            }
            [_, "NextMarker"] => self.marker = Some(text()),
            [_, "EncodingType"] => self.is_escaped = trimmed.eq_ignore_ascii_case("url"),
            [_, "KeyCount" | "ContinuationToken" | "StartAfter"] => self.is_version_two = true,
            _ => {}
        }
    }
}

/// As Go reads one.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A name, and whether it is to the letter what the server calls the object.
pub(super) fn decoded(text: Text, is_escaped: bool) -> Result<(String, bool), Fault> {
    if !is_escaped {
        // Servers write U+FFFD in place of characters that XML cannot hold.
        let is_exact = text.is_exact && !text.text.contains(char::REPLACEMENT_CHARACTER);
        return Ok((text.text, is_exact));
    }
    let bytes = unescaped(&text.text).ok_or(Fault::BadEscape)?;
    Ok(match String::from_utf8(bytes) {
        Ok(name) => (name, text.is_exact),
        Err(err) => (String::from_utf8_lossy(err.as_bytes()).into_owned(), false),
    })
}

/// The token with `%XX` decoded, and as it stands where that makes no text. A plus stands for itself.
fn unescaped_token(token: String) -> String {
    let text =
        unescaped(&token.replace('+', "%2B")).and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or(token)
}

/// The name with `%XX` and `+` decoded as in a query; `None` where a percent sign stands alone.
pub(super) fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high << 4 | low).ok()?
            }
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;

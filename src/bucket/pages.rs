//! A listing that a server gives page by page: what a page shows, how the listing goes on, and when it ends: also when page after page brings no new
//! name, instead of going on as long as the server says so.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::Result;
use object_store::path::{DELIMITER, Path};

use super::store::Entry;
use crate::block::LeftOut;

/// Which page of which listing.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// What names begin with.
    pub(super) prefix: String,
    pub(super) delimiter: Option<&'static str>,
    /// The name after which the listing begins.
    pub(super) after: Option<String>,
    /// Where it goes on, once it has begun.
    pub(super) next: Option<Next>,
    /// How many names a page has at most; as many as the server likes where none is given.
    pub(super) at_most: Option<usize>,
}

/// What a page shows, and how the listing goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Directories, with a slash at the end.
    pub(super) directories: Vec<String>,
    pub(super) next: Next,
}

/// How a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    End,
    /// With this token.
    Token(String),
    /// With what comes after this name.
    After(String),
    /// With nothing, as the server says; but the page is as full as one may be, and some say so too soon. What comes after this name is asked for once.
    Perhaps(String),
}

/// So many pages in a row without a new name, and nothing else is expected. Servers that skip much of what was deleted send some.
pub(super) const PAGES: usize = 1000;

/// Page after page came, and no new name.
#[derive(Debug)]
pub(super) struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PAGES} pages in a row brought no new name, and more are said to come"
        )
    }
}

impl StdError for Endless {}

/// Why nothing is read under a name that Thanos would not write, and that not every bucket can hold.
pub(super) const ODD_NAME: &str = "its name cannot be an object's";

/// How far a listing is.
#[derive(Debug)]
struct Listing {
    place: Place,
    /// The last of all names so far, in their order.
    last: String,
    /// How many pages came since.
    pages: usize,
}

impl Place {
    /// Everything below a directory, or the bucket.
    pub(super) fn below(directory: Option<&Path>) -> Self {
        Self {
            prefix: directory.map_or_else(String::new, |path| format!("{path}{DELIMITER}")),
            ..Self::default()
        }
    }

    /// What comes there after this name.
    pub(super) fn after(directory: Option<&Path>, name: Option<&str>) -> Self {
        Self {
            after: name.map(str::to_owned),
            ..Self::below(directory)
        }
    }

    /// The first name that begins so, which is that very name where there is one.
    pub(super) fn first_of(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            at_most: Some(1),
            ..Self::default()
        }
    }

    /// The directories there, and the objects beside them.
    pub(super) fn level(directory: Option<&Path>) -> Self {
        Self {
            delimiter: Some(DELIMITER),
            ..Self::below(directory)
        }
    }
}

impl Listing {
    /// What comes after a page; `None` after the last one, and [`Endless`] where no last one is to be expected.
    fn after(mut self, page: &Page) -> Result<Option<Self>, Endless> {
        let objects = page.entries.iter().map(|entry| &entry.key);
        let last = objects.chain(&page.directories).max();
        let is_new = last.is_some_and(|last| *last > self.last);
        if let Some(last) = last.filter(|_| is_new) {
            self.last.clone_from(last);
            self.pages = 0;
        } else {
            self.pages += 1;
        }
        match page.next {
            Next::End => return Ok(None),
            // The server does not begin where it is told, or had said the truth.
            Next::Perhaps(_) if !is_new => return Ok(None),
            Next::Perhaps(_) | Next::Token(_) | Next::After(_) => {}
        }
        if self.pages >= PAGES {
            return Err(Endless);
        }
        self.place.next = Some(page.next.clone());
        Ok(Some(self))
    }
}

/// One page after the other, each as `ask` gets it. `store` is the provider, as errors name it.
pub(super) fn pages<A, F>(
    store: &'static str,
    place: Place,
    ask: A,
) -> BoxStream<'static, Result<Page>>
where
    A: Fn(Place) -> F + Send + 'static,
    F: Future<Output = Result<Page>> + Send,
{
    let begin = Listing {
        place,
        last: String::new(),
        pages: 0,
    };
    stream::try_unfold((Some(begin), ask), move |(listing, ask)| async move {
        let Some(listing) = listing else {
            return Ok(None);
        };
        let page = ask(listing.place.clone()).await?;
        let next = listing
            .after(&page)
            .map_err(|endless| object_store::Error::Generic {
                store,
                source: Box::new(endless),
            })?;
        Ok(Some((page, (next, ask))))
    })
    .boxed()
}

/// The objects of all pages.
pub(super) fn entries(
    pages: BoxStream<'static, Result<Page>>,
) -> BoxStream<'static, Result<Entry>> {
    pages
        .map_ok(|page| stream::iter(page.entries.into_iter().map(Ok)))
        .try_flatten()
        .boxed()
}

/// The directories of all pages, sorted, without the slash at the end. What comes twice is kept once.
pub(super) async fn directories(pages: BoxStream<'static, Result<Page>>) -> Result<Vec<String>> {
    let pages: Vec<Page> = pages.try_collect().await?;
    let names = pages.into_iter().flat_map(|page| page.directories);
    let names: BTreeSet<String> = names
        .map(|name| name.trim_end_matches(DELIMITER).to_owned())
        .collect();
    Ok(names.into_iter().collect())
}

/// The object of that name. A slash at the end is a directory's own object, which holds nothing. `is_exact` says whether the name is to the letter what
/// the server calls the object.
pub(super) fn entry(key: String, is_exact: bool, rest: Entry) -> Entry {
    let directory = key
        .strip_suffix('/')
        .filter(|_| rest.size_bytes.unwrap_or_default() == 0);
    let size_bytes = directory.map(|_| 0).or(rest.size_bytes);
    let name = directory.unwrap_or(&key);
    let parsed = Path::parse(name).ok().filter(|path| !path.is_root());
    let is_name = parsed.is_some_and(|path| path.as_ref() == name);
    let left_out = if !is_exact || !is_name {
        Some(LeftOut::Odd(ODD_NAME.into()))
    } else if size_bytes.is_none() {
        Some(LeftOut::Closed("the listing does not tell its size".into()))
    } else {
        None
    };
    Entry {
        key,
        size_bytes,
        left_out,
        ..rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pages are taken of those that bring these names, one page after the other.
    fn taken<'a>(pages: impl Iterator<Item = &'a [&'a str]>) -> usize {
        let mut listing = Some(Listing {
            place: Place::default(),
            last: String::new(),
            pages: 0,
        });
        pages
            .take_while(|names| {
                let page = Page {
                    entries: Vec::new(),
                    directories: names.iter().map(|name| (*name).to_owned()).collect(),
                    next: Next::Token("more".to_owned()),
                };
                listing = listing
                    .take()
                    .and_then(|listing| listing.after(&page).unwrap_or_default());
                listing.is_some()
            })
            .count()
    }

    /// S-4.9
    #[test]
    fn a_full_page_is_not_the_last_one_because_it_says_so() {
        let page = |names: &[&str]| Page {
            entries: Vec::new(),
            directories: names.iter().map(|name| (*name).to_owned()).collect(),
            next: Next::Perhaps((*names.last().unwrap_or(&"")).to_owned()),
        };
        let begin = || Listing {
            place: Place::default(),
            last: String::new(),
            pages: 0,
        };
        let goes_on = begin().after(&page(&["a", "b"])).unwrap_or_default();
        let next = goes_on
            .as_ref()
            .and_then(|listing| listing.place.next.clone());
        assert_eq!(next, Some(Next::Perhaps("b".to_owned())));
        // A server that gives the same page whatever it is asked for.
        let again =
            goes_on.and_then(|listing| listing.after(&page(&["a", "b"])).unwrap_or_default());
        assert!(again.is_none());
    }

    #[test]
    fn a_listing_ends_when_too_many_pages_bring_nothing_new() {
        let none: &[&str] = &[];
        assert_eq!(taken([none].into_iter().cycle()), PAGES - 1);
        let same: [&[&str]; 2] = [&["a", "b"], &["c"]];
        assert_eq!(taken(same.into_iter().cycle()), PAGES + 1);
        // A name now and then is enough.
        let mut pages = vec![none; PAGES - 1];
        pages.push(&["a"]);
        pages.extend(vec![none; PAGES - 1]);
        assert_eq!(taken(pages.iter().copied()), pages.len());
    }
}

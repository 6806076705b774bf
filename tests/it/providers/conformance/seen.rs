//! What the suite sees of a provider, in the words of its row, and whether that is what the row says.

use std::fmt::Write as _;
use std::io::{Write as _, stderr};

use thanos_bucket::bucket::{
    Create, Differences, Digest, Larger, Listings, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};

use super::Subject;

/// What was seen; `None` where the suite has not looked yet.
#[derive(Debug, Default)]
pub struct Seen {
    pub create: Option<Create>,
    pub order: Option<Order>,
    pub pages: Option<Pages>,
    pub listings: Option<Listings>,
    pub tag: Option<Tag>,
    /// Digests that listings told of something.
    pub told: Option<Vec<Digest>>,
    /// Digests that listings told of everything.
    pub always_told: Option<Vec<Digest>>,
    pub answered: Option<Vec<Digest>>,
    pub asked: Option<Vec<Digest>>,
    pub sent: Option<Vec<Sent>>,
    pub copies: Option<Copies>,
    /// Whether what the service copies may be put together of parts.
    pub assembles: bool,
    /// Of the times that a listing told, what the most exact one is exact to.
    pub modified: Option<Precision>,
    pub whole: Option<Whole>,
}

/// Whether a service copies by itself.
#[derive(Debug, Clone, Copy)]
pub enum Copies {
    Never,
    /// On this condition, which has the version copied that is meant.
    If(&'static str),
}

/// Where a server shows something else than the row of its provider says, which is the real service's.
#[derive(Debug)]
pub struct Deviation {
    pub column: &'static str,
    pub seen: &'static str,
    pub why: &'static str,
}

/// What none of these servers shows: limits of the real services that nobody reaches here, and their classes of storage. Of a copy by the service its
/// largest size is not seen either, nor that it may have to be repeated; of a tag, not what it is of an object that is encrypted.
const NOT_SEEN: [&str; 5] = [
    "largest object",
    "largest put",
    "parts, but for the last",
    "most parts",
    "storage classes",
];

impl Seen {
    /// What was seen, with the row's words where nobody looked.
    fn filled_in(&self, row: &Differences) -> Differences {
        let known = |seen: &Option<Vec<Digest>>, row: &'static [Digest]| match seen {
            Some(seen) => &*seen.clone().leak(),
            None => row,
        };
        let copy = row.server_copy;
        let larger = if self.assembles {
            Larger::InParts
        } else {
            match copy.map(|copy| copy.larger) {
                // What is not repeated here is repeated there.
                Some(Larger::Repeated) => Larger::Repeated,
                _ => Larger::None,
            }
        };
        let copied = |condition| ServerCopy {
            largest_bytes: copy.and_then(|copy| copy.largest_bytes),
            larger,
            condition,
        };
        let always = self.always_told.as_ref().map(|always| {
            let expected = row.always_told.filter(|digest| always.contains(digest));
            expected.or(always.first().copied())
        });
        Differences {
            create: self.create.unwrap_or(row.create),
            order: self.order.unwrap_or(row.order),
            pages: self.pages.unwrap_or(row.pages),
            listings: self.listings.unwrap_or(row.listings),
            tag: self.tag.unwrap_or(row.tag),
            told: known(&self.told, row.told),
            always_told: always.unwrap_or(row.always_told),
            answered: known(&self.answered, row.answered),
            asked: known(&self.asked, row.asked),
            sent: match &self.sent {
                Some(sent) => sent.clone().leak(),
                None => row.sent,
            },
            server_copy: match self.copies {
                Some(Copies::If(condition)) => Some(copied(condition)),
                Some(Copies::Never) => None,
                None => copy,
            },
            modified: self.modified.unwrap_or(row.modified),
            whole: self.whole.unwrap_or(row.whole),
            sizes: row.sizes,
            classes: row.classes,
        }
    }

    /// Whether anybody has looked at what stands in that column.
    fn has(&self, column: &str) -> bool {
        match column {
            "an object is put only where there is none by" => self.create.is_some(),
            "order of listings" => self.order.is_some(),
            "a page of a listing begins" => self.pages.is_some(),
            "listings after a write" => self.listings.is_some(),
            "an entity tag is" => self.tag.is_some(),
            "digests in listings" => self.told.is_some(),
            "told of all that we put" => self.always_told.is_some(),
            "digests in answers to puts" => self.answered.is_some(),
            "digests told when asked for" => self.asked.is_some(),
            "sent along and verified" => self.sent.is_some(),
            "copy by the service" => self.copies.is_some(),
            "last-modified is exact to" => self.modified.is_some(),
            "what keeps a broken upload unseen" => self.whole.is_some(),
            other => {
                assert!(NOT_SEEN.contains(&other), "nobody looks at: {other}");
                false
            }
        }
    }

    /// Prints what was seen beside what the row says. Both are the same, but for what none of these servers shows and what the subject names.
    pub fn agrees_with(&self, row: &Differences, subject: &Subject<'_>) {
        let (told, seen) = (row.told(), self.filled_in(row).told());
        let mut table = format!(
            "\n| {} | as seen on {} | in the code |\n| --- | --- | --- |\n",
            subject.kind, subject.server
        );
        let mut wrong = String::new();
        for ((column, told), (_, seen)) in told.iter().zip(&seen) {
            let mut deviations = subject.deviations.iter();
            let deviation = deviations.find(|deviation| deviation.column == *column);
            let why = deviation.map_or(String::new(), |deviation| format!(" ({})", deviation.why));
            let shown = if self.has(column) { seen } else { "not seen" };
            writeln!(table, "| {column} | {shown}{why} | {told} |").unwrap();
            let expected = deviation.map_or(told.as_str(), |deviation| deviation.seen);
            let is_silent = deviation.is_some() && expected == told;
            if self.has(column) == NOT_SEEN.contains(column) || seen != expected || is_silent {
                writeln!(wrong, "{column}: {shown}, and not {expected}").unwrap();
            }
        }
        // Past the harness, which shows only what failed.
        stderr().write_all(table.as_bytes()).unwrap();
        for Deviation { column, .. } in subject.deviations {
            let is_column = told.iter().any(|(name, _)| name == column);
            assert!(is_column, "there is no column {column}");
        }
        assert!(wrong.is_empty(), "{}: {wrong}{table}", subject.server);
    }
}

//! What the suite sees of a provider, in the words of its row.

use thanos_bucket::bucket::{Create, Differences, Listings, Order, Precision, Tag};

/// What was seen; `None` where the suite has not looked yet.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whether the second of two who create an object is refused.
    pub creates_once: Option<bool>,
    pub order: Option<Order>,
    pub listings: Option<Listings>,
    pub tag: Option<Tag>,
    /// Whether what was put tells the MD5, and what was put in parts that of the parts.
    pub tells_md5: Option<bool>,
    /// Whether the service copies by itself.
    pub copies: Option<bool>,
    /// Of the times that a listing told, what the most exact one is exact to.
    pub modified: Option<Precision>,
}

impl Seen {
    /// What is seen is what the row says, or better where servers of one kind may be.
    pub fn agrees_with(&self, row: &Differences) {
        let creates_once = row.create != Create::LookFirst;
        assert_eq!(self.creates_once, Some(creates_once), "{self:?}");
        assert_eq!(self.order, Some(row.order), "{self:?}");
        assert_eq!(self.listings, Some(row.listings), "{self:?}");
        assert_eq!(self.tag, Some(row.tag), "{self:?}");
        assert_eq!(self.copies, Some(row.server_copy.is_some()), "{self:?}");
        assert!(self.modified >= Some(row.modified), "{self:?}");
    }
}

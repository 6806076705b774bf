//! What a plan or a report says, worked out once for both writers. How it is spelled is theirs to know.

use std::ops::Deref;

use super::Header;
use crate::outcome::Review;

/// A plan, or with results a report.
pub(super) struct Document<'a> {
    pub(super) header: &'a Header,
    pub(super) review: Review<'a>,
}

impl<'a> Deref for Document<'a> {
    type Target = Review<'a>;

    fn deref(&self) -> &Review<'a> {
        &self.review
    }
}

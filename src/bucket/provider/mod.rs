//! The providers, a folder each.

pub(super) mod folder;
pub(super) mod s3;

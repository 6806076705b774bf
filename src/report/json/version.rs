//! Which version of the documents' members is written, and read back.

/// It rises when a member changes its meaning or is removed; new members may be added without.
pub(super) const SCHEMA_VERSION: u32 = 1;
